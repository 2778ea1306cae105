"""Scans that between them do all that the dashboards tell of, in two namespaces, in a minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.support.scans import Lab, Scan
from tests.support.specs import ONCE, endless, paced, quick
from tests.support.targets import Targets
from tests.support.told import wait_told

_AGAIN: Final = {"retry": {"maxAttempts": 3, "backoffSeconds": 5, "maxBackoffSeconds": 5}}
#: Reasons for which somebody waits at the end of it.
REASONS: Final = frozenset(
    {
        "BudgetExhausted",
        "NotBefore",
        "OutOfScope",
        "QueueFull",
        "QueueHeld",
        "TargetUnresolvable",
        "WaitingForDependency",
    }
)


def run(lab: Lab, team: Lab, targets: Targets) -> None:
    """Begin it all, and return when all that must end has ended; some run and wait on."""
    _queues(lab, team)
    small = _share(lab, team, targets)
    _keep_waiting(lab, targets)
    ends = _end_badly(lab, targets)
    for scan in (*small, *ends):
        scan.finish(seconds=150)
    reference = {"name": "shared", "namespace": lab.name}
    both = {"queueRef": reference, **endless(targets.one)}
    long = [each.submit(f"long-{number}", **both) for number in range(4) for each in (lab, team)]
    for scan in long[:2]:
        scan.reach("Running")


def _queues(lab: Lab, team: Lab) -> None:
    weights = {"weights": [{"namespace": team.name, "weight": 2}]}
    lab.queue(
        "shared",
        maxConcurrent=4,
        ordering="FairShare",
        fairShare=weights,
        allowedNamespaces={"from": "All"},
        targetWaitSeconds=15,
    )
    lab.queue("budget", maxConcurrent=4, packetsPerSecond=10)
    lab.queue("failing", maxConcurrent=4)
    lab.queue("held", stopPolicy="Hold")
    lab.queue("narrow", scope={"allow": ["192.0.2.0/24"]})


def _share(lab: Lab, team: Lab, targets: Targets) -> list[Scan]:
    """Scans of both namespaces that succeed, some of them in time."""
    spec = paced(targets.one, seconds=5)
    reference = {"name": "shared", "namespace": lab.name}
    scans = [lab.submit(f"own-{number}", queue="shared", **spec) for number in range(6)]
    return scans + [
        team.submit(f"team-{number}", queueRef=reference, **spec) for number in range(4)
    ]


def _keep_waiting(lab: Lab, targets: Targets) -> None:
    """Whatever a scan may wait for."""
    one = quick(targets.one)
    for number in range(4):
        lab.submit(f"paced-{number}", queue="budget", **endless(targets.one))
    lab.submit("held", queue="held", **one)
    lab.submit("elsewhere", queue="narrow", **one)
    lab.submit("nowhere", queue="not-there", **one)
    lab.submit("dependent", queue="failing", dependsOn=[{"name": "absent"}], **one)
    later = datetime.now(UTC) + timedelta(hours=1)
    lab.submit("later", queue="failing", notBefore=f"{later:%Y-%m-%dT%H:%M:%SZ}", **one)
    unknown = quick(f"absent.{lab.name}.svc.cluster.local")
    lab.submit("unknown", queue="failing", **unknown)


def _end_badly(lab: Lab, targets: Targets) -> list[Scan]:
    """Timeouts, failures, retries, and one that is cancelled."""
    for_ever: dict[str, Any] = endless(targets.one)
    timed_out = lab.submit("too-long", queue="failing", timeoutSeconds=8, **ONCE, **for_ever)
    failing = lab.submit("failing", queue="failing", **ONCE, **for_ever)
    again = lab.submit("again", queue="failing", **_AGAIN, **paced(targets.one, seconds=12))
    cancelled = lab.submit("cancelled", queue="failing", **for_ever)
    lab.delete_pod(failing.running()["metadata"]["name"])
    lab.delete_pod(again.running()["metadata"]["name"])
    wait_told(again, "RetryBackoff", seconds=60)
    cancelled.running()
    cancelled.change(cancel=True)
    return [timed_out, failing, again, cancelled]
