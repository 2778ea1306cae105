"""A queue's scope as a NetworkPolicy: where its scans may send, if the network heeds it.

Defence in depth: what may be scanned is judged before each Pod is created, exactly. This is as
near to that as address blocks come, never narrower.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from scanyard.api import names
from scanyard.lifecycle.targets.address_sets import AddressSet, IPNetwork, Span, network_span
from scanyard.lifecycle.targets.queue_scope import QueueScope
from scanyard.lifecycle.targets.scope import DenyList

#: Blocks and exceptions of one policy: some 100 kB, of at most 1.5 MB that the API server stores.
MAX_ENTRIES: Final = 2000
_EVERYTHING: Final = AddressSet.of(
    network_span(ipaddress.ip_network(text)) for text in ("0.0.0.0/0", "::/0")
)
#: No packet has such an address, and the API server takes them for IPv4.
_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")


@dataclass(frozen=True, slots=True)
class Policy:
    """`spec` of the NetworkPolicy (None: none can be written), and how near it is to the scope."""

    spec: Mapping[str, Any] | None
    exact: bool
    reason: str
    message: str


def policy_for(queue_key: str, scope: QueueScope | None, deny: DenyList) -> Policy:
    """The policy for the Pods of a queue ("namespace/name")."""
    denied = AddressSet.of(deny.spans)
    allowed = _EVERYTHING if scope is None else scope.reach or _EVERYTHING
    beyond = denied if scope is None else denied | scope.denied_reach
    egress = _egress(allowed, beyond)
    if egress is not None:
        by_name = scope is not None and scope.has_domains
        return Policy(
            _spec(queue_key, egress),
            exact=not by_name,
            reason="ByAddress" if by_name else "Written",
            message=(
                "domains of the scope are not in its NetworkPolicy, which knows addresses only"
                if by_name
                else "its scans may send to what its scope allows"
            ),
        )
    egress = _egress(_EVERYTHING, denied)
    told = f"its scope is more than {MAX_ENTRIES} address blocks; write fewer, larger ones"
    if egress is not None:
        return Policy(_spec(queue_key, egress), exact=False, reason="TooLarge", message=told)
    told = f"the installation denies more than {MAX_ENTRIES} address blocks"
    return Policy(None, exact=False, reason="TooLarge", message=told)


def _spec(queue_key: str, egress: list[dict[str, Any]]) -> dict[str, Any]:
    selector = {
        names.LABEL_QUEUE: names.queue_label(queue_key),
        names.LABEL_ROLE: names.ROLE_ATTEMPT,
    }
    return {
        "podSelector": {"matchLabels": selector},
        # Nobody calls a scan; answers to what it sent are let in with that.
        "policyTypes": ["Ingress", "Egress"],
        **({"egress": [{"to": egress}]} if egress else {}),
    }


def _egress(allowed: AddressSet, denied: AddressSet) -> list[dict[str, Any]] | None:
    """The address blocks; None: there are too many. A rule without any would allow everything."""
    blocks: list[dict[str, Any]] = []
    entries = 0
    for span in allowed.spans():
        for network in _networks(span):
            if network.version == 6 and _inside(network, _MAPPED):
                continue
            inner = AddressSet.of([network_span(network)]) & denied
            excepted = [other for part in inner.spans() for other in _networks(part)]
            entries += 1 + len(excepted)
            if entries > MAX_ENTRIES:
                return None
            if network in excepted:
                continue
            block: dict[str, Any] = {"cidr": str(network)}
            if texts := [str(o) for o in excepted if not _inside(o, _MAPPED)]:
                block["except"] = texts
            blocks.append({"ipBlock": block})
    return blocks


def _inside(network: IPNetwork, other: ipaddress.IPv6Network) -> bool:
    return network.version == 6 and network_span(other).contains(network_span(network))


def _networks(span: Span) -> list[IPNetwork]:
    kind: Any = ipaddress.IPv4Address if span.version == 4 else ipaddress.IPv6Address
    return list(ipaddress.summarize_address_range(kind(span.first), kind(span.last)))
