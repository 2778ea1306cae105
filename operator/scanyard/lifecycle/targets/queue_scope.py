"""The scope of a queue: what its ScanJobs may reach, and what they may not.

Addresses are judged as unions: a target may be covered by several allowed networks that lie side
by side. What a ScanJob excludes by itself need not lie in scope. A name is judged by its text as
soon as the ScanJob is seen, and at admission by the addresses that it was resolved to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from scanyard.lifecycle.targets.address_sets import AddressSet, Span, span_of
from scanyard.lifecycle.targets.domains import Domains
from scanyard.lifecycle.targets.embedded import with_ipv6_forms, without_embedded
from scanyard.lifecycle.targets.scope import ScopeVerdict, is_name

_ALLOW: Final = "create a ScanJob without it, or add it to the queue's scope.allow"
_DENY: Final = "create a ScanJob without it, or take it out of the queue's scope.deny"


@dataclass(frozen=True, slots=True)
class QueueScope:
    """What a queue's ScanJobs may reach.

    `allow` is None where everything is allowed; an empty one allows nothing. Two scopes are the
    same if their texts are.
    """

    allow: tuple[str, ...] | None
    deny: tuple[str, ...]
    _allowed: _Side = field(compare=False, repr=False)
    _denied: _Side = field(compare=False, repr=False)

    @property
    def reach(self) -> AddressSet | None:
        """The addresses that any target may have; None: all."""
        return self._allowed.addresses if self._limits(name=True) else None

    @property
    def denied_reach(self) -> AddressSet:
        """The addresses that no target may have."""
        return self._denied.addresses

    @property
    def has_domains(self) -> bool:
        """Whether it speaks of names, whose addresses nobody knows beforehand."""
        return bool(self._allowed.domains) or bool(self._denied.domains)

    def judge(
        self,
        queue_name: str,
        targets: Sequence[str],
        excluded: Sequence[str],
        resolved: Mapping[str, Sequence[str]],
    ) -> ScopeVerdict:
        """Judge canonical targets; the addresses of names not in `resolved` are left for later.

        `excluded`: what the ScanJob leaves out. The verdict's `exclude` has the denied parts of
        the targets.
        """
        left_out = AddressSet.of(map(span_of, excluded))
        may_reach = self._allowed.addresses | left_out
        may_not_reach = self._denied.addresses | left_out
        spans: list[Span] = []
        for target in targets:
            name = is_name(target)
            if name and (why := self._name_refused(queue_name, target)):
                return ScopeVerdict(f"target {target} {why}")
            for text in resolved.get(target, ()) if name else (target,):
                span = span_of(text)
                spans.append(span)
                told = f"target {target} (resolves to {text})" if name else f"target {target}"
                if self._limits(name=name) and (part := may_reach.first_outside(span)):
                    return ScopeVerdict(f"{told} {self._outside(queue_name, span, part)}")
                if self._is_denied(span, may_not_reach, left_out):
                    return ScopeVerdict(f"{told} lies in what queue {queue_name} denies; {_DENY}")
        denied = AddressSet.of(spans) & self._denied.addresses if self._denied.addresses else None
        return ScopeVerdict("", tuple(map(str, denied.spans())) if denied else ())

    def _limits(self, *, name: bool) -> bool:
        """Whether addresses must lie in allowed networks: not a name's where only names are."""
        if self.allow is None:
            return False
        return not name or bool(self._allowed.addresses) or not self._allowed.domains

    def _is_denied(self, span: Span, may_not_reach: AddressSet, left_out: AddressSet) -> bool:
        """Whether nothing is left of it, and not because the ScanJob itself leaves it out."""
        if not self._denied.addresses or may_not_reach.first_outside(span) is not None:
            return False
        return left_out.first_outside(span) is not None

    def _name_refused(self, queue_name: str, name: str) -> str:
        if (pattern := self._denied.domains.matching(name)) is not None:
            return f"matches {pattern}, which queue {queue_name} denies; {_DENY}"
        domains = self._allowed.domains
        if domains and domains.matching(name) is None:
            return f"matches none of the domains that queue {queue_name} allows; {_ALLOW}"
        return ""

    def _outside(self, queue_name: str, span: Span, part: Span) -> str:
        if self._allowed.domains and not self._allowed.addresses:
            return f"is no name, and queue {queue_name} allows names only; {_ALLOW}"
        if (part.first, part.last) == (span.first, span.last):
            return f"lies outside of what queue {queue_name} allows; {_ALLOW}"
        return (
            f"lies only in part in what queue {queue_name} allows: {part} is outside; leave that "
            "out by excludeTargets in a new ScanJob, or add it to the queue's scope.allow"
        )


@dataclass(frozen=True, slots=True)
class _Side:
    """All items of allow, or of deny."""

    addresses: AddressSet
    domains: Domains


def read_scope(raw: Mapping[str, Any] | None) -> QueueScope | None:
    """A queue's `scope`, which the API server has validated; None: there is none."""
    if not raw:
        return None
    allow = raw.get("allow")
    return _compiled(None if allow is None else tuple(allow), tuple(raw.get("deny") or ()))


# A queue is read anew at every write of its status, and its scope changes rarely.
@lru_cache(maxsize=1024)
def _compiled(allow: tuple[str, ...] | None, deny: tuple[str, ...]) -> QueueScope:
    allowed = [part for span in _spans(allow or ()) for part in without_embedded(span)]
    return QueueScope(allow, deny, _side(allowed, allow or ()), _side(_spans(deny), deny))


def _side(spans: Iterable[Span], items: Iterable[str]) -> _Side:
    forms = (form for span in spans for form in with_ipv6_forms(span))
    return _Side(AddressSet.of(forms), Domains.of(filter(is_name, items)))


def _spans(items: Iterable[str]) -> list[Span]:
    return [span_of(item) for item in items if not is_name(item)]
