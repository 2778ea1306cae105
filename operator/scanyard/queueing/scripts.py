"""The Lua scripts as Redis takes them: read from the package once, with their includes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

_INCLUDE = re.compile(r"^-- include (\w+\.lua)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Script:
    """One script: its name, its whole text, and the SHA-1 by which EVALSHA calls it."""

    name: str
    text: str
    sha: str


@cache
def load_script(name: str) -> Script:
    """Return the script lua/<name>.lua; a line "-- include FILE" is replaced by that file."""
    text = _INCLUDE.sub(lambda match: _read(match[1]), _read(f"{name}.lua"))
    return Script(name=name, text=text, sha=hashlib.sha1(text.encode()).hexdigest())  # noqa: S324


def _read(file_name: str) -> str:
    return (resources.files(__package__) / "lua" / file_name).read_text(encoding="ascii")
