"""The target grammar in Python: what is accepted, as what, and what to write instead."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanyard.api.targets import TargetKind, parse_excluded, parse_target, parse_targets
from scanyard.errors import InvalidInputError
from tests.support.target_cases import ADDRESSES, BAD, LARGE_NETWORKS, NAMES, NETWORKS, RANGES

KINDS = [
    *((text, TargetKind.ADDRESS) for text in ADDRESSES),
    *((text, TargetKind.NETWORK) for text in NETWORKS),
    *((text, TargetKind.RANGE) for text in RANGES),
    *((text, TargetKind.NAME) for text in NAMES),
]


@pytest.mark.parametrize(("text", "kind"), KINDS)
def test_canonical_targets_are_accepted(text: str, kind: TargetKind) -> None:
    target = parse_target(text)
    assert (target.text, target.kind) == (text, kind)


@pytest.mark.parametrize("text", ["", *BAD])
def test_everything_else_is_refused(text: str) -> None:
    for parse, field in ((parse_target, "targets"), (parse_excluded, "excludeTargets")):
        with pytest.raises(InvalidInputError) as refusal:
            parse(text)
        assert refusal.value.field == field
        assert refusal.value.mend


@pytest.mark.parametrize("text", LARGE_NETWORKS)
def test_what_is_too_large_to_scan_can_be_excluded(text: str) -> None:
    assert parse_excluded(text).kind is TargetKind.NETWORK
    with pytest.raises(InvalidInputError, match="IPv6 ones of /96 or smaller"):
        parse_target(text)


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("2001:DB8::1", "write 2001:db8::1"),
        ("10.0.0.5/24", "write 10.0.0.0/24 for the network, or 10.0.0.5 for the one address"),
        ("2001:DB8::1-2001:db8::0002", "write 2001:db8::1-2001:db8::2"),
        ("2001:db8::/95", "write smaller networks: IPv6 ones of /96 or smaller"),
        ("10.0.0.0/33", "write a prefix length of 0 to 32"),
        ("10.0.0.9-10.0.0.1", "write the lower address first"),
    ],
)
def test_a_refusal_says_what_to_write(text: str, mend: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        parse_target(text)
    assert refusal.value.mend == mend


@pytest.mark.parametrize(
    ("text", "family", "size"),
    [
        ("10.0.0.1", 4, 1),
        ("192.0.2.16/28", 4, 16),
        ("10.0.0.255-10.0.1.0", 4, 2),
        ("2001:db8::/126", 6, 4),
        ("2001:db8::-2001:db8::f", 6, 16),
        ("example.com", None, 1),
    ],
)
def test_size_and_family(text: str, family: int | None, size: int) -> None:
    target = parse_target(text)
    assert (target.family, target.size) == (family, size)


def test_a_range_is_cut_into_the_fewest_networks() -> None:
    networks = parse_target("10.0.0.1-10.0.0.8").networks()
    assert [str(network) for network in networks] == [
        "10.0.0.1/32",
        "10.0.0.2/31",
        "10.0.0.4/30",
        "10.0.0.8/32",
    ]
    assert parse_target("example.com").networks() == ()


def test_families_do_not_mix() -> None:
    assert len(parse_targets(["10.0.0.1", "example.com"], ["10.0.0.0/24"])) == 2
    for targets, excluded in (
        (["10.0.0.1", "::1"], []),
        (["10.0.0.1"], ["::1"]),
        (["example.com"], ["10.0.0.1", "::1"]),
    ):
        with pytest.raises(InvalidInputError, match="one ScanJob for each"):
            parse_targets(targets, excluded)


def test_names_cannot_be_excluded() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        parse_targets(["10.0.0.0/24"], ["web.example.com"])
    assert refusal.value.field == "excludeTargets"


@given(st.ip_addresses())
def test_what_python_writes_is_canonical(address: object) -> None:
    text = str(address)
    parsed = ip_address(text)
    if parsed.version == 6 and parsed in ip_network("::ffff:0:0/96"):
        return
    assert parse_target(text).first == parsed


@given(st.text(alphabet="0123456789abcfx.:/-*,%[] \n", max_size=24))
def test_no_other_spelling_of_an_address_passes(text: str) -> None:
    try:
        target = parse_target(text)
    except InvalidInputError:
        return
    assert (
        text
        == {
            TargetKind.ADDRESS: str(target.first),
            TargetKind.NETWORK: ", ".join(str(network) for network in target.networks()),
            TargetKind.RANGE: f"{target.first}-{target.last}",
            TargetKind.NAME: text.lower().lstrip("-"),
        }[target.kind]
    )
