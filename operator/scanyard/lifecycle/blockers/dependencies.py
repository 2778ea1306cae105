"""ScanJobs that must come first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from scanyard.lifecycle.blockers.blocked import Blocked
from scanyard.lifecycle.decision import View
from scanyard.lifecycle.dependencies.dependency import Dependency, State, all_met
from scanyard.lifecycle.status import JobStatus

REASON: Final = "WaitingForDependency"

_KEY: Final = "dependency"
#: How many are named of those that are missing, of those that failed, of those to wait for.
_NAMED = 3
#: A longer way back to itself is told by its ends.
_LONGEST_CYCLE = 10


def unmet(view: View, status: JobStatus) -> Blocked | None:
    """Until all have finished as they must; one that changes, comes or goes is heard of."""
    if all_met(view.job, status, view.dependencies):
        return None
    if view.cycle:
        return Blocked(_KEY, REASON, _cycle_words(view.cycle), mistake=True)
    waited_for = [dependency for dependency in view.dependencies if not dependency.met]
    return Blocked(_KEY, REASON, _words(waited_for))


def _cycle_words(cycle: tuple[str, ...]) -> str:
    way = list(cycle)
    if len(way) > _LONGEST_CYCLE:
        way[_LONGEST_CYCLE // 2 : -_LONGEST_CYCLE // 2] = ["…"]
    return (
        f"depends on itself: {' → '.join(way)}; delete one of them and create it without dependsOn"
    )


def _words(waited_for: Sequence[Dependency]) -> str:
    missing = [item for item in waited_for if item.state is State.MISSING]
    failed = [item for item in waited_for if item.failed]
    coming = [item for item in waited_for if item not in missing and item not in failed]
    parts = []
    if missing:
        parts.append(
            f"there is no ScanJob {_names(missing)} in this namespace yet; create it and this one "
            "will run"
        )
    if failed:
        parts.append(
            f"{_names(failed, with_phase=True)} did not succeed; run it again by a new rerunToken "
            "and this one will run"
        )
    if coming:
        parts.append(f"waits for {_names(coming, with_state=True)}")
    return "; ".join(parts)


def _names(
    items: Sequence[Dependency], *, with_state: bool = False, with_phase: bool = False
) -> str:
    texts = []
    for item in items[:_NAMED]:
        note = item.state.value if with_state else item.phase if with_phase else ""
        texts.append(f"{item.need.name} ({note})" if note else item.need.name)
    more = len(items) - _NAMED
    return ", ".join(texts) + (f" and {more} more" if more > 0 else "")
