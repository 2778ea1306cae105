"""The Redis client that the settings ask for."""

from __future__ import annotations

from pydantic import SecretStr
from redis.asyncio import Redis

from scanyard import metrics
from scanyard.queueing.connect import Sentinels, TlsFiles, open_client
from scanyard.queueing.keys import LedgerKeys
from scanyard.settings import Settings


def redis_for(settings: Settings) -> Redis:
    """Open it for one process; raises InvalidInputError where settings contradict each other."""
    return open_client(
        settings.redis_url,
        _revealed(settings.redis_password),
        username=settings.redis_username,
        tls=TlsFiles(settings.redis_ca_file, settings.redis_cert_file, settings.redis_key_file),
        sentinels=_sentinels(settings),
        cluster_key=LedgerKeys.of(settings.installation).header if settings.redis_cluster else None,
        on_certificate=metrics.REDIS_CERTIFICATE.set,
    )


def _sentinels(settings: Settings) -> Sentinels | None:
    if not settings.redis_sentinels:
        return None
    return Sentinels(
        settings.redis_sentinels,
        settings.redis_sentinel_master,
        settings.redis_sentinel_username,
        _revealed(settings.redis_sentinel_password),
    )


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
