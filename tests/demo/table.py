"""What the demo shows, in at most 80 columns: the scans as they go, and what they found."""

from collections import Counter
from collections.abc import Iterable, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from tests.demo.known import Verdict
from tests.demo.scans import Scan

WIDTH = 80

_STYLES = {
    "Pending": "dim",
    "Queued": "dim",
    "Starting": "cyan",
    "Running": "bold cyan",
    "Succeeded": "green",
}


def scans_table(scans: Sequence[Scan], seconds: float) -> Table:
    """The scans, by queue and priority, with a line below that sums them up."""
    table = _table(caption=progress_line(scans, seconds))
    for heading, justify in (
        ("Queue", "left"),
        ("Prio", "right"),
        ("ScanJob", "left"),
        ("Scanner", "left"),
        ("Phase", "left"),
        ("Done", "right"),
        ("Found", "right"),
    ):
        table.add_column(heading, justify="right" if justify == "right" else "left", no_wrap=True)
    previous = ""
    for scan in scans:
        table.add_row(
            scan.queue if scan.queue != previous else "",
            str(scan.priority),
            scan.name,
            scan.how,
            Text(scan.phase, _STYLES.get(scan.phase, "red")),
            "" if scan.progress is None else f"{scan.progress}%",
            scan.counted,
        )
        previous = scan.queue
    return table


def progress_line(scans: Iterable[Scan], seconds: float) -> str:
    """Such as "12 s: 3 wait, 2 run, 3 finished"."""
    states = Counter(
        "finished" if scan.finished else "wait" if scan.waiting else "run" for scan in scans
    )
    counts = ", ".join(f"{states[state]} {state}" for state in ("wait", "run", "finished"))
    return f"{seconds:.0f} s: {counts}"


def verdict_table(verdicts: Iterable[Verdict]) -> Table:
    """Found beside known, one port a line; what is missing or too much stands out."""
    table = _table()
    for heading in ("ScanJob", "Phase", "Found", "Known", "Verdict"):
        table.add_column(heading, no_wrap=True)
    for verdict in verdicts:
        lines = sorted(verdict.found | verdict.known, key=_by_port)
        table.add_row(
            verdict.name,
            Text(verdict.phase, _STYLES.get(verdict.phase, "red")),
            _column(lines, verdict.found, verdict.known),
            _column(lines, verdict.known, verdict.found),
            Text("right", "green") if verdict.right else Text("WRONG", "bold red"),
        )
    return table


def _column(lines: Sequence[str], own: frozenset[str], other: frozenset[str]) -> Text:
    """The lines that are this column's own, each at its place; "-" where it has none."""
    if not own:
        return Text("-", "dim" if not other else "bold red")
    text = Text()
    for line in lines:
        shown = line if line in own else "-"
        text.append(f"{shown}\n", "" if line in own and line in other else "bold red")
    text.rstrip()
    return text


def _by_port(line: str) -> tuple[str, int]:
    """Sorts "web 80/tcp" before "web 443/tcp"."""
    host, _, port = line.partition(" ")
    digits = port.partition("/")[0]
    return host, int(digits) if digits else 0


def _table(caption: str | None = None) -> Table:
    return Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1),
        caption=caption,
        caption_justify="left",
        caption_style="dim",
        header_style="bold",
    )
