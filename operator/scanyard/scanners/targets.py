"""Targets as users write them → address intervals and names that no scanner can read otherwise.

Everything that reaches a command line is printed anew from parsed numbers, never copied.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv6Address,
    ip_address,
    ip_network,
    summarize_address_range,
)
from typing import Final, Literal

from scanyard.errors import InvalidInputError

Family = Literal[4, 6]
Address = IPv4Address | IPv6Address

MAX_ENTRIES: Final = 1024
#: A ScanJob's own, and the denied parts of its targets.
MAX_EXCLUDED: Final = 4096
MAX_ADDRESSES: Final = 2**32

_DNS_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\.)*"
    r"(?:[a-z]{1,63}|xn--[-a-z0-9]{0,58}[a-z0-9])"
)
_FORMS = (
    "write an address, a network such as 192.0.2.0/28, a range such as 192.0.2.1-192.0.2.9 "
    "or a DNS name"
)
_MAPPED = (int(IPv6Address("::ffff:0:0")), int(IPv6Address("::ffff:ffff:ffff")))


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """The addresses from `first` to `last`, both included, as numbers."""

    first: int
    last: int

    @property
    def size(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class TargetSet:
    """What to scan: one address family, merged intervals, and names with their pinned addresses."""

    family: Family
    intervals: tuple[Interval, ...]
    excluded: tuple[Interval, ...]
    names: Mapping[str, tuple[int, ...]]

    @property
    def named(self) -> tuple[Interval, ...]:
        """The pinned addresses of all names."""
        return merge(Interval(n, n) for pinned in self.names.values() for n in pinned)

    def networks(self, intervals: Sequence[Interval]) -> list[str]:
        """The intervals as addresses and networks."""
        return [
            str(net.network_address) if net.num_addresses == 1 else str(net)
            for interval in intervals
            for net in summarize_address_range(
                self._address(interval.first),
                self._address(interval.last),
            )
        ]

    def ranges(self, intervals: Sequence[Interval]) -> list[str]:
        """The intervals as addresses and a-b ranges."""
        return [
            str(self._address(i.first))
            if i.size == 1
            else f"{self._address(i.first)}-{self._address(i.last)}"
            for i in intervals
        ]

    def _address(self, number: int) -> Address:
        return IPv4Address(number) if self.family == 4 else IPv6Address(number)


def parse_targets(
    targets: Sequence[str], exclude: Sequence[str], resolved: Mapping[str, tuple[str, ...]]
) -> TargetSet:
    """Read and merge targets. Raises InvalidInputError naming `targets` or `excludeTargets`."""
    _check_length(targets, "targets", 1, MAX_ENTRIES)
    _check_length(exclude, "excludeTargets", 0, MAX_EXCLUDED)
    names = [t for t in targets if _is_name(t)]
    blocks = [_parse_block(t, "targets") for t in targets if not _is_name(t)]
    excluded = [_parse_block(t, "excludeTargets") for t in exclude]
    pinned = {name: _pinned(name, resolved) for name in names}
    family = _one_family([f for f, _ in blocks], [f for f, _ in excluded], pinned)
    result = TargetSet(
        family=family,
        intervals=merge(interval for _, interval in blocks),
        excluded=merge(interval for _, interval in excluded),
        names={
            name: tuple(dict.fromkeys(int(a) for a in pins if a.version == family))
            for name, pins in pinned.items()
        },
    )
    if count(result.intervals) > MAX_ADDRESSES:
        raise InvalidInputError(
            "targets", "more than 2^32 addresses", "scan smaller networks, in several ScanJobs"
        )
    return result


@dataclass(frozen=True, slots=True)
class Literals:
    """What targets say by themselves, before any name is resolved."""

    intervals: Mapping[Family, tuple[Interval, ...]]
    names: frozenset[str]


def literal_intervals(targets: Iterable[str]) -> Literals:
    """Merged intervals by family, and the names. Raises InvalidInputError naming `targets`."""
    names: set[str] = set()
    blocks: dict[Family, list[Interval]] = {}
    for text in targets:
        if _is_name(text):
            names.add(text)
            continue
        family, interval = _parse_block(text, "targets")
        blocks.setdefault(family, []).append(interval)
    merged = {family: merge(intervals) for family, intervals in blocks.items()}
    return Literals(merged, frozenset(names))


def merge(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Sorted, with overlapping and adjacent intervals joined."""
    merged: list[Interval] = []
    for interval in sorted(intervals):
        if merged and interval.first <= merged[-1].last + 1:
            merged[-1] = Interval(merged[-1].first, max(merged[-1].last, interval.last))
        else:
            merged.append(interval)
    return tuple(merged)


def subtract(intervals: Sequence[Interval], excluded: Sequence[Interval]) -> tuple[Interval, ...]:
    """What merged `intervals` hold that merged `excluded` do not."""
    left: list[Interval] = []
    position = 0
    for interval in intervals:
        first = interval.first
        while position < len(excluded) and excluded[position].last < first:
            position += 1
        for other in excluded[position:]:
            if other.first > interval.last:
                break
            if other.first > first:
                left.append(Interval(first, other.first - 1))
            first = max(first, other.last + 1)
        if first <= interval.last:
            left.append(Interval(first, interval.last))
    return tuple(left)


def count(intervals: Sequence[Interval], excluded: Sequence[Interval] = ()) -> int:
    """How many numbers merged `intervals` hold that merged `excluded` do not."""
    return sum(interval.size for interval in subtract(intervals, excluded))


def _check_length(entries: Sequence[str], field: str, least: int, most: int) -> None:
    if not least <= len(entries) <= most:
        raise InvalidInputError(field, f"{len(entries)} entries", f"give {least} to {most} entries")


def _is_name(text: str) -> bool:
    return _DNS_NAME.fullmatch(text) is not None


def _parse_block(text: str, field: str) -> tuple[Family, Interval]:
    try:
        family, interval = _parse_range(text) if "-" in text else _parse_network(text)
    except ValueError as error:
        raise InvalidInputError(field, f"{text[:100]!a} cannot be used", _FORMS) from error
    if family == 6 and interval.first <= _MAPPED[1] and interval.last >= _MAPPED[0]:
        raise InvalidInputError(
            field, f"{text[:100]!a} holds IPv4-mapped addresses", "write IPv4 addresses instead"
        )
    return family, interval


def _parse_network(text: str) -> tuple[Family, Interval]:
    if "%" in text:
        raise ValueError("zones are not supported")
    if not text.partition("/")[2].isdecimal() and "/" in text:
        raise ValueError("a netmask is not a prefix length")
    net = ip_network(text, strict=True)
    return net.version, Interval(int(net.network_address), int(net.broadcast_address))


def _parse_range(text: str) -> tuple[Family, Interval]:
    first_text, _, last_text = text.partition("-")
    first, last = ip_address(first_text), ip_address(last_text)
    if "%" in text or first.version != last.version or int(first) > int(last):
        raise ValueError("not a range of one address family from low to high")
    return first.version, Interval(int(first), int(last))


def _pinned(name: str, resolved: Mapping[str, tuple[str, ...]]) -> tuple[Address, ...]:
    addresses = resolved.get(name, ())
    if not addresses:
        raise InvalidInputError(
            "targets", f"{name} has no address", "check the name, or write its address instead"
        )
    return tuple(_pinned_address(name, text) for text in addresses)


def _pinned_address(name: str, text: str) -> Address:
    try:
        family, interval = _parse_network(text)
    except ValueError as error:
        raise InvalidInputError(
            "targets", f"{name} resolves to {text[:100]!a}", "write its address instead"
        ) from error
    if interval.size != 1 or (family == 6 and _MAPPED[0] <= interval.first <= _MAPPED[1]):
        raise InvalidInputError(
            "targets", f"{name} resolves to {text[:100]!a}", "write its address instead"
        )
    return IPv4Address(interval.first) if family == 4 else IPv6Address(interval.first)


def _one_family(
    blocks: Sequence[Family], excluded: Sequence[Family], pinned: Mapping[str, tuple[Address, ...]]
) -> Family:
    """The family that all blocks have and all names offer; IPv4 where names offer both."""
    possible: set[Family] = {4, 6}
    for family in (*blocks, *excluded):
        possible &= {family}
    for addresses in pinned.values():
        possible &= {a.version for a in addresses}
    if not possible:
        raise InvalidInputError(
            "targets",
            "IPv4 and IPv6 cannot be scanned together",
            "create one ScanJob for each",
        )
    return min(possible)
