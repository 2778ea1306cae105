"""What a target is, in Python: the same grammar as the CEL of `target_rules.py`.

For programs that look at targets before or after the API server did: the command line tool, the
check against denied networks, the estimate of a scan's size.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
    summarize_address_range,
)
from typing import Final, Literal

from scanyard.api.target_rules import DNS_NAME, MAX_TARGET_LENGTH, MIN_IPV6_PREFIX_LENGTH
from scanyard.errors import InvalidInputError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Family = Literal[4, 6]

MAX_ADDRESSES: Final = 2 ** (128 - MIN_IPV6_PREFIX_LENGTH)

_NAME: Final = re.compile(DNS_NAME)
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_FORMS: Final = (
    "write an IPv4 or IPv6 address, a network such as 192.0.2.0/28, a range such as "
    "192.0.2.1-192.0.2.9, or a DNS name in lower case whose last label has letters only, "
    "such as web.example.com"
)


class TargetKind(StrEnum):
    """The four forms of a target."""

    ADDRESS = "Address"
    NETWORK = "Network"
    RANGE = "Range"
    NAME = "Name"


@dataclass(frozen=True, slots=True)
class Target:
    """A target that is known to be canonical.

    first, last: the lowest and the highest address; None for a name, which is not resolved here.
    """

    text: str
    kind: TargetKind
    first: Address | None = None
    last: Address | None = None

    @property
    def family(self) -> Family | None:
        """4 or 6; None for a name."""
        return None if self.first is None else self.first.version

    @property
    def size(self) -> int:
        """How many addresses it stands for; a name counts as one."""
        return (
            1 if self.first is None or self.last is None else int(self.last) - int(self.first) + 1
        )

    def networks(self) -> tuple[Network, ...]:
        """The fewest networks that hold just its addresses, ascending; empty for a name."""
        if self.first is None or self.last is None:
            return ()
        return tuple(summarize_address_range(self.first, self.last))


def parse_target(text: str) -> Target:
    """Classify an item of targets and check that it is in its one canonical form.

    Raises InvalidInputError with the form to write instead.
    """
    target = _parse(text, "targets")
    if target.size > MAX_ADDRESSES:
        mend = f"write smaller networks: IPv6 ones of /{MIN_IPV6_PREFIX_LENGTH} or smaller"
        raise _refusal("targets", text, mend)
    return target


def parse_excluded(text: str) -> Target:
    """The same for an item of excludeTargets: a network of any size, but no name."""
    target = _parse(text, "excludeTargets")
    if target.kind is TargetKind.NAME:
        raise _refusal("excludeTargets", text, "write its addresses instead")
    return target


def parse_targets(targets: Iterable[str], excluded: Iterable[str] = ()) -> tuple[Target, ...]:
    """Check the targets of one scan, together with what it excludes; returns the targets.

    Raises InvalidInputError for the first that cannot be used, and when IPv4 stands beside IPv6.
    """
    parsed = tuple(parse_target(text) for text in targets)
    left_out = tuple(parse_excluded(text) for text in excluded)
    if {4, 6} <= {target.family for target in (*parsed, *left_out)}:
        raise InvalidInputError(
            "targets",
            "IPv4 and IPv6 cannot be scanned together",
            "create one ScanJob for each",
        )
    return parsed


def _parse(text: str, field: str) -> Target:
    if not 1 <= len(text) <= MAX_TARGET_LENGTH:
        raise _refusal(field, text, f"write 1 to {MAX_TARGET_LENGTH} characters")
    if "/" in text:
        return _network(text, field)
    if (address := _address(text)) is not None:
        _require_canonical(text, str(address), field)
        return Target(text, TargetKind.ADDRESS, address, address)
    first, _, last = text.partition("-")
    low, high = _address(first), _address(last)
    if low is not None and high is not None:
        return _range(text, low, high, field)
    if _NAME.fullmatch(text):
        return Target(text, TargetKind.NAME)
    raise _refusal(field, text, _FORMS)


def _address(text: str) -> Address | None:
    """The address, in whatever spelling; None for anything else, zones and IPv4-mapped included."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and (address.scope_id or address in _MAPPED):
        return None
    return address


def _network(text: str, field: str) -> Target:
    host, _, bits = text.partition("/")
    address = _address(host)
    # Only a decimal prefix length: ipaddress would also take a netmask, or "08".
    if address is None or not re.fullmatch(r"0|[1-9][0-9]{0,2}", bits):
        raise _refusal(field, text, _FORMS)
    if int(bits) > address.max_prefixlen:
        raise _refusal(field, text, f"write a prefix length of 0 to {address.max_prefixlen}")
    network = ip_network((address, int(bits)), strict=False)
    if str(network) != text:
        mend = f"write {network} for the network, or {address} for the one address"
        raise _refusal(field, text, mend)
    if isinstance(network, IPv6Network) and network.overlaps(_MAPPED):
        raise _refusal(field, text, "write IPv4 addresses instead, or smaller networks")
    return Target(text, TargetKind.NETWORK, network[0], network[-1])


def _range(text: str, low: Address, high: Address, field: str) -> Target:
    _require_canonical(text, f"{low}-{high}", field)
    if low.version != high.version:
        raise _refusal(field, text, "write two IPv4 or two IPv6 addresses")
    if int(low) > int(high):
        raise _refusal(field, text, "write the lower address first")
    if low.version == 6 and int(low) >> 16 != int(high) >> 16:
        mend = "let an IPv6 range vary in its last group only, or write a network"
        raise _refusal(field, text, mend)
    return Target(text, TargetKind.RANGE, low, high)


def _require_canonical(text: str, canonical: str, field: str) -> None:
    if text != canonical:
        raise _refusal(field, text, f"write {canonical}")


def _refusal(field: str, text: str, mend: str) -> InvalidInputError:
    return InvalidInputError(field, f"{text!r} is not a canonical target", mend)
