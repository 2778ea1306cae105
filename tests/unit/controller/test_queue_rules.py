"""What a queue accepts, judged when it is known, anew when it changes, and last for the Pod."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from scanyard.controller.admission.loop import run_admission
from scanyard.controller.admission.placement import Standing
from scanyard.controller.context import Context
from scanyard.controller.handlers import on_scanqueue
from scanyard.controller.pods import launch
from scanyard.controller.views import view_of
from scanyard.lifecycle.admission import admit
from scanyard.lifecycle.decide import decide
from scanyard.lifecycle.decision import Decision, Holding, Parked, Waiting
from scanyard.lifecycle.job import Job, read_job
from scanyard.lifecycle.targets.judging import addresses_of
from scanyard.lifecycle.targets.scope import DenyList, ScopeVerdict
from scanyard.queueing.operations import Operation, OpResult, Take
from scanyard.queueing.readings import Head, QueueHeads
from tests.support.objects import NOW, UID, condition, open_attempt, raw_job, raw_queue
from tests.unit.controller.shell import ApiServer, context_of, newer
from tests.unit.lifecycle.looking import told

_SMALL: dict[str, Any] = {"limits": {"maxAddresses": 15}}
_QUEUE, _MEMBER = "team/default", f"team/web/{UID}"
_OUTSIDE: dict[str, Any] = {"scope": {"allow": ["192.0.2.0/24"]}}
_INSIDE: dict[str, Any] = {"scope": {"allow": ["198.18.0.0/24"]}}


def _decide(context: Context) -> Decision:
    job = context.mirror.jobs.get(UID)
    assert job is not None
    return decide(view_of(context, job))


# --- while it waits


def test_out_of_scope_is_told_at_once_with_the_queue_and_the_mend() -> None:
    context = context_of(ApiServer(scanjobs=raw_job()), queue=raw_queue(**_OUTSIDE))
    decision = _decide(context)
    assert decision.place == Parked(_QUEUE, "scope")
    reason, message = told(decision)
    assert reason == "OutOfScope"
    assert message == (
        "target 198.18.0.7 lies outside of what queue default allows; create a ScanJob without "
        "it, or add it to the queue's scope.allow"
    )


def test_what_the_installation_denies_comes_first() -> None:
    context = context_of(ApiServer(scanjobs=raw_job()), queue=raw_queue(**_OUTSIDE))
    context.deny = DenyList.of([ipaddress.ip_network("198.18.0.0/15")])
    assert "which this installation denies to every scan" in told(_decide(context))[1]


def test_a_scanner_that_is_not_allowed_is_told_at_once() -> None:
    queue = raw_queue(allowedScanners=["masscan"])
    context = context_of(ApiServer(scanjobs=raw_job()), queue=queue)
    decision = _decide(context)
    assert decision.place == Parked(_QUEUE, "scanner")
    reason, message = told(decision)
    assert reason == "ScannerNotAllowed"
    assert message == (
        "queue default runs masscan only, not nmap; put this ScanJob into another queue "
        "(queueRef), or add nmap to the queue's allowedScanners"
    )


@pytest.mark.parametrize("scanners", [[], ["nmap"], ["masscan", "nmap"]])
def test_an_allowed_scanner_waits_for_its_turn(scanners: list[str]) -> None:
    queue = raw_queue(allowedScanners=scanners)
    context = context_of(ApiServer(scanjobs=raw_job()), queue=queue)
    assert _decide(context).place == Waiting(_QUEUE)


def test_more_addresses_than_the_queue_takes_are_told_at_once() -> None:
    job = raw_job(
        targets=["198.18.0.0/28", "198.18.0.8-198.18.0.17"], excludeTargets=["198.18.0.3"]
    )
    context = context_of(ApiServer(scanjobs=job), queue=raw_queue(**_SMALL))
    decision = _decide(context)
    assert decision.place == Parked(_QUEUE, "size")
    reason, message = told(decision)
    assert reason == "ExceedsLimit"
    assert message == (
        "its targets are 17 addresses, and queue default takes at most 15 in one ScanJob; split "
        "them into several ScanJobs, or raise the queue's limits.maxAddresses"
    )


@pytest.mark.parametrize(
    ("targets", "excluded", "count"),
    [
        (["198.18.0.7"], [], 1),
        (["198.18.0.0/28"], [], 16),
        (["198.18.0.0/28", "198.18.0.0/29", "198.18.0.5"], [], 16),
        (["198.18.0.0/28"], ["198.18.0.0/29", "198.18.0.1", "192.0.2.0/24"], 8),
        (["198.18.0.0/28"], ["198.18.0.0/24"], 0),
        (["198.18.0.1-198.18.0.9", "198.18.1.1"], [], 10),
        (["0.0.0.0/0"], [], 2**32),
        (["2001:db8::/120"], ["2001:db8::1-2001:db8::ff"], 1),
        (["web.example.com"], [], 0),
        (["web.example.com", "198.18.0.7"], [], 1),
    ],
)
def test_addresses_are_counted_once_and_names_not_at_all(
    targets: list[str], excluded: list[str], count: int
) -> None:
    assert addresses_of(read_job(raw_job(targets=targets, excludeTargets=excluded))) == count


@pytest.mark.parametrize(
    ("before", "after", "blocker"),
    [
        ({}, _OUTSIDE, "scope"),
        (_OUTSIDE, _INSIDE, None),
        (_INSIDE, {}, None),
        (_INSIDE, {"scope": {"deny": ["198.18.0.0/24"]}}, "scope"),
        ({}, {"allowedScanners": ["masscan"]}, "scanner"),
        ({"allowedScanners": ["masscan"]}, {"allowedScanners": ["nmap"]}, None),
        ({}, _SMALL, "size"),
        (_SMALL, {"limits": {"maxAddresses": 16}}, None),
        (_SMALL, {"limits": {}}, None),
    ],
)
def test_a_change_of_the_rules_judges_the_waiting_anew(
    before: dict[str, Any], after: dict[str, Any], blocker: str | None
) -> None:
    job = raw_job(targets=["198.18.0.0/28"])
    context = context_of(ApiServer(scanjobs=job), queue=raw_queue(**before))
    first = _decide(context)
    assert isinstance(first.place, Waiting | Parked)
    context.placement.set(UID, Standing(_MEMBER, first.place))
    _clean(context)
    on_scanqueue(context, "MODIFIED", newer(raw_queue(**after)))
    assert len(context.dirty) == 1
    expected = Waiting(_QUEUE) if blocker is None else Parked(_QUEUE, blocker)
    assert _decide(context).place == expected


def test_a_change_of_something_else_looks_at_nobody() -> None:
    context = context_of(ApiServer(scanjobs=raw_job()), queue=raw_queue(**_INSIDE))
    context.placement.set(UID, Standing(_MEMBER, Waiting(_QUEUE)))
    _clean(context)
    on_scanqueue(context, "MODIFIED", newer(raw_queue(maxConcurrent=7, **_INSIDE)))
    assert len(context.dirty) == 0


def test_who_was_told_so_is_told_otherwise() -> None:
    status = {
        "observedGeneration": 1,
        "phase": "Queued",
        "conditions": [condition("Reconciling", "OutOfScope", message="outside")],
    }
    context = context_of(ApiServer(scanjobs=raw_job(status=status)), queue=raw_queue(**_INSIDE))
    context.announce.add(UID)
    assert told(_decide(context))[0] == "BehindOthers"


@dataclass(frozen=True, slots=True)
class _CountingDenyList(DenyList):
    """Notes how often it was asked."""

    asked: list[Sequence[str]] = field(default_factory=list)

    def judge(self, targets: Sequence[str], resolved: Mapping[str, Sequence[str]]) -> ScopeVerdict:
        self.asked.append(targets)
        return super(_CountingDenyList, self).judge(targets, resolved)


def test_it_is_judged_once_by_each_scope() -> None:
    context = context_of(ApiServer(scanjobs=raw_job()), queue=raw_queue(**_INSIDE))
    deny = _CountingDenyList(())
    context.deny = deny
    for _ in range(3):
        _decide(context)
    assert len(deny.asked) == 1
    on_scanqueue(context, "MODIFIED", newer(raw_queue(maxConcurrent=7, **_INSIDE)))
    _decide(context)
    assert len(deny.asked) == 1, "a queue that is read anew has the scope that it had"
    for rules in (_OUTSIDE, _INSIDE):
        changed = newer(raw_queue(**rules))
        changed["metadata"]["resourceVersion"] = str(1000 + len(deny.asked))
        on_scanqueue(context, "MODIFIED", changed)
        _decide(context)
        _decide(context)
    assert len(deny.asked) == 3
    context.forget(UID)
    _decide(context)
    assert len(deny.asked) == 4


def _clean(context: Context) -> None:
    context.dirty = type(context.dirty)(lambda: 0.0)


# --- at its admission


def test_what_must_not_run_is_not_admitted() -> None:
    context = context_of(ApiServer(scanjobs=raw_job()))
    job, queue = context.mirror.jobs.get(UID), context.mirror.queues.named(_QUEUE)
    assert job is not None
    assert queue is not None
    assert admit(job, queue, fence=7, now=NOW) is not None
    assert admit(job, queue, fence=7, now=NOW, refusal="out of scope") is None
    other = replace(queue, allowed_scanners=("masscan",))
    assert admit(job, other, fence=7, now=NOW) is None
    small = replace(queue, max_addresses=15)
    assert admit(job, small, fence=7, now=NOW, addresses=15) is not None
    assert admit(job, small, fence=7, now=NOW, addresses=16) is None


class _Ledger:
    """One ScanJob waits in it; notes what it is asked for."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []

    async def heads(self, queues: Sequence[str], _window: int) -> dict[str, QueueHeads]:
        return {queue: QueueHeads(1, 0, 0, (Head(_MEMBER, 1.0),)) for queue in queues}

    async def submit_all(self, operations: Sequence[Operation]) -> list[OpResult]:
        self.operations.extend(operations)
        return [OpResult.NOT_WAITING for _ in operations]


@pytest.mark.parametrize(("rules", "asked"), [(_INSIDE, True), (_OUTSIDE, False), (_SMALL, False)])
async def test_no_slot_is_asked_for_what_the_queue_has_just_ceased_to_take(
    rules: dict[str, Any], asked: bool
) -> None:
    """The ledger still has it in the queue's order, until it has been looked at."""
    job = raw_job(targets=["198.18.0.0/28"])
    context, ledger = context_of(ApiServer(scanjobs=job), queue=raw_queue(**rules)), _Ledger()
    context.ledger = cast("Any", ledger)
    context.placement.set(UID, Standing(_MEMBER, Waiting(_QUEUE), 1.0))
    _clean(context)
    context.queue_changed(_QUEUE)
    admission = asyncio.create_task(run_admission(context, cast("Any", ledger)))
    async with asyncio.timeout(10), context.dirty.next() as uid:
        assert uid == UID, "it is looked at, and parked"
    assert any(isinstance(each, Take) for each in ledger.operations) == asked
    admission.cancel()
    await asyncio.wait([admission])


# --- before its Pod


class _Creates(ApiServer):
    """Keeps the Pods that it was asked to create."""

    def __init__(self, job: dict[str, Any]) -> None:
        super().__init__(scanjobs=job)
        self.pods: list[dict[str, Any]] = []

    async def create(self, resource: Any, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        if resource.plural == "pods":
            meta = {**body["metadata"], "uid": "pod-1", "resourceVersion": "300"}
            self.pods.append({**body, "metadata": meta})
            return self.pods[-1]
        return await super().create(resource, namespace, body)

    @property
    def told(self) -> tuple[str, str]:
        """Why its attempt was closed; nothing while it is open."""
        job = self.objects["scanjobs"]
        assert job is not None
        attempt = job["status"]["attempts"][0]
        return attempt.get("reason", ""), attempt.get("message", "")


async def _create(
    queue: dict[str, Any] | None,
    monkeypatch: pytest.MonkeyPatch,
    resolved: Mapping[str, tuple[str, ...]] | None = None,
    **spec: Any,
) -> _Creates:
    """An admitted ScanJob whose Pod is to be created, in a queue that is so now."""
    api = _Creates(raw_job(status=open_attempt(), **spec))
    context = context_of(api)
    on_scanqueue(context, "MODIFIED", newer(queue or raw_queue()))
    if queue is None:
        on_scanqueue(context, "DELETED", newer(raw_queue()))
    context.placement.set(UID, Standing(_MEMBER, Holding(_QUEUE, 1)))

    async def resolve(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
        return {name: (resolved or {})[name] for name in names}

    monkeypatch.setattr(launch, "resolve", resolve)
    job = cast("Job", context.mirror.jobs.get(UID))
    attempt = job.status.open_attempt
    assert attempt is not None
    await launch.create(context, job, attempt)
    return api


async def test_a_scope_that_narrows_after_the_admission_is_heeded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    api = await _create(raw_queue(**_OUTSIDE), monkeypatch)
    assert api.pods == []
    assert api.told[0] == "OutOfScope"
    assert "target 198.18.0.7 lies outside of what queue default allows" in api.told[1]


async def test_so_is_a_scanner_that_is_no_longer_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    api = await _create(raw_queue(allowedScanners=["masscan"]), monkeypatch)
    assert api.pods == []
    assert api.told[0] == "ScannerNotAllowed"


async def test_so_is_a_limit_to_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    api = await _create(raw_queue(**_SMALL), monkeypatch, targets=["198.18.0.0/28"])
    assert api.pods == []
    assert api.told[0] == "ExceedsLimit"


async def test_without_its_queue_nobody_knows_the_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    api = await _create(None, monkeypatch)
    assert api.pods == []
    assert api.told[0] == "QueueNotFound"


async def test_what_is_denied_in_part_is_excluded(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = raw_queue(scope={"allow": ["198.18.0.0/24"], "deny": ["198.18.0.5", "192.0.2.0/24"]})
    spec: dict[str, Any] = {"targets": ["198.18.0.0/28"], "excludeTargets": ["198.18.0.9"]}
    api = await _create(queue, monkeypatch, **spec)
    assert _excluded(api) == "198.18.0.5,198.18.0.9"


@pytest.mark.parametrize(
    ("addresses", "reason"),
    [(("198.18.0.7",), ""), (("198.18.1.7",), "OutOfScope"), (("198.18.0.8",), "OutOfScope")],
)
async def test_names_are_judged_by_their_addresses_and_pinned(
    addresses: tuple[str, ...], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "web.example.com"
    scope = {"allow": ["*.example.com", "198.18.0.0/24"], "deny": ["198.18.0.8"]}
    queue = raw_queue(scope=scope)
    api = await _create(queue, monkeypatch, {name: addresses}, targets=[name])
    assert api.told[0] == reason
    if reason:
        assert f"target {name} (resolves to {addresses[0]})" in api.told[1]
        assert api.pods == []
    else:
        (pod,) = api.pods
        assert pod["spec"]["hostAliases"] == [{"ip": addresses[0], "hostnames": [name]}]


def _excluded(api: _Creates) -> str:
    (pod,) = api.pods
    arguments = pod["spec"]["containers"][0]["args"]
    return str(arguments[arguments.index("--exclude") + 1])
