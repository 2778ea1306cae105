"""A TCP proxy that breaks connections the way networks do: between the request and its answer."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class TcpProxy:
    """Stands before a server on loopback; use as `async with`.

    Faults apply to the next requests that contain `fault_marker`. `requests` keeps what was passed
    on, so that a test can send a late duplicate with `repeat`.
    """

    def __init__(self, server_port: int, fault_marker: bytes = b"EVAL") -> None:
        self.port = 0
        self.requests: list[bytes] = []
        self._server_port = server_port
        self._fault_marker = fault_marker
        self._cut_before = 0
        self._cut_after = 0
        self._silent = False
        self._spared = 0
        self._answer_is_cut = False
        self._listener: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._listener:
            self._listener.close()
        for link in list(self._links):
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    @property
    def url(self) -> str:
        """Where a Redis client finds it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def cut_before_server(self, times: int = 1) -> None:
        """Drop the connection instead of passing the next request on: it never runs."""
        self._cut_before = times

    def cut_after_server(self, times: int = 1, *, sparing: int = 0) -> None:
        """Pass the next request on, and drop the connection when its answer comes: it has run.

        The first `sparing` requests are answered.
        """
        self._cut_after = times
        self._spared = sparing

    def silence(self, silent: bool) -> None:
        """Pass requests on, but lose what the server answers, until told otherwise."""
        self._silent = silent

    def lead_to(self, server_port: int, *, cut: bool = True) -> None:
        """Let new connections end at another server, and cut the present ones if told to."""
        self._server_port = server_port
        for link in self._links if cut else ():
            link.cancel()

    async def repeat(self, request: bytes) -> bytes:
        """Send an earlier request again, as a late duplicate, and return the raw answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        writer.write(request)
        answer = await reader.read(1 << 16)
        writer.close()
        await writer.wait_closed()
        return answer

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        assert link is not None
        self._links.add(link)
        try:
            await self._link(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # one side went away, or the proxy ends
        finally:
            self._links.discard(link)
            writer.close()

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        answering = asyncio.create_task(self._pass_answers(server_reader, writer))
        try:
            while request := await reader.read(1 << 20):
                marked = self._fault_marker in request
                if marked and self._cut_before > 0:
                    self._cut_before -= 1
                    return
                if marked:
                    self.requests.append(request)
                    self._answer_is_cut = self._spared == 0 and self._cut_after > 0
                    self._spared = max(0, self._spared - 1)
                server_writer.write(request)
        finally:
            server_writer.close()
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)

    async def _pass_answers(
        self, server_reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while answer := await server_reader.read(1 << 20):
            if self._answer_is_cut:
                self._answer_is_cut = False
                self._cut_after -= 1
                break
            if not self._silent:
                writer.write(answer)
        writer.close()
