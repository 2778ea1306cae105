"""Wakes a masscan that has nothing left to do but does not notice.

Its receiving thread sleeps in libpcap until a packet passes, with no time limit, so in a quiet
network it ends seconds late or never (robertdavidgraham/masscan#558; seen with 1.3.2 and libpcap
1.10). Any frame on the interface will do, an outgoing one as well.
"""

from __future__ import annotations

import socket
from typing import Final

_LOCAL_EXPERIMENTAL: Final = 0x88B5
"""EtherType that IEEE 802 keeps for private use: no host answers it."""


def nudge() -> None:
    """Send one frame from each network interface to itself; whatever cannot take it is skipped."""
    for _, name in socket.if_nameindex():
        if name != "lo":
            _send_to_itself(name)


def _send_to_itself(interface: str) -> None:
    try:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
            raw.bind((interface, _LOCAL_EXPERIMENTAL))
            own_address: bytes = raw.getsockname()[4]
            raw.send(own_address * 2 + _LOCAL_EXPERIMENTAL.to_bytes(2, "big") + bytes(46))
    except OSError:
        # A tunnel without link addresses, or one that is down: the watchdog remains.
        return
