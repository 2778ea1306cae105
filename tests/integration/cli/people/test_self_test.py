"""`scanyard self-test`, the operator's part played: it believes what is so, and cleans up."""

from __future__ import annotations

import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import Popen
from typing import Any

import pytest

from tests.integration.cli.people.conftest import Ended, Yard
from tests.support.kube import eventually
from tests.support.resources import scan_queue

_NAME = "scanyard-test"
_HERE = "127.0.0.1"
_LABEL = {"scanyard.dev/self-test": "true"}


@pytest.fixture
def begun(yard: Yard) -> Iterator[Popen[str]]:
    """The test, under way."""
    with _begin(yard, "--timeout=2m") as process:
        yield process


@contextmanager
def _begin(yard: Yard, *more: str) -> Iterator[Popen[str]]:
    words = ("self-test", f"--name={_NAME}", f"--address={_HERE}", *more)
    process = yard.start(*words, user="tester")
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _job(yard: Yard) -> dict[str, Any]:
    """The ScanJob, as soon as it is there."""
    path = yard.namespace.path("scanjobs", _NAME)
    cluster = yard.namespace.cluster
    reply = eventually(lambda: cluster.request("GET", path), lambda reply: reply.ok, seconds=60)
    return dict(reply.body)


def _ports(job: dict[str, Any]) -> tuple[int, int]:
    opened, closed = job["spec"]["ports"]["tcp"].split(",")
    return int(opened), int(closed)


def _summary(*ports: tuple[int, str], address: str = _HERE) -> dict[str, Any]:
    found = [{"port": port, "protocol": "tcp", "state": state} for port, state in ports]
    hosts = [{"address": address, "state": "up", "ports": found}]
    counted = sum(state == "open" for _, state in ports)
    counts = {"hostsUp": 1, "hostsDown": 0, "hostsTotal": 1, "openPorts": counted}
    return {"complete": True, "hosts": hosts, **counts}


def _end(process: Popen[str], yard: Yard) -> Ended:
    out, err = process.communicate(timeout=60)
    left = [
        yard.namespace.cluster.request("GET", yard.namespace.path(kind, _NAME)).code
        for kind in ("scanjobs", "scanqueues")
    ]
    assert left == [404, 404], "it has cleaned up"
    return Ended(process.returncode, out, err)


def test_it_asks_for_a_scan_of_its_own_two_ports_in_a_queue_of_its_own(
    yard: Yard, begun: Popen[str]
) -> None:
    job = _job(yard)
    queue = yard.namespace.get("scanqueues", _NAME)["spec"]
    assert queue["scope"] == {"allow": [_HERE]}, "which can be used for nothing else"
    assert (job["spec"]["targets"], job["spec"]["queueRef"]["name"]) == ([_HERE], _NAME)
    opened, closed = _ports(job)
    with socket.create_connection((_HERE, opened), timeout=5):
        pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((_HERE, closed), timeout=5)
    yard.operator.running(_NAME)
    yard.operator.succeeded(_NAME, summary=_summary((opened, "open"), (closed, "closed")))
    ended = _end(begun, yard)
    assert ended.code == 0, ended.err
    assert re.search(rf"^{_HERE} +{opened}/tcp +open", ended.out, re.MULTILINE)
    assert ended.out.splitlines()[-1] == "As it is: Scanyard works."


@pytest.mark.parametrize("told", ["nothing", "both", "elsewhere"])
def test_a_result_that_is_not_so_fails_it(yard: Yard, begun: Popen[str], told: str) -> None:
    opened, closed = _ports(_job(yard))
    summaries = {
        "nothing": _summary((opened, "closed")),
        "both": _summary((opened, "open"), (closed, "open")),
        "elsewhere": _summary((opened, "open"), address="192.0.2.1"),
    }
    yard.operator.succeeded(_NAME, summary=summaries[told])
    ended = _end(begun, yard)
    assert ended.code == 1
    assert f"port {opened} of {_HERE} should have been found open, and no other" in ended.err


def test_a_scan_that_fails_says_why(yard: Yard, begun: Popen[str]) -> None:
    _job(yard)
    yard.operator.failed(_NAME, "StartFailed", "the image cannot be pulled")
    ended = _end(begun, yard)
    assert ended.code == 1
    assert "Failed (StartFailed: the image cannot be pulled)" in ended.out


def test_one_that_nobody_runs_ends_it_with_what_to_look_at(yard: Yard) -> None:
    with _begin(yard, "--timeout=2s") as process:
        ended = _end(process, yard)
    assert ended.code == 3
    words = f"{_NAME}: not finished after 2s: Pending. Does an operator lead"
    assert words in ended.err
    assert f"watch namespace {yard.namespace.name}?" in ended.err


@pytest.mark.parametrize("waited_for", ["scanqueues", "scanjobs"])
def test_a_sigterm_at_any_time_leaves_nothing(
    yard: Yard, begun: Popen[str], waited_for: str
) -> None:
    """As the kubelet sends it when the Pod is deleted or its time is over."""
    path, cluster = yard.namespace.path(waited_for, _NAME), yard.namespace.cluster
    eventually(lambda: cluster.request("GET", path).ok, bool, seconds=60, every=0.02)
    begun.send_signal(signal.SIGTERM)
    assert _end(begun, yard).code == 128 + signal.SIGTERM


def test_its_pod_owns_what_it_makes(yard: Yard) -> None:
    """Kubernetes deletes both with the Pod, should the test be killed."""
    with _begin(yard, "--timeout=2m", "--pod=scanyard-test/1b4c") as process:
        owners = [{"apiVersion": "v1", "kind": "Pod", "name": "scanyard-test", "uid": "1b4c"}]
        meta = _job(yard)["metadata"]
        queue = yard.namespace.get("scanqueues", _NAME)["metadata"]
        assert [meta["ownerReferences"], queue["ownerReferences"]] == [owners, owners]
        yard.operator.failed(_NAME, "StartFailed", "no matter")
        _end(process, yard)


def test_a_pod_that_names_no_uid_is_refused(yard: Yard) -> None:
    words = (f"--name={_NAME}", f"--address={_HERE}", "--pod=scanyard-test")
    ended = yard.platform("self-test", *words)
    assert ended.code == 2
    assert "'scanyard-test' is not NAME/UID" in ended.err


@pytest.mark.parametrize("kind", ["scanqueues", "scanjobs"])
def test_somebodys_own_object_of_that_name_is_left_alone(yard: Yard, kind: str) -> None:
    if kind == "scanqueues":
        yard.namespace.create(kind, scan_queue(_NAME)).expect()
    else:
        yard.job(_NAME)
    before = yard.namespace.get(kind, _NAME)
    words = (f"--name={_NAME}", f"--address={_HERE}", "--timeout=2s")
    ended = yard.platform("self-test", *words)
    assert ended.code == 2
    assert f"{kind}/{_NAME} is in namespace {yard.namespace.name} and of no earlier" in ended.err
    assert "delete it, label it scanyard.dev/self-test=true" in ended.err
    assert yard.namespace.get(kind, _NAME) == before
    (other,) = {"scanqueues", "scanjobs"} - {kind}
    path = yard.namespace.path(other, _NAME)
    assert yard.namespace.cluster.request("GET", path).code == 404, "it has not begun"


def test_what_a_killed_test_left_is_replaced(yard: Yard) -> None:
    with _begin(yard, "--timeout=2m") as killed:
        old = _job(yard)["metadata"]["uid"]
        killed.kill()
        killed.communicate(timeout=60)
    assert _job(yard)["metadata"]["labels"] == _LABEL
    assert yard.namespace.get("scanqueues", _NAME)["metadata"]["labels"] == _LABEL
    with _begin(yard, "--timeout=2m") as process:
        eventually(lambda: _job(yard)["metadata"]["uid"], lambda uid: uid != old, seconds=60)
        opened, _ = _ports(_job(yard))
        yard.operator.succeeded(_NAME, summary=_summary((opened, "open")))
        assert _end(process, yard).code == 0


def test_an_address_that_is_none_is_refused(yard: Yard) -> None:
    ended = yard.platform("self-test", f"--name={_NAME}", "--address=localhost")
    assert ended.code == 2
    assert "'localhost' is no address" in ended.err
