"""The audit sees every broken rule, and sees none where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.audit import judge
from tests.support.audit_objects import Kind, Seen


class Story:
    """Events as the API server would tell them, one version after another, a second each."""

    def __init__(self, limit: int = 1) -> None:
        self.events: list[Seen] = []
        self.version = 100
        self.now = 0.0
        self.attempts: dict[str, list[dict[str, Any]]] = {}
        self.queue(limit)

    def tell(self, kind: Kind, kind_of_event: Any, raw: dict[str, Any]) -> None:
        self.version += 1
        self.now += 1.0
        raw["metadata"]["resourceVersion"] = str(self.version)
        self.events.append(Seen(kind, kind_of_event, raw, self.now))

    def queue(
        self,
        limit: int,
        stop_policy: str = "None",
        event: str = "MODIFIED",
        *,
        notes: dict[str, str] | None = None,
        **status: Any,
    ) -> None:
        spec = {"maxConcurrent": limit, "stopPolicy": stop_policy}
        meta = {"name": "q", "annotations": notes or {}}
        self.tell("ScanQueue", event, {"metadata": meta, "spec": spec, "status": status})

    def scanjob(
        self, name: str, *, phase: str = "Pending", event: str = "MODIFIED", **status: Any
    ) -> None:
        finished = phase in {"Succeeded", "Failed", "TimedOut", "Cancelled"}
        condition = {"type": "Finished", "status": "True" if finished else "False"}
        attempts = self.attempts.setdefault(name, [])
        status = {"attempts": list(attempts), "attemptCount": len(attempts)} | status
        status |= {"phase": phase, "conditions": [condition]}
        spec = {"queueRef": {"name": "q"}}
        meta = {"name": name, "uid": f"uid-{name}"}
        self.tell("ScanJob", event, {"metadata": meta, "spec": spec, "status": status})

    def admit(self, name: str) -> str:
        attempts = self.attempts.setdefault(name, [])
        pod = f"{name}-{len(attempts) + 1}"
        attempts.append({"podName": pod})
        self.scanjob(name, phase="Starting")
        return pod

    def pod(
        self, name: str, event: str = "MODIFIED", state: str = "", *, node: str = "n1", **raw: Any
    ) -> None:
        owner = {"kind": "ScanJob", "uid": f"uid-{name[:-2]}", "controller": True}
        status: dict[str, Any] = {"phase": "Pending"}
        if state:
            detail = {"startedAt": "2026-01-01T00:00:00Z"}
            status["containerStatuses"] = [{"name": "scanner", "state": {state: detail}}]
        spec = {"nodeName": node, "terminationGracePeriodSeconds": 5} | raw.pop("spec", {})
        labels = {"scanyard.dev/uid": f"uid-{name[:-2]}", "scanyard.dev/attempt": name[-1]}
        meta = {"name": name, "uid": f"uid-{name}", "ownerReferences": [owner], "labels": labels}
        meta |= raw.pop("metadata", {})
        body = {"metadata": meta, "spec": spec, "status": status | raw.pop("status", {})}
        self.tell("Pod", event, body)

    def lead(self, holder: str) -> None:
        spec = {"holderIdentity": holder}
        self.tell("Lease", "MODIFIED", {"metadata": {"name": "scanyard"}, "spec": spec})

    def create(self, name: str) -> str:
        pod = self.admit(name)
        self.pod(pod, "ADDED", node="")
        return pod

    def start(self, name: str) -> str:
        pod = self.create(name)
        self.pod(pod, state="running")
        return pod

    def end(self, pod: str) -> None:
        self.pod(pod, state="terminated")
        self.scanjob(pod[:-2], phase="Succeeded", finishedAt="t")

    def run(self, name: str) -> str:
        pod = self.start(name)
        self.end(pod)
        return pod

    @property
    def violations(self) -> str:
        return "\n".join(judge(self.events).violations)


def test_one_after_another_within_the_limit_is_right() -> None:
    story = Story(limit=2)
    first, second = story.start("a"), story.start("b")
    story.end(first)
    third = story.start("c")
    story.end(second)
    story.end(third)
    story.pod(third, "DELETED", "terminated")
    story.events.sort(key=lambda seen: seen.kind)  # as three watches tell them
    verdict = judge(story.events)
    assert verdict.violations == []
    assert verdict.most_running == {"q": 2}
    assert verdict.most_live == {"q": 2}
    assert verdict.batches == [["a", "b"], ["c"]]
    assert verdict.not_run_once() == {}
    assert verdict.not_ended_once() == {}


def test_a_pod_beyond_the_limit() -> None:
    story = Story(limit=1)
    story.start("a")
    story.create("b")
    assert "Pod b-1 is number 2 in queue q, 1 allowed" in story.violations
    story.pod("b-1", state="running")
    assert "2 scanners run, 1 allowed: a-1, b-1" in story.violations


def test_a_slot_is_used_until_the_container_is_reported_as_terminated() -> None:
    story = Story(limit=1)
    pod = story.start("a")
    story.pod(pod, state="running", status={"phase": "Failed", "reason": "DeadlineExceeded"})
    story.create("b")
    assert "number 2" in story.violations


def test_a_pod_that_is_removed_unread_counts_for_its_grace_period() -> None:
    story = Story(limit=1)
    pod = story.start("a")
    story.pod(pod, "DELETED", "running")
    story.now += 5
    story.create("b")
    assert "number 2" in story.violations


def test_after_its_grace_period_it_counts_no_more() -> None:
    story = Story(limit=1)
    pod = story.start("a")
    story.pod(pod, "DELETED", "running")
    story.now += 16
    story.create("b")
    assert story.violations == ""


@pytest.mark.parametrize(
    "status",
    [
        {"phase": "Failed", "reason": "OutOfcpu"},
        {"phase": "Failed", "reason": "Evicted"},
    ],
)
def test_a_pod_that_the_node_refused_frees_its_slot(status: dict[str, Any]) -> None:
    story = Story(limit=1)
    pod = story.create("a")
    story.pod(pod, status=status)
    story.create("b")
    assert story.violations == ""


def test_a_failure_that_the_control_plane_wrote_frees_nothing() -> None:
    story = Story(limit=1)
    pod = story.create("a")
    lost = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC"}
    story.pod(pod, status={"phase": "Failed", "conditions": [lost]})
    story.create("b")
    assert "number 2" in story.violations


def test_a_pod_without_a_node_frees_its_slot_when_it_is_gone() -> None:
    story = Story(limit=1)
    pod = story.create("a")
    story.pod(pod, "DELETED", node="")
    story.create("b")
    assert story.violations == ""


def _made_again(story: Story, pod: str) -> None:
    """The same attempt's Pod once more, as another object."""
    story.pod(pod, "ADDED", node="", metadata={"uid": "another"})


def test_a_pod_that_no_leader_knew_of_is_not_guaranteed() -> None:
    story = Story(limit=1)
    story.lead("first")
    pod = story.start("a")
    story.pod(pod, "DELETED", "running")
    story.lead("second")
    _made_again(story, pod)
    verdict = judge(story.events)
    assert verdict.violations == []
    assert verdict.unguaranteed == {f"uid-{pod}"}


def test_the_leader_that_made_a_pod_must_not_make_it_again() -> None:
    story = Story(limit=1)
    story.lead("first")
    pod = story.start("a")
    story.now += 10
    story.pod(pod, "DELETED", "running")
    _made_again(story, pod)
    assert "a has two Pods: a-1, a-1" in story.violations


def test_a_pod_that_is_removed_while_another_takes_over_is_not_guaranteed() -> None:
    story = Story(limit=1)
    story.lead("first")
    pod = story.start("a")
    story.lead("second")
    story.pod(pod, "DELETED", "running")
    story.create("b")
    assert judge(story.events).violations == []


def test_a_pod_whose_start_was_told_must_not_be_made_again() -> None:
    story = Story(limit=1)
    story.lead("first")
    pod = story.start("a")
    story.attempts["a"][0]["startedAt"] = "2026-01-01T00:00:00Z"
    story.scanjob("a", phase="Running")
    story.pod(pod, "DELETED", "running")
    story.lead("second")
    _made_again(story, pod)
    assert "a has two Pods: a-1, a-1" in story.violations


@pytest.mark.parametrize("told", [False, True])
def test_a_pod_without_its_scanjob_is_known_by_what_its_queue_tells(told: bool) -> None:
    story = Story(limit=1)
    story.lead("first")
    pod = story.start("a")
    story.attempts["a"][0]["startedAt"] = "2026-01-01T00:00:00Z"
    story.scanjob("a", phase="Running")
    story.scanjob("a", phase="Running", event="DELETED")
    story.queue(1, heldSlots=[{"podName": pod}] if told else [])
    story.pod(pod, "DELETED", "running")
    story.lead("second")
    story.create("b")
    assert ("Pod b-1 is number 2 in queue q, 1 allowed" in story.violations) is told


@pytest.mark.parametrize("released_first", [False, True])
def test_a_slot_that_was_released_by_force_is_free(released_first: bool) -> None:
    story = Story(limit=1)
    pod = story.start("a")
    release = {"scanyard.dev/release": "uid-a/1,uid-x/2"}
    if released_first:
        story.queue(1, notes=release)
        story.pod(pod, "DELETED", "running")
    else:
        story.pod(pod, "DELETED", "running")
        story.queue(1, notes=release)
    story.create("b")
    assert story.violations == ""


def test_a_release_by_force_does_not_excuse_a_pod_that_is_there() -> None:
    story = Story(limit=1)
    story.start("a")
    story.queue(1, notes={"scanyard.dev/release": "uid-a/1"})
    story.create("b")
    assert "Pod b-1 is number 2 in queue q, 1 allowed" in story.violations


def test_what_runs_may_finish_after_the_limit_was_lowered() -> None:
    story = Story(limit=3)
    pods = [story.create(name) for name in "abc"]
    story.queue(1)
    for pod in pods:
        story.pod(pod, state="running")
    story.end(pods[0])
    assert story.violations == ""
    story.create("d")
    assert "Pod d-1 is number 3 in queue q, 1 allowed" in story.violations


def test_a_lowered_limit_has_two_seconds_to_settle() -> None:
    story = Story(limit=2)
    story.start("a")
    story.queue(1)
    story.now -= 1
    story.create("b")
    assert story.violations == ""


def test_a_raised_limit_counts_at_once() -> None:
    story = Story(limit=1)
    story.start("a")
    story.queue(2)
    story.start("b")
    assert story.violations == ""


@pytest.mark.parametrize("policy", ["Hold", "HoldAndDrain"])
def test_a_stopped_queue_creates_nothing(policy: str) -> None:
    story = Story(limit=2)
    story.queue(2, policy)
    story.now += 2
    story.create("a")
    assert "number 1 in queue q, 0 allowed" in story.violations


def test_a_queue_that_was_deleted_or_never_was_allows_nothing() -> None:
    story = Story(limit=2)
    story.queue(2, event="DELETED")
    story.now += 2
    story.create("a")
    assert "0 allowed" in story.violations


def test_two_pods_of_one_scanjob() -> None:
    story = Story(limit=5)
    story.start("a")
    story.attempts["a"].append({"podName": "a-2"})
    story.scanjob("a")
    story.pod("a-2", "ADDED")
    assert "a has two Pods: a-1, a-2" in story.violations


def test_a_pod_before_its_admission_was_written() -> None:
    story = Story()
    story.scanjob("a")
    story.pod("a-1", "ADDED")
    assert "Pod a-1 exists before its admission was written" in story.violations


def test_a_pod_of_nobody() -> None:
    story = Story()
    story.pod("a-1", "ADDED")
    assert "Pod a-1 belongs to an unknown ScanJob" in story.violations


def test_an_end_while_the_scan_goes_on() -> None:
    story = Story()
    story.start("a")
    story.scanjob("a", phase="Succeeded", finishedAt="t")
    assert "a has ended while a-1 lives" in story.violations


@pytest.mark.parametrize(
    "change",
    [
        {"phase": "Failed", "finishedAt": "t"},
        {"phase": "Succeeded", "finishedAt": "u"},
        {"phase": "Queued"},
    ],
)
def test_an_end_that_is_taken_back(change: dict[str, Any]) -> None:
    story = Story()
    story.run("a")
    story.scanjob("a", **change)
    assert "a had ended as ('Succeeded', 't')" in story.violations


def test_attempt_numbers_never_go_back() -> None:
    story = Story()
    story.start("a")
    story.scanjob("a", phase="Queued", attemptCount=0)
    assert "a counts fewer attempts than before" in story.violations


def test_a_tombstone_holds_no_slot_and_never_runs() -> None:
    story = Story(limit=1)
    story.start("a")
    gated = {"schedulingGates": [{"name": "scanyard.dev/tombstone"}]}
    story.pod("b-1", "ADDED", node="", spec=gated)
    assert story.violations == ""
    story.pod("b-1", state="running", spec=gated)
    assert "the tombstone b-1 ran" in story.violations


def test_what_ran_never_or_twice_or_did_not_end() -> None:
    story = Story(limit=5)
    story.run("once")
    story.scanjob("never")
    pod = story.start("twice")
    story.pod(pod, state="terminated")
    story.end(story.start("twice"))
    verdict = judge(story.events)
    assert verdict.not_run_once() == {"never": [], "twice": ["twice-1", "twice-2"]}
    assert verdict.not_ended_once() == {"never": 0}


def test_a_scanner_that_was_seen_to_end_holds_nothing_from_then_on() -> None:
    story = Story(limit=1)
    pod = story.start("a")
    ended = story.now + 1.0
    story.now = ended
    story.start("b")
    assert "Pod b-1 is number 2 in queue q, 1 allowed" in story.violations
    assert judge(story.events, ends={pod: ended}).violations == []
    assert judge(story.events, ends={pod: story.now + 1.0}).violations != []
