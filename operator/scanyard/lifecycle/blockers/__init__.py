"""What keeps a ScanJob out of its queue's order, one rule a file.

A rule looks at one ScanJob alone, never at how many others run or wait: those limits are judged at
admission. To add one: a file here, its place in RULES, its reason in REASONS.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from scanyard.lifecycle.blockers import (
    backoff,
    dependencies,
    exceeds_budget,
    limits,
    namespace,
    not_before,
    scanner,
    scope,
    size,
)
from scanyard.lifecycle.blockers.blocked import Blocked
from scanyard.lifecycle.decision import View
from scanyard.lifecycle.status import JobStatus

Rule = Callable[[View, JobStatus], Blocked | None]

#: In the order in which they are told: what a person must mend comes first, then what takes time.
RULES: Final[tuple[Rule, ...]] = (
    namespace.not_allowed,
    scope.denied,
    scanner.not_allowed,
    size.too_large,
    limits.exceeded,
    exceeds_budget.exceeds_budget,
    not_before.too_early,
    dependencies.unmet,
    backoff.put_off,
)
#: What their users are told; such a ScanJob must not go on saying so when nothing blocks it.
REASONS: Final = frozenset(
    {
        namespace.REASON,
        scope.REASON,
        scanner.REASON,
        size.REASON,
        limits.REASON,
        exceeds_budget.REASON,
        not_before.REASON,
        dependencies.REASON,
    }
)


def first_blocker(view: View, status: JobStatus) -> Blocked | None:
    """The first rule that keeps it back; None: it may wait for a slot."""
    return next((found for rule in RULES if (found := rule(view, status)) is not None), None)
