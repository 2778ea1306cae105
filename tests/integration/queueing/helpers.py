"""Names and short cuts that the ledger's tests share."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import redis
from redis.exceptions import NoScriptError

from scanyard.queueing.channel import Timing
from scanyard.queueing.connect import open_client
from scanyard.queueing.contents import LedgerContents
from scanyard.queueing.keys import LedgerKeys
from scanyard.queueing.ledger import Ledger
from scanyard.queueing.operations import Adopt, Drop, Enqueue, Park, Release, Requeue, Take
from scanyard.queueing.readings import Ranks
from scanyard.queueing.scripts import load_script
from tests.cluster.settings import REPOSITORY
from tests.support.ledger_audit import LedgerState, read_ledger
from tests.support.redis_server import RedisServer

INSTALLATION = "scanyard/test"
Q = "team/default"
OTHER = "team/other"
JOB = "team/web/uid-1"
ATTEMPT = "uid-1/0/1"

#: Gives up fast, for tests in which Redis does not answer; a busy machine answers before that.
HURRIED = Timing(command_timeout_seconds=1.0, give_up_seconds=2.0, first_backoff_seconds=0.01)


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


async def use_everything(ledger: Ledger) -> None:
    """Call each script, and run each operation."""
    for _ in range(2):
        await ledger.rebuild(7, LedgerContents([Enqueue(Q, JOB, 1.0), Park(Q, "a/b/2", "x", 1.0)]))
    await ledger.apply([Take(Q, JOB, ATTEMPT, 1), Requeue(Q, JOB, ATTEMPT, 1.0), Drop(JOB)])
    await ledger.apply([Adopt(Q, JOB, ATTEMPT), Release(Q, JOB, ATTEMPT)])
    await ledger.apply([Enqueue(OTHER, JOB, 1.0), Adopt(Q, "a/b/3", "3/0/1")])
    assert (await ledger.heads([OTHER], 1))[OTHER].waiting == 1
    assert len((await ledger.lanes({OTHER: Ranks()}, 1, 1))[OTHER].lanes) == 1
    assert len(await ledger.parked("x", 1)) == 1
    assert len((await ledger.entries()).entries) == 3


def least_rights(heading: str = "Rights") -> list[str]:
    """The words of the `user` line that docs/production.md gives under a heading, but the name."""
    text = (REPOSITORY / "docs" / "production.md").read_text(encoding="utf-8")
    section = text.partition(f"### {heading}\n")[2]
    found = re.search(r"^user scanyard (on >secret .+)$", section, re.MULTILINE)
    assert found, f"docs/production.md has no user under {heading!r}"
    return found[1].split()


def until(met: Callable[[], object], otherwise: str, seconds: float = 20.0) -> None:
    """Wait until a condition is met; AssertionError, which says `otherwise`, if it is not."""
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)


async def without_replication(master: RedisServer) -> None:
    """Cut its replicas off: what it is told from now on it alone knows."""
    async with open_client(master.url) as client:
        for words in (
            ("ACL", "SETUSER", "default", "-psync", "-sync"),
            ("CLIENT", "KILL", "TYPE", "replica"),
        ):
            await client.execute_command(*words)  # type: ignore[no-untyped-call]
