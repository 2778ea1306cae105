"""A queue's NetworkPolicy lets out what the scope allows, and nothing that anybody denies."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanyard.api import names
from scanyard.lifecycle.targets.network_policy import MAX_ENTRIES, Policy, policy_for
from scanyard.lifecycle.targets.queue_scope import read_scope
from scanyard.lifecycle.targets.scope import DenyList

_DENIED: Final = ("127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10")


def policy(scope: dict[str, Any] | None, denied: tuple[str, ...] = _DENIED) -> Policy:
    networks = [ipaddress.ip_network(text) for text in denied]
    return policy_for("team/office", read_scope(scope), DenyList.of(networks))


def lets_out(spec: Mapping[str, Any] | None, address: str) -> bool:
    """As a network plugin reads it."""
    assert spec is not None
    target = ipaddress.ip_address(address)
    for rule in spec.get("egress", ()):
        assert rule["to"], "an empty `to` would let everything out"
        for item in rule["to"]:
            block = item["ipBlock"]
            network = ipaddress.ip_network(block["cidr"])
            for other in map(ipaddress.ip_network, block.get("except", ())):
                assert other.version == network.version
                assert other != network, "the API server wants a strict subset"
                assert other.subnet_of(network)  # type: ignore[arg-type]
            if target in network and not any(
                target in ipaddress.ip_network(other) for other in block.get("except", ())
            ):
                return True
    return False


def test_it_is_for_the_queues_scans_and_lets_nobody_in() -> None:
    spec = policy(None).spec
    assert spec is not None
    assert spec["podSelector"]["matchLabels"] == {
        names.LABEL_QUEUE: names.queue_label("team/office"),
        names.LABEL_ROLE: "attempt",
    }
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in spec


@pytest.mark.parametrize(
    ("scope", "out", "kept"),
    [
        (None, ["10.0.0.1", "2001:db8::1"], ["127.0.0.1", "169.254.169.254", "::1", "fe80::1"]),
        (
            {"allow": ["10.20.0.0/16", "10.21.0.0-10.21.3.255", "2001:db8::/64"],
             "deny": ["10.20.0.1"]},
            ["10.20.0.0", "10.20.255.255", "10.21.2.9", "2001:db8::9", "64:ff9b::a14:5"],
            ["10.20.0.1", "10.21.4.0", "10.22.0.1", "2001:db8:1::1", "64:ff9b::a14:1"],
        ),
        ({"deny": ["10.0.0.0/8"]}, ["11.0.0.1", "::5"], ["10.9.9.9", "127.0.0.1"]),
        ({"allow": ["127.0.0.0/8"]}, [], ["127.0.0.1", "10.0.0.1", "2001:db8::1"]),
        ({"allow": ["169.0.0.0/8"]}, ["169.1.1.1"], ["169.254.1.1"]),
    ],
)  # fmt: skip
def test_scope_and_deny_list(scope: dict[str, Any] | None, out: list[str], kept: list[str]) -> None:
    found = policy(scope)
    assert (found.exact, found.reason) == (True, "Written")
    assert [address for address in out if not lets_out(found.spec, address)] == []
    assert [address for address in kept if lets_out(found.spec, address)] == []


def test_of_domains_only_the_addresses_are_unknown() -> None:
    """They may be anywhere; where networks are allowed beside them they must lie in these."""
    by_name = policy({"allow": ["*.example.com"]})
    assert (by_name.exact, by_name.reason) == (False, "ByAddress")
    assert lets_out(by_name.spec, "192.0.2.1")
    assert not lets_out(by_name.spec, "127.0.0.1")
    both = policy({"allow": ["*.example.com", "10.0.0.0/8"]})
    assert not lets_out(both.spec, "192.0.2.1")
    assert not both.exact


def _scattered(count: int) -> list[str]:
    """Ranges that make some 60 blocks each."""
    return [f"10.{n}.0.1-10.{n}.255.254" for n in range(count)]


def test_a_scope_of_too_many_blocks_is_told_and_leaves_the_deny_list() -> None:
    assert policy({"allow": _scattered(30)}).reason == "Written"
    large = policy({"allow": _scattered(200)})
    assert (large.exact, large.reason) == (False, "TooLarge")
    assert "write fewer, larger ones" in large.message
    assert lets_out(large.spec, "192.0.2.1")
    assert not lets_out(large.spec, "127.0.0.1")


def test_a_deny_list_of_too_many_blocks_makes_none() -> None:
    many = tuple(f"10.{n // 256}.{n % 256}.0/32" for n in range(MAX_ENTRIES))
    assert policy(None, many).spec is None
    assert policy(None, many).reason == "TooLarge"


_ADDRESS: Final = st.integers(0, 255).map(lambda n: f"10.0.0.{n}")
_NETWORK: Final = st.builds(
    lambda n, bits: str(ipaddress.ip_network((f"10.0.0.{n}", bits), strict=False)),
    st.integers(0, 255),
    st.integers(22, 32),
)
_RANGE: Final = st.tuples(st.integers(0, 255), st.integers(0, 255)).map(
    lambda ends: f"10.0.0.{min(ends)}-10.0.0.{max(ends)}"
)
_ITEMS: Final = st.lists(st.one_of(_NETWORK, _RANGE), max_size=5)


@given(st.one_of(st.none(), _ITEMS.filter(bool)), _ITEMS, st.lists(_NETWORK, max_size=3), _ADDRESS)
def test_it_is_the_scope(
    allow: list[str] | None, deny: list[str], denied: list[str], address: str
) -> None:
    scope: dict[str, Any] = {"deny": deny} | ({} if allow is None else {"allow": allow})
    wanted = allow is None or any(_holds(item, address) for item in allow)
    wanted = wanted and not any(_holds(item, address) for item in (*deny, *denied))
    assert lets_out(policy(scope, tuple(denied)).spec, address) == wanted


def _holds(item: str, address: str) -> bool:
    if "-" not in item:
        return ipaddress.ip_address(address) in ipaddress.ip_network(item)
    low, _, high = item.partition("-")
    first, last = ipaddress.IPv4Address(low), ipaddress.IPv4Address(high)
    return first <= ipaddress.IPv4Address(address) <= last
