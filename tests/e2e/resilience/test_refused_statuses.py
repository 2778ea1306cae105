"""A policy that refuses what the operator writes about one ScanJob holds up only that one."""

from __future__ import annotations

from tests.support.operator_process import OperatorProcess, now
from tests.support.refused_statuses import WHY, refusing_status_of
from tests.support.scans import Lab, phase
from tests.support.specs import quick
from tests.support.targets import Targets


def test_others_are_admitted_meanwhile(
    lab: Lab, targets: Targets, operator: OperatorProcess
) -> None:
    lab.queue(maxConcurrent=1)
    unlucky = lab.submit("unlucky", **quick(targets.one), priority=100, suspend=True)
    unlucky.reach("Suspended")
    begin = now()
    with refusing_status_of(unlucky):
        unlucky.change(suspend=False)
        operator.wait_logged(begin, f"{lab.name}/unlucky is not admitted", WHY)

        others = [lab.submit(f"lucky-{number}", **quick(targets.one)) for number in range(3)]

        for scan in others:
            assert phase(scan.finish()) == "Succeeded"
        assert unlucky.pod_events() == []
        told = [line.message for line in operator.log_since(begin)]
        assert not [text for text in told if "nothing is admitted" in text and WHY in text]
    assert phase(unlucky.finish(seconds=120)) == "Succeeded"
    lab.wait_idle("default")
