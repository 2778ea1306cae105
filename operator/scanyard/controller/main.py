"""The operator process: wait for its dependencies, lead, and end rather than go on half-broken."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import uuid
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

from redis.asyncio import Redis

from scanyard import metrics
from scanyard.controller.admission.announcer import Announcer
from scanyard.controller.admission.loop import run_admission
from scanyard.controller.backoff import Backoff
from scanyard.controller.context import Context
from scanyard.controller.explaining.answers import Answerer
from scanyard.controller.explaining.refresher import Refresher
from scanyard.controller.leadership import Leadership
from scanyard.controller.network_policies import NetworkPolicies
from scanyard.controller.pods.progress import ProgressReader
from scanyard.controller.probes import Probes, serve_probes
from scanyard.controller.queue_status import QueueReporter
from scanyard.controller.reconcile import workers
from scanyard.controller.redis_client import redis_for
from scanyard.controller.service_ranges import service_networks
from scanyard.controller.sweep import clear_pods_for_ever, sweep_for_ever
from scanyard.controller.timing.expiry import delete_expired_for_ever
from scanyard.controller.timing.window_clock import watch_windows
from scanyard.controller.watch import WatchEndedError, watch
from scanyard.errors import InvalidInputError, ScanyardError
from scanyard.kube.client import KubeClient
from scanyard.kube.connection import connect
from scanyard.kube.errors import KubeError, KubeNotFoundError, NoClusterError
from scanyard.kube.lease import LeaseLostError
from scanyard.kube.listing import list_in
from scanyard.kube.resources import SCANJOBS
from scanyard.kube.server_clock import ServerClock
from scanyard.lifecycle.targets.address_sets import IPNetwork
from scanyard.lifecycle.targets.scope import DenyList
from scanyard.logs import about, configure_logging
from scanyard.queueing.errors import Fenced
from scanyard.queueing.ledger import Ledger
from scanyard.queueing.writer import LedgerWriter
from scanyard.settings import Settings, load_log_settings, load_settings

log = logging.getLogger(__name__)

_Error = TypeVar("_Error", bound=BaseException)

#: Well within the grace period of a Pod.
_STOP_SECONDS = 15.0


def run() -> int:
    """Run the operator until it is told to stop; returns the exit code."""
    configure_logging(load_log_settings())
    try:
        settings = load_settings()
        configure_logging(settings, settings.secrets)
        # Not uvloop: where TLS handshakes are reset or time out, as an API server's restart makes
        # them, it closes descriptors of other connections (0.23; not with asyncio's own loop).
        asyncio.run(_run(settings))
    except (InvalidInputError, NoClusterError) as error:
        log.critical("this process cannot begin: %s", error)
        return 2
    except ExceptionGroup as group:
        # Crash-only: a restart is always safe, so any surprise ends the process.
        deposed = group.subgroup((Fenced, LeaseLostError, WatchEndedError))
        if deposed is None:
            log.critical("this process ends by a surprise", exc_info=group)
            return 1
        log.critical("this process can lead no more and ends: %s", _leaves(deposed)[0])
        return 3
    except Exception as error:
        log.critical("this process ends by a surprise", exc_info=error)
        return 1
    return 0


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serve_probes(settings.http_port) as probes:
        leading = asyncio.create_task(_lead(settings, probes))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({leading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if leading.done():
            leading.result()
            raise ScanyardError("the operator's tasks ended")
        log.info("stopping; running scans go on")
        leading.cancel()
        loop.call_later(_STOP_SECONDS, _end_without_tasks, "it was told to stop")
        await asyncio.wait({leading})


def _end_without_tasks(why: object) -> NoReturn:
    """Whatever hangs: any moment is a good one to end, what is half done is decided anew."""
    log.critical("not all tasks ended within %.0f s; ends without them: %s", _STOP_SECONDS, why)
    # What a normal end does, too: the last lines may still have to be written to a file.
    logging.shutdown()
    os._exit(1)


async def _lead(settings: Settings, probes: Probes) -> None:
    """Stand by, lead, and let go of the Lease when all of this process has stopped."""
    connection = connect()
    redis = redis_for(settings)  # connects when first used
    # A renewal that hangs must leave time for another.
    patience = max(settings.lease_seconds / 3, 1.0)
    clock = ServerClock()
    async with KubeClient(
        connection, _observe_api, clock=clock, timeout_seconds=patience
    ) as lease_client:
        leadership = Leadership(
            lease_client,
            tuple(settings.watch_namespaces),
            identity=_identity(settings),
            seconds=settings.lease_seconds,
            unix_seconds=clock.unix_seconds,
        )
        await leadership.acquire(probes.stand_by)
        probes.lead()
        beyond = 0
        try:
            async with KubeClient(
                connection, _observe_api, clock=clock, guard=leadership.check
            ) as kube:
                await _work(settings, probes, kube, redis, leadership, clock)
        except* Fenced as group:
            # The Lease was deleted while the API server's clock was wrong: the next must be above.
            beyond = max(fenced.stored for fenced in _leaves(group))
            raise
        finally:
            await leadership.release(beyond)


def _identity(settings: Settings) -> str:
    """New for each process: nobody may take over what an earlier one has under way."""
    return f"{settings.pod_name or socket.gethostname()}_{uuid.uuid4()}"


def _leaves(group: BaseExceptionGroup[_Error]) -> list[_Error]:
    """The errors of a group of groups."""
    found: list[_Error] = []
    for error in group.exceptions:
        found.extend(_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    return found


async def _work(
    settings: Settings,
    probes: Probes,
    kube: KubeClient,
    redis: Redis,
    leadership: Leadership,
    clock: ServerClock,
) -> None:
    """All that a leader does; the end of any of it is the end of all.

    That goes for the Lease, too: nobody else would lead if it were renewed while a task hangs that
    is to end.
    """
    fence = leadership.fence
    ledger = Ledger(
        redis,
        settings.installation,
        observe=lambda _, seconds: metrics.REDIS_SECONDS.observe(seconds),
        unix_microseconds=lambda: int(clock.unix_seconds() * 1_000_000),
    )
    async with LedgerWriter(ledger) as writer, asyncio.TaskGroup() as group:
        group.create_task(_never_ending(leadership.keep()))
        denied = await _wait_for_api(kube, settings, probes)
        context = Context(settings, kube, writer, fence, DenyList.of(denied), clock.now)
        probes.context = context
        metrics.INSTALLATION_LIMIT.set(settings.max_concurrent_scans)
        with about(fence=fence):
            log.info("leading with fence %d; %d networks are denied", fence, len(denied))
            for task in _tasks(context, ledger):
                group.create_task(_never_ending(task))


def _tasks(context: Context, ledger: Ledger) -> list[Coroutine[Any, Any, Any]]:
    announcer = Announcer(context, ledger)
    context.placement.on_waiting = announcer.began_to_wait
    queues = QueueReporter(context)
    optional = [NetworkPolicies(context).run()] if context.settings.network_policy_per_queue else []
    return [
        *optional,
        watch(context),
        *workers(context),
        run_admission(context, ledger),
        announcer.run(),
        Refresher(context, ledger).run(),
        Answerer(context, ledger).run(),
        ProgressReader(context).run(),
        queues.measure_for_ever(),
        queues.report_for_ever(),
        watch_windows(context),
        sweep_for_ever(context, ledger),
        clear_pods_for_ever(context),
        delete_expired_for_ever(context),
    ]


async def _never_ending(task: Coroutine[Any, Any, Any]) -> NoReturn:
    """One of a group without groups within: its end is that of all, which have only so long."""
    try:
        await task
        raise ScanyardError(f"a task that never ends ended: {task}")
    except asyncio.CancelledError as error:
        this = asyncio.current_task()
        if this is not None and this.cancelling():
            raise
        # A group takes no notice of one that ends so by itself, and would go on without it.
        raise _must_end(ScanyardError(f"nobody cancelled what was cancelled: {task}")) from error
    except Exception as error:
        _must_end(error)
        raise


def _must_end(error: Exception) -> Exception:
    """From now on all tasks have only so long."""
    asyncio.get_running_loop().call_later(_STOP_SECONDS, _end_without_tasks, error)
    return error


async def _wait_for_api(kube: KubeClient, settings: Settings, probes: Probes) -> list[IPNetwork]:
    """Wait until the API server answers and has our resources; returns the denied networks."""
    backoff = Backoff(longest=5.0)
    while True:
        try:
            # Whether they are known, and may be read.
            await list_in(kube, settings.scope, SCANJOBS, fields="metadata.name=-")
            return [*settings.denied_networks, *await service_networks(kube, settings.scope)]
        except KubeNotFoundError:
            probes.waiting_for = "the ScanJob and ScanQueue resources; install the crds"
        except KubeError as error:
            probes.waiting_for = f"the API server: {error}"
        log.warning("waits for %s", probes.waiting_for)
        await asyncio.sleep(backoff.next_delay())


def _observe_api(verb: str, resource: str, status: int, seconds: float) -> None:
    metrics.API_REQUESTS.labels(verb, resource, str(status)).inc()
    metrics.API_SECONDS.labels(verb, resource).observe(seconds)
