"""nmap's per-phase percents → one percent for the whole scan."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_GROUP = re.compile(r"Scanning (?:(\d{1,9}) hosts|\S+) \[")

_PHASES: Final = {
    "ARP Ping Scan": "ping",
    "ND Ping Scan": "ping",
    "Ping Scan": "ping",
    "Connect Scan": "tcp",
    "SYN Stealth Scan": "tcp",
    "UDP Scan": "udp",
    "Service scan": "service",
    "NSE": "scripts",
}

# In nmap's order, with what each weighs: guesses, since nobody knows before the scan. UDP waits
# for rate-limited ICMP answers, service detection for banners that never come.
_WEIGHTS: Final = {"ping": 1, "tcp": 5, "udp": 20, "service": 8, "scripts": 8}
_OPTIONS: Final = {
    "-sn": "",
    "-sT": "tcp",
    "-sS": "tcp",
    "-sU": "udp",
    "-sV": "service",
    "--script": "scripts",
}


class NmapProgress:
    """Hosts that are done, plus how far the current group of hosts is through its phases."""

    def __init__(self, argv: Sequence[str], total_targets: int) -> None:
        self._total = max(total_targets, 1)
        chosen = {_OPTIONS.get(argument, "") for argument in argv} | {"ping"}
        self._phases = [phase for phase in _WEIGHTS if phase in chosen]
        self._done_hosts = 0
        self._group_hosts = 0
        self._group_share = 0.0
        self._percent = 0

    @property
    def percent(self) -> int:
        """0 to 99, never falling; 100 is for the runner to say."""
        return self._percent

    def host_done(self) -> None:
        """A host is finished, and with it its group."""
        self._done_hosts += 1
        self._group_hosts = 0
        self._group_share = 0.0
        self._update()

    def line(self, text: str) -> None:
        """Hear of the size of the next group from a line such as "Scanning 5 hosts [2 ports"."""
        match = _GROUP.match(text)
        if match:
            self._group_hosts = int(match[1] or 1)

    def task(self, event: str, name: str, percent: float) -> None:
        """Hear of a phase: `event` is taskbegin, taskprogress or taskend."""
        phase = _PHASES.get(name)
        if phase not in self._phases or not 0 <= percent <= 100:
            return
        if not self._group_hosts:
            # Scripts that run before the first host or after the last.
            return
        part = {"taskbegin": 0.0, "taskend": 1.0}.get(event, percent / 100)
        weights = [_WEIGHTS[p] for p in self._phases]
        index = self._phases.index(phase)
        share = (sum(weights[:index]) + weights[index] * part) / sum(weights)
        self._group_share = max(self._group_share, share)
        self._update()

    def _update(self) -> None:
        hosts = self._done_hosts + self._group_hosts * self._group_share
        self._percent = max(self._percent, min(99, int(100 * hosts / self._total)))
