"""On a real cluster: what `kubectl logs` shows of one attempt, of its Pod and of the operator."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.support.installation import Installation
from tests.support.kube import eventually
from tests.support.log_lines import of_attempt, read
from tests.support.scans import Lab, phase
from tests.support.specs import quick
from tests.support.targets import Targets

_OPERATORS = "--selector=app.kubernetes.io/component=operator,app.kubernetes.io/instance=scanyard"


def test_its_pod_and_the_operator_tell_of_the_same_attempt(
    lab: Lab, targets: Targets, installation: Installation
) -> None:
    since = f"--since-time={datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    lab.queue()
    scan = lab.submit("logged", **quick(targets.one))
    job = scan.finish()
    assert phase(job) == "Succeeded"
    uid, name = job["metadata"]["uid"], f"{lab.name}/logged"

    labels = f"--selector=scanyard.dev/uid={uid},scanyard.dev/attempt=1"
    printed = lab.namespace.kubectl("logs", labels, "--tail=-1").splitlines()
    own = read("\n".join(line for line in printed if line.startswith("{")))
    assert [line["message"] for line in own] == of_attempt(own, uid, 1)
    assert own[0]["message"].startswith("complete")
    others = {line.partition(" ")[0] for line in printed if not line.startswith("{")}
    assert others == {"nmap|", "scanyard:"}

    finished = f"ScanJob {name} has finished: Succeeded"
    # It is logged once the status has been written.
    lines = eventually(
        lambda: read(installation.kubectl("logs", _OPERATORS, "--tail=-1", since)),
        lambda lines: finished in of_attempt(lines, uid, 1),
        seconds=30,
    )
    told = of_attempt(lines, uid, 1)
    assert told[0] == f"ScanJob {name}: attempt 1 is admitted by queue {lab.name}/default"
    assert told[1] == f"ScanJob {name}: Pod {own[0]['pod']} is created"
    assert told[-1] == finished
    assert {line["fence"] for line in own} <= {line.get("fence") for line in lines}
