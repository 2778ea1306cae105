"""What the mirror tells of dependencies: how they stand, and whom a change concerns."""

from __future__ import annotations

from scanyard.controller.mirror import JobStore
from scanyard.lifecycle.dependencies.dependency import (
    Dependency,
    awaits,
    dependency_on,
    find_cycle,
    state_of,
)
from scanyard.lifecycle.job import Job


def dependencies_of(jobs: JobStore, job: Job) -> tuple[Dependency, ...]:
    """How the ScanJobs stand that it names in dependsOn."""
    return tuple(
        dependency_on(need, jobs.named(f"{job.namespace}/{need.name}")) for need in job.needs
    )


def cycle_of(jobs: JobStore, job: Job) -> tuple[str, ...]:
    """The way from it back to itself; one on whom nobody depends has none, and costs nothing."""
    if not awaits(job) or not jobs.dependents.of(job.key):
        return ()
    return find_cycle(job, jobs.named)


def waiting_dependents(jobs: JobStore, key: str) -> list[str]:
    """Uids of those that wait, and depend on the ScanJob with that key."""
    found = (jobs.get(uid) for uid in jobs.dependents.of(key))
    return [job.uid for job in found if job is not None and awaits(job)]


def concerned(jobs: JobStore, before: Job | None, after: Job | None) -> list[str]:
    """Uids of those that may be judged differently now: dependents, and all of a cycle.

    A cycle comes and goes with a ScanJob that begins or ceases to wait; the others of it need not
    depend on that one directly, and would go on telling what is no longer so.
    """
    job = after or before
    if job is None or not jobs.dependents.of(job.key) or state_of(before) is state_of(after):
        return []
    uids = waiting_dependents(jobs, job.key)
    versions = [version for version in (before, after) if version is not None and awaits(version)]
    if len(versions) == 1:
        others = (jobs.named(f"{job.namespace}/{n}") for n in find_cycle(versions[0], jobs.named))
        uids.extend(other.uid for other in others if other is not None)
    return uids
