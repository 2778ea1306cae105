"""`scanyard top`."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from scanyard.cli import exit_codes
from scanyard.cli.access import Access, access_options
from scanyard.cli.output import console, styled
from scanyard.cli.overview.feed import Feed
from scanyard.cli.overview.keys import single_keys
from scanyard.cli.overview.screen import Size, drawn
from scanyard.cli.signals import ended_in_order
from scanyard.kube.resources import SCANJOBS, SCANQUEUES
from scanyard.lifecycle.job import Job, read_job

if TYPE_CHECKING:
    from rich.console import Group

Json = dict[str, Any]

#: Ages count seconds; changes are drawn no more often than an eye can follow.
_REDRAW_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.2
_QUIT: Final = frozenset("qQ\x1b\x04")


@click.command()
@access_options(everywhere=True)
def top(*, access: Access) -> int:
    """Watch queues and running scans live, until q or Ctrl-C is pressed.

    It lists once and then watches, so it costs the API server next to nothing.
    """
    if not sys.stdout.isatty():
        raise click.UsageError(
            "top needs a terminal: use `scanyard queue list` and `scanyard list` instead"
        )
    api, changed = access.api(), threading.Event()
    queues = Feed(api, SCANQUEUES, access.scope, changed)
    jobs = Feed(api, SCANJOBS, access.scope, changed)
    where = "all namespaces" if access.everywhere else access.namespace
    with suppress(KeyboardInterrupt):  # one of the two ways to leave
        _show(queues, jobs, changed, where, everywhere=access.everywhere)
    for feed in (queues, jobs):
        if feed.error is not None:
            raise feed.error
    return exit_codes.OK


def _show(
    queues: Feed, jobs: Feed, changed: threading.Event, where: str, *, everywhere: bool
) -> None:
    from rich.live import Live  # noqa: PLC0415

    out, known = console(), _Known()
    with (
        _told_of_signals(changed),
        single_keys() as pressed,
        Live(console=out, screen=True, auto_refresh=False) as live,
    ):
        drawn_at = float("-inf")
        while not queues.error and not jobs.error:
            if changed.is_set() or time.monotonic() - drawn_at >= _REDRAW_SECONDS:
                changed.clear()
                drawn_at = time.monotonic()
                lines = drawn(
                    queues.objects(),
                    known.read(jobs.objects()),
                    now=datetime.now(UTC),
                    size=Size(out.size.width, out.size.height),
                    where=where,
                    trouble=queues.trouble or jobs.trouble,
                    everywhere=everywhere,
                )
                live.update(_group(lines), refresh=True)
            if _QUIT & set(pressed(_LOOK_SECONDS)):
                return


class _Known:
    """ScanJobs that were read already: of thousands only a few change between two looks."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[Json, Job]] = {}

    def read(self, raws: list[Json]) -> list[Job]:
        now: dict[str, tuple[Json, Job]] = {}
        for raw in raws:
            uid = raw["metadata"]["uid"]
            before = self._read.get(uid)
            known = before if before is not None and before[0] is raw else (raw, read_job(raw))
            now[uid] = known
        self._read = now
        return [job for _, job in now.values()]


def _group(lines: list[Any]) -> Group:
    from rich.console import Group  # noqa: PLC0415

    return Group(*(styled(line) for line in lines))


@contextmanager
def _told_of_signals(changed: threading.Event) -> Iterator[None]:
    """Another size of the terminal is drawn at once; a kill leaves the terminal as it was."""
    before = signal.signal(signal.SIGWINCH, lambda *_: changed.set())
    try:
        with ended_in_order():
            yield
    finally:
        signal.signal(signal.SIGWINCH, before)
