"""Which scans' containers really run, by the processes of this machine, whatever anybody reports.

The test cluster's nodes are containers, so every process in them is one of the machine's. Its
cgroup tells the Pod that it belongs to, also while the node is frozen and nobody there answers.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.support.watching import Event

_EVERY_SECONDS: Final = 0.2
_POD: Final = re.compile(r"pod([0-9a-f]{8}(?:[_-][0-9a-f]{4}){3}[_-][0-9a-f]{12})")
#: What keeps a Pod's namespaces before and after its container runs, and what makes it.
_NO_CONTAINER: Final = ("pause", "runc")


@dataclass(slots=True)
class Interval:
    """From when to when (time.monotonic()) a Pod's container had processes; None: it still has."""

    started: float
    ended: float | None = None


class ScanProcesses:
    """Looks at the machine's processes all the time; use as a context manager."""

    def __init__(self) -> None:
        self._pods: dict[str, Interval] = {}
        #: Of each process that was seen: (pid, start time) → its Pod's uid, empty for others.
        self._known: dict[tuple[int, str], str] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="processes", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join(timeout=10)

    def of(self, pods: Iterable[Event]) -> dict[str, Interval]:
        """By name: when the container of each of these Pods ran; without those that never did."""
        uids = {event.object["metadata"]["uid"]: event.name for event in pods}
        return {name: self._pods[uid] for uid, name in uids.items() if uid in self._pods}

    def running(self, pods: Iterable[Event]) -> set[str]:
        """Names of those of these Pods whose container runs, or is frozen."""
        return {name for name, interval in self.of(pods).items() if interval.ended is None}

    def _run(self) -> None:
        while not self._stopping.wait(_EVERY_SECONDS):
            self._look()

    def _look(self) -> None:
        now, alive = time.monotonic(), {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal() and (process := _identity(folder)) is not None:
                uid = self._known.get(process)
                alive[process] = _pod_of(folder) if uid is None else uid
        # What a process is can change while it starts: only an answer is kept.
        self._known = {process: uid for process, uid in alive.items() if uid}
        running = {uid for uid in alive.values() if uid}
        for uid in running:
            self._pods.setdefault(uid, Interval(now)).ended = None
        for uid, interval in list(self._pods.items()):
            if uid not in running and interval.ended is None:
                interval.ended = now


def _identity(folder: Path) -> tuple[int, str] | None:
    """The process, told apart from a later one of the same number; None once it has ended."""
    try:
        # The name, in brackets, may hold anything; state is field 3, the start time field 22.
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in {"Z", "X"} else (int(folder.name), fields[19])


def _pod_of(folder: Path) -> str:
    """The uid of the Pod in whose container it runs; empty if in none."""
    try:
        found = _POD.search((folder / "cgroup").read_text())
        if found is None or (folder / "comm").read_text().startswith(_NO_CONTAINER):
            return ""
    except OSError:
        return ""
    return found[1].replace("_", "-")
