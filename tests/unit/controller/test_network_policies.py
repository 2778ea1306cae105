"""The operator writes a queue's NetworkPolicy when it differs, and only then."""

from __future__ import annotations

from typing import Any, cast

from scanyard.api import names
from scanyard.controller.context import Context
from scanyard.controller.handlers import on_scanqueue
from scanyard.controller.network_policies import NetworkPolicies
from scanyard.kube.client import KubeClient
from scanyard.kube.errors import KubeRefusedError
from scanyard.lifecycle.conditions import queue_conditions
from scanyard.lifecycle.targets.scope import DenyList
from scanyard.settings import Settings
from tests.support.objects import NOW, raw_queue
from tests.unit.controller.shell import newer

_NAME = f"scanyard-queue-{names.queue_label('team/default')}"


class ApiServer:
    """NetworkPolicies by name, and the requests."""

    def __init__(self) -> None:
        self.stands: dict[str, dict[str, Any]] = {}
        self.requests: list[str] = []
        self.refusal: KubeRefusedError | None = None

    async def list_all(self, resource: Any, **_: Any) -> tuple[list[Any], int]:
        self.requests.append(f"list {resource.plural}")
        return list(self.stands.values()), 1000

    async def apply(
        self, resource: Any, namespace: str, name: str, body: dict[str, Any], *, manager: str
    ) -> dict[str, Any]:
        assert (resource.plural, namespace, manager) == ("networkpolicies", "team", "scanyard")
        self.requests.append(f"apply {name}")
        if self.refusal is not None:
            raise self.refusal
        self.stands[name] = body
        return body


def started(api: ApiServer, **queue: Any) -> tuple[Context, NetworkPolicies]:
    """A leader that has just listed everything."""
    context = Context(
        Settings(network_policy_per_queue=True),
        cast("KubeClient", api),
        cast("Any", None),
        7,
        DenyList(()),
        now=lambda: NOW,
    )
    on_scanqueue(context, "ADDED", raw_queue(**queue))
    context.listed.set()
    return context, NetworkPolicies(context)


async def test_it_is_written_once_and_belongs_to_its_queue() -> None:
    api = ApiServer()
    _, policies = started(api, scope={"allow": ["10.0.0.0/8"]})
    await policies.look()
    await policies.look()
    assert api.requests == ["list networkpolicies", f"apply {_NAME}"]
    body = api.stands[_NAME]
    (owner,) = body["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("ScanQueue", "default", "queue-uid")
    (rule,) = body["spec"]["egress"]
    assert {"ipBlock": {"cidr": "10.0.0.0/8"}} in rule["to"]


async def test_another_leader_writes_nothing_where_it_stands() -> None:
    api = ApiServer()
    await started(api)[1].look()
    await started(api)[1].look()
    assert api.requests.count(f"apply {_NAME}") == 1


async def test_a_changed_scope_is_written_and_a_changed_limit_is_not() -> None:
    api = ApiServer()
    context, policies = started(api)
    await policies.look()
    on_scanqueue(context, "MODIFIED", newer(raw_queue(maxConcurrent=9)))
    await policies.look()
    assert api.requests.count(f"apply {_NAME}") == 1
    changed = raw_queue(scope={"allow": ["10.0.0.0/8"]})
    changed["metadata"]["resourceVersion"] = "1000"
    on_scanqueue(context, "MODIFIED", changed)
    await policies.look()
    assert api.requests.count(f"apply {_NAME}") == 2


async def test_what_somebody_changed_is_put_right_when_it_is_read() -> None:
    api = ApiServer()
    await started(api)[1].look()
    api.stands[_NAME] = api.stands[_NAME] | {"spec": {"podSelector": {}}}
    await started(api)[1].look()
    assert api.requests.count(f"apply {_NAME}") == 2


async def test_a_refusal_is_told_by_the_queue_and_not_repeated_at_once() -> None:
    api = ApiServer()
    api.refusal = KubeRefusedError(403, "no right")
    context, policies = started(api)
    await policies.look()
    await policies.look()
    assert api.requests.count(f"apply {_NAME}") == 1
    queue = context.mirror.queues.named("team/default")
    assert queue is not None
    state = context.policy_states[queue.key]
    told = queue_conditions(queue, ledger_trouble="", now=NOW, policy=state)[-1]
    assert (told["type"], told["status"], told["reason"]) == (
        "NetworkPolicyComplete",
        "False",
        "NotWritten",
    )
    assert "no right" in told["message"]


async def test_nothing_is_written_before_everything_was_listed() -> None:
    api = ApiServer()
    context, policies = started(api)
    context.listed.clear()
    await policies.look()
    assert api.requests == []


async def test_a_queue_that_is_gone_leaves_nothing_behind() -> None:
    context, policies = started(ApiServer())
    await policies.look()
    on_scanqueue(context, "DELETED", newer(raw_queue()))
    await policies.look()
    assert context.policy_states == {}
