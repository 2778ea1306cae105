"""`scanyard logs`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from scanyard.cli import exit_codes
from scanyard.cli.access import Access, access_options
from scanyard.cli.completing import scanjob_names
from scanyard.cli.follow import follow
from scanyard.cli.output import print_error, print_progress
from scanyard.cli.scans.selection import absent, plain_name
from scanyard.cli.scans.state import is_settled
from scanyard.errors import ScanyardError
from scanyard.kube.errors import KubeNotFoundError, KubeRefusedError
from scanyard.kube.resources import SCANJOBS
from scanyard.lifecycle.job import Job, read_job
from scanyard.lifecycle.status import Attempt
from scanyard.runner.log_protocol import FINDING_PREFIX
from scanyard.runner.own_lines import words_of

if TYPE_CHECKING:
    from scanyard.cli.api import Api


class NoLogError(ScanyardError):
    """There is no log to print, and why."""


@click.command(epilog=exit_codes.EXPLAINED)
@click.argument("name", shell_complete=scanjob_names)
@click.option("--attempt", "number", type=int, metavar="N", help="Not the newest attempt.")
@click.option("--follow", "-f", "following", is_flag=True, help="Wait for it, and go on with it.")
@click.option("--findings", "only_findings", is_flag=True, help="Only the findings: JSON Lines.")
@access_options()
def logs(
    *, name: str, number: int | None, following: bool, only_findings: bool, access: Access
) -> int:
    """Print the log of a scan's newest attempt: the scanner's own lines, and all findings.

    The log is that of the attempt's Pod, and goes with it: an hour after the end, unless the
    installation says otherwise. Needs the right to get pods/log.
    """
    api, name = access.api(), plain_name(name)
    try:
        job = read_job(api.get(SCANJOBS, access.namespace, name))
    except KubeNotFoundError:
        print_error(absent(access.namespace, name))
        return exit_codes.FAILED
    attempt = _attempt(job, number)
    if following and (attempt is None or (attempt.started_at is None and not attempt.ended_at)):
        job, attempt = _when_started(api, job, number)
    if attempt is None:
        raise NoLogError(_none(job, number))
    try:
        _print(
            api.log(job.namespace, attempt.pod_name, follow=following),
            only_findings=only_findings,
        )
    except KubeNotFoundError:
        raise NoLogError(
            f"{name}: the Pod of attempt {attempt.number} is gone, and its log with it; "
            f"`scanyard status {name}` shows what the status kept"
        ) from None
    except KubeRefusedError as error:
        if error.status == 400 and attempt.started_at is None:
            raise NoLogError(
                f"{name}: attempt {attempt.number} has not started ({error.message}); "
                "add --follow to wait for it"
            ) from None
        raise
    return exit_codes.OK


def _attempt(job: Job, number: int | None) -> Attempt | None:
    attempts = job.status.attempts
    if number is None:
        return attempts[-1] if attempts else None
    return next((item for item in attempts if item.number == number), None)


def _none(job: Job, number: int | None) -> str:
    if number is None:
        return f"{job.name}: has not started ({job.status.phase}); add --follow to wait for it"
    known = ", ".join(str(attempt.number) for attempt in job.status.attempts) or "none"
    return f"{job.name}: status has no attempt {number}; give one of these: {known}"


def _when_started(api: Api, job: Job, number: int | None) -> tuple[Job, Attempt | None]:
    """Wait for the scanner's start, or for an end without one."""
    print_progress(f"{job.name}: waits for its start ({job.status.phase})")
    selectors = {"fieldSelector": f"metadata.name={job.name}"}
    for objects in follow(api, SCANJOBS, job.namespace, selectors, trouble=_tell):
        raw: dict[str, Any] | None = objects.get(job.uid)
        if raw is None:
            raise NoLogError(f"{job.name}: was deleted before it started")
        now = read_job(raw)
        attempt = _attempt(now, number)
        if attempt is not None and (attempt.started_at is not None or attempt.ended_at):
            return now, attempt
        if is_settled(now):
            return now, attempt
    raise AssertionError("it follows without an end")


def _tell(trouble: str) -> None:
    if trouble:
        print_progress(f"Waiting: {trouble}")


def _print(lines: Iterator[str], *, only_findings: bool) -> None:
    for line in lines:
        if not only_findings:
            sys.stdout.write(f"{words_of(line) or line}\n")
        elif line.startswith(FINDING_PREFIX):
            sys.stdout.write(f"{line.removeprefix(FINDING_PREFIX)}\n")
        sys.stdout.flush()
