"""The installation's deny list: what no scan may reach, whatever a queue or a ScanJob says.

A target inside it is refused; of one that overlaps it the denied part is excluded. IPv4-mapped and
NAT64 (RFC 6052) forms of denied IPv4 networks count as denied, so that an IPv6 spelling is no way
round. Names are judged by the addresses that they were resolved to at admission.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from scanyard.lifecycle.targets.address_sets import IPNetwork, Span, network_span, span_of
from scanyard.lifecycle.targets.embedded import with_ipv6_forms


@dataclass(frozen=True, slots=True)
class ScopeVerdict:
    """`refusal` is empty when the scan may go; `exclude` are denied parts to leave out."""

    refusal: str = ""
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DenyList:
    """Denied networks, their IPv6 forms included."""

    spans: tuple[Span, ...]

    @classmethod
    def of(cls, networks: Iterable[IPNetwork]) -> Self:
        """From the settings' networks and the cluster's Service ranges."""
        spans = (form for network in networks for form in with_ipv6_forms(network_span(network)))
        return cls(tuple(spans))

    def judge(self, targets: Sequence[str], resolved: Mapping[str, Sequence[str]]) -> ScopeVerdict:
        """Judge canonical targets; names that are not in `resolved` are left for admission."""
        exclude: dict[str, None] = {}
        for target in targets:
            for text in resolved.get(target, ()) if is_name(target) else (target,):
                span = span_of(text)
                for denied in self.spans:
                    if not denied.overlaps(span):
                        continue
                    if denied.contains(span):
                        return ScopeVerdict(_refusal(target, text, denied))
                    exclude[denied.text] = None
        return ScopeVerdict("", tuple(exclude))


def dns_names(targets: Iterable[str]) -> tuple[str, ...]:
    """The targets that have to be resolved."""
    return tuple(target for target in targets if is_name(target))


def is_name(target: str) -> bool:
    """Whether a canonical target is a DNS name."""
    # The grammar of targets: only names end in an alphabetic label and have no colon or slash.
    return ":" not in target and target.rpartition(".")[2].isalpha()


def _refusal(target: str, text: str, denied: Span) -> str:
    resolved = f" (resolves to {text})" if text != target else ""
    return (
        f"target {target}{resolved} lies in {denied.text}, which this installation denies to every "
        "scan; create a ScanJob without it"
    )
