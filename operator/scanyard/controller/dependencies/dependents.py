"""Who depends on a ScanJob: so that one that changes reaches only those that wait for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from scanyard.lifecycle.job import Job


class Dependents:
    """Uids of ScanJobs by the key "namespace/name" of each that they depend on, there or not."""

    def __init__(self) -> None:
        self._of: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def of(self, key: str) -> Iterable[str]:
        """Who names it in dependsOn; a copy."""
        return tuple(self._of.get(key, ()))

    def add(self, job: Job) -> None:
        """It exists; its dependsOn never changes."""
        for need in job.needs:
            self._of[f"{job.namespace}/{need.name}"][job.uid] = None

    def remove(self, job: Job) -> None:
        """It is gone."""
        for need in job.needs:
            key = f"{job.namespace}/{need.name}"
            self._of[key].pop(job.uid, None)
            if not self._of[key]:
                del self._of[key]
