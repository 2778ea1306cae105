"""/healthz, /readyz and /metrics of the operator."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from scanyard.controller.context import Context

log = logging.getLogger(__name__)


class Probes:
    """Liveness asks nothing but this process; readiness says whether scans can be admitted."""

    def __init__(self) -> None:
        self.context: Context | None = None
        self.waiting_for = "the API server and Redis"
        self.standby = ""
        self._rendering = asyncio.Lock()

    def lead(self) -> None:
        """This process leads, and prepares to work."""
        self.standby, self.waiting_for = "", "the API server and Redis"

    def stand_by(self, why: str, in_order: bool) -> None:
        """Another leads (a standby is ready to take over), or nobody can say who does."""
        if why != (self.standby or self.waiting_for):
            log.info("%s", why)
        self.standby, self.waiting_for = (why, "") if in_order else ("", why)

    def application(self) -> web.Application:
        """The routes."""
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        return app

    async def _healthz(self, _: web.Request) -> web.Response:
        # The event loop answers, and any task that ends takes the process with it.
        return web.Response(text=f"alive at {time.time():.0f}\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        if self.context is None and self.standby:
            return web.Response(text=f"{self.standby}\n")
        if self.context is None:
            return web.Response(status=503, text=f"waits for {self.waiting_for}\n")
        if not self.context.ledger_current:
            text = f"nothing is admitted: {self.context.ledger_trouble}\n"
            return web.Response(status=503, text=text)
        return web.Response(text="ready\n")

    async def _metrics(self, _: web.Request) -> web.Response:
        # Thousands of queues make it take longer than a Lease may wait; and everybody may ask.
        async with self._rendering:
            body = await asyncio.to_thread(generate_latest)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


@asynccontextmanager
async def serve_probes(port: int) -> AsyncIterator[Probes]:
    """Serve on all addresses of the Pod until the block ends."""
    probes = Probes()
    runner = web.AppRunner(probes.application(), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, port=port).start()
        yield probes
    finally:
        await runner.cleanup()
