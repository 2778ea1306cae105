"""How far the running scans are, read from the end of their logs: no token, no extra process."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NoReturn

from scanyard.controller.context import Context
from scanyard.controller.status_writer import write_status
from scanyard.controller.subjects import pod_fields
from scanyard.kube.errors import KubeError
from scanyard.lifecycle.pods.pod import SCANNER_CONTAINER, PodState
from scanyard.logs import tells
from scanyard.runner.log_protocol import last_progress

log = logging.getLogger(__name__)

_EVERY_SECONDS = 10.0
_WORTH_READING = timedelta(seconds=10)
#: Progress is written when it moved by so many points, or at all after so long.
_POINTS, _AT_LEAST_EVERY = 10, timedelta(seconds=30)
_LINES, _BYTES, _AT_ONCE = 50, 16 * 1024, 8


class ProgressReader:
    """Follows the scans that have run for at least 10 s."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._written_at: dict[str, datetime] = {}
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> NoReturn:
        """Read for ever, every 10 s."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            running = self._running()
            self._written_at = {
                pod.uid: at for pod in running if (at := self._written_at.get(pod.uid))
            }
            await asyncio.gather(*(self._follow(pod) for pod in running))

    def _running(self) -> list[PodState]:
        context, found = self._context, []
        now = context.now()
        for uid, held in context.placement.holders():
            pod = context.mirror.pod_of(uid, held.attempt)
            age = pod.running_for(now) if pod is not None else None
            if pod is not None and age is not None and age >= _WORTH_READING:
                found.append(pod)
        return found

    async def _follow(self, pod: PodState) -> None:
        async with self._slots:
            try:
                text = await self._context.kube.log_tail(
                    pod.namespace, pod.name, SCANNER_CONTAINER, lines=_LINES, limit_bytes=_BYTES
                )
                progress = last_progress(text)
                if progress is not None:
                    await self._write(pod, progress)
            except KubeError as error:
                # Progress is a courtesy: the next round reads it again.
                subject = tells(**pod_fields(self._context, pod))
                log.debug("no progress of %s: %s", pod.name, error, extra=subject)

    async def _write(self, pod: PodState, progress: int) -> None:
        context = self._context
        async with context.lock(pod.job_uid):
            job = context.mirror.jobs.get(pod.job_uid)
            attempt = job.status.open_attempt if job is not None else None
            if job is None or attempt is None or attempt.number != pod.attempt:
                return
            gained = progress - (job.status.progress or 0)
            last = self._written_at.get(pod.uid)
            waited = last is None or context.now() - last >= _AT_LEAST_EVERY
            if gained <= 0 or (gained < _POINTS and not waited):
                return
            await write_status(context, job, replace(job.status, progress=progress))
            self._written_at[pod.uid] = context.now()
