"""`scanyard stop`: what it asks of the API server, in which order, when it says that all ended."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest

from scanyard.cli import emergency_stop
from scanyard.lifecycle.timestamps import parse_time
from tests.unit.cli.conftest import FakeApi, Result
from tests.unit.cli.yard import Yard

Run = Callable[..., Result]
STOP, LIFTED = "scanyard.dev/stop", "scanyard.dev/stop-lifted"


@pytest.fixture
def yard(fake_api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> Yard:
    """Two queues in two namespaces, each with a running scan."""
    opened = Yard()
    for namespace in ("blue", "red"):
        opened.queue(namespace, "default")
        opened.pod(namespace, f"{namespace}-1")
    fake_api.respond = opened.respond
    for name, seconds in {"LOOK": 0.001, "QUIET": 0.01, "UNCONFIRMED_QUIET": 0.05}.items():
        monkeypatch.setattr(emergency_stop, f"_{name}_SECONDS", seconds)
    return opened


def changes(api: FakeApi) -> list[str]:
    return [f"{r.method} {r.path.rpartition('/')[2]}" for r in api.requests if r.method != "GET"]


def test_it_holds_all_queues_and_then_ends_all_scans(
    yard: Yard, fake_api: FakeApi, scanyard: Run
) -> None:
    result = scanyard("stop", "--all")
    assert result.exit_code == 0
    assert "blue/default: held\n" in result.out
    assert "Pod red/red-1: stopped at " in result.out
    assert "No scan runs any more: the last of 2 stopped at " in result.out
    assert parse_time(yard.notes("blue", "default")[STOP]) is not None
    assert STOP in yard.notes("red", "default")
    done = changes(fake_api)
    assert done[:2] == ["PATCH default"] * 2, "what the operator sees deleted is the stop's"
    assert sorted(done[2:]) == ["DELETE blue-1", "DELETE red-1"], "each is deleted once"


def test_only_the_pods_of_attempts_are_asked_for(
    yard: Yard, fake_api: FakeApi, scanyard: Run
) -> None:
    forged = yard.pod("red", "forged")
    forged["metadata"]["annotations"] = {}
    scanyard("stop", "--all")
    asked = [parse_qs(r.query) for r in fake_api.requests if r.path == "/api/v1/pods"]
    assert {query["labelSelector"][0] for query in asked} == {
        "app.kubernetes.io/managed-by=scanyard,scanyard.dev/role=attempt"
    }
    assert "DELETE forged" not in changes(fake_api)


def test_twice_is_fine(yard: Yard, fake_api: FakeApi, scanyard: Run) -> None:
    scanyard("stop", "--all")
    before, since = len(changes(fake_api)), yard.notes("red", "default")
    result = scanyard("stop", "--all")
    assert result.exit_code == 0
    assert "red/default: is held already\n" in result.out
    assert "No scan was running." in result.out
    assert len(changes(fake_api)) == before
    assert yard.notes("red", "default") == since


def test_a_pod_that_an_operator_creates_meanwhile_is_ended_as_well(
    yard: Yard, fake_api: FakeApi, scanyard: Run
) -> None:
    empty_lists = itertools.count(1)

    def create_late(_: int) -> None:
        # After the first ones have been seen to be gone, however slow this machine is.
        if not yard.objects["pods"] and next(empty_lists) == 2:
            yard.pod("red", "late-1")

    yard.before_pods = create_late
    assert scanyard("stop", "--all").exit_code == 0
    assert "DELETE late-1" in changes(fake_api)
    assert yard.objects["pods"] == []


def test_what_does_not_end_is_named(yard: Yard, scanyard: Run) -> None:
    yard.stuck = {"red-1"}
    result = scanyard("stop", "--all", "--timeout", "1")
    assert result.exit_code == 1
    assert "Pod red/red-1 on node node-1 still runs after 1 s" in result.err
    assert "blue-1 on node" not in result.err
    assert "No scan runs any more" not in result.out


def test_a_deleted_pod_has_stopped_when_the_kubelet_says_so(yard: Yard, scanyard: Run) -> None:
    """Not when it looks finished: its phase may be Failed while its container still runs."""
    pod = yard.objects["pods"][0]
    pod["status"]["phase"] = "Failed"
    yard.stuck = {"blue-1"}

    def end(lists: int) -> None:
        if lists == 6:
            ended = {"exitCode": 130, "finishedAt": "2026-03-01T12:00:07Z"}
            pod["status"]["containerStatuses"][0]["state"] = {"terminated": ended}

    yard.before_pods = end
    result = scanyard("stop", "--all", "-n", "blue")
    assert result.exit_code == 0
    assert "the last of 1 stopped at 2026-03-01T12:00:07Z." in result.out


def test_a_pod_that_went_with_its_node_is_no_confirmed_end(yard: Yard, scanyard: Run) -> None:
    lost = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC"}
    yard.pod("red", "lost-1", node="node-9", conditions=[lost])
    result = scanyard("stop", "--all")
    assert result.exit_code == 1
    assert "Pod red/lost-1 went with its node node-9: nobody can tell" in result.err


@pytest.mark.parametrize(
    ("right", "done", "message"),
    [
        (("GET", "scanqueues"), set(), "cannot list resource"),
        (("PATCH", "scanqueues"), {"PATCH default"}, "cannot patch resource"),
        (("GET", "pods"), {"PATCH default"}, "cannot list resource"),
        (("DELETE", "pods"), {"PATCH default", "DELETE blue-1", "DELETE red-1"}, "cannot delete"),
    ],
)
def test_a_missing_right_is_named(
    right: tuple[str, str],
    done: set[str],
    message: str,
    yard: Yard,
    fake_api: FakeApi,
    scanyard: Run,
) -> None:
    yard.forbidden = {right}
    result = scanyard("stop", "--all")
    assert result.exit_code == 2
    assert message in result.err
    assert result.err.endswith(": give this account the verb, or use another account\n")
    assert set(changes(fake_api)) == done


def test_a_queue_that_cannot_be_held_does_not_spare_the_scans(yard: Yard, scanyard: Run) -> None:
    yard.queue("red", "odd")
    yard.refused = {"odd"}
    result = scanyard("stop", "--all")
    assert result.exit_code == 1
    assert "red/odd could not be held: admission webhook says no" in result.err
    assert yard.objects["pods"] == []


@pytest.mark.parametrize("confirms", [True, False])
def test_without_an_operator_it_waits_longer_and_says_so(
    confirms: bool, yard: Yard, scanyard: Run
) -> None:
    yard.queue("red", "other", confirms=confirms)
    result = scanyard("stop", "--all")
    assert result.exit_code == 0
    assert ("the operator has not confirmed the stop" in result.err) is not confirms


def test_one_namespace_only(yard: Yard, fake_api: FakeApi, scanyard: Run) -> None:
    assert scanyard("stop", "--all", "--namespace", "red").exit_code == 0
    assert STOP not in yard.notes("blue", "default")
    assert changes(fake_api) == ["PATCH default", "DELETE red-1"]


def admitted_by(queue: str, pod: dict[str, Any]) -> None:
    pod["metadata"]["annotations"]["scanyard.dev/queue"] = queue


def test_scans_that_its_queues_admitted_elsewhere_are_ended_too(
    yard: Yard, fake_api: FakeApi, scanyard: Run
) -> None:
    admitted_by("red/default", yard.pod("green", "green-1"))
    assert scanyard("stop", "--all", "--namespace", "red").exit_code == 0
    assert sorted(changes(fake_api)[1:]) == ["DELETE green-1", "DELETE red-1"]


@pytest.mark.parametrize("flags", [(), ("--dry-run",)])
def test_scans_of_others_queues_run_on_and_it_says_so(
    flags: tuple[str, ...], yard: Yard, fake_api: FakeApi, scanyard: Run
) -> None:
    """Without a hold of their queue they would only count as failed, and start again."""
    admitted_by("blue/default", yard.pod("red", "shared-1"))
    result = scanyard("stop", "--all", "--namespace", "red", *flags)
    assert result.exit_code == (0 if flags else 1)
    assert "Pod red/shared-1 runs on: queue blue/default admitted it" in result.err
    assert "`scanyard stop --all --namespace blue`" in result.err
    assert "DELETE shared-1" not in changes(fake_api)


def test_who_may_look_into_one_namespace_only_is_told_what_that_misses(
    yard: Yard, fake_api: FakeApi, scanyard: Run
) -> None:
    yard.forbidden = {("GET", "pods everywhere")}
    result = scanyard("stop", "--all", "--namespace", "red")
    assert result.exit_code == 0
    assert changes(fake_api) == ["PATCH default", "DELETE red-1"]
    assert "you may not list the Pods of all namespaces" in result.err


@pytest.mark.parametrize("flags", [(), ("--all", "--lift")])
def test_it_does_nothing_unless_told_what(
    flags: tuple[str, ...], yard: Yard, fake_api: FakeApi, scanyard: Run
) -> None:
    result = scanyard("stop", *flags)
    assert result.exit_code == 2
    assert "--all to stop everything, or --lift" in result.err
    assert yard.objects["pods"]
    assert fake_api.requests == []


@pytest.mark.parametrize("flag", ["--all", "--lift"])
def test_a_dry_run_changes_nothing(flag: str, yard: Yard, fake_api: FakeApi, scanyard: Run) -> None:
    yard.objects["scanqueues"][1]["metadata"]["annotations"] = {STOP: "since"}
    result = scanyard("stop", flag, "--dry-run")
    assert result.exit_code == 0
    assert changes(fake_api) == []
    if flag == "--all":
        assert "blue/default: would be held\n" in result.out
        assert "red/default: is held already\n" in result.out
        assert "Pod blue/blue-1 on node node-1: would be ended\n" in result.out
    else:
        assert "red/default: would be lifted\n" in result.out
        assert "blue/default" not in result.out


def test_lifting_removes_the_annotation_and_says_what_happens_then(
    yard: Yard, fake_api: FakeApi, scanyard: Run
) -> None:
    yard.queue("red", "drained", stopPolicy="Hold")
    scanyard("stop", "--all")
    result = scanyard("stop", "--lift")
    assert result.exit_code == 0
    for namespace in ("blue", "red"):
        notes = yard.notes(namespace, "default")
        assert STOP not in notes
        assert parse_time(notes[LIFTED]) is not None
    assert "blue/default: lifted\n" in result.out
    assert "red/drained: lifted; it stays held by its stopPolicy Hold\n" in result.out
    assert "runs again from its start, in its old place" in result.out
    before = len(changes(fake_api))
    assert "No emergency stop is in force." in scanyard("stop", "--lift").out
    assert len(changes(fake_api)) == before


@pytest.mark.parametrize("hours", [-1, 1])
def test_the_time_of_lifting_is_the_api_server_s(
    hours: int, yard: Yard, fake_api: FakeApi, scanyard: Run
) -> None:
    """The operator compares it with the times of attempts, which are not this machine's either."""
    scanyard("stop", "--all")
    fake_api.clock_ahead_seconds = hours * 3600
    assert scanyard("stop", "--lift").exit_code == 0
    lifted = parse_time(yard.notes("red", "default")[LIFTED])
    assert lifted is not None
    assert abs(lifted.timestamp() - time.time() - hours * 3600) < 60


def test_progress_is_told_apart_from_the_result(yard: Yard, scanyard: Run) -> None:
    assert yard.objects["pods"]
    result: Any = scanyard("stop", "--all")
    assert result.err.splitlines() == [
        "2 scans still running",
        "none runs any more; making sure that no other begins",
    ]
    assert "still running" not in result.out
