"""A queue's packet budget, counted on the wire."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.support.scans import Lab, phase
from tests.support.side_by_side import side_by_side
from tests.support.targets import DOWN_ADDRESS, Targets

_BUDGET: Final = 2000
_SCANS: Final = 4
_SECONDS: Final = 20
_COUNTER: Final = Path(__file__).with_name("syn_times.py")
#: One bin of a second is cut by the beginning or the end of a scan.
_EDGE: Final = 2


@side_by_side
def test_four_masscans_send_what_their_queue_may(lab: Lab, targets: Targets) -> None:
    """Four share it all, a fifth waits: over any 10 s within 5 %, in any second within 25 %."""
    del targets
    lab.queue("paced", maxConcurrent=10, packetsPerSecond=_BUDGET)
    rate = _BUDGET // _SCANS
    with _probes(_node(lab)) as probes:
        scans = [
            lab.submit(
                f"scan-{number}",
                queue="paced",
                scanner="masscan",
                targets=[DOWN_ADDRESS],
                ports={"tcp": f"{1 + 12000 * number}-{rate * _SECONDS + 12000 * number}"},
                masscan={"packetsPerSecond": rate, "waitSeconds": 0},
            )
            for number in range(_SCANS)
        ]
        fifth = lab.submit(
            "fifth",
            queue="paced",
            scanner="masscan",
            targets=[DOWN_ADDRESS],
            ports={"tcp": "60000-60100"},
            masscan={"packetsPerSecond": 100, "waitSeconds": 0},
        )
        ended = [scan.finish(seconds=180) for scan in scans]
        assert phase(fifth.finish(seconds=60)) == "Succeeded"
    assert [phase(job) for job in ended] == ["Succeeded"] * _SCANS

    sent = Counter(probes)
    total = sum(sent.values())
    assert total == _SCANS * rate * _SECONDS + 101, "each port once"
    first, last = min(sent), max(sent)
    seconds = [sent[second] for second in range(first, last + 1)]
    print("probes in each second:", seconds)
    assert max(seconds) <= _BUDGET * 1.25
    for begin in range(len(seconds) - 9):
        assert sum(seconds[begin : begin + 10]) <= 10 * _BUDGET * 1.05
    full = sorted(sum(seconds[begin : begin + 10]) for begin in range(len(seconds) - 9))
    assert full[-1] >= 10 * _BUDGET * 0.95, "it is used, too"


def _node(lab: Lab) -> int:
    """The process of the node on which all Pods run that nobody sends elsewhere."""
    nodes = lab.cluster.request("GET", "/api/v1/nodes").expect()["items"]
    names = [node["metadata"]["name"] for node in nodes if not (node["spec"].get("taints") or ())]
    assert len(names) == 1
    done = subprocess.run(
        ["docker", "inspect", "--format", "{{.State.Pid}}", names[0]],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("the nodes are not containers of this machine's Docker engine")
    return int(done.stdout)


@contextmanager
def _probes(node: int) -> Iterator[list[int]]:
    """The second of each connection request to nobody's address; full when the block is over."""
    command = ["nsenter", f"--net=/proc/{node}/ns/net", sys.executable, str(_COUNTER), DOWN_ADDRESS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as counter:
        assert counter.stdout is not None
        assert counter.stdout.readline() == b"ready\n"
        found: list[int] = []
        try:
            yield found
        finally:
            told, _ = counter.communicate()
            found.extend(json.loads(told))
