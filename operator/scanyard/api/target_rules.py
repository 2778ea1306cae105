"""The target grammar in CEL, for the API server. `targets.py` holds the same grammar in Python.

nmap reads `2130706433`, `127.1`, `0177.0.0.1` and `localhost/31` in its own way, so nothing is
accepted but the one canonical spelling of each form. Used are the functions of the Kubernetes IP
and CIDR libraries, which refuse zones (`fe80::1%eth0`) and IPv4-mapped IPv6 addresses.

The API server estimates the cost of every rule as if all of 1,024 items were 253 characters of
four bytes, and refuses a CRD over 10⁷ for one rule or 10⁸ for all; a rule here is at 4.3 * 10⁶.
To its estimate a text of unknown size is endless: `string(ip(self))` may only go into `format`,
parts of `split` only into one-item lists.
"""

from __future__ import annotations

from typing import Final

from scanyard.api.rules import rule

MAX_TARGETS: Final = 1024
MAX_TARGET_LENGTH: Final = 253

# 2^32 addresses, as many as IPv4 has: the most that a scanner is given.
MIN_IPV6_PREFIX_LENGTH: Final = 96

# A host name as hostAliases takes it, whose last label nothing can read as a number.
DNS_NAME: Final = r"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z]{1,63}"

_FORMS: Final = (
    "must be an IPv4 or IPv6 address, a network such as 192.0.2.0/28, or a range such as "
    "192.0.2.1-192.0.2.9"
)
_FORMS_WITH_NAME: Final = (
    "must be an IPv4 or IPv6 address, a network such as 192.0.2.0/28, a range such as "
    "192.0.2.1-192.0.2.9, or a DNS name in lower case whose last label has letters only, such as "
    "web.example.com"
)
_FORMS_WITH_DOMAIN: Final = (
    "must be an IPv4 or IPv6 address, a network such as 192.0.2.0/28, a range such as "
    "192.0.2.1-192.0.2.9, or a domain in lower case whose last label has letters only: "
    "example.com for that name, *.example.com for all names below it"
)

_IS_NAME = f"self.matches(r'^{DNS_NAME}$')"
_IS_RANGE = "size(self.split('-', 3)) == 2 && self.split('-', 3).all(end, isIP(end))"
# Two texts under short names: CEL of custom resources has no other way to bind them.
_ENDS = "[self.split('-')[0]].all(a, [self.split('-')[1]].all(b, {}))"

_NETWORK_IS_CANONICAL = "self == string(cidr(self).masked())"
_NETWORK_IS_SMALL = (
    f"cidr(self).ip().family() == 4 || cidr(self).prefixLength() >= {MIN_IPV6_PREFIX_LENGTH}"
)
_TOO_LARGE = (
    f"an IPv6 network to scan is /{MIN_IPV6_PREFIX_LENGTH} or smaller: write smaller networks"
)
# An address of IPv4-mapped form never parses, and ::fffe:0:0 is the block just below
# ::ffff:0:0/96: a network of 95 bits or fewer holds both or neither.
_NETWORK_IS_UNMAPPED = "cidr(self).prefixLength() > 95 || !cidr(self).containsIP('::fffe:0:0')"

_HOLDS_MAPPED = (
    "the network includes the IPv4-mapped addresses: write IPv4 addresses instead, or smaller "
    "networks"
)

_RANGE_IS_CANONICAL = "ip.isCanonical(a) && ip.isCanonical(b)"
_RANGE_IS_OF_ONE_FAMILY = "ip(a).family() == ip(b).family()"
_RANGE_IS_SHORT = "ip(a).family() == 4 || cidr(a + '/112').containsIP(b)"
_V4_DIFFERENCE = " + ".join(
    f"(int(b.split('.')[{i}]) - int(a.split('.')[{i}])) * {256 ** (3 - i)}" for i in range(4)
)
# Of addresses that differ in the last group only. Canonical groups have no leading zeros, so the
# longer one is the larger; after a last `::` the group is empty, which is zero.
_V6_IN_ORDER = (
    "[a.substring(a.lastIndexOf(':') + 1)].all(x, [b.substring(b.lastIndexOf(':') + 1)].all(y, "
    "size(x) < size(y) || (size(x) == size(y) && x <= y)))"
)
_RANGE_IS_IN_ORDER = f"ip(a).family() == 4 ? {_V4_DIFFERENCE} >= 0 : {_V6_IN_ORDER}"


def _grammar(*, otherwise: str, network: str, bad_network: str, forms: str) -> dict[str, str]:
    """The one rule of an item.

    otherwise: the condition on what is none of the numeric forms. network: the condition on a
    canonical network, bad_network the message where it does not hold. forms: what is accepted.

    One rule with a message for each case, not a rule for each case: every write of the object,
    of its status too, runs every rule on every item.
    """
    in_range = (
        f"{_RANGE_IS_CANONICAL} && {_RANGE_IS_OF_ONE_FAMILY} && ({_RANGE_IS_SHORT}) && "
        f"({_RANGE_IS_IN_ORDER})"
    )
    return rule(
        "isIP(self) ? ip.isCanonical(self) : "
        f"isCIDR(self) ? {_NETWORK_IS_CANONICAL} && ({network}) : "
        f"{_IS_RANGE} ? {_ENDS.format(in_range)} : {otherwise}",
        forms,
        message_expression=(
            "isIP(self) ? 'write the address in its canonical form: %s'.format([string(ip(self))])"
            f" : isCIDR(self) ? ({_NETWORK_IS_CANONICAL} ? "
            f"'{bad_network}' : "
            "'a network has no host bits and is in canonical form: write %s "
            "for the network, or %s for the one address'.format([string(cidr(self).masked()), "
            f"string(cidr(self).ip())])) : {_IS_RANGE} ? ("
            f"!{_ENDS.format(_RANGE_IS_CANONICAL)} ? "
            "'write both ends of the range in their canonical form: %s-%s'.format(["
            "string(ip(self.split('-')[0])), string(ip(self.split('-')[1]))]) : "
            f"!{_ENDS.format(_RANGE_IS_OF_ONE_FAMILY)} ? "
            "'both ends of a range must be IPv4, or both IPv6' : "
            f"!{_ENDS.format(_RANGE_IS_SHORT)} ? "
            "'an IPv6 range varies in its last group only, such as 2001:db8::1-2001:db8::ff: "
            "write a smaller range, or a network' : "
            "'the range ends before it starts: write the lower address first') : "
            f"'{forms}'"
        ),
    )


TARGET_RULES: Final = [
    _grammar(
        otherwise=_IS_NAME,
        network=_NETWORK_IS_SMALL,
        bad_network=_TOO_LARGE,
        forms=_FORMS_WITH_NAME,
    )
]
"""For an item of targets."""

ADDRESS_RULES: Final = [
    _grammar(
        otherwise="false",
        network=_NETWORK_IS_UNMAPPED,
        bad_network=_HOLDS_MAPPED,
        forms=_FORMS,
    )
]
"""For an item of excludeTargets: networks of any size, but no names."""

SCOPE_ITEM_RULES: Final = [
    _grammar(
        otherwise=f"self.matches(r'^([*][.])?{DNS_NAME}$')",
        network="true",
        bad_network="",
        forms=_FORMS_WITH_DOMAIN,
    )
]
"""For an item of a queue's scope: networks of any size, ::/0 too, and domains."""

_HAS_V6 = "exists(t, t.contains(':'))"
_HAS_V4 = "exists(t, t.matches(r'^[0-9.]+([-/][0-9.]+)?$'))"
ONE_FAMILY: Final = (
    f"!((self.targets.{_HAS_V6} || (has(self.excludeTargets) && "
    f"self.excludeTargets.{_HAS_V6})) && (self.targets.{_HAS_V4} || "
    f"(has(self.excludeTargets) && self.excludeTargets.{_HAS_V4})))"
)
"""On the spec: no IPv4 beside IPv6 (nmap and masscan take one family at a time)."""
