"""Which addresses and names a scan touches, and whether two scans touch the same.

A footprint has at most 64 blocks: networks of one size (IPv4 /32, /24, /16, /8, /0; IPv6 /128, /64,
/48, /32, /0), rounded up until they are so few. Blocks find the scans that may overlap by look-ups;
whether they really do is then judged by the addresses themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from scanyard.scanners import Interval, literal_intervals, subtract

MAX_BLOCKS: Final = 64
#: Prefix lengths by address family, finest first.
_LENGTHS: Final = {4: (32, 24, 16, 8, 0), 6: (128, 64, 48, 32, 0)}
_BITS: Final = {4: 32, 6: 128}
_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """The network number `number` of all that have this prefix length."""

    family: int
    length: int
    number: int

    @property
    def key(self) -> str:
        """As a text for the ledger."""
        return f"{self.family}/{self.length}/{self.number:x}"

    def wider(self) -> Iterator[Block]:
        """The blocks that it lies in, the next wider one first."""
        for length in _LENGTHS[self.family]:
            if length < self.length:
                yield Block(self.family, length, self.number >> (self.length - length))


@dataclass(frozen=True, slots=True)
class Footprint:
    """Sorted disjoint intervals of each address family; DNS names, which stand for themselves."""

    intervals: tuple[tuple[int, tuple[Interval, ...]], ...]
    names: frozenset[str]
    blocks: tuple[Block, ...]

    def overlaps(self, other: Footprint) -> bool:
        """Whether an address or a name is in both."""
        if self.names & other.names:
            return True
        theirs = dict(other.intervals)
        return any(_share(mine, theirs.get(family, ())) for family, mine in self.intervals)


def footprint_of(targets: Sequence[str], exclude: Sequence[str]) -> Footprint:
    """Read canonical targets. Raises InvalidInputError for what no scanner could be told."""
    found, left_out = literal_intervals(targets), literal_intervals(exclude)
    intervals = tuple(
        (family, subtract(merged, left_out.intervals.get(family, ())))
        for family, merged in sorted(found.intervals.items())
    )
    blocks = tuple(block for family, merged in intervals for block in _blocks(family, merged))
    return Footprint(intervals, found.names, blocks)


def _blocks(family: int, intervals: Sequence[Interval]) -> tuple[Block, ...]:
    """The finest blocks that are few enough; there is always the one that holds everything."""
    for length in _LENGTHS[family]:
        shift = _BITS[family] - length
        spans = [(item.first >> shift, item.last >> shift) for item in intervals]
        if sum(last - first + 1 for first, last in spans) > MAX_BLOCKS + len(spans):
            continue
        numbers = {number for first, last in spans for number in range(first, last + 1)}
        if len(numbers) <= MAX_BLOCKS:
            return tuple(Block(family, length, number) for number in sorted(numbers))
    return ()


def _share(mine: Sequence[Interval], theirs: Sequence[Interval]) -> bool:
    here, there = iter(mine), iter(theirs)
    one, other = next(here, None), next(there, None)
    while one is not None and other is not None:
        if one.last < other.first:
            one = next(here, None)
        elif other.last < one.first:
            other = next(there, None)
        else:
            return True
    return False


class FootprintIndex:
    """Footprints by owner, for the question which of them another one overlaps.

    Asking costs some look-ups for each of the at most 128 blocks, and a comparison for each owner
    that shares a block; it does not grow with owners that are elsewhere.
    """

    def __init__(self) -> None:
        self._footprints: dict[str, Footprint] = {}
        self._at: dict[Block, dict[str, None]] = {}
        self._below: dict[Block, dict[str, int]] = {}
        self._named: dict[str, dict[str, None]] = {}

    def add(self, owner: str, footprint: Footprint) -> None:
        """Take in an owner's footprint, in place of an earlier one."""
        self.remove(owner)
        self._footprints[owner] = footprint
        for block in footprint.blocks:
            self._at.setdefault(block, {})[owner] = None
            for wider in block.wider():
                counts = self._below.setdefault(wider, {})
                counts[owner] = counts.get(owner, 0) + 1
        for name in footprint.names:
            self._named.setdefault(name, {})[owner] = None

    def remove(self, owner: str) -> Footprint | None:
        """Forget an owner; returns its footprint."""
        footprint = self._footprints.pop(owner, None)
        if footprint is None:
            return None
        for block in footprint.blocks:
            _drop(self._at, block, owner)
            for wider in block.wider():
                counts = self._below.get(wider, {})
                counts.pop(owner, None)
                if not counts:
                    self._below.pop(wider, None)
        for name in footprint.names:
            _drop(self._named, name, owner)
        return footprint

    def __getitem__(self, owner: str) -> Footprint:
        return self._footprints[owner]

    def overlapping(self, footprint: Footprint) -> list[str]:
        """The owners whose footprint overlaps, in the order in which they came."""
        maybe: dict[str, None] = {}
        for block in footprint.blocks:
            maybe.update(self._at.get(block, {}))
            maybe.update(dict.fromkeys(self._below.get(block, {})))
            for wider in block.wider():
                maybe.update(self._at.get(wider, {}))
        for name in footprint.names:
            maybe.update(self._named.get(name, {}))
        return [owner for owner in maybe if self._footprints[owner].overlaps(footprint)]


def common_block(owner: Footprint, other: Footprint) -> str:
    """The key of the first block or name of `owner` that `other` shares, where they overlap."""
    blocks = set(other.blocks)
    wider = {above for block in other.blocks for above in block.wider()}
    for block in owner.blocks:
        if block in blocks or block in wider or not blocks.isdisjoint(block.wider()):
            return block.key
    return f"name/{min(owner.names & other.names)}"


def _drop(found: dict[_Key, dict[str, None]], key: _Key, owner: str) -> None:
    owners = found.get(key, {})
    owners.pop(owner, None)
    if not owners:
        found.pop(key, None)
