"""ScanJobs that come to every phase there is, in one namespace."""

from __future__ import annotations

from typing import Final, get_args

from scanyard.api.scanjob_status import Phase
from tests.support.nodeless import let_no_node_fit
from tests.support.scans import Lab, Scan
from tests.support.specs import ONCE, endless, quick
from tests.support.targets import Targets

PHASES: Final = frozenset(get_args(Phase))


def come_to_every_phase(lab: Lab, targets: Targets) -> None:
    """Start them, run one again, and wait for the last phase; the recorder has all versions."""
    lab.queue("wide", maxConcurrent=9)
    lab.queue("narrow", maxConcurrent=1)
    lab.submit("timed-out", queue="narrow", **endless(targets.one), timeoutSeconds=25)
    lab.submit("queued", queue="narrow", **quick(targets.one))
    lab.submit("suspended", queue="wide", **quick(targets.one), suspend=True)
    lab.submit("cancelled", queue="wide", **quick(targets.one), cancel=True)
    failed = lab.submit("failed", queue="wide", **endless(targets.one), **ONCE)
    lab.delete_pod(failed.running()["metadata"]["name"])
    for scan, last in {
        "timed-out": "TimedOut",
        "queued": "Succeeded",
        "suspended": "Suspended",
        "cancelled": "Cancelled",
        "failed": "Failed",
    }.items():
        Scan(lab, scan).reach(last)
    again = Scan(lab, "queued")
    again.finish(after=again.change(rerunToken="again"))
    let_no_node_fit(lab)
    lab.submit("starting", queue="wide", **quick(targets.one)).reach("Starting")
