"""The installation watched by Prometheus with the chart's alerts, all of whose times are short.

It uses a Redis of the user's own, with TLS, so that every alert can have its reason.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.chart.alerts.plain import plain_rules
from tests.chart.rendering import Chart
from tests.cluster import settings
from tests.support import release
from tests.support.encrypted_redis import FLAGS, EncryptedRedis, encrypted_redis
from tests.support.installation import NAMESPACE, Installation
from tests.support.kube import Cluster
from tests.support.operator_process import OperatorProcess
from tests.support.prometheus import Prometheus, watching_installation
from tests.support.scans import Lab

_FOR: Final = (
    *("noLeader", "down", "ledgerUnavailable", "queueStuck", "waitOverTarget", "scansFail"),
    *("scansTimeOut", "podsDoNotStart", "slotsUnconfirmed", "watchStale", "reconcileErrors"),
    "redisCertificateEnds",
)
#: The chart's values, but for limitExceeded.
_SHORT: Final[dict[str, Any]] = {
    "for": dict.fromkeys(_FOR, "3s"),
    "thresholds": {
        "failedRatio": 0.5,
        "timedOutRatio": 0.5,
        "leastFinished": 1,
        "stuckWindow": "15s",
        "startWindow": "20s",
        "watchLagSeconds": 8,
        "reconcileErrors": 1,
        "errorsWindow": "20s",
    },
}
#: From a fault to its alert, and from its end to the alert's: windows, `for`, Pods that come back.
SOON: Final = 90.0
#: Shorter than the chart's `certificateDays`.
_CERTIFICATE_DAYS: Final = 2


class Watched(NamedTuple):
    """The installation, with a Redis that has a certificate, and its Prometheus."""

    installation: Installation
    redis: EncryptedRedis
    prometheus: Prometheus

    @property
    def operator(self) -> OperatorProcess:
        """Its processes."""
        return OperatorProcess(self.installation)

    def fires(self, name: str, **labels: str) -> None:
        """Wait until it fires."""
        self.prometheus.wait_firing(name, seconds=SOON, **labels)

    def is_resolved(self, name: str, **labels: str) -> None:
        """Wait until it does not any more."""
        self.prometheus.wait_resolved(name, seconds=SOON, **labels)


class WatchedLab(Lab):
    """A Lab whose queues Prometheus sees."""

    def __init__(self, prometheus: Prometheus, cluster: Cluster, **options: Any) -> None:
        super().__init__(cluster, **options)
        self.prometheus = prometheus

    def fires(self, name: str, queue: str, *, seconds: float = SOON) -> None:
        """Wait until the alert of that queue fires."""
        labels = {"namespace": NAMESPACE, "queue_namespace": self.name, "queue": queue}
        self.prometheus.wait_firing(name, seconds=seconds, **labels)

    def is_resolved(self, name: str, queue: str) -> None:
        """Wait until it does not any more."""
        self.prometheus.wait_resolved(name, seconds=SOON, queue_namespace=self.name, queue=queue)


@contextmanager
def watched_installation(
    installation: Installation, chart: Chart, folder: Path
) -> Iterator[Watched]:
    """Afterwards the installation is as it was."""
    cluster = installation.cluster
    with (
        release.held(settings.from_environment(os.environ)) as opened,
        encrypted_redis(cluster, folder, days=_CERTIFICATE_DAYS) as redis,
    ):
        opened.upgrade(flags=FLAGS)
        try:
            rules = plain_rules(chart, _SHORT)
            with watching_installation(cluster, folder, rules) as prometheus:
                prometheus.wait_scraped(2)
                yield Watched(installation, redis, prometheus)
        finally:
            opened.upgrade()
