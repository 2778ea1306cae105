"""Whether two scans touch the same addresses, beside a plain comparison of all their addresses."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanyard.lifecycle.targets.footprint import (
    MAX_BLOCKS,
    Footprint,
    FootprintIndex,
    common_block,
    footprint_of,
)

#: Two /20 in different /16, so that blocks of every size come up.
_ADDRESSES = st.one_of(
    st.integers(int(ip_address("10.1.0.0")), int(ip_address("10.1.15.255"))),
    st.integers(int(ip_address("10.2.0.0")), int(ip_address("10.2.3.255"))),
)


@st.composite
def _targets(draw: st.DrawFn) -> tuple[str, ...]:
    """Some addresses, networks and ranges."""
    found = []
    for _ in range(draw(st.integers(1, 5))):
        first = draw(_ADDRESSES)
        kind = draw(st.sampled_from(["address", "network", "range"]))
        if kind == "network":
            length = draw(st.sampled_from([20, 24, 26, 28, 31]))
            text = str(ip_network((first, length), strict=False))
        elif kind == "range":
            text = f"{ip_address(first)}-{ip_address(first + draw(st.integers(0, 600)))}"
        else:
            text = str(ip_address(first))
        found.append(text)
    return tuple(found)


def _addresses(targets: tuple[str, ...]) -> set[int]:
    found: set[int] = set()
    for text in targets:
        if "-" in text:
            first, last = (int(ip_address(part)) for part in text.split("-"))
        else:
            network = ip_network(text)
            first, last = int(network.network_address), int(network.broadcast_address)
        found |= set(range(first, last + 1))
    return found


@given(
    owners=st.lists(st.tuples(_targets(), _targets()), max_size=5),
    asked=_targets(),
    left_out=_targets(),
    gone=st.integers(0, 4),
)
def test_overlaps_are_those_of_the_addresses(
    owners: list[tuple[tuple[str, ...], tuple[str, ...]]],
    asked: tuple[str, ...],
    left_out: tuple[str, ...],
    gone: int,
) -> None:
    index = FootprintIndex()
    held: dict[str, set[int]] = {}
    for number, (targets, exclude) in enumerate(owners):
        index.add(str(number), footprint_of(targets, exclude))
        held[str(number)] = _addresses(targets) - _addresses(exclude)
    index.remove(str(gone))
    held.pop(str(gone), None)

    footprint = footprint_of(asked, left_out)
    mine = _addresses(asked) - _addresses(left_out)

    wanted = {owner for owner, addresses in held.items() if addresses & mine}
    assert set(index.overlapping(footprint)) == wanted
    for owner in wanted:
        assert common_block(index[owner], footprint)


@given(targets=_targets())
def test_blocks_cover_everything_and_are_few(targets: tuple[str, ...]) -> None:
    footprint = footprint_of(targets, ())
    assert len(footprint.blocks) <= MAX_BLOCKS
    for address in _addresses(targets):
        assert any(address >> (32 - b.length) == b.number for b in footprint.blocks)


@pytest.mark.parametrize(
    ("targets", "lengths"),
    [
        (("192.0.2.1",), {32}),
        (("192.0.2.0/26",), {32}),
        (("192.0.2.0/25",), {24}),
        (("10.0.0.0/8",), {8}),
        (("10.0.0.0/9",), {8}),
        (("0.0.0.0/1",), {0}),
        (tuple(f"10.{n}.0.1" for n in range(65)), {8}),
        (("2001:db8::1",), {128}),
        (("2001:db8::/64",), {64}),
        (("2001:db8::/40",), {32}),
        (("2000::/3",), {0}),
    ],
    ids=str,
)
def test_block_sizes(targets: tuple[str, ...], lengths: set[int]) -> None:
    assert {block.length for block in footprint_of(targets, ()).blocks} == lengths


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (("a.example.com",), ("a.example.com", "192.0.2.1"), True),
        (("a.example.com",), ("b.example.com",), False),
        (("10.0.0.0/8",), ("10.9.8.7",), True),
        (("10.9.8.7",), ("10.0.0.0/8",), True),
        (("10.9.8.0/28",), ("10.9.8.16/28",), False),
        (("2001:db8::/32",), ("2001:db8:1::1",), True),
        (("2001:db8::1",), ("10.9.8.7",), False),
    ],
    ids=str,
)
def test_names_and_families(one: tuple[str, ...], other: tuple[str, ...], *, overlap: bool) -> None:
    index = FootprintIndex()
    index.add("one", footprint_of(one, ()))
    assert bool(index.overlapping(footprint_of(other, ()))) == overlap


def test_nothing_is_left_of_an_owner_that_went() -> None:
    index = FootprintIndex()
    index.add("one", footprint_of(("10.0.0.0/8", "a.example.com"), ("10.1.0.0/16",)))
    index.add("one", footprint_of(("10.9.8.7",), ()))
    assert index.overlapping(footprint_of(("10.2.0.0/16", "a.example.com"), ())) == []
    index.remove("one")
    assert index.overlapping(footprint_of(("10.9.8.7",), ())) == []
    assert index.__dict__ == FootprintIndex().__dict__


def test_a_scan_of_nothing_overlaps_nothing() -> None:
    index = FootprintIndex()
    index.add("none", footprint_of(("10.9.8.7",), ("10.9.8.7",)))
    assert index.overlapping(footprint_of(("10.9.8.7",), ())) == []
    assert footprint_of(("10.9.8.7",), ("10.9.8.7",)) == Footprint(((4, ()),), frozenset(), ())
