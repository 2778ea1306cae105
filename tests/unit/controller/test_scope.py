"""An installation in some namespaces looks nowhere else, and bears what it may not see there."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any, cast

import kopf
import pytest

from scanyard.controller.context import Context
from scanyard.controller.pods.actions import look_up
from scanyard.controller.resync import refresh_mirror
from scanyard.controller.service_ranges import service_networks
from scanyard.controller.watch import WatchEndedError, watch
from scanyard.kube.client import KubeClient
from scanyard.kube.errors import KubeNotFoundError, KubeRefusedError
from scanyard.kube.resources import Resource
from scanyard.lifecycle.targets.scope import DenyList
from scanyard.settings import EVERYWHERE, Settings
from tests.support.objects import NOW, UID, open_attempt, raw_job, raw_pod

_FORBIDDEN = KubeRefusedError(403, 'User "x" cannot list resource "servicecidrs"')


@dataclass
class ApiServer:
    """Lists what it has, by resource and namespace (None: all), and notes what it was asked."""

    has: dict[tuple[str, str | None], tuple[list[Any], int]] = field(default_factory=dict)
    refusal: KubeRefusedError = _FORBIDDEN
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    async def list_all(
        self,
        resource: Resource,
        *,
        namespace: str | None = None,
        labels: str = "",
        fields: str = "",
    ) -> tuple[list[Any], int]:
        assert (labels != "", fields) == (resource.plural == "pods", "")
        self.asked.append((resource.plural, namespace))
        if resource.plural == "servicecidrs" and (resource.plural, namespace) not in self.has:
            raise self.refusal
        return self.has.get((resource.plural, namespace), ([], 1000))

    async def get(self, resource: Resource, *_: Any) -> Any:
        if resource.plural == "nodes":
            raise self.refusal
        raise KubeNotFoundError(404, "not found")


def context_of(api: ApiServer, *namespaces: str) -> Context:
    settings = Settings(watch_namespaces=list(namespaces))
    return Context(
        settings, cast("KubeClient", api), cast("Any", None), 7, DenyList(()), lambda: NOW
    )


@pytest.mark.parametrize(
    ("told", "scope"), [("", (None,)), ("team", ("team",)), ("team, other", ("team", "other"))]
)
def test_the_scope_is_the_watched_namespaces_or_everything(
    told: str, scope: tuple[str | None, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCANYARD_WATCH_NAMESPACES", told)
    assert Settings().scope == scope


@pytest.mark.parametrize(
    ("watched", "listed"), [((), {None}), (("team", "other"), {"team", "other"})]
)
async def test_lists_are_of_the_scope_only(
    watched: tuple[str, ...], listed: set[str | None]
) -> None:
    api = ApiServer()
    await refresh_mirror(context_of(api, *watched))
    assert set(api.asked) == {
        (plural, namespace) for plural in ("scanjobs", "scanqueues", "pods") for namespace in listed
    } | (set() if watched else {("namespaces", None)})


async def test_lists_of_all_namespaces_of_the_scope_are_one() -> None:
    job, elsewhere = raw_job(), raw_job()
    elsewhere["metadata"] |= {"namespace": "other", "uid": "uid-2"}
    api = ApiServer({("scanjobs", "team"): ([job], 150), ("scanjobs", "other"): ([elsewhere], 160)})
    context = context_of(api, "team", "other")
    await refresh_mirror(context)
    assert set(context.mirror.jobs.uids()) == {UID, "uid-2"}
    api.has["scanjobs", "other"] = ([], 170)
    await refresh_mirror(context)
    assert set(context.mirror.jobs.uids()) == {UID}, "what one of the lists lacks is gone"


async def test_a_list_that_is_older_than_an_object_does_not_forget_it() -> None:
    api = ApiServer({("scanjobs", "team"): ([], 99), ("scanjobs", "other"): ([], 101)})
    context = context_of(api, "team", "other")
    context.mirror.jobs.put(raw_job())  # of version 100
    await refresh_mirror(context)
    assert set(context.mirror.jobs.uids()) == {UID}


@pytest.mark.parametrize("watched", [(), ("team", "other")])
async def test_watches_are_of_the_scope_only(
    watched: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    async def operator(**options: Any) -> None:
        asked.update(options)

    monkeypatch.setattr(kopf, "operator", operator)
    context = context_of(ApiServer(), *watched)
    context.listed.set()
    with pytest.raises(WatchEndedError):
        await watch(context)
    assert asked["clusterwide"] is (not watched)
    assert asked["namespaces"] == list(watched)


async def test_service_ranges_are_denied_where_they_can_be_read() -> None:
    item = {"spec": {"cidrs": ["10.96.0.0/16", "fd00::/112"]}}
    api = ApiServer({("servicecidrs", None): ([item], 1)})
    for scope in (EVERYWHERE, ("team",)):
        found = await service_networks(cast("KubeClient", api), scope)
        assert found == [ip_network("10.96.0.0/16"), ip_network("fd00::/112")]


async def test_without_the_right_single_namespaces_go_on_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kube = cast("KubeClient", ApiServer())
    assert await service_networks(kube, ("team",)) == []
    assert "extraDeniedNetworks" in caplog.text
    with pytest.raises(KubeRefusedError):
        await service_networks(kube, EVERYWHERE)


async def test_a_node_that_may_not_be_read_is_not_taken_for_ready() -> None:
    pod = raw_pod(node="one")
    context = context_of(ApiServer(), "team")
    seen = context.mirror.pods.put(pod)
    assert seen is not None
    context.memories.saw(seen)
    job = context.mirror.jobs.put(raw_job(status=open_attempt()))
    assert job is not None
    assert job.status.open_attempt is not None
    await look_up(context, "team", UID, job.status.open_attempt)
    memory = context.memories.known(UID)
    assert memory is not None
    assert memory.gone_at is not None
    assert memory.node_ready is False
