"""What is really there, written down by hand, and whether the scans found just that."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.demo.scans import Scan

KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "ssh-version": frozenset({"ssh 22/tcp"}),
    "udp-service": frozenset({"dns 53/udp", "dns 123/udp closed"}),
    "web-syn": frozenset({"web 80/tcp", "web 443/tcp"}),
    "sweep": frozenset({"web 80/tcp", "web 443/tcp", "ssh 22/tcp"}),
    "who-is-there": frozenset({"web", "ssh", "dns"}),
    "first-scan": frozenset(
        {"web 22/tcp closed", "web 80/tcp", "web 443/tcp", "web 8080/tcp closed"}
    ),
    "udp-sweep": frozenset({"dns 53/udp"}),
    "closed-ports": frozenset({"ssh 80/tcp closed", "ssh 443/tcp closed"}),
}
"""By ScanJob, in the words of Scan.found."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one ScanJob found beside what is known."""

    name: str
    phase: str
    found: frozenset[str]
    known: frozenset[str]
    message: str = ""

    @property
    def right(self) -> bool:
        return self.phase == "Succeeded" and self.found == self.known


def judge(scans: Iterable[Scan], known: Mapping[str, frozenset[str]] = KNOWN) -> list[Verdict]:
    """One verdict a ScanJob; one that is missing or that nobody knows is wrong as well."""
    by_name = {scan.name: scan for scan in scans}
    verdicts = []
    for name in [*known, *(name for name in by_name if name not in known)]:
        scan, expected = by_name.get(name), known.get(name)
        if scan is None:
            verdicts.append(Verdict(name, "Missing", frozenset(), expected or frozenset()))
        elif expected is None:
            verdicts.append(Verdict(name, "Unknown", scan.found, frozenset()))
        else:
            verdicts.append(Verdict(name, scan.phase, scan.found, expected, scan.message))
    return verdicts
