"""A fault of the network: the leader's watches stay open, and nothing comes by them any more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.support.kube import eventually
from tests.support.operator_process import Leader, OperatorProcess

#: Goes with the Pod's network at the latest.
_TABLE: Final = "test_silent_watches"
_API_PORT: Final = 443
#: Who asks gets an answer at once; by a watch something comes long after the question.
_LATER_MILLISECONDS: Final = 1000
_SOCKET: Final = re.compile(
    rf"\S+:(\d+) +\S+:{_API_PORT}\b.*\n.*\blastsnd:(\d+) lastrcv:(\d+)", re.MULTILINE
)


@contextmanager
def silent_watches(operator: OperatorProcess, leader: Leader) -> Iterator[None]:
    """Drop what the API server sends by the watches; requests are answered as ever.

    Something must have come by a watch, or it cannot be told from the other connections.
    """
    ports = eventually(lambda: _watches(operator, leader), bool, seconds=30, every=1)
    rules = f"tcp sport {_API_PORT} tcp dport {{ {', '.join(ports)} }} drop"
    hook = "{ type filter hook input priority 0; policy accept; }"
    nft = ("nft", "add")
    operator.in_network(leader, *nft, "table", "ip", _TABLE)
    try:
        operator.in_network(leader, *nft, "chain", "ip", _TABLE, "input", hook)
        operator.in_network(leader, *nft, "rule", "ip", _TABLE, "input", rules)
        yield
    finally:
        operator.in_network(leader, "nft", "delete", "table", "ip", _TABLE)


def _watches(operator: OperatorProcess, leader: Leader) -> list[str]:
    """Local ports."""
    told = operator.in_network(leader, "ss", "-tino", "state", "established")
    return [
        port
        for port, sent, received in _SOCKET.findall(told)
        if int(sent) - int(received) > _LATER_MILLISECONDS
    ]
