"""The flags that both scanners take."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, get_args

import click

from scanyard.api.dependencies import DependencyFailurePolicy
from scanyard.api.scanjob import Cause, TimeoutPolicy
from scanyard.cli.access import Access, access_options
from scanyard.cli.ages import parse_duration
from scanyard.cli.completing import queue_names
from scanyard.cli.formats import output_option
from scanyard.cli.scans.manifest import checked_targets, labels_of, needs_of, priority, queue_ref
from scanyard.cli.times import parse_start
from scanyard.lifecycle.timestamps import format_optional

CLIENT: Final = "client"
SERVER: Final = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What they say; durations in seconds, None where nothing was said."""

    targets: tuple[str, ...]
    excluded: tuple[str, ...]
    name: str | None
    queue: str | None
    priority: int | None
    timeout_seconds: int | None
    timeout_policy: str | None
    not_before: datetime | None
    needs: list[dict[str, str]]
    on_dependency_failure: str | None
    ttl_seconds: int | None
    start_deadline_seconds: int | None
    max_attempts: int | None
    retry_on: tuple[str, ...]
    suspend: bool
    labels: dict[str, str]
    dry_run: str | None
    wait: bool
    wait_seconds: float | None
    access: Access
    output: str | None

    def spec(self) -> dict[str, Any]:
        """The fields of a spec that are not the scanner's own."""
        return {
            "targets": list(self.targets),
            "excludeTargets": list(self.excluded),
            "queueRef": queue_ref(self.queue),
            "priority": self.priority,
            "timeoutSeconds": self.timeout_seconds,
            "timeoutPolicy": self.timeout_policy,
            "notBefore": format_optional(self.not_before),
            "dependsOn": self.needs,
            "dependencyFailurePolicy": self.on_dependency_failure,
            "ttlSecondsAfterFinished": self.ttl_seconds,
            "startDeadlineSeconds": self.start_deadline_seconds,
            "retry": {"maxAttempts": self.max_attempts, "causes": list(self.retry_on)},
            "suspend": self.suspend,
        }


def common_options(command: Callable[..., int]) -> Callable[..., Any]:
    """Add them; the command gets `common` beside its own."""

    @functools.wraps(command)
    def run(
        *,
        targets: tuple[str, ...],
        excluded: tuple[str, ...],
        name: str | None,
        queue: str | None,
        urgency: str | None,
        timeout: str | None,
        timeout_policy: str | None,
        not_before: str | None,
        depends_on: tuple[str, ...],
        on_dependency_failure: str | None,
        ttl: str | None,
        start_deadline: str | None,
        max_attempts: int | None,
        retry_on: tuple[str, ...],
        suspend: bool,
        labels: tuple[str, ...],
        dry_run: str | None,
        wait: bool,
        wait_timeout: str | None,
        access: Access,
        output: str | None,
        **own: Any,
    ) -> int:
        if wait and dry_run:
            raise click.UsageError("--wait has nothing to wait for with --dry-run")
        checked_targets(targets, excluded)
        wait_seconds = seconds(wait_timeout, "--wait-timeout")
        common = Common(
            targets=targets,
            excluded=excluded,
            name=name,
            queue=queue,
            priority=None if urgency is None else priority(urgency),
            timeout_seconds=seconds(timeout, "--timeout"),
            timeout_policy=timeout_policy,
            not_before=None
            if not_before is None
            else parse_start(not_before, "--not-before", datetime.now()),
            needs=needs_of(depends_on),
            on_dependency_failure=on_dependency_failure,
            ttl_seconds=seconds(ttl, "--ttl"),
            start_deadline_seconds=seconds(start_deadline, "--start-deadline"),
            max_attempts=max_attempts,
            retry_on=retry_on,
            suspend=suspend,
            labels=labels_of(labels),
            dry_run=dry_run,
            wait=wait or wait_seconds is not None,
            wait_seconds=wait_seconds,
            access=access,
            output=output,
        )
        return command(common, **own)

    wrapped: Callable[..., Any] = output_option("")(access_options()(run))
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def seconds(text: str | None, field: str) -> int | None:
    """Of a duration, if one was given."""
    return None if text is None else parse_duration(text, field)


_OPTIONS: Final = (
    click.argument("targets", nargs=-1, required=True, metavar="TARGET..."),
    click.option(
        "--exclude",
        "excluded",
        multiple=True,
        metavar="TARGET",
        help="Leave these addresses out; may be given several times.",
    ),
    click.option("--name", metavar="NAME", help="Of the ScanJob; else one is made up."),
    click.option(
        "--queue",
        "-q",
        shell_complete=queue_names,
        help="Where it waits (default): NAME or NAMESPACE/NAME.",
    ),
    click.option(
        "--priority",
        "urgency",
        metavar="PRIORITY",
        help="-100 to 100, or high (50), normal (0), low (-50).",
    ),
    click.option(
        "--timeout", metavar="DURATION", help="Stop it after 90s, 30m, 2h; it keeps its findings."
    ),
    click.option(
        "--timeout-policy",
        type=click.Choice(get_args(TimeoutPolicy), case_sensitive=False),
        metavar="POLICY",
        help="Adaptive: reckon the timeout from addresses, ports and rate; else Fixed.",
    ),
    click.option(
        "--not-before",
        "--schedule",
        "not_before",
        metavar="TIME",
        help="Start not before 22:00 (the next one, here), +2h, or 2026-01-31T22:00:00Z.",
    ),
    click.option(
        "--depends-on",
        multiple=True,
        metavar="NAME[=CONDITION]",
        help="Wait until that scan has Succeeded (which is meant without it) or Finished; may be "
        "given several times.",
    ),
    click.option(
        "--on-dependency-failure",
        type=click.Choice(get_args(DependencyFailurePolicy), case_sensitive=False),
        metavar="POLICY",
        help="When one that must succeed did not: Cancel this one, too, or Wait on.",
    ),
    click.option(
        "--ttl", metavar="DURATION", help="Delete it, and what it found, so long after its end."
    ),
    click.option(
        "--start-deadline", metavar="DURATION", help="Give an attempt up that starts later."
    ),
    click.option("--max-attempts", type=int, help="Fail for good after so many attempts."),
    click.option(
        "--retry-on",
        multiple=True,
        type=click.Choice(get_args(Cause), case_sensitive=False),
        metavar="CAUSE",
        help="Try again only after failures of this cause; may be given several times: "
        f"{', '.join(get_args(Cause))}.",
    ),
    click.option("--suspend", is_flag=True, help="Let it wait for `scanyard resume`."),
    click.option("--label", "labels", multiple=True, metavar="KEY=VALUE", help="Of the ScanJob."),
    click.option(
        "--dry-run",
        type=click.Choice([CLIENT, SERVER]),
        help="Create nothing: client sends nothing, server lets the API server check it.",
    ),
    click.option(
        "--wait", "-w", is_flag=True, help="Wait for its end, print what it found, exit by it."
    ),
    click.option(
        "--wait-timeout", metavar="DURATION", help="Wait no longer; the scan itself goes on."
    ),
)
