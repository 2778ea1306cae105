"""Text that others wrote, made safe to log: no secrets, no endless lines."""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "***"
#: Between what is kept of the beginning and of the end.
CUT: Final = " [...] "

#: User and password of a URL, a bearer token, a JSON Web Token wherever it stands. Its parts are
#: looked for from their beginnings only, and never in two ways: the text may be long, and hostile.
_SECRETS: Final = re.compile(
    r"(?<=://)[^\s/?#@]+(?=@)|(?<=bearer )[^\s\"',]+"
    r"|(?<![\w-])(?=[\w-]*?eyJ)[\w-]++\.eyJ[\w-]++\.[\w-]*+",
    re.IGNORECASE,
)


def hide(text: str, secrets: tuple[str, ...] = ()) -> str:
    """The text without what looks like a secret, and without these."""
    # One may begin with another.
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return _SECRETS.sub(HIDDEN, text)


def shorten(text: str, length: int) -> str:
    """At most so many characters: the beginning, and the end where there is more."""
    if len(text) <= length:
        return text
    head = (length - len(CUT)) // 2
    return text[:head] + CUT + text[head + len(CUT) - length :]
