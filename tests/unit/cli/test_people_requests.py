"""Commands against a scripted API server: what only it can bring about, such as conflicts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanyard.cli.cluster import trimmed
from scanyard.runner.own_lines import OwnLines
from tests.support.objects import at, open_attempt, raw_job
from tests.unit.cli.conftest import (
    Answer,
    FakeApi,
    Request,
    Result,
    status,
    use_kubeconfig,
    write_kubeconfig,
)

Run = Callable[..., Result]
Json = dict[str, Any]
_LOG = (
    "nmap| Starting Nmap\n"
    "scanyard: progress 40\n"
    'scanyard: finding {"kind":"port","port":80}\n'
    'nmap| scanyard: finding {"forged":true}\n'
    'scanyard: finding {"kind":"host","address":"192.0.2.1"}'
)


def job(**changes: Any) -> Json:
    raw = raw_job(**changes)
    return {"apiVersion": "scanyard.dev/v1alpha1", "kind": "ScanJob"} | raw


def test_a_change_that_meets_another_one_is_decided_anew(fake_api: FakeApi, scanyard: Run) -> None:
    patches: list[Json] = []

    def respond(request: Request) -> Answer:
        fresh = job()
        fresh["metadata"]["resourceVersion"] = str(100 + len(patches))
        if request.method == "GET":
            return Answer(200, fresh)
        patches.append(request.body)
        return status(409, "modified") if len(patches) < 3 else Answer(200, fresh)

    fake_api.respond = respond
    result = scanyard("cancel", "web", "-n", "team")
    assert (result.exit_code, result.out) == (0, "web: cancel requested\n")
    versions = [patch["metadata"]["resourceVersion"] for patch in patches]
    assert versions == ["100", "101", "102"]
    assert "fieldManager=scanyard" in fake_api.requests[-1].query


def test_a_change_is_not_sent_once_the_other_one_has_made_it_pointless(
    fake_api: FakeApi, scanyard: Run
) -> None:
    fake_api.answers = [Answer(200, job()), status(409, "modified"), Answer(200, job(cancel=True))]
    result = scanyard("cancel", "web", "-n", "team")
    assert result.out == "web: is being cancelled already\n"
    assert sum(request.method == "PATCH" for request in fake_api.requests) == 1


def test_endless_conflicts_are_given_up(fake_api: FakeApi, scanyard: Run) -> None:
    fake_api.respond = lambda request: (
        Answer(200, job()) if request.method == "GET" else status(409, "modified")
    )
    result = scanyard("cancel", "web", "-n", "team")
    assert (result.exit_code, "web: is being changed all the time" in result.err) == (1, True)


def test_the_emergency_stop_goes_to_the_cluster_that_is_named(
    fake_api: FakeApi, scanyard: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = write_kubeconfig(tmp_path, fake_api.url)
    use_kubeconfig(monkeypatch, tmp_path / "absent")
    fake_api.answers = [Answer(200, {"kind": "ScanQueueList", "items": [], "metadata": {}})]
    result = scanyard("stop", "--lift", "--kubeconfig", str(named))
    assert (result.exit_code, f"Cluster {fake_api.url}" in result.out) == (0, True)


@pytest.fixture
def logged(fake_api: FakeApi) -> FakeApi:
    """ScanJob team/web with a started attempt and its log."""
    running = job(status=open_attempt(startedAt=at(-4)))

    def respond(request: Request) -> Answer:
        return Answer(200, _LOG if request.path.endswith("/log") else running)

    fake_api.respond = respond
    return fake_api


def test_a_log_is_printed_as_it_is(logged: FakeApi, scanyard: Run) -> None:
    result = scanyard("logs", "web", "-n", "team")
    assert (result.exit_code, result.out) == (0, f"{_LOG}\n")
    assert logged.requests[-1].path == "/api/v1/namespaces/team/pods/web-0a1b2c3d-1/log"
    assert logged.requests[-1].query == "container=scanner"


def test_what_the_runner_says_to_programs_is_printed_for_people(
    fake_api: FakeApi, scanyard: Run
) -> None:
    running = job(status=open_attempt(startedAt=at(-4)))
    said = OwnLines({"attempt": 1}).line("complete")

    def respond(request: Request) -> Answer:
        return Answer(200, f"nmap| {said}\n{said}" if request.path.endswith("/log") else running)

    fake_api.respond = respond
    result = scanyard("logs", "web", "-n", "team")
    assert result.out == f"nmap| {said}\nscanyard: complete\n"


@pytest.mark.usefixtures("logged")
def test_findings_are_json_lines_and_no_scanner_can_forge_one(scanyard: Run) -> None:
    result = scanyard("logs", "web", "-n", "team", "--findings")
    found = [json.loads(line) for line in result.out.splitlines()]
    assert found == [{"kind": "port", "port": 80}, {"kind": "host", "address": "192.0.2.1"}]


def test_following_asks_for_a_stream(logged: FakeApi, scanyard: Run) -> None:
    assert scanyard("logs", "web", "-n", "team", "-f").exit_code == 0
    assert logged.requests[-1].query == "container=scanner&follow=true"


def test_cleanup_deletes_the_very_version_that_it_looked_at(
    fake_api: FakeApi, scanyard: Run
) -> None:
    told = {"type": "Finished", "status": "True"}
    old = job(status={"phase": "Failed", "finishedAt": at(0), "conditions": [told]})

    def respond(request: Request) -> Answer:
        if request.method == "GET":
            return Answer(200, {"kind": "ScanJobList", "items": [old], "metadata": {}})
        return status(409, "the resourceVersion in the precondition is another")

    fake_api.respond = respond
    result = scanyard("cleanup", "--days", "1", "--yes", "-n", "team")
    assert (result.exit_code, result.out.splitlines()[-1]) == (0, "0 scans deleted.")
    assert "web: has changed meanwhile, and stays" in result.err
    preconditions = fake_api.requests[-1].body["preconditions"]
    assert preconditions == {"uid": old["metadata"]["uid"], "resourceVersion": "100"}


def test_a_list_of_several_pages_is_whole(fake_api: FakeApi, scanyard: Run) -> None:
    def page(name: str, more: str) -> Answer:
        raw = job()
        raw["metadata"]["name"] = name
        return Answer(200, {"kind": "ScanJobList", "items": [raw], "metadata": {"continue": more}})

    fake_api.answers = [
        page("one", "next"),
        status(410, "expired"),
        page("one", "2"),
        page("two", ""),
    ]
    result = scanyard("list", "-n", "team", "-o", "name")
    assert result.out.split() == ["scanjob.scanyard.dev/one", "scanjob.scanyard.dev/two"]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ('Invalid value: "object": set tcp, udp or top', "set tcp, udp or top"),
        ("Invalid value: masscan needs the ports", "masscan needs the ports"),
        ('Invalid value: "a\\"b": must be ports', "must be ports"),
        ("Invalid value: 7: spec.x in body should be less than 5", "should be less than 5"),
        ('Unsupported value: "x": write "a"', 'Unsupported value: "x": write "a"'),
    ],
)  # fmt: skip
def test_of_a_refusal_field_and_problem_are_shown(message: str, shown: str) -> None:
    body = {"reason": "Invalid", "details": {"causes": [{"field": "spec.x", "message": message}]}}
    assert trimmed(body) == f"spec.x: {shown}"


def test_other_refusals_are_shown_whole() -> None:
    assert trimmed({"reason": "Forbidden", "message": "quota exceeded"}) == "quota exceeded"
