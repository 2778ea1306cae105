"""The target grammar in CEL, for the API server. `targets.py` holds the same grammar in Python.

nmap reads `2130706433`, `127.1`, `0177.0.0.1` and `localhost/31` in its own way, so nothing is
accepted but the one canonical spelling of each form. Used are the functions of the Kubernetes IP
and CIDR libraries, which refuse zones (`fe80::1%eth0`) and IPv4-mapped IPv6 addresses.

The API server estimates the cost of every rule as if all of 1,024 items were 253 characters long,
and refuses a CRD over 10⁷ for one rule or 10⁸ together. So strings are never put together here
(the size of `string(ip(self))` is unknown to it; only `format` may take that) and lists are cut.
"""

from __future__ import annotations

from typing import Final

from scanyard.api.rules import rule

MAX_TARGETS: Final = 1024
MAX_TARGET_LENGTH: Final = 253

# A host name as hostAliases takes it, whose last label cannot be read as a number by anything:
# letters only, or an internationalised top-level domain.
DNS_NAME: Final = (
    r"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*"
    r"([a-z]{1,63}|xn--[-a-z0-9]{0,58}[a-z0-9])"
)

_NAME = f"self.matches(r'^{DNS_NAME}$')"
_RANGE = "(size(self.split('-', 3)) == 2 && self.split('-', 3).all(end, isIP(end)))"

# An address of IPv4-mapped form never parses, and this is the block just below ::ffff:0:0/96: a
# network of 95 bits or fewer holds both or neither.
_BELOW_MAPPED = "::fffe:0:0"


def _of_range(condition: str) -> str:
    """The condition on the ends `a` and `b` of a range; true of everything else."""
    return f"!{_RANGE} || [self.split('-')[0]].all(a, [self.split('-')[1]].all(b, {condition}))"


_V4 = "(ip(a).family() == 4 && ip(b).family() == 4)"
_V6 = "(ip(a).family() == 6 && ip(b).family() == 6)"

_V4_DIFFERENCE = " + ".join(
    f"(int(b.split('.')[{i}]) - int(a.split('.')[{i}])) * {256 ** (3 - i)}" for i in range(4)
)
# Canonical groups of hexadecimal digits have no leading zeros: the longer one is the larger.
# A range that ends in `::` has an empty last group, which is zero.
_V6_LAST_GROUPS = (
    "[a.substring(a.lastIndexOf(':') + 1)].all(x, [b.substring(b.lastIndexOf(':') + 1)].all(y, "
    "size(x) < size(y) || (size(x) == size(y) && x <= y)))"
)

_ADDRESS_OR_NETWORK = [
    rule(
        "!isIP(self) || ip.isCanonical(self)",
        "write the address in its canonical form",
        message_expression=(
            "'write the address in its canonical form: %s'.format([string(ip(self))])"
        ),
    ),
    rule(
        "!isCIDR(self) || self == string(cidr(self).masked())",
        "write the network in its canonical form, without host bits",
        message_expression=(
            "'a network has no host bits: write %s for the network, or %s for the one address'"
            ".format([string(cidr(self).masked()), string(cidr(self).ip())])"
        ),
    ),
    rule(
        f"!isCIDR(self) || !cidr(self).containsIP('{_BELOW_MAPPED}') "
        "|| cidr(self).prefixLength() > 95",
        "the network includes the IPv4-mapped addresses: write IPv4 addresses instead, "
        "or smaller networks",
    ),
]

_RANGES = [
    rule(
        _of_range("ip.isCanonical(a) && ip.isCanonical(b)"),
        "write both ends of the range in their canonical form",
        message_expression=(
            "'write both ends of the range in their canonical form: %s-%s'"
            ".format([string(ip(self.split('-')[0])), string(ip(self.split('-')[1]))])"
        ),
    ),
    rule(
        _of_range("ip(a).family() == ip(b).family()"),
        "both ends of a range must be IPv4, or both IPv6",
    ),
    rule(
        _of_range(f"!{_V4} || {_V4_DIFFERENCE} >= 0"),
        "the range ends before it starts: write the lower address first",
    ),
    rule(
        _of_range(f"!{_V6} || cidr(a + '/112').containsIP(b)"),
        "an IPv6 range varies in its last group only, such as 2001:db8::1-2001:db8::ff: "
        "write a smaller range, or a network",
    ),
    rule(
        _of_range(f"!{_V6} || !cidr(a + '/112').containsIP(b) || {_V6_LAST_GROUPS}"),
        "the range ends before it starts: write the lower address first",
    ),
]

ADDRESS_RULES: Final = [
    rule(
        f"isIP(self) || isCIDR(self) || {_RANGE}",
        "must be an IPv4 or IPv6 address, a network such as 192.0.2.0/28, or a range such as "
        "192.0.2.1-192.0.2.9",
    ),
    *_ADDRESS_OR_NETWORK,
    *_RANGES,
]
"""For an item of excludeTargets: everything but names."""

TARGET_RULES: Final = [
    rule(
        f"isIP(self) || isCIDR(self) || {_RANGE} || {_NAME}",
        "must be an IPv4 or IPv6 address, a network such as 192.0.2.0/28, a range such as "
        "192.0.2.1-192.0.2.9, or a DNS name in lower case whose last label has letters only, "
        "such as web.example.com",
    ),
    *_ADDRESS_OR_NETWORK,
    *_RANGES,
]
"""For an item of targets."""

_HAS_V6 = "exists(t, t.contains(':'))"
_HAS_V4 = "exists(t, t.matches(r'^[0-9.]+([-/][0-9.]+)?$'))"
ONE_FAMILY: Final = (
    f"!((self.targets.{_HAS_V6} || (has(self.excludeTargets) && "
    f"self.excludeTargets.{_HAS_V6})) && (self.targets.{_HAS_V4} || "
    f"(has(self.excludeTargets) && self.excludeTargets.{_HAS_V4})))"
)
"""On the spec: no IPv4 beside IPv6 (nmap and masscan take one family at a time)."""
