"""`scanyard release --force` on a real API server."""

from __future__ import annotations

from scanyard.api import names
from tests.integration.cli.conftest import Run
from tests.support.kube import Namespace
from tests.support.resources import scan_job, scan_queue


def test_force_names_the_attempt_in_its_queue(scanyard: Run, namespace: Namespace) -> None:
    namespace.create("scanqueues", scan_queue("default")).expect()
    job = namespace.create("scanjobs", scan_job("lost", suspend=True)).expect()
    uid = job["metadata"]["uid"]
    # As an operator writes it that finds a started attempt's Pod gone, and its node as well.
    attempt = {
        "number": 1,
        "queue": f"{namespace.name}/default",
        "fence": 1,
        "podName": names.pod_name("lost", uid, 1),
        "startedAt": "2026-03-01T12:00:00Z",
        "nodeName": "no-such-node",
    }
    told = {
        "type": "Reconciling",
        "status": "True",
        "reason": "SlotHeldNodeLost",
        "message": "its Pod is gone without a confirmed end of the scan",
        "lastTransitionTime": "2026-03-01T12:00:00Z",
    }
    status = {
        "phase": "Running",
        "startedAt": "2026-03-01T12:00:00Z",
        "attemptCount": 1,
        "attempts": [attempt],
        "conditions": [told],
    }
    namespace.patch("scanjobs", "lost", {"status": status}, "status").expect()

    printed = scanyard("release", "--force", f"{namespace.name}/lost")

    assert "the slot of attempt 1 is released" in printed
    notes = namespace.get("scanqueues", "default")["metadata"]["annotations"]
    assert notes[names.ANNOTATION_RELEASE] == f"{uid}/1"


def test_the_slot_of_a_deleted_scanjob_is_found_by_its_name(
    scanyard: Run, namespace: Namespace
) -> None:
    namespace.create("scanqueues", scan_queue("deleted-ones")).expect()
    # As an operator writes it that finds a deleted ScanJob's Pod gone.
    slot = {
        "scanJob": "gone",
        "uid": "0a1b2c3d-0000-4000-8000-000000000001",
        "attempt": 2,
        "podName": "gone-0a1b2c3d-2",
        "nodeName": "no-such-node",
        "until": "2026-03-01T13:00:00Z",
    }
    status = {"heldSlots": [slot]}
    namespace.patch("scanqueues", "deleted-ones", {"status": status}, "status").expect()

    printed = scanyard("release", "--force", f"{namespace.name}/gone")

    assert "the slot of attempt 2 is released" in printed
    queue = namespace.get("scanqueues", "deleted-ones")
    assert queue["status"] == {"observedGeneration": -1} | status
    assert queue["metadata"]["annotations"][names.ANNOTATION_RELEASE] == f"{slot['uid']}/2"
