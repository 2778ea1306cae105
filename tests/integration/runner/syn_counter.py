"""Counts the connection requests (TCP SYN) that come in on eth0 until stdin ends."""

from __future__ import annotations

import select
import socket
import sys

_SO_RCVBUFFORCE = 33
_ALL_PROTOCOLS = 3

sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ALL_PROTOCOLS))
sniffer.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 1 << 24)
sniffer.bind(("eth0", _ALL_PROTOCOLS))
print("ready", flush=True)

count = 0
while True:
    ready, _, _ = select.select([sniffer, sys.stdin], [], [])
    if sniffer in ready:
        packet, origin = sniffer.recvfrom(2048)
        header = (packet[0] & 15) * 4
        is_tcp = origin[1] == 0x0800 and packet[9] == socket.IPPROTO_TCP
        if origin[2] != socket.PACKET_OUTGOING and is_tcp and packet[header + 13] == 2:
            count += 1
    elif sys.stdin in ready:
        break
print(count)
