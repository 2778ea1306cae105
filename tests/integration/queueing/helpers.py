"""Names and short cuts that the ledger's tests share."""

from __future__ import annotations

from typing import Any

import redis
from redis.exceptions import NoScriptError

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


def call_script(client: redis.Redis, name: str, *words: object) -> list[Any]:
    """Call a script as any process could, whatever it believes; return its raw reply."""
    keys = LedgerKeys.of(INSTALLATION)
    script = load_script(name)
    arguments = [keys.header, keys.registry, *(str(word) for word in words)]
    try:
        reply = client.evalsha(script.sha, 2, *arguments)
    except NoScriptError:
        reply = client.eval(script.text, 2, *arguments)
    assert isinstance(reply, list)
    return reply
