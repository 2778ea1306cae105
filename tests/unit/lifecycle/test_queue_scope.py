"""What a queue's scope says to targets: a table, and against a checker of single addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanyard.lifecycle.targets.address_sets import AddressSet, Span, span_of
from scanyard.lifecycle.targets.queue_scope import read_scope
from scanyard.lifecycle.targets.scope import ScopeVerdict

#: What the message of each outcome says, beside the target.
_WORDS: Final = {
    "outside": "lies outside of what queue batch allows",
    "partly": "lies only in part in what queue batch allows: {} is outside",
    "denied": "lies in what queue batch denies",
    "nameless": "is no name, and queue batch allows names only",
    "unmatched": "matches none of the domains that queue batch allows",
    "forbidden": "matches {}, which queue batch denies",
}


@dataclass(frozen=True, slots=True)
class Case:
    """A line of scopes.txt."""

    scope: Mapping[str, Sequence[str]]
    targets: tuple[str, ...]
    resolved: Mapping[str, tuple[str, ...]]
    excluded: tuple[str, ...]
    outcome: tuple[str, ...]

    @classmethod
    def read(cls, line: str) -> Self:
        allow, deny, targets, excluded, outcome = (part.split() for part in line.split("|"))
        named = [target.partition(">") for target in targets]
        return cls(
            {"deny": _items(deny)} | ({} if allow == ["."] else {"allow": _items(allow)}),
            tuple(name for name, _, _ in named),
            {name: tuple(found.split("+")) for name, _, found in named if found},
            tuple(_items(excluded)),
            tuple(outcome),
        )


def _items(words: list[str]) -> list[str]:
    return [] if words == ["-"] else words


_LINES: Final = [
    line
    for line in Path(__file__).with_name("scopes.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def judge(
    scope: Mapping[str, Any],
    targets: Sequence[str],
    excluded: Sequence[str] = (),
    resolved: Mapping[str, Sequence[str]] | None = None,
) -> ScopeVerdict:
    read = read_scope(scope)
    if read is None:
        return ScopeVerdict()
    return read.judge("batch", targets, excluded, resolved or {})


@pytest.mark.parametrize("line", _LINES)
def test_the_targets_are_judged_as_written(line: str) -> None:
    case = Case.read(line)
    verdict = judge(case.scope, case.targets, case.excluded, case.resolved)
    kind, *rest = case.outcome
    if kind == "goes":
        assert verdict == ScopeVerdict("", tuple(rest))
        return
    target, *parts = rest
    name, resolved, address = target.partition(">")
    told = f"target {name} (resolves to {address}) " if resolved else f"target {name} "
    assert verdict.refusal.startswith(told + _WORDS[kind].format(*parts) + "; ")
    assert "scope." in verdict.refusal, "it says where to mend it"
    assert verdict.exclude == ()


def test_the_table_is_long_enough() -> None:
    assert len(set(_LINES)) == len(_LINES) >= 150


def test_a_queue_without_a_scope_has_none() -> None:
    assert read_scope(None) is None
    assert read_scope({}) is None


def test_scopes_of_the_same_items_are_the_same() -> None:
    one, other = (read_scope({"allow": ["10.0.0.0/24"], "deny": ["10.0.0.1"]}) for _ in range(2))
    assert one == other
    assert one != read_scope({"allow": ["10.0.0.0/24"]})
    assert read_scope({"allow": []}) != read_scope({"deny": ["10.0.0.1"]})


# --- against a checker that looks at each address by itself

_V4: Final = [ipaddress.ip_address("10.0.0.0") + n for n in range(256)]
_V6: Final = [ipaddress.ip_address("2001:db8::") + n for n in range(64)]


def _texts(addresses: list[Any], longest: int) -> st.SearchStrategy[str]:
    """Addresses, networks and ranges within a small network."""
    some = st.sampled_from(addresses)
    bits = addresses[0].max_prefixlen
    networks = st.builds(
        lambda address, length: str(ipaddress.ip_network((address, length), strict=False)),
        some,
        st.integers(bits - longest, bits),
    )
    ranges = st.builds(lambda one, other: f"{min(one, other)}-{max(one, other)}", some, some)
    return st.one_of(some.map(str), networks, ranges)


_FAMILIES: Final = st.sampled_from([(_V4, 8), (_V6, 6)])


@st.composite
def _situations(draw: st.DrawFn) -> tuple[list[Any], dict[str, list[str]], list[str], list[str]]:
    addresses, longest = draw(_FAMILIES)
    texts = st.lists(_texts(addresses, longest), max_size=5)
    scope = {"deny": draw(texts)}
    if draw(st.booleans()):
        scope["allow"] = draw(texts)
    targets = draw(st.lists(_texts(addresses, longest), min_size=1, max_size=4))
    return addresses, scope, targets, draw(texts)


@given(_situations())
def test_as_a_checker_says_that_looks_at_each_address(
    situation: tuple[list[Any], dict[str, list[str]], list[str], list[str]],
) -> None:
    addresses, scope, targets, excluded = situation
    verdict = judge(scope, targets, excluded)
    allowed = _members(addresses, scope["allow"]) if "allow" in scope else set(addresses)
    denied, left_out = _members(addresses, scope["deny"]), _members(addresses, excluded)
    scanned = [_members(addresses, [target]) - left_out for target in targets]
    in_scope = all(each <= allowed and not (each and each <= denied) for each in scanned)
    assert (verdict.refusal == "") == in_scope
    if in_scope:
        assert _members(addresses, verdict.exclude) == denied & _members(addresses, targets)
        remaining = set().union(*scanned) - _members(addresses, verdict.exclude)
        assert remaining <= allowed - denied


def _members(addresses: Iterable[Any], texts: Iterable[str]) -> set[Any]:
    """By the standard library alone."""
    return {address for text in texts for address in addresses if _holds(text, address)}


def _holds(text: str, address: Any) -> bool:
    if "-" in text:
        first, last = map(ipaddress.ip_address, text.split("-"))
        return bool(first <= address <= last)
    return address in ipaddress.ip_network(text)


@given(st.lists(_texts(_V4, 8), max_size=8), _texts(_V4, 8))
def test_the_first_part_outside_is_the_first(texts: list[str], target: str) -> None:
    found = AddressSet.of(map(span_of, texts)).first_outside(span_of(target))
    outside = sorted(_members(_V4, [target]) - _members(_V4, texts))
    if not outside:
        assert found is None
        return
    run = [a for n, a in enumerate(outside) if int(a) - int(outside[0]) == n]
    assert found == Span(4, int(run[0]), int(run[-1]))
