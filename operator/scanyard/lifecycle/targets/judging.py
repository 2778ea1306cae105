"""All that is said about a ScanJob's targets: by the installation, then by its queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.targets.address_sets import AddressSet, span_of
from scanyard.lifecycle.targets.scope import DenyList, ScopeVerdict, is_name


def judge(
    deny: DenyList, job: Job, queue: Queue | None, resolved: Mapping[str, Sequence[str]]
) -> ScopeVerdict:
    """Whether the scan may go, and what it must leave out; names by `resolved`, see there."""
    targets = job.spec["targets"]
    verdict = deny.judge(targets, resolved)
    if verdict.refusal or queue is None or queue.scope is None:
        return verdict
    excluded = job.spec.get("excludeTargets") or ()
    by_queue = queue.scope.judge(queue.name, targets, excluded, resolved)
    return ScopeVerdict(by_queue.refusal, (*verdict.exclude, *by_queue.exclude))


def addresses_of(job: Job) -> int:
    """How many addresses its targets are, less what it excludes; names are not counted."""
    targets = AddressSet.of(span_of(text) for text in job.spec["targets"] if not is_name(text))
    excluded = AddressSet.of(map(span_of, job.spec.get("excludeTargets") or ()))
    return targets.size - (targets & excluded).size
