"""A node freezes or is switched off with scans on it: no scan runs twice, none is lost.

What really runs is told by the machine's own processes; the audit replays what the API server told.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from tests.chaos.node import Container
from tests.chaos.truth import judge_containers
from tests.support.audit_watch import Audit
from tests.support.command_line import Run
from tests.support.handover import attempts
from tests.support.kube import Cluster, eventually
from tests.support.node_container import NodeContainer, failing_node, sent_anywhere, sent_to
from tests.support.scan_processes import ScanProcesses
from tests.support.scans import Lab, Scan, condition, open_ports, phase
from tests.support.specs import ONCE, endless, paced, quick
from tests.support.targets import OPEN_TCP, Targets
from tests.support.told import wait_told
from tests.support.watching import Object

_QUEUE: Final = "remote"
_LIMIT: Final = 4
_SOON: Final = {"retry": {"maxAttempts": 2, "backoffSeconds": 1, "maxBackoffSeconds": 1}}
#: Grace and slack of a kubelet that is cut off, after a scan's deadline (lifecycle/pods/slots.py).
_CUT_OFF_SECONDS: Final = 120
#: A deleted Pod is due after its grace (60 s) and 10 s; then its node is looked at.
_OVERDUE_SECONDS: Final = 90.0
#: So long a scan may run that is stopped before its end; its slot is held for longer.
_SHORT: Final = 40


@pytest.fixture
def worker(cluster: Cluster) -> Iterator[NodeContainer]:
    """The node that is going to fail; it is back for the next test."""
    with failing_node(cluster) as node:
        yield node


@pytest.fixture
def lab(cluster: Cluster, worker: NodeContainer) -> Iterator[Lab]:
    """A namespace whose Pods go to that node until they are sent anywhere."""
    with Lab(cluster, annotations=sent_to(worker)) as opened:
        yield opened


@pytest.mark.usefixtures("operator")
def test_a_frozen_node_comes_back(
    lab: Lab, targets: Targets, worker: NodeContainer, scanyard: Run
) -> None:
    with Audit(lab) as audit, ScanProcesses() as processes:
        lab.queue(_QUEUE, maxConcurrent=_LIMIT)
        spec = paced(targets.one, seconds=30)
        goes_on = lab.submit("goes-on", queue=_QUEUE, **spec, **_SOON)
        overdue = _short("overdue", lab, endless(targets.one))
        deleted = lab.submit("deleted", queue=_QUEUE, **endless(targets.one), **ONCE)
        forced = lab.submit("forced", queue=_QUEUE, **spec, **_SOON)
        pods = [_running_on(worker, scan) for scan in (goes_on, overdue, deleted, forced)]
        sent_anywhere(lab.cluster, lab.name)
        waits = lab.submit("waits", queue=_QUEUE, **quick(targets.one))

        worker.pause()
        lab.delete_pod(pods[2])
        worker.wait_lost()
        lab.delete_pod(pods[3], gracePeriodSeconds=0)
        for scan in (deleted, forced):
            _held_until(scan)

        assert processes.running(lab.pods.events()) == set(pods), "all of them are only frozen"
        assert attempts(waits.latest()) == []
        assert [len(attempts(scan.latest())) for scan in (deleted, forced)] == [1, 1]

        worker.unpause()

        assert phase(goes_on.finish()) == "Succeeded"
        assert len(attempts(goes_on.latest())) == 1
        assert phase(overdue.finish()) == "TimedOut", "its deadline passed while it was frozen"
        ended = deleted.finish()
        assert [each["reason"] for each in attempts(ended)] == ["PodDeleted"]
        # Its kubelet ends what has no Pod any more, and has nobody to tell that to.
        eventually(lambda: processes.running(lab.pods.events()) & {pods[3]}, lambda left: not left)
        assert len(attempts(forced.latest())) == 1
        scanyard("release", f"{lab.name}/{forced.name}", "--force")
        _succeeds_elsewhere(worker, forced, first="NodeLost")
        assert phase(waits.finish()) == "Succeeded"
        _judge(lab, audit, processes, scans=5)


@pytest.mark.usefixtures("operator")
def test_a_node_is_switched_off(
    lab: Lab, targets: Targets, worker: NodeContainer, scanyard: Run
) -> None:
    with Audit(lab) as audit, ScanProcesses() as processes:
        lab.queue(_QUEUE, maxConcurrent=_LIMIT)
        spec = paced(targets.one, seconds=30)
        untouched = lab.submit("untouched", queue=_QUEUE, **spec, **_SOON)
        deleted = lab.submit("deleted", queue=_QUEUE, **spec, **_SOON)
        released = lab.submit("released", queue=_QUEUE, **spec, **_SOON)
        forced = _short("forced", lab, spec | _SOON)
        pods = [_running_on(worker, scan) for scan in (untouched, deleted, released, forced)]
        sent_anywhere(lab.cluster, lab.name)
        waits = lab.submit("waits", queue=_QUEUE, **quick(targets.one))

        worker.kill()
        lab.delete_pod(pods[1])
        lab.delete_pod(pods[2])
        worker.wait_lost()
        lab.delete_pod(pods[3], gracePeriodSeconds=0)
        held = _held_until(forced)
        for scan in (deleted, released):
            _held_until(scan)

        assert processes.running(lab.pods.events()) == set()
        assert attempts(waits.latest()) == [], "nobody but us knows that they run no more"

        told = scanyard("release", f"{lab.name}/{released.name}", "--force")
        assert "the slot of attempt 1 is released" in told
        _succeeds_elsewhere(worker, released, first="NodeLost")
        assert phase(waits.finish()) == "Succeeded"
        # Nothing else was released.
        for scan in (untouched, deleted, forced):
            assert len(attempts(scan.latest())) == 1

        worker.start()

        # The kubelet finds them ended, and says so.
        _succeeds_elsewhere(worker, untouched, first="Killed")
        _succeeds_elsewhere(worker, deleted, first="PodDeleted")
        second = _succeeds_elsewhere(worker, forced, first="NodeLost")
        assert _time(second["admittedAt"]) >= held
        _judge(lab, audit, processes, scans=5)


def _short(name: str, lab: Lab, spec: Mapping[str, Any]) -> Scan:
    return lab.submit(name, queue=_QUEUE, **spec, timeoutSeconds=_SHORT)


def _running_on(node: NodeContainer, scan: Scan) -> str:
    """The name of its Pod, once it runs on that node and its user sees that."""
    pod = scan.running()
    assert pod["spec"]["nodeName"] == node.name
    scan.reach("Running")
    return str(pod["metadata"]["name"])


def _held_until(scan: Scan) -> datetime:
    """Wait until it says that its slot is held, with the way out; returns until when.

    That is not before its kubelet, of which nobody hears, has ended it.
    """
    job = wait_told(scan, "SlotHeldNodeLost", "scanyard release --force", seconds=_OVERDUE_SECONDS)
    told = re.search(r"held until (\S+Z)", condition(job, "Reconciling", "message"))
    assert told is not None
    pod = scan.running()
    lasts = timedelta(seconds=pod["spec"]["activeDeadlineSeconds"] + _CUT_OFF_SECONDS)
    assert _time(told[1]) >= _time(pod["status"]["startTime"]) + lasts
    return _time(told[1])


def _succeeds_elsewhere(lost: NodeContainer, scan: Scan, *, first: str) -> Mapping[str, Any]:
    """It succeeds with its second attempt, on another node; returns that attempt."""
    job: Object = scan.finish(seconds=_CUT_OFF_SECONDS + 90)
    assert phase(job) == "Succeeded"
    told = [(each["number"], each["reason"]) for each in attempts(job)]
    assert told == [(1, first), (2, "ScanComplete")]
    assert open_ports(job) == {scan.latest()["spec"]["targets"][0]: OPEN_TCP}
    assert attempts(job)[1]["nodeName"] != lost.name
    return attempts(job)[1]


def _judge(lab: Lab, audit: Audit, processes: ScanProcesses, *, scans: int) -> None:
    lab.wait_idle(_QUEUE)
    ran = processes.of(lab.pods.events())
    ends = {name: each.ended for name, each in ran.items() if each.ended is not None}
    verdict = audit.verdict(ends=ends)
    assert verdict.violations == []
    assert verdict.not_ended_once() == {}
    assert len(verdict.scanjobs) == scans
    truth = judge_containers(_containers(lab, processes), audit.seen("ScanQueue"), time.monotonic())
    assert truth.violations == []
    assert truth.most_at_once == _LIMIT


def _containers(lab: Lab, processes: ScanProcesses) -> list[Container]:
    """All containers of scans, by the machine's processes."""
    events = lab.pods.events()
    metas = {event.name: event.object["metadata"] for event in events}
    return [
        Container(
            pod=name,
            pod_uid=metas[name]["uid"],
            scanjob=metas[name]["ownerReferences"][0]["uid"],
            queue=f"{lab.name}/{_QUEUE}",
            started=interval.started,
            ends_at=float("inf"),
            ended=interval.ended,
        )
        for name, interval in processes.of(events).items()
    ]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
