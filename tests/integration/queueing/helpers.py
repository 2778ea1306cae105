"""Names and short cuts that the ledger's tests share."""

from __future__ import annotations

import redis

from scanyard.queueing.channel import Timing
from scanyard.queueing.keys import LedgerKeys
from scanyard.queueing.scripts import load_script
from tests.support.ledger_audit import LedgerState, read_ledger
from tests.support.redis_server import RedisServer

INSTALLATION = "scanyard/test"
Q = "team/default"
OTHER = "team/other"
JOB = "team/web/uid-1"
ATTEMPT = "uid-1/0/1"

#: Gives up fast, for tests in which Redis does not answer.
HURRIED = Timing(command_timeout_seconds=0.3, give_up_seconds=0.6, first_backoff_seconds=0.01)


def state_of(server: RedisServer) -> LedgerState:
    """Return what the keys say, having checked that every job is in exactly one place."""
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        return read_ledger(client, INSTALLATION)


def call_script(client: redis.Redis, name: str, *words: object) -> list[str]:
    """Call a script as any process could, whatever it believes; return its raw reply."""
    keys = LedgerKeys.of(INSTALLATION)
    reply = client.eval(
        load_script(name).text, 2, keys.header, keys.registry, *(str(word) for word in words)
    )
    assert isinstance(reply, list)
    return reply
