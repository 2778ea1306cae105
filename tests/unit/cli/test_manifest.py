"""From a command line to a ScanJob, and names for those who give none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanyard.cli.scans.manifest import (
    labels_of,
    needs_of,
    nmap_ports,
    priority,
    queue_ref,
    scan_job,
)
from scanyard.cli.scans.naming import generated_name
from scanyard.errors import InvalidInputError


def test_only_what_was_said_is_sent() -> None:
    spec = {
        "scanner": "nmap",
        "targets": ["192.0.2.1"],
        "excludeTargets": [],
        "queueRef": {"name": None},
        "priority": 0,
        "suspend": False,
        "nmap": {"technique": None, "serviceDetection": False, "maxRetries": 0},
    }
    assert scan_job("web", "team", spec, {})["spec"] == {
        "scanner": "nmap",
        "targets": ["192.0.2.1"],
        "priority": 0,
        "nmap": {"maxRetries": 0},
    }


def test_a_zero_is_said() -> None:
    assert scan_job("web", "team", {"priority": 0}, {"a": "b"}) == {
        "apiVersion": "scanyard.dev/v1alpha1",
        "kind": "ScanJob",
        "metadata": {"name": "web", "namespace": "team", "labels": {"a": "b"}},
        "spec": {"priority": 0},
    }


def test_a_queue_may_be_another_namespaces() -> None:
    assert queue_ref(None) == {"name": None, "namespace": None}
    assert queue_ref("urgent") == {"name": "urgent", "namespace": None}
    assert queue_ref("platform/urgent") == {"name": "urgent", "namespace": "platform"}
    for wrong in ("", "/urgent", "platform/", "a/b/c"):
        with pytest.raises(InvalidInputError, match="NAMESPACE/NAME"):
            queue_ref(wrong)


@pytest.mark.parametrize(
    ("text", "number"), [("high", 50), ("normal", 0), ("low", -50), ("-7", -7), ("100", 100)]
)
def test_priorities_have_words(text: str, number: int) -> None:
    assert priority(text) == number


def test_other_words_are_no_priorities() -> None:
    with pytest.raises(InvalidInputError, match="high, normal or low"):
        priority("urgent")


def test_ports_of_a_udp_scan_are_udp_ports() -> None:
    assert nmap_ports("Udp", "53", None, None) == {"udp": "53"}
    assert nmap_ports("Syn", "22", "53", None) == {"tcp": "22", "udp": "53"}
    assert nmap_ports(None, None, None, 100) == {"top": 100}
    assert nmap_ports(None, None, None, None) == {}
    with pytest.raises(InvalidInputError, match="--udp-ports"):
        nmap_ports("Udp", "22", "53", None)


def test_labels_are_pairs() -> None:
    assert labels_of(["team=red", "a.b/c=d=e"]) == {"team": "red", "a.b/c": "d=e"}
    for wrong in ("team", "=red", ""):
        with pytest.raises(InvalidInputError, match="write KEY=VALUE"):
            labels_of([wrong])


def test_dependencies_may_name_their_condition() -> None:
    assert needs_of(["a", "b=finished", "c=Succeeded"]) == [
        {"name": "a"},
        {"name": "b", "condition": "Finished"},
        {"name": "c", "condition": "Succeeded"},
    ]
    for wrong in ("", "=Finished", "a=", "a=Failed"):
        with pytest.raises(InvalidInputError, match="--depends-on"):
            needs_of([wrong])


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("192.0.2.0/24", "nmap-192-0-2-0-24-xxxxx"),
        ("2001:db8::1", "nmap-2001-db8-1-xxxxx"),
        ("192.0.2.1-192.0.2.9", "nmap-192-0-2-1-192-0-2-9-xxxxx"),
        ("web.example.com", "nmap-web-example-com-xxxxx"),
    ],
)
def test_a_name_tells_what_is_scanned(target: str, name: str) -> None:
    assert generated_name("nmap", target, lambda _: "x") == name


@given(st.text("abc.-:/09", min_size=1, max_size=253))
def test_any_target_makes_a_name_that_kubernetes_takes(target: str) -> None:
    name = generated_name("masscan", target, lambda letters: letters[0])
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)
    assert len(name) <= 63
