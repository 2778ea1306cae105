"""How scans fare while one waits for them: bars on a terminal, else a line for each change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from scanyard.cli.output import console, print_progress
from scanyard.cli.scans.state import is_settled, phase_style, reason
from scanyard.cli.table import cut_in_the_middle
from scanyard.lifecycle.job import Job

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

#: More bars than this would push what came before off the screen.
_MOST_BARS: Final = 12
_NAME_WIDTH: Final = 28


class Telling(Protocol):
    """Hears what becomes of the scans."""

    def state(self, job: Job) -> None:
        """A ScanJob as it is now."""

    def gone(self, job: Job) -> None:
        """It was deleted."""

    def trouble(self, text: str) -> None:
        """Why nothing is heard at the moment; "" when it is heard again."""


@contextmanager
def telling() -> Iterator[Telling]:
    """On standard error, since the result belongs on standard output."""
    err = console(stderr=True)
    if not err.is_terminal:
        yield Lines()
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[phase]}"),
    )
    with Progress(*columns, console=err, transient=True, expand=True) as progress:
        yield Bars(progress)


def in_words(job: Job) -> str:
    """Phase, progress, and why it waits."""
    phase = job.status.phase
    if job.rerun_wanted:
        return f"asked to run again (last: {phase})"
    if phase in {"Starting", "Running"} and not is_settled(job):
        percent = job.status.progress
        return phase if not percent else f"{phase}, {percent} %"
    word, message = reason(job)
    if phase == "Succeeded" or not message:
        return phase
    return f"{phase} ({word}: {message})"


class Lines:
    """A line for each scan whose words have changed."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}
        self._trouble = ""

    def state(self, job: Job) -> None:
        words = in_words(job)
        if self._said.get(job.uid) != words:
            self._said[job.uid] = words
            print_progress(f"{job.name}: {words}")

    def gone(self, job: Job) -> None:
        print_progress(f"{job.name}: was deleted")

    def trouble(self, text: str) -> None:
        if text and text != self._trouble:
            print_progress(f"Waiting: {text}")
        self._trouble = text


class Bars:
    """A bar for each scan, up to a screen's worth; the rest is told by one bar of all."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}
        self._over: set[str] = set()
        self._known: set[str] = set()
        self._all: TaskID | None = None

    def state(self, job: Job) -> None:
        self._known.add(job.uid)
        if is_settled(job):
            self._end(job, job.status.phase)
        elif job.uid in self._bars or len(self._bars) < _MOST_BARS:
            self._update(job, job.status.progress or 0, job.status.phase)
        self._count()

    def gone(self, job: Job) -> None:
        self._end(job, "deleted")
        self._count()

    def trouble(self, text: str) -> None:
        if text:
            self._progress.console.print(f"Waiting: {text}", style="dim", markup=False)

    def _end(self, job: Job, phase: str) -> None:
        self._over.add(job.uid)
        if (bar := self._bars.pop(job.uid, None)) is not None:
            self._progress.remove_task(bar)
        if len(self._known) > 1:
            from rich.text import Text  # noqa: PLC0415

            told = Text.assemble(f"{job.name}: ", (phase, phase_style(phase)))
            self._progress.console.print(told)

    def _update(self, job: Job, percent: int, phase: str) -> None:
        if job.uid not in self._bars:
            name = cut_in_the_middle(job.name, _NAME_WIDTH)
            self._bars[job.uid] = self._progress.add_task(name, total=100, phase="")
        word, _ = reason(job)
        text = phase if phase in {"Starting", "Running"} or not word else f"{phase} {word}"
        self._progress.update(self._bars[job.uid], completed=percent, phase=text)

    def _count(self) -> None:
        if len(self._known) < 2:
            return
        if self._all is None:
            self._all = self._progress.add_task("finished", total=1, phase="")
        self._progress.update(
            self._all,
            total=len(self._known),
            completed=len(self._over),
            phase=f"{len(self._over)} of {len(self._known)}",
        )
