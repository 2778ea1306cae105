"""Judges from the outside whether limits were kept: by what the API server's watches said.

Shares no code with the operator. Events of Pods, ScanJobs and ScanQueues of one namespace are
replayed in the order of their resource versions, which is the order in which they came about.
A slot is in use from the moment its Pod exists until the scanner's container is reported as
terminated; a Pod that is taken away unread may go on for its grace period and is counted so long,
unless the platform releases its slot by force. What ended on a node that tells nothing the API
server cannot know: a test may tell it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tests.support.audit_objects import PodFacts, QueueFacts, ScanJobFacts, Seen

#: After a limit is lowered, so much later no Pod may be created beyond it.
SETTLING_SECONDS = 2.0
#: So long after it won the Lease a new leader has read everything.
_TAKEOVER_SECONDS = 5.0
#: How long past its grace period a Pod that was removed unread is counted.
_UNREAD_SLACK_SECONDS = 10.0


@dataclass(slots=True)
class History:
    """What happened to one ScanJob."""

    name: str
    priority: int = 0
    pods: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    finished: int = 0
    phase: str = "Pending"


@dataclass(slots=True)
class Verdict:
    """What a replay showed: broken rules in order, and what a test may want to look at."""

    violations: list[str] = field(default_factory=list)
    scanjobs: dict[str, History] = field(default_factory=dict)
    #: Highest number of scanner containers that ran at once, and of live Pods, by queue.
    most_running: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    most_live: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    #: Names of ScanJobs by the creation of their Pods; a new list whenever a slot had come free.
    batches: list[list[str]] = field(default_factory=list)
    #: The uids of Pods that no leader can have known of, and that count no more: they were removed
    #: unread before the status of their ScanJob, or of its queue, told of them, while nobody led
    #: (documented).
    unguaranteed: set[str] = field(default_factory=set)

    def named(self, name: str) -> History:
        """The history of the ScanJob with that name."""
        return next(item for item in self.scanjobs.values() if item.name == name)

    def not_run_once(self) -> dict[str, list[str]]:
        """ScanJobs that have not had exactly one Pod whose scanner ran, with those that had one."""
        return {item.name: item.ran for item in self.scanjobs.values() if len(item.ran) != 1}

    def not_ended_once(self) -> dict[str, int]:
        """ScanJobs that did not come to exactly one end, with how often they came to one."""
        return {i.name: i.finished for i in self.scanjobs.values() if i.finished != 1}


@dataclass(slots=True)
class _LivePod:
    facts: PodFacts
    queue: str
    #: How many were allowed when it was created.
    allowed: int
    #: Set once it was removed unread: until when it may still scan.
    counted_until: float | None = None


class _Replay:
    def __init__(self, settled_at: Callable[[float], float], ends: Mapping[str, float]) -> None:
        self.settled_at = settled_at
        self.ends = ends
        self.holder = ""
        self.led_since = 0.0
        self.verdict = Verdict()
        self.queues: dict[str, list[tuple[float, int]]] = {}
        self.scanjobs: dict[str, ScanJobFacts] = {}
        self.live: dict[str, _LivePod] = {}
        self.freed = True
        self.released: set[str] = set()
        #: ScanJobs that are gone, by uid; Pods of which a queue tells that they hold a slot.
        self.deleted: set[str] = set()
        self.told: dict[str, frozenset[str]] = {}

    def queue_event(self, seen: Seen) -> None:
        facts = QueueFacts.of(seen.raw)
        self.released |= facts.released
        self.told[facts.name] = facts.told
        for pod in list(self.live.values()):
            if pod.counted_until is not None and pod.facts.attempt in self.released:
                self._end(pod.facts.uid)
        limit = 0 if seen.deleted or facts.stopped else facts.limit
        history = self.queues.setdefault(facts.name, [])
        if not history or history[-1][1] != limit:
            history.append((seen.at, limit))

    def lease_event(self, seen: Seen) -> None:
        holder = "" if seen.deleted else str(seen.raw["spec"].get("holderIdentity"))
        if holder != self.holder:
            self.holder, self.led_since = holder, seen.at
            for pod in list(self.live.values()):
                self._forget_unknown(pod)

    def scanjob_event(self, seen: Seen) -> None:
        facts = ScanJobFacts.of(seen.raw)
        before = self.scanjobs.get(facts.uid)
        self.scanjobs[facts.uid] = facts
        if seen.deleted:
            self.deleted.add(facts.uid)
        history = self.verdict.scanjobs.setdefault(facts.uid, History(facts.name))
        history.priority, history.phase = facts.priority, facts.phase
        if before is not None and facts.attempt_count < before.attempt_count:
            self._broken(seen, f"{facts.name} counts fewer attempts than before")
        if before is not None and before.ended:
            if facts.end != before.end and not before.wants_rerun:
                told = f"{facts.name} had ended as {before.end} and now says {facts.end}"
                self._broken(seen, told)
        elif facts.ended:
            history.finished += 1
            if pods := self._live_of(facts.uid, seen.at):
                self._broken(seen, f"{facts.name} has ended while {pods[0].facts.name} lives")

    def pod_event(self, seen: Seen) -> None:
        facts = PodFacts.of(seen.raw)
        if facts.gated:
            if facts.ran or facts.running:
                self._broken(seen, f"the tombstone {facts.name} ran")
            return
        if facts.scanjob_uid is None:
            return
        known = self.live.get(facts.uid)
        if seen.type == "ADDED":
            known = self._created(seen, facts, facts.scanjob_uid)
        if known is None:
            return
        began = facts.running and not known.facts.running
        known.facts = facts
        self._note_run(facts, facts.scanjob_uid)
        unread = facts.node and facts.attempt not in self.released
        if facts.ended or (seen.deleted and not unread):
            self._end(facts.uid)
        elif seen.deleted:
            known.counted_until = seen.at + facts.grace_seconds + _UNREAD_SLACK_SECONDS
            if seen.at < self.led_since + _TAKEOVER_SECONDS:
                self._forget_unknown(known)
        elif began:
            self._check_running(seen, known)

    def _created(self, seen: Seen, facts: PodFacts, scanjob_uid: str) -> _LivePod:
        scanjob = self.scanjobs.get(scanjob_uid)
        queue = scanjob.queue if scanjob is not None else ""
        if scanjob is None:
            self._broken(seen, f"Pod {facts.name} belongs to an unknown ScanJob")
        else:
            if facts.name not in scanjob.admitted_pods:
                self._broken(seen, f"Pod {facts.name} exists before its admission was written")
            for other in self._live_of(scanjob_uid, seen.at):
                self._broken(seen, f"{scanjob.name} has two Pods: {other.facts.name}, {facts.name}")
            self._note_creation(scanjob, facts)
        allowed = self._allowed(queue, seen.at)
        pod = self.live[facts.uid] = _LivePod(facts, queue, allowed)
        count = len(self._live_in(queue, seen.at))
        self.verdict.most_live[queue] = max(self.verdict.most_live[queue], count)
        if count > allowed:
            told = f"Pod {facts.name} is number {count} in queue {queue}, {allowed} allowed"
            self._broken(seen, told)
        return pod

    def _forget_unknown(self, pod: _LivePod) -> None:
        """Another leads, and nothing tells it that there was this Pod."""
        facts = pod.facts
        scanjob = self.scanjobs.get(facts.scanjob_uid or "")
        told = any(facts.name in pods for pods in self.told.values())
        if scanjob is not None and scanjob.uid not in self.deleted:
            told = told or facts.name in scanjob.known_pods
        if pod.counted_until is not None and not told:
            self.verdict.unguaranteed.add(facts.uid)
            self._end(facts.uid)

    def _check_running(self, seen: Seen, began: _LivePod) -> None:
        running = [p for p in self._live_in(began.queue, seen.at) if p.facts.running]
        most = self.verdict.most_running
        most[began.queue] = max(most[began.queue], len(running))
        # After the limit was lowered what it had allowed before may still finish.
        allowed = max((pod.allowed for pod in running), default=0)
        if len(running) > allowed:
            names = ", ".join(pod.facts.name for pod in running)
            self._broken(seen, f"{len(running)} scanners run, {allowed} allowed: {names}")

    def _note_creation(self, scanjob: ScanJobFacts, facts: PodFacts) -> None:
        self.verdict.scanjobs[scanjob.uid].pods.append(facts.name)
        if self.freed:
            self.verdict.batches.append([])
            self.freed = False
        self.verdict.batches[-1].append(scanjob.name)

    def _note_run(self, facts: PodFacts, scanjob_uid: str) -> None:
        history = self.verdict.scanjobs.get(scanjob_uid)
        if history is not None and facts.ran and facts.name not in history.ran:
            history.ran.append(facts.name)

    def _end(self, uid: str) -> None:
        self.live.pop(uid, None)
        self.freed = True

    def _live_in(self, queue: str, now: float) -> list[_LivePod]:
        return [pod for pod in self._live(now) if pod.queue == queue]

    def _live_of(self, scanjob_uid: str, now: float) -> list[_LivePod]:
        return [pod for pod in self._live(now) if pod.facts.scanjob_uid == scanjob_uid]

    def _live(self, now: float) -> list[_LivePod]:
        return [pod for pod in self.live.values() if self._may_scan(pod, now)]

    def _may_scan(self, pod: _LivePod, now: float) -> bool:
        end = self.ends.get(pod.facts.name)
        if end is not None and end <= now:
            return False
        return pod.counted_until is None or now < pod.counted_until

    def _allowed(self, queue: str, now: float) -> int:
        """The highest limit that was in force within the settling time."""
        history = self.queues.get(queue, [(0.0, 0)])
        since = self.settled_at(now)
        old = [limit for at, limit in history if at <= since][-1:]
        return max(old + [limit for at, limit in history if at > since])

    def _broken(self, seen: Seen, what: str) -> None:
        self.verdict.violations.append(f"version {seen.version}: {what}")


def judge(
    events: Iterable[Seen],
    *,
    settled_at: Callable[[float], float] = lambda now: now - SETTLING_SECONDS,
    ends: Mapping[str, float] | None = None,
) -> Verdict:
    """Replay the events of one namespace, in any order of arrival.

    `settled_at` gives, for a moment, the one at which everything had been heard of that the
    operator must go by. `ends`: of Pods by name, when their scanner had ended by better knowledge
    than the API server's, by the events' clock.
    """
    replay = _Replay(settled_at, ends or {})
    handlers = {
        "Pod": replay.pod_event,
        "ScanJob": replay.scanjob_event,
        "ScanQueue": replay.queue_event,
        "Lease": replay.lease_event,
    }
    for seen in sorted(events, key=lambda item: item.version):
        handlers[seen.kind](seen)
    return replay.verdict
