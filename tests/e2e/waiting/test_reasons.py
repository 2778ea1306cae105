"""Every reason of the closed list on a real cluster, read back by `scanyard why`.

Each story brings a ScanJob to wait for one reason. To add one: a function that returns the ScanJob,
under `@produces`.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from typing import Any, Final

import pytest

from scanyard.api import names
from scanyard.lifecycle.explaining.reasons import REASONS
from tests.cluster import settings
from tests.cluster.settings import POD_SUBNET
from tests.support import release
from tests.support.installation import Installation
from tests.support.kube import MERGE_PATCH, eventually
from tests.support.scans import Lab, Scan, condition
from tests.support.side_by_side import side_by_side
from tests.support.specs import endless, endless_masscan, paced, quick
from tests.support.targets import Targets
from tests.support.told import reason

#: In the Pod network, outside every node's part of it; tests/e2e/limits scans the next one.
_NOBODY: Final = list(IPv4Network(POD_SUBNET).subnets(new_prefix=29))[-11]
_ELSEWHERE: Final = "192.0.2.0/24"
_COLUMNS: Final = 80

Producer = Callable[[Lab, Targets], Scan]
_PRODUCED: set[str] = set()


def produces(wanted: str) -> Callable[[Producer], Any]:
    """Make a test of a function that makes a ScanJob wait for that reason."""
    _PRODUCED.add(wanted)

    def decorate(producer: Producer) -> Any:
        @functools.wraps(producer)
        def story(lab: Lab, targets: Targets) -> None:
            read_back(producer(lab, targets), wanted)

        return side_by_side(story)

    return decorate


def read_back(scan: Scan, wanted: str) -> None:
    """`why` tells the reason, what it means and what to do, for programs and on a screen."""
    # One whose pause is just over is tried again for a moment.
    told = eventually(
        lambda: json.loads(why(scan, "-o", "json")),
        lambda told: told["reason"] == wanted,
        seconds=60,
    )
    assert told["exact"]
    assert told["message"]
    assert (told["means"], told["mend"]) == (REASONS[wanted].means, REASONS[wanted].mend)
    if told["waits"]:
        assert ("queuePosition" in told) == REASONS[wanted].in_order, told
    job = scan.wait(lambda job: reason(job) == wanted, f"says {wanted}", seconds=30)
    assert condition(job, "Reconciling") == "True", "for kstatus it is in progress"


def why(scan: Scan, *flags: str) -> str:
    """What the command prints; it must succeed."""
    words = [sys.executable, "-m", "scanyard.cli", "why", scan.name, "-n", scan.lab.name]
    done = subprocess.run(
        [*words, "--timeout=30s", *flags],
        env=os.environ | {"KUBECONFIG": str(scan.lab.cluster.kubeconfig)},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def until_told(scan: Scan, wanted: str, *, seconds: float = 60) -> Scan:
    """Wait until its status says so; that `why` is asked later changes nothing."""
    scan.wait(lambda job: reason(job) == wanted, f"says {wanted}", seconds=seconds)
    return scan


@produces("QueueFull")
def test_queue_full(lab: Lab, targets: Targets) -> Scan:
    lab.queue("one", maxConcurrent=1)
    lab.submit("runs", queue="one", **endless(targets.one)).running()
    scan = lab.submit("scan", queue="one", **quick(targets.one))
    screen = why(until_told(scan, "QueueFull"))
    assert "Held by:    runs" in screen
    assert "Position:   1, the next; 1 wait in queue one" in screen
    assert max(map(len, screen.splitlines())) <= _COLUMNS
    return scan


@produces("BehindOthers")
def test_behind_others(lab: Lab, targets: Targets) -> Scan:
    lab.queue("paced", maxConcurrent=4, packetsPerSecond=5, maxOvertakes=0)
    lab.submit("runs", queue="paced", **endless(targets.one)).running()
    ahead = lab.submit("ahead", queue="paced", **paced(targets.one, seconds=5))
    until_told(ahead, "BudgetExhausted")
    return until_told(lab.submit("scan", queue="paced", **quick(targets.one)), "BehindOthers")


@produces("QueueHeld")
def test_queue_held(lab: Lab, targets: Targets) -> Scan:
    lab.queue("held", stopPolicy="Hold")
    return lab.submit("scan", queue="held", **quick(targets.one))


@produces("OutsideWindow")
def test_outside_window(lab: Lab, targets: Targets) -> Scan:
    opens = datetime.now(UTC) + timedelta(hours=12)
    start = f"0 {opens.hour} * * *"
    lab.queue("night", windows=[{"start": start, "durationSeconds": 60, "timeZone": "UTC"}])
    return lab.submit("scan", queue="night", **quick(targets.one))


@produces("QueueNotFound")
def test_queue_not_found(lab: Lab, targets: Targets) -> Scan:
    return lab.submit("scan", queue="nowhere", **quick(targets.one))


@produces("BudgetExhausted")
def test_budget_exhausted(lab: Lab, targets: Targets) -> Scan:
    lab.queue("paced", maxConcurrent=4, packetsPerSecond=5)
    lab.submit("runs", queue="paced", **endless(targets.one)).running()
    scan = lab.submit("scan", queue="paced", **paced(targets.one, seconds=5))
    assert "Held by:    runs" in why(until_told(scan, "BudgetExhausted"))
    return scan


@produces("TargetBusy")
def test_target_busy(lab: Lab, targets: Targets) -> Scan:
    """Nobody is there, so that no other test scans it."""
    del targets
    lab.queue("polite", maxConcurrentPerTarget=1)
    lab.submit("runs", queue="polite", **endless(str(_NOBODY[1]))).running()
    return until_told(lab.submit("scan", queue="polite", **quick(str(_NOBODY))), "TargetBusy")


@produces("WaitingForDependency")
def test_waiting_for_dependency(lab: Lab, targets: Targets) -> Scan:
    lab.queue()
    return lab.submit("scan", dependsOn=[{"name": "absent"}], **quick(targets.one))


@produces("NotBefore")
def test_not_before(lab: Lab, targets: Targets) -> Scan:
    lab.queue()
    later = datetime.now(UTC) + timedelta(hours=1)
    scan = lab.submit("scan", notBefore=f"{later:%Y-%m-%dT%H:%M:%SZ}", **quick(targets.one))
    assert "Looked at:  again in " in why(scan)
    return scan


@produces("OutOfScope")
def test_out_of_scope(lab: Lab, targets: Targets) -> Scan:
    lab.queue("narrow", scope={"allow": [_ELSEWHERE]})
    return lab.submit("scan", queue="narrow", **quick(targets.one))


@produces("ExceedsLimit")
def test_exceeds_limit(lab: Lab, targets: Targets) -> Scan:
    lab.queue("small", limits={"maxAddresses": 1})
    return lab.submit(
        "scan", queue="small", **quick(targets.one) | {"targets": list(targets.addresses)}
    )


@produces("ScannerNotAllowed")
def test_scanner_not_allowed(lab: Lab, targets: Targets) -> Scan:
    lab.queue("masscan-only", allowedScanners=["masscan"])
    return lab.submit("scan", queue="masscan-only", **quick(targets.one))


@produces("NamespaceNotAllowed")
def test_namespace_not_allowed(lab: Lab, targets: Targets) -> Scan:
    elsewhere = {"queueRef": {"name": "default", "namespace": "default"}}
    return lab.submit("scan", **quick(targets.one) | elsewhere)


@produces("TooManyPending")
def test_too_many_pending(lab: Lab, targets: Targets) -> Scan:
    lab.queue("short", maxConcurrent=1, limits={"maxPending": 1})
    lab.submit("runs", queue="short", **endless(targets.one)).running()
    until_told(lab.submit("first", queue="short", **quick(targets.one)), "QueueFull")
    return until_told(lab.submit("scan", queue="short", **quick(targets.one)), "TooManyPending")


@produces("NamespaceLimit")
def test_namespace_limit(lab: Lab, targets: Targets) -> Scan:
    lab.queue("shared", maxConcurrent=4, maxConcurrentPerNamespace=1)
    lab.submit("runs", queue="shared", **endless(targets.one)).running()
    return until_told(lab.submit("scan", queue="shared", **quick(targets.one)), "NamespaceLimit")


@produces("RetryBackoff")
def test_retry_backoff(lab: Lab, targets: Targets) -> Scan:
    lab.queue()
    far = {"backoffSeconds": 86_400, "maxBackoffSeconds": 86_400}
    scan = lab.submit("scan", retry=far, **endless(targets.one))
    lab.delete_pod(scan.running()["metadata"]["name"])
    return until_told(scan, "RetryBackoff")


@produces("TargetUnresolvable")
def test_target_unresolvable(lab: Lab, targets: Targets) -> Scan:
    del targets
    lab.queue()
    return until_told(
        lab.submit("scan", **quick(f"absent.{lab.name}.svc.cluster.local")), "TargetUnresolvable"
    )


@produces("PodRefused")
def test_pod_refused(lab: Lab, targets: Targets) -> Scan:
    quota = {"metadata": {"name": "no-pods"}, "spec": {"hard": {"pods": "0"}}}
    path = f"/api/v1/namespaces/{lab.name}/resourcequotas"
    lab.cluster.request("POST", path, quota).expect()
    lab.queue()
    return until_told(lab.submit("scan", **quick(targets.one)), "PodRefused")


@produces("PodNameTaken")
def test_pod_name_taken(lab: Lab, targets: Targets) -> Scan:
    """Also the names of the next attempts, which come soon."""
    lab.queue(stopPolicy="Hold")
    scan = lab.submit("scan", **quick(targets.one))
    container = {"name": "nothing", "image": "registry.invalid/nothing"}
    spec = {"containers": [container], "nodeSelector": {"no-such-node": "true"}}
    path = f"/api/v1/namespaces/{lab.name}/pods"
    for number in range(1, 6):
        name = names.pod_name("scan", scan.latest()["metadata"]["uid"], number)
        lab.cluster.request("POST", path, {"metadata": {"name": name}, "spec": spec}).expect()
    lab.change_queue("default", stopPolicy="None")
    return until_told(scan, "PodNameTaken")


@produces("SlotHeldNodeLost")
def test_slot_held(lab: Lab, targets: Targets) -> Scan:
    lab.queue()
    scan = lab.submit("scan", **endless(targets.one))
    lab.delete_pod(scan.running()["metadata"]["name"], gracePeriodSeconds=0)
    return until_told(scan, "SlotHeldNodeLost")


def _runs(pod: Any) -> bool:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return any("running" in (status.get("state") or {}) for status in statuses)


@pytest.fixture(scope="module")
def special_installation(installation: Installation) -> Iterator[None]:
    """Scanyard that runs one scan at a time, without its policies; afterwards as it was."""
    del installation
    chosen = settings.from_environment(os.environ)
    with release.held(chosen) as opened:
        opened.upgrade(
            flags=["--set=maxConcurrentScans=1", "--set=admissionPolicies.enabled=false"]
        )
        try:
            yield
        finally:
            opened.upgrade()


@pytest.mark.usefixtures("special_installation")
def test_installation_full(lab: Lab, targets: Targets) -> None:
    lab.queue("first")
    lab.queue("second")
    lab.submit("runs", queue="first", **endless(targets.one)).running()
    scan = lab.submit("scan", queue="second", **quick(targets.one))
    read_back(until_told(scan, "InstallationFull"), "InstallationFull")


@pytest.mark.usefixtures("special_installation")
def test_earlier_pod_running(lab: Lab, targets: Targets) -> None:
    """A Pod that bears the name of an attempt which its ScanJob knows nothing of.

    With the policies an administrator could make one, but its labels could not change, and one that
    has them from the start is ended by the operator before it runs.
    """
    lab.queue("runs")
    lab.queue("held", stopPolicy="Hold")
    other = lab.submit(
        "other", queue="runs", **endless_masscan(list(targets.addresses), wait_seconds=25)
    )
    pod = other.running()
    scan = until_told(lab.submit("scan", queue="held", **quick(targets.one)), "QueueHeld")
    uid = scan.latest()["metadata"]["uid"]
    meta = {
        "name": names.pod_name("scan", uid, 1),
        "labels": pod["metadata"]["labels"] | {names.LABEL_UID: uid},
        "annotations": pod["metadata"]["annotations"]
        | {names.ANNOTATION_SCANJOB: f"{lab.name}/{scan.name}"},
    }
    spec = {key: value for key, value in pod["spec"].items() if key != "nodeName"}
    # It must run before the operator ends it, so it is not the operator's at first.
    late = {**meta["labels"], names.LABEL_MANAGED_BY: "nobody"}
    path = f"/api/v1/namespaces/{lab.name}/pods"
    lab.cluster.request("POST", path, {"metadata": meta | {"labels": late}, "spec": spec}).expect()
    lab.pods.wait(
        lambda event: _runs(event.object), "the late Pod runs", seconds=60, name=meta["name"]
    )
    ours = {"metadata": {"labels": {names.LABEL_MANAGED_BY: names.MANAGED_BY}}}
    lab.cluster.request("PATCH", f"{path}/{meta['name']}", ours, content_type=MERGE_PATCH).expect()
    read_back(until_told(scan, "EarlierPodRunning"), "EarlierPodRunning")


def test_every_reason_is_produced() -> None:
    assert set(REASONS) - _PRODUCED == {"InstallationFull", "EarlierPodRunning"}


def test_what_runs_and_what_has_ended_tell_what_happened(lab: Lab, targets: Targets) -> None:
    lab.queue()
    runs = lab.submit("runs", **paced(targets.one, seconds=20))
    runs.reach("Running")
    told = json.loads(why(runs, "-o", "json"))
    assert (told["phase"], told["waits"], told["reason"]) == ("Running", False, "Running")
    runs.finish()
    screen = why(runs)
    assert "Succeeded" in screen
    assert "ScanComplete" in screen
    assert "of waiting" in screen
