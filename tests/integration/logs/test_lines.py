"""What a real operator and a real runner log: the schema's lines, found by uid and attempt."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.chaos.replicas import Replicas
from tests.cluster.settings import REPOSITORY
from tests.crashpoints.kubelet import Kubelet
from tests.integration.runner.running import Runners
from tests.support.control_plane import ControlPlane
from tests.support.kube import eventually
from tests.support.log_lines import PASSWORD, Line, of_attempt, read
from tests.support.redis_server import RedisServer
from tests.support.scans import Lab, Scan, phase
from tests.support.watching import Event

_SPEC: Final[dict[str, Any]] = {"scanner": "nmap", "targets": ["192.0.2.1"]}


def test_the_lines_of_an_attempt_are_found_by_uid_and_number(
    replicas: Replicas, runners: Runners, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Lab(replicas.cluster, "logs") as lab:
        lab.queue("default", maxConcurrent=1)
        retry = {"maxAttempts": 2, "backoffSeconds": 1, "causes": ["ScannerError"]}
        scan = lab.submit("web", retry=retry, **_SPEC)
        kubelet = Kubelet(lab)
        first = _pod(scan, 1)
        kubelet.run("web")
        scan.reach("Running")
        kubelet.stop("web")
        second = _pod(scan, 2)
        _play(kubelet, scan)
        ended = scan.latest()
        uid, attempts = ended["metadata"]["uid"], ended["status"]["attempts"]
        said = eventually(
            lambda: _all(replicas), lambda lines: "has finished" in _told(lines), seconds=20
        )
        operators = of_attempt(said, uid, 2)

        # The runner of that Pod is told who it is by the operator.
        for variable in second["spec"]["containers"][0]["env"]:
            monkeypatch.setenv(variable["name"], variable["value"])
        printed = runners.start("nmap", ["/bin/echo", "hello"]).end()
        own = read("\n".join(line for line in printed.log.splitlines() if line.startswith("{")))

    assert first["metadata"]["name"] != second["metadata"]["name"]
    name = f"{lab.name}/web"
    retried = f"ended: {attempts[0]['reason']}: {attempts[0]['message']}; it is tried again"
    complete = f"{attempts[1]['reason']}: {attempts[1]['message']}"
    assert of_attempt(said, uid, 1) == [
        f"ScanJob {name}: attempt 1 is admitted by queue {lab.name}/default",
        f"ScanJob {name}: Pod {first['metadata']['name']} is created",
        f"ScanJob {name}: attempt 1 has {retried}",
    ]
    assert operators == [
        f"ScanJob {name}: attempt 2 is admitted by queue {lab.name}/default",
        f"ScanJob {name}: Pod {second['metadata']['name']} is created",
        f"ScanJob {name}: attempt 2 has ended: {complete}",
        f"ScanJob {name} has finished: Succeeded",
    ]
    mine = [line for line in said if line["message"] in operators]
    (leader,) = {line["instance"] for line in mine}
    assert leader in {replica.name for replica in replicas.all}
    for line in mine:
        assert line["queue"] == {"namespace": lab.name, "name": "default"}
        assert line["pod"] == second["metadata"]["name"]
        assert line["fence"] == attempts[-1]["fence"]
    assert of_attempt(own, uid, 2) == [line["message"] for line in own]
    assert {(line["component"], line["instance"]) for line in own} == {
        ("runner", second["metadata"]["name"])
    }


def test_each_line_of_a_hard_life_is_of_the_schema(
    replicas: Replicas, redis: RedisServer, control_plane: ControlPlane
) -> None:
    with Lab(replicas.cluster, "logs") as lab:
        lab.queue("default", maxConcurrent=1)
        excluded = lab.submit("nothing-left", excludeTargets=_SPEC["targets"], **_SPEC)
        excluded.finish()
        redis.kill()
        _wait_for(replicas, "nothing is admitted for now")
        redis.start()
        control_plane.restart_api_server()
        _wait_for_logger(replicas, "kopf")
        waiting = lab.submit("after", **_SPEC)
        _play(Kubelet(lab), waiting)

    lines = _all(replicas)
    (refused,) = [line for line in lines if line.get("reason") == "InvalidSpec" and _warns(line)]
    assert refused["scanjob"]["name"] == "nothing-left"
    away = next(line for line in lines if "nothing is admitted" in line["message"])
    assert away["fence"] > 0


def test_a_surprise_ends_it_with_a_line_that_has_the_stack(
    replicas: Replicas, redis: RedisServer
) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        settings = {
            "SCANYARD_HTTP_PORT": str(taken.getsockname()[1]),
            "SCANYARD_REDIS_URL": redis.url,
            "KUBECONFIG": str(replicas.cluster.kubeconfig),
        }
        code, lines = _ended(settings)
    assert code == 1
    error = lines[-1]["error"]
    assert (lines[-1]["level"], error["type"]) == ("CRITICAL", "OSError")
    assert "address already in use" in error["message"]
    assert error["stack"].startswith("Traceback")
    assert "serve_probes" in error["stack"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SCANYARD_LEASE_SECONDS", PASSWORD),
        ("SCANYARD_LOG_LEVEL", "verbose"),
    ],
)
def test_wrong_settings_are_told_in_a_line(variable: str, value: str) -> None:
    code, (line,) = _ended({variable: value})
    assert (code, line["level"], line["error"]["type"]) == (2, "CRITICAL", "InvalidInputError")
    assert variable in line["message"]


def _ended(settings: dict[str, str]) -> tuple[int, list[Line]]:
    """The exit code and the lines of an operator that ends by itself, and said nothing else."""
    done = subprocess.run(
        [sys.executable, "-m", "scanyard.cli", "operator"],
        capture_output=True,
        text=True,
        env=os.environ
        | {"PYTHONPATH": str(REPOSITORY / "operator"), "SCANYARD_LOG_FORMAT": "json"}
        | settings,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, read(done.stdout)


def _pod(scan: Scan, attempt: int) -> Mapping[str, Any]:
    def is_it(event: Event) -> bool:
        return bool(event.object["metadata"]["labels"]["scanyard.dev/attempt"] == str(attempt))

    return scan.wait_pod(is_it, f"is attempt {attempt}").object


def _play(kubelet: Kubelet, scan: Scan) -> None:
    def step() -> str:
        kubelet.work()
        return phase(scan.latest())

    eventually(step, lambda found: found == "Succeeded", seconds=60)


def _all(replicas: Replicas) -> list[Line]:
    return [line for replica in replicas.all for line in read(replica.said(None))]


def _told(lines: list[Line]) -> str:
    return "\n".join(line["message"] for line in lines)


def _warns(line: Line) -> bool:
    return bool(line["level"] == "WARNING")


def _wait_for(replicas: Replicas, words: str) -> None:
    eventually(lambda: _told(_all(replicas)), lambda text: words in text, seconds=30)


def _wait_for_logger(replicas: Replicas, name: str) -> None:
    eventually(
        lambda: [line for line in _all(replicas) if line["logger"].partition(".")[0] == name],
        bool,
        seconds=60,
    )
