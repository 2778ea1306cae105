"""What the parts of the controller share: one process, one leadership, one set of truths."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakValueDictionary

from scanyard.controller.admission.budgets import Budgets
from scanyard.controller.admission.judgements import Judgements
from scanyard.controller.admission.oldest import Oldest
from scanyard.controller.admission.pending import Pending
from scanyard.controller.admission.placement import Placement, Standing
from scanyard.controller.admission.refused_admissions import RefusedAdmissions
from scanyard.controller.dependencies.standings import concerned
from scanyard.controller.explaining.questions import Questions
from scanyard.controller.explaining.recent import RecentWrites
from scanyard.controller.explaining.run_times import RunTimes
from scanyard.controller.mirror import Mirror
from scanyard.controller.pods.attempts import AttemptMemories
from scanyard.controller.pods.held_slots import HeldSlots
from scanyard.controller.pods.node_slots import NodeSlots
from scanyard.controller.timetable import Timetable
from scanyard.controller.unconfirmed import Unconfirmed
from scanyard.controller.watch_lag import WatchLag
from scanyard.controller.workqueue import WorkQueue
from scanyard.kube.client import KubeClient
from scanyard.kube.resources import SCANJOBS, SCANQUEUES
from scanyard.lifecycle.explaining.outlook import Outlook, Question
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.targets.scope import DenyList
from scanyard.lifecycle.timeouts.timeout import is_adaptive
from scanyard.lifecycle.timing.ttl import delete_at
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
    a slot has been asked, and not answered yet. `lags` are by the plural of what is written.
    `expiring` are uids of finished ScanJobs, by when they are deleted. `outlooks` and `asked`, by
    uid, are what the next look at a ScanJob is to write of its place, and of why it waits; `shown`
    are uids whose status tells a place. `policy_states`: by queue key, how its NetworkPolicy
    stands: whether it says all of the scope, a reason and a message.
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
    outlooks: dict[str, Outlook] = field(default_factory=dict)
    asked: dict[str, Question] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    recent: RecentWrites = field(default_factory=RecentWrites)
    questions: Questions = field(default_factory=Questions)
    run_times: RunTimes = field(default_factory=RunTimes)
    changed_queues: set[str] = field(default_factory=set)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    lost_nodes: set[str] = field(default_factory=set)
    taking: set[str] = field(default_factory=set)
    expiring: Timetable = field(default_factory=Timetable)
    unconfirmed: Unconfirmed = field(default_factory=Unconfirmed)
    lags: dict[str, WatchLag] = field(
        default_factory=lambda: {SCANJOBS.plural: WatchLag(), SCANQUEUES.plural: WatchLag()}
    )
    oldest: Oldest = field(init=False)
    listed: asyncio.Event = field(default_factory=asyncio.Event)
    ledger_current: bool = False
    ledger_trouble: str = "the ledger has not been built yet"
    budgets: Budgets = field(init=False)
    pending: Pending = field(init=False)
    node_slots: NodeSlots = field(init=False)
    policy_states: dict[str, tuple[bool, str, str]] = field(default_factory=dict)
    _judgements: Judgements = field(default_factory=Judgements)
    _locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    def __post_init__(self) -> None:
        self.mirror = Mirror(self.now, self.settings.allowed_priority_classes)
        self.budgets = Budgets(self.mirror, self.settings.packets_per_second)
        self.budgets.on_hot = self.wake.set
        self.pending = Pending(self.placement, self.mirror.queues.named)
        self.pending.on_room = lambda key: self.budgets.heat({key})
        self.oldest = Oldest(self.placement.is_eligible)
        self.placement.on_eligible = self._became_eligible
        self.node_slots = NodeSlots(self.mirror)
        self.placement.on_slot = self._slot_changed
        self.mirror.jobs.on_news = self._job_news

    def _became_eligible(self, uid: str, queue: str) -> None:
        job = self.mirror.jobs.get(uid)
        if job is not None:
            self.oldest.began(queue, uid, job.queued_at)

    def _job_news(self, before: Job | None, after: Job | None) -> None:
        """A ScanJob came, changed or went: so do dependencies of others, and its own last day."""
        self.unconfirmed.news(before, after)
        for uid in concerned(self.mirror.jobs, before, after):
            self.placement.tell_again(uid)
            self.dirty.add(uid)
        if after is not None:
            self.set_expiry(after)
            self._heard(before, after)
        elif before is not None:
            self.expiring.set(before.uid, None)
            self.lags[SCANJOBS.plural].forget(before.uid)
            self.shown.discard(before.uid)

    def _heard(self, before: Job | None, after: Job) -> None:
        """What explaining takes from it: run times, places that are shown, questions, writes."""
        self.run_times.learn(before, after)
        self.questions.heard(after, self.now())
        if after.status.queue_position is None:
            self.shown.discard(after.uid)
        else:
            self.shown.add(after.uid)
        if before is None or after.status.phase != "Queued":
            return
        if before.status != after.status:
            self.recent.wrote(after.uid, self.now())

    def tell(self, uid: str, outlook: Outlook) -> None:
        """Have its status tell why it waits, and this of its place."""
        self.outlooks[uid] = outlook
        self.recent.wrote(uid, self.now())
        self.announce.add(uid)
        self.dirty.add(uid)

    def told(self, uid: str, outlook: Outlook | None, question: Question | None) -> None:
        """That was written; what came meanwhile was not."""
        if self.outlooks.get(uid) is outlook:
            self.outlooks.pop(uid, None)
            self.announce.discard(uid)
        if self.asked.get(uid) is question:
            self.asked.pop(uid, None)

    def _slot_changed(self, uid: str, standing: Standing | None) -> None:
        self.budgets.slot_changed(uid, standing)
        self.node_slots.slot_changed(uid, standing)

    def set_expiry(self, job: Job) -> None:
        """Say when it is to be deleted, by what its queue says now."""
        self.expiring.set(job.uid, delete_at(job, self.queue_of(job)))

    def queue_of(self, job: Job) -> Queue | None:
        """The queue that admitted it, or that it waits for; None: there is none that takes it.

        A queue that does not take ScanJobs of its namespace is to it as one that is not there;
        of one that has admitted it nothing but its own settings counts until the attempt has ended.
        """
        attempt = job.status.open_attempt
        if attempt is not None:
            return self.mirror.queues.named(attempt.queue)
        takes = self.takes(job.queue_key, job.namespace)
        return self.mirror.queues.named(job.queue_key) if takes else None

    def takes(self, queue_key: str, namespace: str) -> bool:
        """Whether there is such a queue, and it takes ScanJobs of the namespace."""
        queue = self.mirror.queues.named(queue_key)
        return queue is not None and queue.takes(namespace, self.mirror.labels_of(namespace))

    def queue_changed(self, queue_key: str) -> None:
        """Let the admission loop look at the queue."""
        self.changed_queues.add(queue_key)
        self.wake.set()

    def look_at_all(self) -> None:
        """Look anew at all ScanJobs; first at those that are gone, and stand somewhere yet.

        Their last event may have come while the ledger was rebuilt with them: no other one comes.
        """
        jobs = self.mirror.jobs.uids()
        for uid in (*self.placement.uids().difference(jobs), *jobs):
            self.dirty.add(uid)

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
        """How many addresses the targets are; not counted where nobody asks."""
        counted = queue is not None and (queue.max_addresses is not None or is_adaptive(job, queue))
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
        self.outlooks.pop(uid, None)
        self.asked.pop(uid, None)
        self.refused.forget(uid)
        self.budgets.forget(uid)
        self._judgements.forget(uid)
