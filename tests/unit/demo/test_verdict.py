"""The demo says "as known" only of ScanJobs that found exactly what is there."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from rich.console import Console

from tests.demo import table
from tests.demo.known import KNOWN, Verdict, judge
from tests.demo.scans import EXAMPLES, parse

_TARGETS = {"198.18.0.7": "web"}
_WEB = frozenset({"web 80/tcp", "web 443/tcp"})


def _scanjob(
    *ports: int, phase: str = "Succeeded", address: str = "198.18.0.7", **spec: Any
) -> dict[str, Any]:
    """A finished ScanJob with these open ports, as the API server tells it."""
    found = [{"port": port, "protocol": "tcp", "state": "open"} for port in ports]
    return {
        "metadata": {"name": "first-scan"},
        "spec": {"scanner": "nmap", "targets": ["target-web.scanyard-demo.svc"]} | spec,
        "status": {
            "phase": phase,
            "conditions": [{"type": "Finished", "status": "True", "message": "said why"}],
            "summary": {
                "hostsUp": 1,
                "openPorts": len(found),
                "hosts": [{"address": address, "state": "up", "ports": found}],
            },
        },
    }


def _verdict(scanjob: dict[str, Any]) -> Verdict:
    return judge([parse(scanjob, _TARGETS)], {"first-scan": _WEB})[0]


def test_what_is_known_covers_just_the_scanjobs_of_the_examples() -> None:
    texts = [path.read_text() for path in EXAMPLES.glob("*.yaml")]
    documents = [document for text in texts for document in yaml.safe_load_all(text)]
    names = {each["metadata"]["name"] for each in documents if each["kind"] == "ScanJob"}
    assert names == set(KNOWN)


def test_exactly_the_known_ports_are_right() -> None:
    assert _verdict(_scanjob(443, 80)).right


@pytest.mark.parametrize(
    "scanjob",
    [
        _scanjob(80),
        _scanjob(80, 443, 8080),
        _scanjob(),
        _scanjob(80, 443, address="198.18.0.8"),
        _scanjob(80, 443, phase="TimedOut"),
    ],
    ids=["one is missing", "one too many", "none", "of another host", "it did not succeed"],
)
def test_anything_else_is_wrong(scanjob: dict[str, Any]) -> None:
    assert not _verdict(scanjob).right


def test_a_scanjob_that_never_came_or_that_nobody_knows_is_wrong() -> None:
    stranger = parse(_scanjob(80, 443), _TARGETS)
    verdicts = judge([stranger], {"sweep": frozenset()})
    assert [(verdict.name, verdict.phase, verdict.right) for verdict in verdicts] == [
        ("sweep", "Missing", False),
        ("first-scan", "Unknown", False),
    ]


def test_a_discovery_finds_hosts_that_are_up() -> None:
    scanjob = _scanjob(nmap={"technique": "Discovery"})
    scanjob["status"]["summary"]["hosts"].append({"address": "198.18.0.9", "state": "down"})
    assert parse(scanjob, _TARGETS).found == {"web"}


def test_a_new_scanjob_waits() -> None:
    new = {"metadata": {"name": "new"}, "spec": {"scanner": "masscan"}, "status": {}}
    scan = parse(new, {})
    assert (scan.phase, scan.waiting, scan.finished, scan.queue) == (
        "Pending",
        True,
        False,
        "default",
    )


def test_a_port_that_is_not_open_is_told_with_its_state() -> None:
    scanjob = _scanjob(80, 443)
    scanjob["status"]["summary"]["hosts"][0]["ports"][0]["state"] = "closed"
    assert parse(scanjob, _TARGETS).found == {"web 80/tcp closed", "web 443/tcp"}


def test_both_tables_fit_80_columns() -> None:
    console = Console(width=200)
    scans = [parse(_scanjob(80, 443) | {"metadata": {"name": name}}, _TARGETS) for name in KNOWN]
    with console.capture() as captured:
        console.print(table.scans_table(scans, 100.0))
        console.print(table.verdict_table(judge(scans)))
        console.print(
            table.verdict_table(
                Verdict(name, "Succeeded", known, known) for name, known in KNOWN.items()
            )
        )
    lines = captured.get().splitlines()
    assert max(map(len, (line.rstrip() for line in lines))) <= table.WIDTH


def test_what_is_missing_and_what_is_too_much_is_shown_at_its_place() -> None:
    verdict = Verdict("web", "Succeeded", frozenset({"a 1/tcp"}), frozenset({"b 2/tcp"}))
    console = Console(width=table.WIDTH)
    with console.capture() as captured:
        console.print(table.verdict_table([verdict]))
    rows = [line.split() for line in captured.get().splitlines() if "/tcp" in line]
    assert rows == [["web", "Succeeded", "a", "1/tcp", "-", "WRONG"], ["-", "b", "2/tcp"]]
