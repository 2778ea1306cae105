"""What the API server said last: the operator's only cache of objects.

Events, lists and the answers to our own writes all arrive here. Resource versions are comparable
integers (guaranteed since Kubernetes 1.35, true of etcd before), so an older version never
replaces a newer one. Absence from the mirror proves nothing; only a consistent read does.
"""

from __future__ import annotations

import logging
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from scanyard import metrics
from scanyard.controller.dependencies.dependents import Dependents
from scanyard.lifecycle.job import Job, read_job
from scanyard.lifecycle.pods.pod import PodState, read_pod
from scanyard.lifecycle.queue import Queue, read_queue, seen_at
from scanyard.lifecycle.tenancy import Labels

log = logging.getLogger(__name__)

Raw = Mapping[str, Any]
#: How many deleted uids are remembered, against a late answer that would bring one back.
_REMEMBERED = 20_000


class _Reader(Protocol):
    def __call__(self, raw: Raw, /) -> Any: ...


T = TypeVar("T")


class Store(Generic[T]):
    """Objects of one kind by uid, and the uid that a namespace/name has now."""

    def __init__(self, read: _Reader) -> None:
        self._read = read
        self._by_uid: dict[str, tuple[int, str, T]] = {}
        self._uid_of: dict[str, str] = {}
        self._gone: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_uid)

    def uids(self) -> list[str]:
        """All uids, a copy."""
        return list(self._by_uid)

    def get(self, uid: str) -> T | None:
        """The object with that uid."""
        found = self._by_uid.get(uid)
        return None if found is None else found[2]

    def named(self, key: str) -> T | None:
        """The object that has that namespace/name now."""
        return self.get(self._uid_of.get(key, ""))

    def put(self, raw: Raw) -> T | None:
        """Take in a version; returns the object if it is news, else None."""
        meta = raw["metadata"]
        uid, version = meta["uid"], int(meta["resourceVersion"])
        known = self._by_uid.get(uid)
        if uid in self._gone or (known is not None and known[0] >= version):
            return None
        key = key_of(raw)
        try:
            value: T = self._read(raw)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # Somebody else wrote a status that is none of ours: one object must not stop the rest.
            metrics.UNREADABLE_OBJECTS.inc()
            log.warning("%s (%s) cannot be read and is left alone: %r", key, uid, error)
            return None
        self._by_uid[uid] = (version, key, value)
        self._uid_of[key] = uid
        return value

    def forget_unlisted(self, items: Iterable[Raw], version: int) -> list[T]:
        """Forget, and return, what a consistent list of that version no longer has."""
        listed = {raw["metadata"]["uid"] for raw in items}
        gone = [
            uid
            for uid, (known, _, _) in self._by_uid.items()
            if uid not in listed and known <= version
        ]
        return [value for uid in gone if (value := self.forget(uid)) is not None]

    def remove(self, raw: Raw) -> T | None:
        """Take in a deletion; returns the last version of what was known, or None."""
        return self.forget(raw["metadata"]["uid"])

    def forget(self, uid: str) -> T | None:
        """Drop an object that a consistent read did not find; a later answer cannot revive it."""
        self._gone[uid] = None
        while len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)
        found = self._by_uid.pop(uid, None)
        if found is None:
            return None
        if self._uid_of.get(found[1]) == uid:
            del self._uid_of[found[1]]
        return found[2]


class JobStore(Store[Job]):
    """ScanJobs, also by those on which they depend."""

    def __init__(self) -> None:
        super().__init__(read_job)
        self.dependents = Dependents()
        #: Told of each change, whoever made it: the version before (None: it is new) and after
        #: (None: it is gone).
        self.on_news: Callable[[Job | None, Job | None], None] = lambda _before, _after: None

    def put(self, raw: Raw) -> Job | None:
        """As Store.put."""
        before = self.get(raw["metadata"]["uid"])
        job = super().put(raw)
        if job is not None:
            self.dependents.add(job)
            self.on_news(before, job)
        return job

    def forget(self, uid: str) -> Job | None:
        """As Store.forget."""
        job = super().forget(uid)
        if job is not None:
            self.dependents.remove(job)
            self.on_news(job, None)
        return job


class PodStore(Store[PodState]):
    """Attempt Pods, also by the ScanJob that they belong to."""

    def __init__(self) -> None:
        super().__init__(read_pod)
        self._of_job: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def of_job(self, job_uid: str) -> list[PodState]:
        """The Pods of a ScanJob, whether or not it still exists."""
        pods = (self.get(uid) for uid in self._of_job.get(job_uid, ()))
        return [pod for pod in pods if pod is not None]

    def put(self, raw: Raw) -> PodState | None:
        """As Store.put."""
        pod = super().put(raw)
        if pod is not None:
            self._of_job[pod.job_uid][pod.uid] = None
        return pod

    def forget(self, uid: str) -> PodState | None:
        """As Store.forget."""
        pod = super().forget(uid)
        if pod is not None:
            owned = self._of_job[pod.job_uid]
            owned.pop(uid, None)
            if not owned:
                del self._of_job[pod.job_uid]
        return pod


class QueueStore(Store[Queue]):
    """ScanQueues with their windows judged by the clock, when they change and when it is time."""

    def __init__(
        self, now: Callable[[], datetime], allowed_priority_classes: Collection[str]
    ) -> None:
        super().__init__(self._read_judged)
        self._now = now
        self._allowed_priority_classes = frozenset(allowed_priority_classes)

    def look_at_clock(self) -> list[tuple[Queue, Queue]]:
        """Judge those anew whose time has come; returns each before and after."""
        now, changes = self._now(), []
        for uid, (version, key, before) in list(self._by_uid.items()):
            if not before.standing.holds_at(now):
                after = seen_at(before, now)
                self._by_uid[uid] = (version, key, after)
                changes.append((before, after))
        return changes

    def _read_judged(self, raw: Raw) -> Queue:
        queue = read_queue(raw, self._allowed_priority_classes)
        before = self.get(raw["metadata"]["uid"])
        if before is not None and before.windows == queue.windows:
            # Most versions are those of its status; windows are reckoned when it is time.
            queue = replace(queue, standing=before.standing)
        return seen_at(queue, self._now())


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace and its labels."""

    name: str
    labels: Labels


def read_namespace(raw: Raw) -> Namespace:
    """Read a raw Namespace."""
    meta = raw["metadata"]
    return Namespace(meta["name"], dict(meta.get("labels") or {}))


class Mirror:
    """ScanJobs, ScanQueues, attempt Pods and namespaces as last seen.

    `now` is the clock of the windows. An installation for single namespaces sees no namespaces.
    """

    def __init__(
        self, now: Callable[[], datetime], allowed_priority_classes: Collection[str] = ()
    ) -> None:
        self.jobs = JobStore()
        self.queues = QueueStore(now, allowed_priority_classes)
        self.pods = PodStore()
        self.namespaces: Store[Namespace] = Store(read_namespace)

    def labels_of(self, namespace: str) -> Labels | None:
        """The labels of a namespace; None: nobody knows them."""
        found = self.namespaces.named(namespace)
        return None if found is None else found.labels

    def pod_of(self, job_uid: str, attempt: int) -> PodState | None:
        """The Pod of one attempt."""
        return next((p for p in self.pods.of_job(job_uid) if p.attempt == attempt), None)


def key_of(raw: Raw) -> str:
    """namespace/name of a raw object; the name alone of what is in no namespace."""
    meta = raw["metadata"]
    namespace, name = meta.get("namespace"), meta["name"]
    return f"{namespace}/{name}" if namespace else str(name)
