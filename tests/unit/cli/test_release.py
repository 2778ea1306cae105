"""`scanyard release`: only a slot whose scan nobody sees, only by force, losing nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scanyard.cli import release
from scanyard.lifecycle import conditions
from scanyard.lifecycle.job import read_job
from tests.support.objects import NOW, UID, at, open_attempt, raw_job
from tests.unit.cli.conftest import Answer, FakeApi, Request, Result, status
from tests.unit.cli.yard import Yard

Run = Callable[..., Result]
RELEASE = "scanyard.dev/release"
ENTRY = f"{UID}/1"


def held_job(reason: str = "SlotHeldNodeLost") -> dict[str, Any]:
    job = read_job(raw_job(status=open_attempt(nodeName="node-9")))
    message = "its Pod is gone; the slot is held until noon"
    told = conditions.in_progress(
        job, job.status, NOW, phase="Running", reason=reason, message=message
    )
    return raw_job(status=told.raw())


@pytest.fixture
def yard(fake_api: FakeApi) -> Yard:
    """ScanJob team/web, whose Pod is gone without a confirmed end, and its queue."""
    opened = Yard()
    opened.queue("team", "default")
    opened.objects["scanjobs"].append(held_job())
    fake_api.respond = opened.respond
    return opened


def changes(api: FakeApi) -> int:
    return sum(request.method != "GET" for request in api.requests)


@pytest.mark.parametrize("arguments", [("team/web",), ("web", "-n", "team")])
def test_force_names_the_attempt_in_its_queue(
    arguments: tuple[str, ...], yard: Yard, scanyard: Run
) -> None:
    result = scanyard("release", "--force", *arguments)
    assert (result.exit_code, result.out) == (0, "team/web: the slot of attempt 1 is released\n")
    assert yard.notes("team", "default") == {RELEASE: ENTRY}


def test_without_force_it_explains_the_danger(yard: Yard, fake_api: FakeApi, scanyard: Run) -> None:
    result = scanyard("release", "team/web")
    assert result.exit_code == 2
    for words in (
        "attempt 1",
        "node-9",
        "held until noon",
        "two scans then run at once",
        "--force",
    ):
        assert words in result.out
    assert changes(fake_api) == 0
    assert yard.notes("team", "default") == {}


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (held_job("Running"), "its scan is not lost (Running: "),
        (raw_job(status=open_attempt()), "its scan is not lost (Starting)"),
        (raw_job(status=open_attempt(endedAt=at(-1))), "no slot is held"),
        (raw_job(), "no slot is held"),
    ],
)
def test_a_scan_that_somebody_sees_is_not_released(
    job: dict[str, Any], message: str, yard: Yard, fake_api: FakeApi, scanyard: Run
) -> None:
    yard.objects["scanjobs"] = [job]
    result = scanyard("release", "--force", "team/web")
    assert result.exit_code == 1
    assert message in result.err
    assert changes(fake_api) == 0


@pytest.mark.parametrize("arguments", [("web",), ("team/",), ("team/web", "-n", "other")])
def test_a_scanjob_has_to_be_named(arguments: tuple[str, ...], scanyard: Run) -> None:
    result = scanyard("release", "--force", *arguments)
    assert result.exit_code == 2
    assert "NAMESPACE/SCANJOB" in result.err


def test_what_matters_no_longer_is_taken_out(yard: Yard, scanyard: Run) -> None:
    """Others' attempts stay while they are open, or while there is a Pod of theirs."""
    opened = raw_job(status=open_attempt(4))
    opened["metadata"] |= {"name": "open", "uid": "open-uid"}
    yard.objects["scanjobs"].append(opened)
    lost = yard.pod("team", "lost-2")
    lost["metadata"]["labels"]["scanyard.dev/uid"] = "lost-uid"
    old = "open-uid/3, open-uid/4, lost-uid/1, gone-uid/1"
    yard.objects["scanqueues"][0]["metadata"]["annotations"] = {RELEASE: old, "team": "red"}
    assert scanyard("release", "--force", "team/web").exit_code == 0
    notes = yard.notes("team", "default")
    assert notes["team"] == "red"
    assert set(notes[RELEASE].split(",")) == {ENTRY, "open-uid/4", "lost-uid/1"}


GONE_UID = "1b2c3d4e-0000-4000-8000-000000000002"


def held_slot(uid: str = GONE_UID, attempt: int = 3) -> dict[str, Any]:
    """What a queue tells of the slot of a deleted ScanJob "gone"."""
    return {
        "scanJob": "gone",
        "uid": uid,
        "attempt": attempt,
        "podName": f"gone-{uid[:8]}-{attempt}",
        "nodeName": "node-9",
        "until": at(3600),
    }


def pod_of_gone(yard: Yard, *, deleted_at: str | None) -> None:
    """Its Pod, which is still there."""
    pod = yard.pod("team", f"gone-{GONE_UID[:8]}-3")
    pod["metadata"]["labels"] |= {"scanyard.dev/uid": GONE_UID, "scanyard.dev/attempt": "3"}
    if deleted_at is not None:
        pod["metadata"]["deletionTimestamp"] = deleted_at
    yard.stuck.add(pod["metadata"]["name"])


@pytest.fixture
def gone_yard(yard: Yard) -> Yard:
    """ScanJob team/gone was deleted, and its Pod went with a lost node."""
    yard.objects["scanqueues"][0]["status"]["heldSlots"] = [held_slot()]
    return yard


def respond_without(yard: Yard, name: str) -> Callable[[Request], Answer]:
    """Answer as the yard does; the ScanJob of that name is not there."""

    def respond(request: Request) -> Answer:
        if request.path.endswith(f"/scanjobs/{name}"):
            return status(404, "not found")
        return yard.respond(request)

    return respond


@pytest.mark.parametrize("arguments", [(), ("--attempt", f"{GONE_UID}/3")])
def test_the_slot_of_a_deleted_scanjob_is_released(
    arguments: tuple[str, ...], gone_yard: Yard, fake_api: FakeApi, scanyard: Run
) -> None:
    fake_api.respond = respond_without(gone_yard, "gone")
    result = scanyard("release", "team/gone", *arguments)
    assert result.exit_code == 2
    assert "node-9" in result.out
    assert f"held until {at(3600)}" in result.out
    assert gone_yard.notes("team", "default") == {}
    result = scanyard("release", "--force", "team/gone", *arguments)
    assert (result.exit_code, result.out) == (0, "team/gone: the slot of attempt 3 is released\n")
    assert gone_yard.notes("team", "default") == {RELEASE: f"{GONE_UID}/3"}


def test_the_slot_of_a_deleted_scanjob_in_another_namespaces_queue_is_found(
    gone_yard: Yard, fake_api: FakeApi, scanyard: Run
) -> None:
    gone_yard.objects["scanqueues"][0]["status"] = {}
    shared = gone_yard.queue("platform", "shared", allowedNamespaces={"from": "All"})
    namesake = held_slot("other-uid", 1) | {"namespace": "other"}
    shared["status"]["heldSlots"] = [held_slot() | {"namespace": "team"}, namesake]
    fake_api.respond = respond_without(gone_yard, "gone")
    assert scanyard("release", "--force", "team/gone").exit_code == 0
    assert gone_yard.notes("platform", "shared") == {RELEASE: f"{GONE_UID}/3"}


@pytest.mark.parametrize("rights", [set(), {("GET", "scanjobs everywhere")}])
def test_what_was_released_for_another_namespace_stays(
    rights: set[tuple[str, str]], yard: Yard, scanyard: Run
) -> None:
    """Of a queue that several share; also by somebody who cannot see the others."""
    yard.queue("platform", "shared", allowedNamespaces={"from": "All"})
    for job in yard.objects["scanjobs"]:
        job["status"]["attempts"][0]["queue"] = "platform/shared"
    other = raw_job(status=open_attempt(7))
    other["metadata"] |= {"namespace": "other", "uid": "other-uid"}
    yard.objects["scanjobs"].append(other)
    meta = yard.objects["scanqueues"][1]["metadata"]
    meta["annotations"] = {RELEASE: "other-uid/7"}
    yard.forbidden = rights
    assert scanyard("release", "--force", "team/web").exit_code == 0
    assert set(meta["annotations"][RELEASE].split(",")) == {ENTRY, "other-uid/7"}


def test_of_several_deleted_namesakes_one_has_to_be_named(
    gone_yard: Yard, fake_api: FakeApi, scanyard: Run
) -> None:
    slots = gone_yard.objects["scanqueues"][0]["status"]["heldSlots"]
    slots.append(held_slot("other-uid", 1))
    fake_api.respond = respond_without(gone_yard, "gone")
    result = scanyard("release", "--force", "team/gone")
    assert result.exit_code == 1
    assert f"add --attempt {GONE_UID}/3 or --attempt other-uid/1" in result.err
    assert changes(fake_api) == 0
    assert scanyard("release", "--force", "team/gone", "--attempt", "other-uid/1").exit_code == 0
    assert gone_yard.notes("team", "default") == {RELEASE: "other-uid/1"}


@pytest.mark.parametrize(
    ("deleted_at", "exit_code"), [(None, 1), ("2999-01-01T00:00:00Z", 1), (at(-20), 0)]
)
def test_a_deleted_scanjobs_pod_that_is_being_stopped_is_not_lost(
    deleted_at: str | None, exit_code: int, gone_yard: Yard, fake_api: FakeApi, scanyard: Run
) -> None:
    pod_of_gone(gone_yard, deleted_at=deleted_at)
    fake_api.respond = respond_without(gone_yard, "gone")
    result = scanyard("release", "--force", "team/gone")
    assert result.exit_code == exit_code
    assert ("is being stopped" in result.err) is (exit_code == 1)


def test_nothing_is_held_for_a_scanjob_that_nobody_knows(
    gone_yard: Yard, fake_api: FakeApi, scanyard: Run
) -> None:
    fake_api.respond = respond_without(gone_yard, "missing")
    for arguments in (("team/missing",), ("team/gone", "--attempt", f"{GONE_UID}/2")):
        result = scanyard("release", "--force", *arguments)
        assert result.exit_code == 1
        assert "no slot is held" in result.err
    assert changes(fake_api) == 0


def test_what_another_deleted_scanjob_released_stays(gone_yard: Yard, scanyard: Run) -> None:
    notes = {RELEASE: f"{GONE_UID}/3"}
    gone_yard.objects["scanqueues"][0]["metadata"]["annotations"] = notes
    assert scanyard("release", "--force", "team/web").exit_code == 0
    entries = gone_yard.notes("team", "default")[RELEASE].split(",")
    assert set(entries) == {ENTRY, f"{GONE_UID}/3"}


def test_two_callers_at_once_do_not_lose_each_others(
    yard: Yard, fake_api: FakeApi, scanyard: Run
) -> None:
    other = raw_job(status=open_attempt(7))
    other["metadata"] |= {"name": "other", "uid": "other-uid"}
    yard.objects["scanjobs"].append(other)
    meta = yard.objects["scanqueues"][0]["metadata"]

    def respond(request: Request) -> Answer:
        if request.method == "PATCH" and not meta["annotations"]:
            meta["annotations"], meta["resourceVersion"] = {RELEASE: "other-uid/7"}, "51"
        return yard.respond(request)

    fake_api.respond = respond
    assert scanyard("release", "--force", "team/web").exit_code == 0
    assert set(yard.notes("team", "default")[RELEASE].split(",")) == {ENTRY, "other-uid/7"}


def test_a_queue_takes_a_bounded_number(
    yard: Yard, fake_api: FakeApi, scanyard: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "MOST_RELEASED", 1)
    other = raw_job(status=open_attempt(7))
    other["metadata"] |= {"name": "other", "uid": "other-uid"}
    yard.objects["scanjobs"].append(other)
    yard.objects["scanqueues"][0]["metadata"]["annotations"] = {RELEASE: "other-uid/7"}
    result = scanyard("release", "--force", "team/web")
    assert result.exit_code == 1
    assert "1 attempts are released already" in result.err
    assert changes(fake_api) == 0


def test_a_tenant_is_told_which_right_it_lacks(yard: Yard, scanyard: Run) -> None:
    yard.forbidden = {("PATCH", "scanqueues")}
    result = scanyard("release", "--force", "team/web")
    assert result.exit_code == 2
    assert "cannot patch resource" in result.err
