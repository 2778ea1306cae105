"""kopf's part: it watches, lists again when a watch breaks, and hands each event over.

Only `on.event` handlers: no finalizers, timers, daemons or indexes, each of which would cost
a write per scan or time that grows with the backlog.

kopf lives in a thread with a loop of its own: at its end it cancels every task of its loop,
whosever they are (kopf 1.45, run_tasks), and a process that was fenced must not wait for that.
"""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import kopf
from kopf._cogs.structs.references import Insights

from scanyard import metrics
from scanyard.api import names
from scanyard.controller.backoff import delay
from scanyard.controller.context import Context
from scanyard.controller.handlers import on_namespace, on_pod, on_scanjob, on_scanqueue
from scanyard.errors import ScanyardError
from scanyard.settings import Scope

#: Takes the kind of an event and the raw object.
Handler = Callable[[Context, str | None, Any], None]

_STOP_SECONDS = 5.0
_PLURALS: dict[Handler, str] = {
    on_scanjob: names.SCANJOB_PLURAL,
    on_scanqueue: names.SCANQUEUE_PLURAL,
    on_pod: "pods",
    on_namespace: "namespaces",
}
_WATCHED = {names.SCANJOB_PLURAL, names.SCANQUEUE_PLURAL, "pods"}


class WatchEndedError(ScanyardError):
    """kopf ended by itself: without events this process is blind, so it ends, too."""


async def watch(context: Context) -> None:
    """Watch until cancelled; raises WatchEndedError if kopf ends before.

    It begins after the first lists: kopf would ask for the same once more just when the first
    admission of a new leader waits for them. What is deleted in between is found by the sweep.
    """
    await context.listed.wait()
    loop, stop = asyncio.get_running_loop(), threading.Event()
    ended: asyncio.Future[BaseException | None] = loop.create_future()

    def hand_over(handler: Handler, event: kopf.RawEvent) -> None:
        loop.call_soon_threadsafe(_take, context, handler, event)

    def report(error: BaseException | None) -> None:
        if not ended.done():
            ended.set_result(error)

    def body() -> None:
        error: BaseException | None = None
        try:
            asyncio.run(_kopf(hand_over, stop, context.settings.scope))
        except BaseException as caught:  # noqa: BLE001 - it ends the process, see below
            error = caught
        loop.call_soon_threadsafe(report, error)

    # What it logs is about the same as what is logged here.
    inherited = contextvars.copy_context()
    thread = threading.Thread(target=inherited.run, args=(body,), name="kopf", daemon=True)
    thread.start()
    try:
        error = await ended
        raise (
            error if isinstance(error, WatchEndedError) else WatchEndedError("kopf ended")
        ) from error
    finally:
        stop.set()
        thread.join(_STOP_SECONDS)


def _take(context: Context, handler: Handler, event: kopf.RawEvent) -> None:
    kind, raw = event["type"], event["object"]
    plural = _PLURALS[handler]
    metrics.LAST_EVENT.labels(plural).set(context.now().timestamp())
    lag = context.lags.get(plural)
    if lag is not None:
        meta = raw["metadata"]
        lag.heard(meta["uid"], int(meta["resourceVersion"]), deleted=kind == "DELETED")
    handler(context, kind, raw)


async def _kopf(
    hand_over: Callable[[Handler, kopf.RawEvent], None], stop: threading.Event, scope: Scope
) -> None:
    namespaces = [namespace for namespace in scope if namespace is not None]
    insights = Insights()
    # Made before kopf's own tasks, so that it does not cancel this one with them.
    checking = asyncio.create_task(_check(insights, stop))
    await kopf.operator(
        insights=insights,
        registry=_registry(hand_over, clusterwide=not namespaces),
        settings=_settings(),
        clusterwide=not namespaces,
        namespaces=namespaces,
        standalone=True,
        stop_flag=stop,
    )
    if checking.done():
        checking.result()
    checking.cancel()


async def _check(insights: Insights, stop: threading.Event) -> None:
    """End kopf if it did not find what it is to watch: it asks once, and would be deaf for ever.

    An API server that has just begun does not know all its resources yet.
    """
    await insights.ready_resources.wait()
    missing = _WATCHED - {resource.plural for resource in insights.watched_resources}
    if missing:
        stop.set()
        raise WatchEndedError(f"the API server did not know {', '.join(sorted(missing))} at first")


class _Backoffs:
    """Endless, capped and jittered: a watch outlives any outage of the API server."""

    def __iter__(self) -> Iterator[float]:
        for failures in itertools.count():
            yield delay(failures, first=0.2, longest=20.0)


class _NothingToCompare(kopf.DiffBaseStorage):
    """kopf's memory of each object, of which event handlers have no use.

    By default kopf copies each object for it at each event, and reads what is left of it in an
    annotation. What a tenant writes there and is no JSON would keep us deaf for the object.
    """

    def build(self, **_: Any) -> kopf.BodyEssence:
        return kopf.BodyEssence()

    def fetch(self, **_: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        """Nothing, and nowhere."""


def _settings() -> kopf.OperatorSettings:
    """kopf without persistence, posting or peering, and with patience."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.persistence.diffbase_storage = _NothingToCompare()
    # kopf takes its own finalizer from whatever has it: another operator's, or a tenant's joke
    # that our rights do not allow us to take, for which kopf would skip events of the object.
    settings.persistence.finalizer = f"{names.GROUP}/{uuid.uuid4()}"
    # Our resources are there (main waits for them); no need to watch everybody's definitions.
    settings.scanning.disabled = True
    settings.networking.error_backoffs = _Backoffs()
    settings.watching.inactivity_timeout = 70.0
    settings.queueing.idle_timeout = 0.2
    # Pods of others never reach this process.
    settings.watching.label_selectors["pods"] = f"{names.LABEL_MANAGED_BY}={names.MANAGED_BY}"
    return settings


def _registry(
    hand_over: Callable[[Handler, kopf.RawEvent], None], *, clusterwide: bool
) -> kopf.OperatorRegistry:
    """The event handlers of ScanJobs, ScanQueues, attempt Pods, and of namespaces."""
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry)(kopf.login_via_client)

    @kopf.on.event(names.GROUP, names.VERSION, names.SCANJOB_PLURAL, registry=registry)
    async def scanjob_event(event: kopf.RawEvent, **_: Any) -> None:
        hand_over(on_scanjob, event)

    @kopf.on.event(names.GROUP, names.VERSION, names.SCANQUEUE_PLURAL, registry=registry)
    async def scanqueue_event(event: kopf.RawEvent, **_: Any) -> None:
        hand_over(on_scanqueue, event)

    @kopf.on.event(
        "", "v1", "pods", labels={names.LABEL_MANAGED_BY: names.MANAGED_BY}, registry=registry
    )
    async def pod_event(event: kopf.RawEvent, **_: Any) -> None:
        hand_over(on_pod, event)

    if clusterwide:

        @kopf.on.event("", "v1", "namespaces", registry=registry)
        async def namespace_event(event: kopf.RawEvent, **_: Any) -> None:
            hand_over(on_namespace, event)

    return registry
