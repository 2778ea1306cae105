"""What a ScanJob tells its user while it is not finished."""

from __future__ import annotations

from tests.support.scans import Scan, condition
from tests.support.watching import Object


def reason(job: Object) -> str:
    """Why it is where it is: the reason of its condition Reconciling."""
    return condition(job, "Reconciling", "reason")


def message(job: Object) -> str:
    """The same for people."""
    return condition(job, "Reconciling", "message")


def wait_told(scan: Scan, wanted: str, *words: str, seconds: float = 30) -> Object:
    """Wait for that reason; the message must then hold all these words."""
    job = scan.wait(lambda job: reason(job) == wanted, f"says {wanted}", seconds=seconds)
    missing = [word for word in words if word not in message(job)]
    assert not missing, f"{scan.name} says {message(job)!r}, without {missing}"
    return job
