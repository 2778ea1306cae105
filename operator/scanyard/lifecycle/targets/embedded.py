"""IPv4 addresses in IPv6 spelling: IPv4-mapped (RFC 4291) and NAT64 (RFC 6052).

A packet to either may reach the IPv4 address inside, so that a rule on IPv4 holds for both.
"""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import Final

from scanyard.lifecycle.targets.address_sets import Span, network_span

#: ::ffff:0:0/96 and 64:ff9b::/96, ascending.
_EMBEDDINGS: Final = tuple(
    network_span(ipaddress.ip_network(text)) for text in ("::ffff:0:0/96", "64:ff9b::/96")
)


def with_ipv6_forms(span: Span) -> list[Span]:
    """The span and, of IPv4, its IPv6 forms, each with a text of its own."""
    if span.version != 4:
        return [span]
    return [span, *(_form(span, block.first) for block in _EMBEDDINGS)]


def without_embedded(span: Span) -> list[Span]:
    """What a wide IPv6 span means by itself: not the IPv4 addresses that it happens to hold.

    A span that lies within the embedded addresses means just those.
    """
    if span.version != 6 or any(block.contains(span) for block in _EMBEDDINGS):
        return [span]
    parts: list[Span] = []
    start = span.first
    for block in sorted(_EMBEDDINGS, key=lambda block: block.first):
        if block.overlaps(replace(span, first=start)):
            if start < block.first:
                parts.append(replace(span, first=start, last=block.first - 1))
            start = block.last + 1
    if start <= span.last:
        parts.append(replace(span, first=start))
    return parts


def _form(span: Span, base: int) -> Span:
    form = Span(6, base + span.first, base + span.last)
    _, is_network, length = span.text.partition("/")
    if not is_network:
        return replace(form, text=str(form))
    return replace(form, text=f"{ipaddress.IPv6Address(form.first)}/{96 + int(length)}")
