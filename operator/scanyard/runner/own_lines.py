"""What the runner itself says in its log: words for people, or lines of the operator's schema.

The schema is docs/logs.schema.json. Progress and findings are no such lines: see log_protocol.py.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any, Final

from scanyard.runner.log_protocol import OWN_PREFIX

LOG_ABOUT: Final = "SCANYARD_LOG_ABOUT"
"""Environment variable: a JSON object of what the lines are about. Without it, words."""
SCHEMA_VERSION: Final = 1
"""Raised by a change after which a reader of the lines may have to be changed, too. A new field
that may be left out is none."""
MAX_MESSAGE: Final = 3000
"""Characters."""
MAX_LINE: Final = 15_000
"""Bytes; a container's runtime cuts a line of 16 KiB in two."""
_TIME: Final = "%Y-%m-%dT%H:%M:%S"


class OwnLines:
    """Writes them. `about`: fields of the schema, None for words."""

    def __init__(self, about: Mapping[str, Any] | None = None) -> None:
        self._about = about

    @classmethod
    def told_by(cls, environment: Mapping[str, str]) -> OwnLines:
        """As the operator wants them; words, if it cannot be understood."""
        try:
            about = json.loads(environment.get(LOG_ABOUT, ""))
        except ValueError:
            about = None
        return cls(about if isinstance(about, dict) else None)

    def line(self, words: str, *, level: str = "INFO", reason: str = "") -> str:
        """One line in ASCII, without its end."""
        if self._about is None:
            return f"{OWN_PREFIX}{one_line(words)}".encode("ascii", "replace").decode()
        text = self._dumped(words[:MAX_MESSAGE], level, reason)
        # One character may become twelve.
        short = words[: MAX_MESSAGE // 10]
        return text if len(text) <= MAX_LINE else self._dumped(short, level, reason)

    def _dumped(self, message: str, level: str, reason: str) -> str:
        about, now = self._about or {}, time.time()
        line = {
            "schema": SCHEMA_VERSION,
            "time": f"{time.strftime(_TIME, time.gmtime(now))}.{int(now * 1000) % 1000:03}Z",
            "level": level,
            "component": "runner",
            "instance": about.get("pod") or "unknown",
            "logger": "scanyard.runner",
            "message": message,
            **about,
        }
        if reason:
            line["reason"] = reason
        return json.dumps(line, separators=(",", ":"))


def words_of(line: str) -> str | None:
    """A line of the schema in words again; None if it is none.

    One line without control characters, whatever it tells: it may go to a terminal. No scanner can
    write one: its lines begin with its name.
    """
    if not line.startswith('{"schema":'):
        return None
    try:
        return OWN_PREFIX + one_line(str(json.loads(line)["message"]))
    except (ValueError, KeyError, TypeError):
        return None


def one_line(text: str) -> str:
    """The text with whatever could end a line or move a cursor written as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
