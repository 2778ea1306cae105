"""A queue's limit and order hold at every instant, judged from outside by the audit."""

from __future__ import annotations

from tests.support.audit_watch import Audit
from tests.support.operator_process import OperatorProcess
from tests.support.scans import Lab, Scan
from tests.support.specs import paced
from tests.support.targets import Targets

_QUEUE = "narrow"
#: Name and priority, as submitted; of equal priority the first submitted goes first.
_MIXED = {"a": 0, "b": 5, "c": -3, "d": 0, "e": 10, "f": 5, "g": -100, "h": 100}
_BY_URGENCY = sorted(_MIXED, key=lambda name: -_MIXED[name])
#: Why it waits now that the queue is open, then admitted, Running, Succeeded.
_CHANGES_PER_SCAN = 4


def test_eight_scans_go_through_a_queue_of_two_in_order_of_priority(
    lab: Lab, targets: Targets, operator: OperatorProcess
) -> None:
    with Audit(lab) as audit:
        lab.queue(_QUEUE, maxConcurrent=2, stopPolicy="Hold")
        scans = _submit(lab, targets)
        for scan in scans:
            scan.reach("Queued")
        before = operator.api_writes()
        opened = lab.change_queue(_QUEUE, stopPolicy="None")
        for scan in scans:
            scan.finish(seconds=120)
        lab.wait_idle(_QUEUE)
        print(f"all API writes meanwhile: {dict(operator.api_writes() - before)}")
        verdict = audit.verdict()

    assert verdict.violations == []
    assert verdict.most_running == {_QUEUE: 2}, "both slots are used"
    assert verdict.not_run_once() == {}
    assert verdict.not_ended_once() == {}
    # Two that are admitted at the same moment may get their Pods in either order.
    order = [name for batch in verdict.batches for name in sorted(batch, key=_BY_URGENCY.index)]
    assert order == _BY_URGENCY
    assert len(verdict.batches) > 3
    changes = [event for event in lab.scanjobs.events() if event.version > opened]
    assert len(changes) <= _CHANGES_PER_SCAN * len(scans), "writes are what a scan costs"


def test_the_limit_is_raised_and_lowered_while_scans_run(lab: Lab, targets: Targets) -> None:
    with Audit(lab) as audit:
        lab.queue(_QUEUE, maxConcurrent=2)
        scans = _submit(lab, targets)
        # Raised at once: the first two must still run when the next two come.
        _wait_for_pods(lab, 2)
        raised = lab.change_queue(_QUEUE, maxConcurrent=4)
        _wait_for_pods(lab, 4)
        lowered = lab.change_queue(_QUEUE, maxConcurrent=1)
        for scan in scans:
            scan.finish(seconds=120)
        verdict = audit.verdict()

    assert verdict.violations == []
    assert verdict.most_live == {_QUEUE: 4}, "a raised limit is used"
    assert verdict.not_run_once() == {}
    assert verdict.not_ended_once() == {}
    created = [event.version for event in lab.pods.events() if event.type == "ADDED"]
    assert sum(raised < version < lowered for version in created) >= 2
    assert any(version > lowered for version in created), "the lowered limit was put to the test"


def _submit(lab: Lab, targets: Targets) -> list[Scan]:
    spec = paced(targets.one, seconds=2)
    return [
        lab.submit(name, queue=_QUEUE, priority=priority, **spec)
        for name, priority in _MIXED.items()
    ]


def _wait_for_pods(lab: Lab, count: int) -> None:
    lab.pods.wait(
        lambda _: sum(event.type == "ADDED" for event in lab.pods.events()) >= count,
        f"{count} Pods were created",
        seconds=60,
    )
