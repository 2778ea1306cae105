"""`scanyard submit`: what is sent, what is refused, and waiting for the end."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.integration.cli.people.conftest import Yard
from tests.support.kube import eventually


def test_a_command_line_becomes_a_scanjob_with_just_its_fields(yard: Yard) -> None:
    ended = yard.tenant(
        "submit", "nmap", "192.0.2.0/28", "198.51.100.7", "--ports", "1-1024", "--syn",
        "--rate", "500", "--timeout", "1h30m", "--queue", "default", "--priority", "high",
        "--exclude", "192.0.2.3", "--label", "team=red", "--services",
    )  # fmt: skip
    assert (ended.code, ended.err) == (0, "")
    found = re.fullmatch(r"scanjob\.scanyard\.dev/(nmap-192-0-2-0-28-\w{5}) created\n", ended.out)
    assert found, ended.out
    raw = yard.namespace.get("scanjobs", found[1])
    spec, metadata = raw["spec"], raw["metadata"]
    assert metadata["labels"] == {"team": "red"}
    assert spec["targets"] == ["192.0.2.0/28", "198.51.100.7"]
    assert spec["excludeTargets"] == ["192.0.2.3"]
    assert spec["ports"] == {"tcp": "1-1024"}
    assert (spec["timeoutSeconds"], spec["priority"]) == (5400, 50)
    assert spec["nmap"]["technique"] == "Syn"
    assert spec["nmap"]["packetsPerSecond"] == 500
    assert spec["nmap"]["serviceDetection"] is True
    (owner,) = metadata["managedFields"]
    assert (owner["manager"], owner["operation"]) == ("scanyard", "Apply")
    sent = owner["fieldsV1"]["f:spec"]
    assert "f:retry" not in sent, "what was not said is left to the API server's defaults"


def test_time_dependencies_and_retention(yard: Yard) -> None:
    ended = yard.tenant(
        "submit", "nmap", "192.0.2.1", "--name", "later", "--schedule", "2030-01-31T22:00:00+01:00",
        "--depends-on", "first", "--depends-on", "second=finished", "--on-dependency-failure",
        "wait", "--ttl", "7d", "--timeout-policy", "adaptive",
    )  # fmt: skip
    assert (ended.code, ended.err) == (0, "")
    spec = yard.spec("later")
    assert spec["notBefore"] == "2030-01-31T21:00:00Z"
    assert spec["dependsOn"] == [
        {"name": "first"},
        {"name": "second", "condition": "Finished"},
    ]
    assert spec["dependencyFailurePolicy"] == "Wait"
    assert spec["ttlSecondsAfterFinished"] == 604_800
    assert spec["timeoutPolicy"] == "Adaptive"
    assert "timeoutSeconds" not in spec
    arguments = ("submit", "nmap", "192.0.2.1", "--timeout", "1h", "--timeout-policy")
    both = yard.tenant(*arguments, "Adaptive")
    assert both.err.startswith("Error: spec.timeoutSeconds: timeoutPolicy Adaptive reckons the ")


def test_masscan_and_udp_ports(yard: Yard) -> None:
    yard.tenant("submit", "masscan", "192.0.2.0/24", "-p", "443", "--name", "wide", "--rate", "9")
    spec = yard.spec("wide")
    assert (spec["scanner"], spec["ports"]) == ("masscan", {"tcp": "443"})
    assert spec["masscan"]["packetsPerSecond"] == 9
    yard.tenant("submit", "nmap", "192.0.2.1", "--udp", "--ports", "53", "--name", "names")
    assert yard.spec("names")["ports"] == {"udp": "53"}


def test_submitting_the_same_again_changes_nothing(yard: Yard) -> None:
    arguments = ("submit", "nmap", "192.0.2.1", "--name", "web")
    assert yard.tenant(*arguments).out == "scanjob.scanyard.dev/web created\n"
    assert yard.tenant(*arguments).out == "scanjob.scanyard.dev/web unchanged\n"
    more = yard.tenant(*arguments, "--priority", "low")
    assert more.out == "scanjob.scanyard.dev/web configured\n"
    other = yard.tenant("submit", "nmap", "192.0.2.2", "--name", "web")
    assert other.code == 1
    assert other.err.startswith("Error: spec.targets: ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["masscan", "192.0.2.1"], "Error: spec.ports: masscan needs the ports to scan: set "),
        (["nmap", "192.0.2.1", "--top-ports", "70000"], "Error: spec.ports.top: should be less "),
        (["nmap", "192.0.2.1", "-p", "99999"], "Error: spec.ports.tcp: must be ports of 1 to "),
    ],
)
def test_what_the_api_server_refuses_is_told_by_field(
    yard: Yard, arguments: list[str], told: str
) -> None:
    ended = yard.tenant("submit", *arguments)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(told)
    assert ended.err.count("\n") == 1


def test_a_dry_run_creates_nothing(yard: Yard) -> None:
    arguments = ("submit", "nmap", "192.0.2.1", "--name", "dry", "-o", "yaml")
    sent = yaml.safe_load(yard.tenant(*arguments, "--dry-run", "client").out)
    assert sent["spec"] == {"scanner": "nmap", "targets": ["192.0.2.1"]}
    checked = yaml.safe_load(yard.tenant(*arguments, "--dry-run", "server").out)
    assert checked["spec"]["startDeadlineSeconds"] == 600, "the API server's default"
    assert yard.tenant("submit", "masscan", "192.0.2.1", "--dry-run", "server").code == 1
    assert yard.tenant("list", "-o", "name").out == ""


def _is_there(yard: Yard, name: str) -> Any:
    path = yard.namespace.path("scanjobs", name)
    return lambda: yard.namespace.cluster.request("GET", path).ok


def test_waiting_tells_each_step_and_prints_what_was_found(yard: Yard) -> None:
    process = yard.start("submit", "nmap", "192.0.2.0/28", "--name", "web", "--wait")
    eventually(_is_there(yard, "web"), bool, seconds=30)
    yard.operator.running("web", percent=40)
    yard.operator.succeeded("web")
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "192.0.2.5   web.example.com   443/tcp   open    https" in out
    assert "web: Succeeded after" in out
    assert "3 open ports, 2 of 16 hosts up" in out
    assert "web: Succeeded" in err, "progress is not part of the result"


def test_waiting_for_a_scan_that_fails_exits_with_1(yard: Yard) -> None:
    process = yard.start("submit", "nmap", "192.0.2.1", "--name", "bad", "--wait", "-o", "json")
    eventually(_is_there(yard, "bad"), bool, seconds=30)
    yard.operator.running("bad")
    yard.operator.failed("bad", "ScannerError", "nmap ended with exit code 1")
    out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert '"phase": "Failed"' in out
    assert "ScannerError: nmap ended with exit code 1" in err


def test_a_wait_that_is_over_exits_with_3_and_the_scan_goes_on(yard: Yard) -> None:
    ended = yard.tenant("submit", "nmap", "192.0.2.1", "--name", "slow", "--wait-timeout", "1s")
    assert ended.code == 3
    assert "slow: not finished after 1s: Pending; it goes on" in ended.err
    assert yard.spec("slow")["cancel"] is False
