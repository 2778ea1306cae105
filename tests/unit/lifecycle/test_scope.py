"""The deny list: refused inside, excluded where it overlaps, no way round by another spelling."""

from __future__ import annotations

import ipaddress

import pytest

from scanyard.lifecycle.targets.scope import DenyList, dns_names
from scanyard.settings import DEFAULT_DENIED_NETWORKS

DENY = DenyList.of(
    ipaddress.ip_network(text) for text in (*DEFAULT_DENIED_NETWORKS.split(","), "198.19.0.0/16")
)


@pytest.mark.parametrize(
    "target",
    [
        "127.0.0.1",
        "127.0.0.0/8",
        "127.5.0.0/16",
        "169.254.169.254",
        "169.254.0.1-169.254.0.9",
        "198.19.3.4",
        "0.0.0.0",
        "255.255.255.255",
        "239.1.2.3",
        "::1",
        "fe80::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::c613:0/112",
    ],
)
def test_denied_targets_are_refused_with_the_network_that_denies_them(target: str) -> None:
    verdict = DENY.judge([target], {})
    assert target in verdict.refusal
    assert "denies" in verdict.refusal


@pytest.mark.parametrize(
    "target", ["192.0.2.1", "198.18.0.0/24", "10.0.0.1-10.0.1.7", "2001:db8::1", "fd00::/64"]
)
def test_other_targets_may_go(target: str) -> None:
    verdict = DENY.judge([target], {})
    assert verdict.refusal == ""
    assert verdict.exclude == ()


def test_denied_part_of_a_network_is_excluded() -> None:
    verdict = DENY.judge(["198.18.0.0/15"], {})
    assert verdict.refusal == ""
    assert verdict.exclude == ("198.19.0.0/16",)


def test_names_are_judged_by_what_they_resolve_to() -> None:
    assert dns_names(["web.example", "192.0.2.1", "10.0.0.1-10.0.0.2", "fd00::1"]) == (
        "web.example",
    )
    assert DENY.judge(["web.example"], {"web.example": ("192.0.2.1",)}).refusal == ""
    refusal = DENY.judge(["web.example"], {"web.example": ("192.0.2.1", "198.19.0.1")}).refusal
    assert "web.example (resolves to 198.19.0.1)" in refusal
