"""`make bench`: added time and API writes of a ScanJob, beside a bare Pod with the same command.

Pairs run in turn (ScanJob, bare Pod, ScanJob, ...), so that the machine's mood falls on both. The
time of a scan is from its create request to the event that shows its result; of a bare Pod, to the
event that shows its container terminated.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import Any

from tests.support.installation import ensure_installed
from tests.support.operator_process import OperatorProcess
from tests.support.scans import Lab, scanner_end
from tests.support.targets import target_pods

_PAIRS = 12


def main() -> int:
    """Measure and print; returns 0."""
    installation = ensure_installed()
    cluster = installation.cluster
    with target_pods(cluster) as targets, Lab(cluster, "bench") as lab:
        lab.queue()
        spec: dict[str, Any] = {
            "scanner": "nmap",
            "targets": [targets.one],
            "ports": {"tcp": "22,80,443"},
        }
        operator = OperatorProcess(installation)
        before = operator.api_writes()
        with_scanyard, bare = [], []
        for number in range(_PAIRS):
            with_scanyard.append(_scanjob(lab, f"scan-{number}", spec))
            bare.append(_bare_pod(lab, f"scan-{number}"))
            print(".", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        writes = operator.api_writes()
    added = [ours - pod for ours, pod in zip(with_scanyard, bare, strict=True)]
    print(f"ScanJob    median {statistics.median(with_scanyard):.2f} s of {_PAIRS}")
    print(f"bare Pod   median {statistics.median(bare):.2f} s of {_PAIRS}")
    print(f"added      median {statistics.median(added):.2f} s")
    for kind in sorted(writes):
        count = writes[kind] - before[kind]
        print(f"writes     {kind:<22} {count / _PAIRS:.2f} per scan")
    return 0


def _scanjob(lab: Lab, name: str, spec: dict[str, Any]) -> float:
    began = time.monotonic()
    scan = lab.submit(name, **spec)
    scan.finish()
    event = next(
        event
        for event in lab.scanjobs.events(name)
        if any(c["type"] == "Finished" and c["status"] == "True" for c in _conditions(event.object))
    )
    return event.at - began


def _conditions(job: Any) -> list[dict[str, str]]:
    return list(job.get("status", {}).get("conditions", ()))


def _bare_pod(lab: Lab, scan: str) -> float:
    """The attempt's own Pod again, without its ScanJob."""
    attempt = lab.namespace.get("scanjobs", scan)["status"]["attempts"][-1]
    pod = lab.cluster.request(
        "GET", f"/api/v1/namespaces/{lab.name}/pods/{attempt['podName']}"
    ).expect()
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"bare-{scan}"},
        "spec": {
            key: value
            for key, value in pod["spec"].items()
            if key not in {"nodeName", "serviceAccount", "serviceAccountName"}
        },
    }
    began = time.monotonic()
    lab.cluster.request("POST", f"/api/v1/namespaces/{lab.name}/pods", body).expect(201)
    event = lab.pods.wait(
        lambda event: event.name == f"bare-{scan}" and scanner_end(event.object) is not None,
        "ends",
        seconds=90,
    )
    return event.at - began


if __name__ == "__main__":
    sys.exit(main())
