"""Counts what Pods send to some addresses, in the nodes themselves, whatever a scanner reports.

Where a Pod's packets enter its node, before anything may drop or redirect them. Packets of the
node's own, such as the kubelet's probes, do not come by there.
"""

from __future__ import annotations

import json
import subprocess
import uuid
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self

_TABLE: Final = """
table ip {table} {{
  set seen {{ type ipv4_addr . ipv4_addr; size 65536; flags dynamic; counter; }}
  chain arriving {{
    type filter hook prerouting priority raw; policy accept;
    ip daddr {{ {addresses} }} update @seen {{ ip saddr . ip daddr }}
  }}
}}
"""


class PacketCounters:
    """From its entry to its exit, in each of these nodes; the addresses are IPv4."""

    def __init__(self, nodes: Sequence[str], addresses: Sequence[str]) -> None:
        self._nodes = nodes
        self._table = f"test_{uuid.uuid4().hex[:8]}"
        self._rules = _TABLE.format(table=self._table, addresses=", ".join(addresses))

    def __enter__(self) -> Self:
        for node in self._nodes:
            self._nft(node, "-f", "-", stdin=self._rules)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for node in self._nodes:
            self._nft(node, "delete", "table", "ip", self._table)

    def seen(self) -> Counter[tuple[str, str]]:
        """How many packets went from one address to another; by as many nodes as they passed."""
        found: Counter[tuple[str, str]] = Counter()
        for node in self._nodes:
            listed = json.loads(self._nft(node, "-j", "list", "set", "ip", self._table, "seen"))
            (seen,) = (item["set"] for item in listed["nftables"] if "set" in item)
            for element in seen.get("elem") or ():
                found[_pair(element["elem"])] += element["elem"]["counter"]["packets"]
        return found

    def _nft(self, node: str, *arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            ["docker", "exec", "-i", node, "nft", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def _pair(element: dict[str, Any]) -> tuple[str, str]:
    source, destination = element["val"]["concat"]
    return source, destination
