"""What is accepted as a target, and what becomes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanyard.errors import InvalidInputError
from scanyard.scanners.targets import Interval, count, merge, parse_targets

_RESOLVED = {"web.example.com": ("192.0.2.7", "2001:db8::7"), "six.example.com": ("2001:db8::6",)}


@pytest.mark.parametrize(
    "target",
    [
        "2130706433",
        "127.1",
        "0177.0.0.1",
        "localhost/31",
        "10.0.0.1/",
        "10.0.0.1/33",
        "10.0.0.1/24",
        "10.0.0.0/255.255.255.0",
        "10.0.0.1-9",
        "10.0.0.9-10.0.0.1",
        "10.0.0.1-2001:db8::1",
        "10.0.0.*",
        "10.0.0.1,2",
        "fe80::1%eth0",
        "fe80::1%eth0-fe80::2%eth0",
        "::ffff:10.0.0.1",
        "::/0",
        "-iL",
        "--script=x",
        "-web.example.com",
        "web-.example.com",
        "web.example.com --script=x",
        "web.example.com/24",
        "web_.example.com",
        "a.1",
        "web.example.com\n",
        "10.0.0.1\n",
        "",
        " 10.0.0.1",
        "\uff11\uff10.0.0.1",
        "a" * 64 + ".example",
        "unresolved.example.com",
    ],
)
def test_refuses_what_a_scanner_might_read_in_its_own_way(target: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_targets([target], [], _RESOLVED)
    assert caught.value.field == "targets"


def test_refuses_ipv4_beside_ipv6() -> None:
    for targets, exclude in (
        (["10.0.0.1", "2001:db8::1"], []),
        (["10.0.0.1"], ["2001:db8::1"]),
        (["10.0.0.1", "six.example.com"], []),
    ):
        with pytest.raises(InvalidInputError, match="cannot be scanned together"):
            parse_targets(targets, exclude, _RESOLVED)


def test_a_name_follows_the_family_of_its_neighbours() -> None:
    assert parse_targets(["web.example.com"], [], _RESOLVED).family == 4
    six = parse_targets(["web.example.com", "2001:db8::/126"], [], _RESOLVED)
    assert six.family == 6
    assert six.networks(six.named) == ["2001:db8::7"]


def test_refuses_a_name_that_is_pinned_to_more_than_an_address() -> None:
    for pinned in ("10.0.0.0/24", "::ffff:10.0.0.1", "nonsense", "10.0.0.1 --x"):
        with pytest.raises(InvalidInputError):
            parse_targets(["web"], [], {"web": (pinned,)})


def test_ranges_become_networks_and_overlaps_vanish() -> None:
    found = parse_targets(["10.0.0.0/29", "10.0.0.4-10.0.0.9"], ["10.0.0.1"], {})
    assert found.networks(found.intervals) == ["10.0.0.0/29", "10.0.0.8/31"]
    assert found.ranges(found.intervals) == ["10.0.0.0-10.0.0.9"]
    assert count(found.intervals, found.excluded) == 9


def test_refuses_too_many_entries() -> None:
    with pytest.raises(InvalidInputError, match="1025 entries"):
        parse_targets(["10.0.0.1"] * 1025, [], {})
    with pytest.raises(InvalidInputError, match="0 entries"):
        parse_targets([], [], {})


def test_the_denied_parts_of_targets_have_room_beside_what_a_user_excludes() -> None:
    excluded = [f"10.{n // 256}.{n % 256}.1" for n in range(4096)]
    assert len(parse_targets(["10.0.0.0/8"], excluded, {}).excluded) == 4096
    with pytest.raises(InvalidInputError, match="4097 entries"):
        parse_targets(["10.0.0.0/8"], [*excluded, "10.99.0.1"], {})


def test_refuses_more_addresses_than_ipv4_has() -> None:
    with pytest.raises(InvalidInputError, match="more than 2"):
        parse_targets(["2001:db8::/64"], [], {})


_intervals = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda t: Interval(t[0], t[0] + t[1])),
    max_size=8,
)


@given(_intervals, _intervals)
def test_counting_agrees_with_sets(inside: list[Interval], outside: list[Interval]) -> None:
    def members(intervals: list[Interval]) -> set[int]:
        return {n for i in intervals for n in range(i.first, i.last + 1)}

    assert count(merge(inside), merge(outside)) == len(members(inside) - members(outside))
