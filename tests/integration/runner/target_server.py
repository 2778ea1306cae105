"""Answers on known ports: an SSH-like banner, HTTP, and UDP on the address that is given."""

from __future__ import annotations

import asyncio
import sys
from typing import cast


class _Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The event loop's own class does not inherit from DatagramTransport.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(data or b"x", addr)


async def _ssh(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    await _finish(reader, writer)


async def _http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")
    await _finish(reader, writer)


async def _finish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await writer.drain()
        await reader.read(1000)
        writer.close()
        await writer.wait_closed()
    except OSError:
        return


async def _serve(udp_address: str) -> None:
    await asyncio.start_server(_ssh, "0.0.0.0", 22)
    await asyncio.start_server(_http, "0.0.0.0", 80)
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(_Echo, local_addr=(udp_address, 5300))
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(_serve(sys.argv[1]))
