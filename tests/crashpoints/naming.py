"""What a request is called in the tests: by what it does to what, as in create-pods."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from scanyard.controller.explaining.positions import SHOWN
from scanyard.queueing.scripts import Script, load_script
from tests.crashpoints.points import REDIS

_PATH: Final = re.compile(
    r"/(?:api|apis/[^/]+)/v\w+(?:/namespaces/[^/]+)?/(?P<plural>\w+)"
    r"(?:/(?P<name>[^/]+)(?:/(?P<sub>\w+))?)?$"
)
_VERBS: Final = {"POST": "create", "PATCH": "patch", "PUT": "update", "DELETE": "delete"}
#: Every script that the operator calls.
SCRIPTS: Final[dict[str, Script]] = {
    name: load_script(name)
    for name in (
        "apply",
        "heads",
        "lanes",
        "parked",
        "ranks",
        "rebuild_begin",
        "rebuild_chunk",
        "rebuild_commit",
        "scan",
    )
}
_BY_SHA: Final = {script.sha: name for name, script in SCRIPTS.items()}
_BY_TEXT: Final = {script.text: name for name, script in SCRIPTS.items()}
#: What is written of a ScanJob that only waits, as before.
_ANNOUNCED: Final = {
    *("phase", "conditions", "observedGeneration"),
    *("queuePosition", "estimatedStartTime", "estimatedStartTimeLatest"),
}
#: heads for no queue at all, by the number of its words: what an idle leader asks.
_IDLE_WORDS: Final = 8


def of_request(method: str, url: str, body: Any = None) -> str:
    """The name of a request to the API server, such as patch-scanjobs-status.

    What stands in a status makes the difference: a queue's counts, and that a ScanJob has waited
    for 2 s, are told by the clock; which slots are held is a step of its own.
    """
    told = body.get("status") or {} if isinstance(body, dict) else {}
    if "heldSlots" in told:
        return "patch-held-slots"
    only_told = told.get("phase") == "Queued" or "queuePosition" in told
    if only_told and told.keys() <= _ANNOUNCED:
        return "announce-scanjobs"
    found = _PATH.search(url)
    if found is None:
        raise ValueError(f"a request that has no name yet: {method} {url}")
    reads = "get" if found["name"] else "list"
    parts = (_VERBS.get(method, reads), found["plural"], found["sub"])
    return "-".join(part for part in parts if part)


def of_command(words: Sequence[Any]) -> str:
    """The name of a Redis command; of a script call the script's, such as redis-apply."""
    command = str(words[0])
    if command == "EVALSHA":
        name = _BY_SHA[words[1]]
        if name == "heads" and len(words) == _IDLE_WORDS:
            return REDIS + "check"
        if name == "heads" and words[_IDLE_WORDS - 1] == str(SHOWN):
            return REDIS + "line"
    elif command == "EVAL":
        name = _BY_TEXT[words[1]] + " in full"
    else:
        name = command.lower()
    return REDIS + name.replace("_", "-").replace(" ", "-")
