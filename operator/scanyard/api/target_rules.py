"""The target grammar in CEL, for the API server. `targets.py` holds the same grammar in Python.

nmap reads `2130706433`, `127.1`, `0177.0.0.1` and `localhost/31` in its own way, so nothing is
accepted but the one canonical spelling of each form. Used are the functions of the Kubernetes IP
and CIDR libraries, which refuse zones (`fe80::1%eth0`) and IPv4-mapped IPv6 addresses.
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
_RANGE = "[self.split('-')].exists(ends, size(ends) == 2 && isIP(ends[0]) && isIP(ends[1]))"

# An address of IPv4-mapped form never parses, and this is the block just below ::ffff:0:0/96: a
# network of 95 bits or fewer holds both or neither.
_BELOW_MAPPED = "::fffe:0:0"

_V4_ORDER = " + ".join(
    f"(int(ends[1].split('.')[{i}]) - int(ends[0].split('.')[{i}])) * {256 ** (3 - i)}"
    for i in range(4)
)


def _first(bits: str) -> str:
    return f"cidr(ends[0] + '/' + string({bits}))"


# a <= b for two IPv6 addresses inside one /96, without arithmetic on 128 bits: they are equal, or
# at the first bit n where they differ it is a that has 0 there (its /n and /n+1 start alike).
# The group of 16 bits in which that bit lies is found first, which keeps the estimated cost low.
_V6_ORDER = (
    "ends[0] == ends[1] || "
    f"[{_first('112')}.containsIP(ip(ends[1])) ? 112 : 96].exists(group, "
    f"[{', '.join(str(bit) for bit in range(16))}].exists(bit, "
    f"{_first('group + bit')}.containsIP(ip(ends[1])) && "
    f"!{_first('group + bit + 1')}.containsIP(ip(ends[1])) && "
    f"{_first('group + bit')}.masked().ip() == {_first('group + bit + 1')}.masked().ip()))"
)

_ADDRESS_OR_NETWORK = [
    rule(
        "!isIP(self) || ip.isCanonical(self)",
        "write the address in its canonical form",
        message_expression="'write the address in its canonical form: ' + string(ip(self))",
    ),
    rule(
        "!isCIDR(self) || self == string(cidr(self).masked())",
        "write the network in its canonical form, without host bits",
        message_expression=(
            "'a network has no host bits and is in canonical form: write ' + "
            "string(cidr(self).masked()) + ' for the network or ' + string(cidr(self).ip()) + "
            "' for the one address'"
        ),
    ),
    rule(
        f"!isCIDR(self) || !cidr(self).containsIP('{_BELOW_MAPPED}') "
        "|| cidr(self).prefixLength() > 95",
        "the network includes the IPv4-mapped addresses: write IPv4 addresses instead, "
        "or smaller networks",
    ),
]


def _of_range(condition: str) -> str:
    """The condition on the two `ends` of a range; true of everything else."""
    return (
        "[self.split('-')].all(ends, size(ends) != 2 || !isIP(ends[0]) || !isIP(ends[1]) || "
        f"{condition})"
    )


_RANGES = [
    rule(
        _of_range("(ip.isCanonical(ends[0]) && ip.isCanonical(ends[1]))"),
        "write both ends of the range in their canonical form",
        message_expression=(
            "'write both ends of the range in their canonical form: ' + "
            "string(ip(self.split('-')[0])) + '-' + string(ip(self.split('-')[1]))"
        ),
    ),
    rule(
        _of_range("ip(ends[0]).family() == ip(ends[1]).family()"),
        "both ends of a range must be IPv4, or both IPv6",
    ),
    rule(
        _of_range(f"ip(ends[0]).family() != 4 || ip(ends[1]).family() != 4 || {_V4_ORDER} >= 0"),
        "the range ends before it starts: write the lower address first",
    ),
    rule(
        _of_range(
            "ip(ends[0]).family() != 6 || ip(ends[1]).family() != 6 || "
            f"{_first('96')}.containsIP(ip(ends[1]))"
        ),
        "an IPv6 range must lie inside one /96: write a smaller range or a network",
    ),
    rule(
        _of_range(
            "ip(ends[0]).family() != 6 || ip(ends[1]).family() != 6 || "
            f"!{_first('96')}.containsIP(ip(ends[1])) || {_V6_ORDER}"
        ),
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
