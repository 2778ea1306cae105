"""Arithmetic on sets of addresses of both families, by sorted intervals.

Making a set sorts once; asking it is a binary search. Nothing depends on how many addresses there
are, nor on how often networks lie in networks.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

from scanyard.scanners.targets import Interval, merge

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_VERSIONS: Final = (4, 6)


@dataclass(frozen=True, slots=True)
class Span:
    """The addresses from `first` to `last`, both included; `text`: as somebody wrote them."""

    version: int
    first: int
    last: int
    text: str = ""

    def overlaps(self, other: Span) -> bool:
        """Whether they have an address in common."""
        return (
            self.version == other.version and self.first <= other.last and other.first <= self.last
        )

    def contains(self, other: Span) -> bool:
        """Whether all of `other` lies inside."""
        return (
            self.version == other.version and self.first <= other.first and other.last <= self.last
        )

    def __str__(self) -> str:
        """An address, or a range such as 192.0.2.1-192.0.2.9."""
        kind = ipaddress.IPv4Address if self.version == 4 else ipaddress.IPv6Address
        first = str(kind(self.first))
        return first if self.first == self.last else f"{first}-{kind(self.last)}"


def span_of(text: str) -> Span:
    """An address, a network or a range, as the API server accepts them.

    A ScanJob has up to 1,024 of them: `ip_network` takes three times as long.
    """
    # Told apart here, since `ip_address` tries IPv4 first and raises.
    version, bits = (6, 128) if ":" in text else (4, 32)
    kind = ipaddress.IPv6Address if version == 6 else ipaddress.IPv4Address
    if "-" in text:
        low, _, high = text.partition("-")
        return Span(version, int(kind(low)), int(kind(high)), text)
    host, slash, length = text.partition("/")
    first = int(kind(host))
    free = (1 << (bits - int(length))) - 1 if slash else 0
    return Span(version, first & ~free, first | free, text)


def network_span(network: IPNetwork) -> Span:
    """All addresses of a network."""
    first, last = int(network.network_address), int(network.broadcast_address)
    return Span(network.version, first, last, str(network))


@dataclass(frozen=True, slots=True)
class AddressSet:
    """Addresses of either family: intervals in order that neither overlap nor touch."""

    v4: tuple[Interval, ...] = ()
    v6: tuple[Interval, ...] = ()

    @classmethod
    def of(cls, spans: Iterable[Span]) -> Self:
        """The union."""
        found: dict[int, list[Interval]] = {4: [], 6: []}
        for span in spans:
            found[span.version].append(Interval(span.first, span.last))
        return cls(merge(found[4]), merge(found[6]))

    def __bool__(self) -> bool:
        """Whether there is any address in it."""
        return bool(self.v4 or self.v6)

    def __or__(self, other: AddressSet) -> AddressSet:
        """What is in either."""
        if not other:
            return self
        return AddressSet(merge((*self.v4, *other.v4)), merge((*self.v6, *other.v6)))

    def __and__(self, other: AddressSet) -> AddressSet:
        """What is in both."""
        return AddressSet(tuple(_in_both(self.v4, other.v4)), tuple(_in_both(self.v6, other.v6)))

    def spans(self) -> list[Span]:
        """Its intervals, IPv4 first."""
        return [
            Span(version, interval.first, interval.last)
            for version in _VERSIONS
            for interval in self._of_version(version)
        ]

    def first_outside(self, span: Span) -> Span | None:
        """The lowest part of the span that is not in the set; None if all of it is."""
        intervals = self._of_version(span.version)
        after = _after(intervals, span.first)
        start = span.first
        if after and intervals[after - 1].last >= start:
            start = intervals[after - 1].last + 1
        if start > span.last:
            return None
        last = span.last
        if after < len(intervals):
            last = min(last, intervals[after].first - 1)
        return Span(span.version, start, last)

    @property
    def size(self) -> int:
        """How many addresses it holds."""
        return sum(interval.size for interval in (*self.v4, *self.v6))

    def _of_version(self, version: int) -> tuple[Interval, ...]:
        return self.v4 if version == 4 else self.v6


def _in_both(one: tuple[Interval, ...], other: tuple[Interval, ...]) -> Iterator[Interval]:
    """In steps of the shorter one, since most ScanJobs have one target and a scope may be long."""
    few, many = (one, other) if len(one) <= len(other) else (other, one)
    for mine in few:
        for theirs in many[max(_after(many, mine.first) - 1, 0) : _after(many, mine.last)]:
            first, last = max(mine.first, theirs.first), min(mine.last, theirs.last)
            if first <= last:
                yield Interval(first, last)


def _after(intervals: tuple[Interval, ...], number: int) -> int:
    """How many of them begin at the number or below."""
    return bisect_right(intervals, number, key=lambda interval: interval.first)
