"""What the parts of the controller share: one process, one leadership, one set of truths."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakValueDictionary

from scanyard.controller.attempts import AttemptMemories
from scanyard.controller.budgets import Budgets
from scanyard.controller.dependencies import concerned
from scanyard.controller.held_slots import HeldSlots
from scanyard.controller.judgements import Judgements
from scanyard.controller.mirror import Mirror
from scanyard.controller.placement import Placement
from scanyard.controller.refused_admissions import RefusedAdmissions
from scanyard.controller.timetable import Timetable
from scanyard.controller.workqueue import WorkQueue
from scanyard.kube.client import KubeClient
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.scope import DenyList
from scanyard.lifecycle.ttl import delete_at
from scanyard.queueing.writer import LedgerWriter
from scanyard.settings import Settings

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Context:
    """Shared by handlers, reconciler, admission loop and reporters.

    `now` tells the API server's time. `dirty` holds ScanJob uids. `wake` tells the admission loop
    that something may go now.
    `changed_queues` are queue keys whose heads or limits may have changed. `lost_nodes` were not
    Ready, or gone, when they were read last, and are read again while a Pod on them is to end.
    `listed` is set once everything has been listed for the first time. `taking` are uids for which
    a slot has been asked, and not answered yet. `expiring` are uids of finished ScanJobs, by when
    they are deleted.
    """

    settings: Settings
    kube: KubeClient
    ledger: LedgerWriter
    fence: int
    deny: DenyList
    now: Callable[[], datetime]
    mirror: Mirror = field(init=False)
    placement: Placement = field(default_factory=Placement)
    memories: AttemptMemories = field(default_factory=AttemptMemories)
    held_slots: HeldSlots = field(default_factory=HeldSlots)
    refused: RefusedAdmissions = field(default_factory=RefusedAdmissions)
    dirty: WorkQueue = field(default_factory=lambda: WorkQueue(time.monotonic))
    announce: set[str] = field(default_factory=set)
    changed_queues: set[str] = field(default_factory=set)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    lost_nodes: set[str] = field(default_factory=set)
    taking: set[str] = field(default_factory=set)
    expiring: Timetable = field(default_factory=Timetable)
    listed: asyncio.Event = field(default_factory=asyncio.Event)
    ledger_current: bool = False
    ledger_trouble: str = "the ledger has not been built yet"
    budgets: Budgets = field(init=False)
    _judgements: Judgements = field(default_factory=Judgements)
    _locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    def __post_init__(self) -> None:
        self.mirror = Mirror(self.now)
        self.budgets = Budgets(self.mirror, self.settings.packets_per_second)
        self.budgets.on_hot = self.wake.set
        self.placement.on_slot = self.budgets.slot_changed
        self.mirror.jobs.on_news = self._job_news

    def _job_news(self, before: Job | None, after: Job | None) -> None:
        """A ScanJob came, changed or went: so do dependencies of others, and its own last day."""
        for uid in concerned(self.mirror.jobs, before, after):
            self.placement.tell_again(uid)
            self.dirty.add(uid)
        if after is not None:
            self.set_expiry(after)
        elif before is not None:
            self.expiring.set(before.uid, None)

    def set_expiry(self, job: Job) -> None:
        """Say when it is to be deleted, by what its queue says now."""
        self.expiring.set(job.uid, delete_at(job, self.mirror.queues.named(job.queue_key)))

    def queue_changed(self, queue_key: str) -> None:
        """Let the admission loop look at the queue."""
        self.changed_queues.add(queue_key)
        self.wake.set()

    def ledger_lost(self, why: str) -> None:
        """The ledger is away or stale: nothing is admitted until it has been rebuilt."""
        if why != self.ledger_trouble:
            log.warning("nothing is admitted for now: %s", why)
        self.ledger_current, self.ledger_trouble = False, why
        self.wake.set()

    def refusal_of(self, job: Job, queue: Queue | None) -> str:
        """Why the installation or the queue refuses the targets, as far as they need no DNS."""
        return self._judgements.refusal_of(self.deny, job, queue)

    def addresses_of(self, job: Job, queue: Queue | None) -> int:
        """How many addresses the targets are; not counted where the queue does not ask."""
        counted = queue is not None and queue.max_addresses is not None
        return self._judgements.addresses_of(job) if counted else 0

    def lock(self, uid: str) -> asyncio.Lock:
        """One ScanJob is changed by one task at a time."""
        lock = self._locks.get(uid)
        if lock is None:
            lock = self._locks[uid] = asyncio.Lock()
        return lock

    def forget(self, uid: str) -> None:
        """Nothing of the ScanJob is left."""
        self.memories.forget(uid)
        self.held_slots.settled(uid)
        self.announce.discard(uid)
        self.refused.forget(uid)
        self.budgets.forget(uid)
        self._judgements.forget(uid)
