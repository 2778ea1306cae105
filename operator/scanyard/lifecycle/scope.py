"""The installation's deny list: what no scan may reach, whatever a queue or a ScanJob says.

A target inside it is refused; of one that overlaps it the denied part is excluded. IPv4-mapped and
NAT64 (RFC 6052) forms of denied IPv4 networks count as denied, so that an IPv6 spelling is no way
round. Names are judged by the addresses that they were resolved to at admission.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_EMBEDDINGS = (int(ipaddress.ip_address("::ffff:0:0")), int(ipaddress.ip_address("64:ff9b::")))


@dataclass(frozen=True, slots=True)
class _Span:
    version: int
    first: int
    last: int
    text: str


@dataclass(frozen=True, slots=True)
class ScopeVerdict:
    """`refusal` is empty when the scan may go; `exclude` are denied parts to leave out."""

    refusal: str = ""
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DenyList:
    """Denied networks, their IPv6 forms included."""

    spans: tuple[_Span, ...]

    @classmethod
    def of(cls, networks: Iterable[IPNetwork]) -> Self:
        """From the settings' networks and the cluster's Service ranges."""
        spans: list[_Span] = []
        for network in networks:
            spans.append(_network_span(network))
            if network.version == 4:
                spans.extend(_network_span(form) for form in _ipv6_forms(network))
        return cls(tuple(spans))

    def judge(self, targets: Sequence[str], resolved: Mapping[str, Sequence[str]]) -> ScopeVerdict:
        """Judge canonical targets; names that are not in `resolved` are left for admission."""
        exclude: dict[str, None] = {}
        for target in targets:
            for text in resolved.get(target, ()) if _is_name(target) else (target,):
                span = _span(text)
                for denied in self.spans:
                    if denied.version != span.version or not _overlap(denied, span):
                        continue
                    if denied.first <= span.first and span.last <= denied.last:
                        return ScopeVerdict(_refusal(target, text, denied))
                    exclude[denied.text] = None
        return ScopeVerdict("", tuple(exclude))


def dns_names(targets: Iterable[str]) -> tuple[str, ...]:
    """The targets that have to be resolved."""
    return tuple(target for target in targets if _is_name(target))


def _is_name(target: str) -> bool:
    # The grammar of targets: only names end in an alphabetic label and have no colon or slash.
    return ":" not in target and target.rpartition(".")[2].isalpha()


def _span(text: str) -> _Span:
    if "-" in text:
        first, last = (ipaddress.ip_address(part) for part in text.split("-", 1))
        return _Span(first.version, int(first), int(last), text)
    return _network_span(ipaddress.ip_network(text, strict=False))


def _network_span(network: IPNetwork) -> _Span:
    first, last = int(network.network_address), int(network.broadcast_address)
    return _Span(network.version, first, last, str(network))


def _overlap(one: _Span, other: _Span) -> bool:
    return one.first <= other.last and other.first <= one.last


def _ipv6_forms(network: IPNetwork) -> list[ipaddress.IPv6Network]:
    address, prefix = int(network.network_address), 96 + network.prefixlen
    return [ipaddress.IPv6Network((base + address, prefix)) for base in _EMBEDDINGS]


def _refusal(target: str, text: str, denied: _Span) -> str:
    resolved = f" (resolves to {text})" if text != target else ""
    return (
        f"target {target}{resolved} lies in {denied.text}, which this installation denies to every "
        "scan; create a ScanJob without it"
    )
