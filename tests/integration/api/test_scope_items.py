"""What the API server takes as an item of a queue's scope, and what it says to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from scanyard.api.scope import MAX_SCOPE_ITEMS
from scanyard.api.target_rules import MAX_TARGET_LENGTH
from tests.support.kube import Namespace
from tests.support.resources import scan_queue
from tests.support.target_cases import ADDRESSES, BAD, LARGE_NETWORKS, NAMES, NETWORKS, RANGES

_EVERYTHING = ["::/0", "::/64", "::/80", "::fffe:0:0/95"]
"""Networks that hold the IPv4-mapped addresses, too: in a scope they do no harm."""

_PATTERNS = ["*.example.com", "*.com", "*.target-web.demo.svc.cluster.local", "*.xn--mnchen-3ya.de"]

_BAD_PATTERNS = [
    "*",
    "*.",
    "**.example.com",
    "*.*.example.com",
    "web.*.com",
    "web*.example.com",
    "*example.com",
    ".example.com",
    "?.example.com",
    "*.Example.com",
    "*.example.com.",
    "*.example.123",
    "*.10.0.0.1",
    "*.0.0.10",
    "*.10.0.0.0/8",
    "*.2001:db8::1",
    "10.0.0.*",
    "!10.0.0.1",
    "*.example.com\n",
    "*.example.com example.org",
    "10.0.0.0/8,192.0.2.0/24",
]


def refusals(namespace: Namespace, side: str, items: Iterable[str]) -> dict[str, str]:
    """Which of these the API server refuses, each with its message; nothing is created."""
    listed, messages = list(items), {}
    for start in range(0, len(listed), MAX_SCOPE_ITEMS):
        part = listed[start : start + MAX_SCOPE_ITEMS]
        body = scan_queue("scope", scope={side: part})
        for path, message in namespace.create("scanqueues", body, dryRun="All").causes:
            if index := re.fullmatch(rf"spec\.scope\.{side}\[(\d+)\]", path):
                messages[part[int(index[1])]] = message
    return messages


@pytest.mark.parametrize("side", ["allow", "deny"])
def test_networks_of_any_size_and_domains_are_accepted(namespace: Namespace, side: str) -> None:
    good = [*ADDRESSES, *NETWORKS, *RANGES, *LARGE_NETWORKS, *NAMES, *_EVERYTHING, *_PATTERNS]
    body = scan_queue("good", scope={side: good})
    namespace.create("scanqueues", body, dryRun="All").expect()


@pytest.mark.parametrize("side", ["allow", "deny"])
def test_everything_else_is_refused(namespace: Namespace, side: str) -> None:
    of_a_scope = {*_EVERYTHING, *_PATTERNS}
    bad = [text for text in BAD if text not in of_a_scope and len(text) <= MAX_TARGET_LENGTH]
    bad += _BAD_PATTERNS
    assert refusals(namespace, side, bad).keys() == set(bad)


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("10.0.0.5/24", "write 10.0.0.0/24 for the network, or 10.0.0.5 for the one address"),
        ("2001:DB8::/32", "write 2001:db8::/32 for the network"),
        ("2001:DB8::1", "write the address in its canonical form: 2001:db8::1"),
        ("10.0.0.9-10.0.0.1", "the range ends before it starts: write the lower address first"),
        ("127.1", "*.example.com for all names below it"),
        ("*example.com", "example.com for that name, *.example.com for all names below it"),
        ("::ffff:10.0.0.0/104", "must be an IPv4 or IPv6 address, a network such as"),
    ],
)
def test_a_refusal_says_what_to_write(namespace: Namespace, text: str, mend: str) -> None:
    assert mend in refusals(namespace, "allow", [text])[text]


def test_a_full_scope_is_accepted(namespace: Namespace) -> None:
    longest = [f"10.{n}.100.100-10.{n}.200.200" for n in range(MAX_SCOPE_ITEMS)]
    body = scan_queue("full", scope={"allow": longest, "deny": longest})
    namespace.create("scanqueues", body, dryRun="All").expect()
