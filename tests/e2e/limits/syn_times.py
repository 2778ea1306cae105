"""The second of each TCP SYN to one address that comes into this network namespace, as JSON.

By the kernel's time of arrival: how soon this program reads does not matter.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import sys

_SO_RCVBUFFORCE = 33
_SO_TIMESTAMPNS = 35
_IPV4 = 0x0800
_SYN = 2

sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_IPV4))
sniffer.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 1 << 26)
sniffer.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
target = socket.inet_aton(sys.argv[1])
print("ready", flush=True)

seconds: list[int] = []
while True:
    ready = select.select([sniffer, sys.stdin], [], [])[0]
    if sniffer in ready:
        packet, ancillary, _flags, origin = sniffer.recvmsg(128, 64)
        header = (packet[0] & 15) * 4
        wanted = packet[16:20] == target and packet[9] == socket.IPPROTO_TCP
        if wanted and origin[2] != socket.PACKET_OUTGOING and packet[header + 13] == _SYN:
            stamp = ancillary[0][2]
            seconds.append(struct.unpack("ll", stamp)[0])
    elif sys.stdin in ready:
        break
print(json.dumps(seconds))
