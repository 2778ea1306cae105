"""A queue of one namespace and ScanJobs of another: let in, kept out, and told why."""

from __future__ import annotations

from typing import Any

from tests.support.handover import attempts
from tests.support.kube import MERGE_PATCH, eventually
from tests.support.scans import Lab, Scan, open_ports, phase
from tests.support.side_by_side import side_by_side
from tests.support.specs import endless, quick
from tests.support.targets import OPEN_TCP, Targets
from tests.support.told import message, reason, wait_told
from tests.support.watching import Object

_TIER = "scans.example.com/tier"
_GOLD: dict[str, Any] = {
    "allowedNamespaces": {"from": "Selector", "selector": {"matchLabels": {_TIER: "gold"}}}
}
_ALL: dict[str, Any] = {"allowedNamespaces": {"from": "All"}}


def submit_to(team: Lab, platform: Lab, name: str, **spec: Any) -> Scan:
    """A ScanJob of the team in the platform's queue `shared`."""
    reference = {"name": "shared", "namespace": platform.name}
    return team.submit(name, **spec | {"queueRef": reference})


def label(lab: Lab, tier: str | None) -> None:
    body = {"metadata": {"labels": {_TIER: tier}}}
    path = f"/api/v1/namespaces/{lab.name}"
    lab.cluster.request("PATCH", path, body, content_type=MERGE_PATCH).expect()


def assert_ran_at_home(scan: Scan, platform: Lab, targets: Targets) -> None:
    """In its own namespace, once, in a slot of the shared queue."""
    job = scan.finish()
    assert phase(job) == "Succeeded"
    assert open_ports(job) == {targets.one: set(OPEN_TCP)}
    assert [attempt["queue"] for attempt in attempts(job)] == [f"{platform.name}/shared"]
    (pod,) = scan.lab.list_pods()
    assert pod["metadata"]["annotations"]["scanyard.dev/queue"] == f"{platform.name}/shared"
    assert platform.list_pods() == []


@side_by_side
def test_a_label_of_the_namespace_lets_it_in(lab: Lab, targets: Targets) -> None:
    lab.queue("shared", maxConcurrent=1, **_GOLD)
    with Lab(lab.cluster) as team:
        scan = submit_to(team, lab, "scan", **quick(targets.one))
        wait_told(
            scan,
            "NamespaceNotAllowed",
            f"no ScanQueue shared in namespace {lab.name} takes ScanJobs of namespace {team.name}",
            "allowedNamespaces",
        )
        assert scan.pod_events() == []

        label(team, "gold")

        assert_ran_at_home(scan, lab, targets)
        label(team, "silver")
        late = submit_to(team, lab, "late", **quick(targets.one))
        wait_told(late, "NamespaceNotAllowed")


@side_by_side
def test_a_queue_that_opens_lets_it_in_and_one_that_closes_ends_nothing(
    lab: Lab, targets: Targets
) -> None:
    lab.queue("shared", maxConcurrent=1)
    with Lab(lab.cluster) as team:
        scan = submit_to(team, lab, "scan", **endless(targets.one))
        wait_told(scan, "NamespaceNotAllowed")
        lab.change_queue("shared", **_ALL)
        scan.running()
        waiting = submit_to(team, lab, "waiting", **quick(targets.one))
        wait_told(waiting, "QueueFull")

        lab.change_queue("shared", allowedNamespaces={"from": "Same"})

        wait_told(waiting, "NamespaceNotAllowed")
        assert phase(scan.latest()) in {"Starting", "Running"}
        assert len(scan.live_pods()) == 1
        own = lab.submit("own", queue="shared", **quick(targets.one))
        wait_told(own, "QueueFull", "runs 1 of at most 1")
        lab.change_queue("shared", stopPolicy="HoldAndDrain")
        scan.wait(
            lambda job: reason(job) == "NamespaceNotAllowed" and _drained(job),
            "is ended by its queue's drain, and waits like others",
        )


def _drained(job: Object) -> bool:
    return [attempt.get("reason") for attempt in attempts(job)] == ["Drained"]


@side_by_side
def test_two_namespaces_share_the_slots_of_one_queue(lab: Lab, targets: Targets) -> None:
    lab.queue("shared", maxConcurrent=1, **_ALL)
    with Lab(lab.cluster) as red, Lab(lab.cluster) as blue:
        first = submit_to(red, lab, "scan", **endless(targets.one))
        first.running()
        second = submit_to(blue, lab, "scan", **quick(targets.one))
        wait_told(second, "QueueFull", "queue shared runs 1 of at most 1")
        lab.wait_queue(
            "shared", lambda status: (status.get("running"), status.get("waiting")) == (1, 1)
        )
        red.cluster.request("DELETE", red.namespace.path("scanjobs", first.name)).expect()
        assert_ran_at_home(second, lab, targets)


@side_by_side
def test_of_one_namespace_only_so_many_wait(lab: Lab, targets: Targets) -> None:
    lab.queue("shared", maxConcurrent=1, limits={"maxPending": 1}, **_ALL)
    with Lab(lab.cluster) as team:
        running = submit_to(team, lab, "running", **endless(targets.one))
        running.running()
        first = submit_to(team, lab, "first", **quick(targets.one))
        wait_told(first, "QueueFull")
        others = [submit_to(team, lab, name, **quick(targets.one)) for name in ("second", "third")]
        for scan in others:
            wait_told(scan, "TooManyPending", f"namespace {team.name}", "limits.maxPending")
        own = lab.submit("own", queue="shared", **quick(targets.one))
        wait_told(own, "QueueFull", "4 wait")

        team.namespace.patch("scanjobs", "running", {"spec": {"cancel": True}}).expect()

        for scan in (first, own, *others):
            assert phase(scan.finish()) == "Succeeded"
        assert all("TooManyPending" not in message(scan.latest()) for scan in others)


@side_by_side
def test_a_pod_that_makes_its_queue_up_takes_no_slot(lab: Lab, targets: Targets) -> None:
    """Who may create Pods is refused the labels of an attempt; an administrator's pretender is not
    believed.
    """
    lab.queue("shared", maxConcurrent=1)
    with Lab(lab.cluster) as team:
        pod = {
            "metadata": {
                "name": "made-up",
                "labels": {
                    "app.kubernetes.io/managed-by": "scanyard",
                    "scanyard.dev/uid": "made-up",
                    "scanyard.dev/attempt": "1",
                    "scanyard.dev/role": "attempt",
                },
                "annotations": {
                    "scanyard.dev/scanjob": f"{team.name}/made-up",
                    "scanyard.dev/queue": f"{lab.name}/shared",
                },
            },
            "spec": {
                "containers": [{"name": "scanner", "image": "scanyard/scanner:dev"}],
                "schedulingGates": [{"name": "example.com/never"}],
            },
        }
        path = f"/api/v1/namespaces/{team.name}/pods"
        member = team.cluster.as_user(_member(team))
        reply = member.request("POST", path, pod)
        assert "only the operator creates these" in reply.message
        plain = {"metadata": {"name": "plain"}, "spec": pod["spec"]}
        member.request("POST", path, plain, dryRun="All").expect()
        # Whoever has the operator's right, and anybody where there is no policy against it.
        team.cluster.request("POST", path, pod).expect()
        scan = lab.submit("scan", queue="shared", **quick(targets.one))
        assert phase(scan.finish()) == "Succeeded"


def _member(team: Lab) -> str:
    """A user with Kubernetes' role `edit` in the team's namespace."""
    name = f"member-of-{team.name}"
    team.namespace.kubectl(
        "create", "rolebinding", "member", "--clusterrole=edit", f"--user={name}"
    )
    # The API server's authorizer hears of a new binding a moment later.
    eventually(
        lambda: team.cluster.as_user(name).request("GET", team.namespace.path("scanjobs")).ok,
        bool,
        seconds=30,
    )
    return name
