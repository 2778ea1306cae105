"""The mirror never goes back in time, and absence from it proves nothing."""

from __future__ import annotations

from typing import Any

from scanyard.controller.mirror import Mirror
from tests.support.objects import NOW, UID, raw_job, raw_pod


def versioned(version: int, **spec: Any) -> dict[str, Any]:
    raw = raw_job(**spec)
    raw["metadata"]["resourceVersion"] = str(version)
    return raw


def priority(mirror: Mirror) -> int | None:
    job = mirror.jobs.get(UID)
    return None if job is None else job.priority


def test_an_older_version_never_replaces_a_newer_one() -> None:
    mirror = Mirror(lambda: NOW)
    assert mirror.jobs.put(versioned(9, priority=9)) is not None
    assert mirror.jobs.put(versioned(8, priority=8)) is None
    assert mirror.jobs.put(versioned(9, priority=8)) is None
    assert priority(mirror) == 9
    mirror.jobs.put(versioned(100, priority=1))
    assert priority(mirror) == 1, "versions are numbers, not texts"


def test_a_late_answer_does_not_bring_a_deleted_object_back() -> None:
    mirror = Mirror(lambda: NOW)
    mirror.jobs.put(versioned(5))
    mirror.jobs.remove(versioned(6))
    assert mirror.jobs.put(versioned(7)) is None
    assert mirror.jobs.get(UID) is None
    assert mirror.jobs.named("team/web") is None


def test_a_list_forgets_what_it_lacks_but_not_what_is_newer() -> None:
    mirror = Mirror(lambda: NOW)
    mirror.jobs.put(versioned(5))
    assert mirror.jobs.forget_unlisted([], 4) == [], "created after the list was made"
    gone = mirror.jobs.forget_unlisted([], 5)
    assert [job.uid for job in gone] == [UID]


def test_a_namesake_takes_the_name_and_keeps_it() -> None:
    mirror = Mirror(lambda: NOW)
    mirror.jobs.put(versioned(5))
    namesake = versioned(7)
    namesake["metadata"]["uid"] = "other"
    mirror.jobs.put(namesake)
    mirror.jobs.remove(versioned(6))
    job = mirror.jobs.named("team/web")
    assert job is not None
    assert job.uid == "other"


def test_pods_are_found_by_scanjob_even_when_it_is_gone() -> None:
    mirror = Mirror(lambda: NOW)
    for attempt in (1, 2):
        mirror.pods.put(raw_pod(attempt=attempt))
    assert {pod.attempt for pod in mirror.pods.of_job(UID)} == {1, 2}
    mirror.pods.remove(raw_pod(attempt=1))
    found = mirror.pod_of(UID, 2)
    assert found is not None
    assert mirror.pod_of(UID, 1) is None
    mirror.pods.remove(raw_pod(attempt=2))
    assert mirror.pods.of_job(UID) == []


def test_an_object_with_a_spoilt_status_is_left_alone() -> None:
    mirror = Mirror(lambda: NOW)
    assert mirror.jobs.put(raw_job(status={"attempts": [{"number": 1}]})) is None
    assert mirror.jobs.get(UID) is None
