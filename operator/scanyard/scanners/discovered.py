"""What a scanner has told of on its way and not written out yet, whatever the scanner."""

from __future__ import annotations

import re
from typing import Final

from scanyard.scanners.addresses import canonical_address
from scanyard.scanners.findings import HostFinding, PortFinding

MAX_DISCOVERED: Final = 100_000
"""Open ports that are kept at once: some 20 MB."""


class Discovered:
    """Open ports that a scanner printed when it found them, until it writes them out.

    Both nmap -v and masscan --interactive print "Discovered open port 80/tcp on 192.0.2.1".
    """

    _LINE = re.compile(
        r"Discovered open port ([0-9]{1,5})/(tcp|udp|sctp) on ([0-9A-Fa-f.:]{2,45})\s*"
    )

    def __init__(self) -> None:
        self._hosts: dict[str, dict[tuple[int, str], None]] = {}
        self._count = 0
        self.left_out = 0

    def line(self, text: str) -> bool:
        """Whether the line told of an open port."""
        match = self._LINE.fullmatch(text)
        if match is None:
            return False
        address = canonical_address(match[3])
        if address is not None and 0 < int(match[1]) <= 65535:
            self._add(address, (int(match[1]), match[2]))
        return True

    def host_up(self, address: str) -> None:
        """Remember a host that has no open port yet."""
        self._hosts.setdefault(address, {})

    def forget_host(self, address: str) -> None:
        """The scanner has written out all of this host."""
        self._count -= len(self._hosts.pop(address, ()))

    def forget_port(self, address: str, port: int, protocol: str) -> None:
        """The scanner has written out this port."""
        ports = self._hosts.get(address)
        if ports is not None and ports.pop((port, protocol), 0) is None:
            self._count -= 1
            if not ports:
                del self._hosts[address]

    def hosts(self) -> list[HostFinding]:
        """What has not been written out."""
        return [
            HostFinding(
                address=address,
                ports=tuple(PortFinding(port, protocol) for port, protocol in ports),
                whole=False,
            )
            for address, ports in self._hosts.items()
        ]

    def _add(self, address: str, port: tuple[int, str]) -> None:
        if self._count >= MAX_DISCOVERED:
            self.left_out += 1
            return
        ports = self._hosts.setdefault(address, {})
        if port not in ports:
            ports[port] = None
            self._count += 1
