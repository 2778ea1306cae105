"""Kubernetes Events for failures and users' mistakes: `kubectl describe scanjob` tells why."""

from __future__ import annotations

import logging
import uuid

from scanyard.api import names
from scanyard.controller.context import Context
from scanyard.kube.errors import KubeError
from scanyard.kube.resources import EVENTS
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.timestamps import format_time
from scanyard.logs import tells

log = logging.getLogger(__name__)

_COMPONENT = "scanyard-operator"


async def warn(context: Context, job: Job, reason: str, message: str) -> None:
    """Post one Warning; it is a courtesy, so a failure is only logged."""
    now = format_time(context.now())
    body = {
        "metadata": {"name": f"{job.name[:200]}.{uuid.uuid4().hex[:12]}"},
        "involvedObject": {
            "apiVersion": names.API_VERSION,
            "kind": names.SCANJOB_KIND,
            "namespace": job.namespace,
            "name": job.name,
            "uid": job.uid,
        },
        "type": "Warning",
        "reason": reason,
        "message": message[:1024],
        "source": {"component": _COMPONENT},
        "reportingComponent": _COMPONENT,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
    try:
        await context.kube.create(EVENTS, job.namespace, body)
    except KubeError as error:
        log.info("no event for ScanJob %s: %s", job.key, error, extra=tells(reason=reason))
