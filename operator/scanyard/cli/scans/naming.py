"""Names for scans whose user gave none: what is scanned, and letters that make it unique."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

#: Without letters that form words or look like digits, as Kubernetes chooses them.
_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
_SUFFIX: Final = 5
#: A name of up to 63 characters may be a label's value.
_LONGEST: Final = 63
_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9]+")


def generated_name(scanner: str, target: str, choice: Callable[[str], str]) -> str:
    """Such as nmap-192-0-2-0-24-x7k2p."""
    suffix = "".join(choice(_LETTERS) for _ in range(_SUFFIX))
    room = _LONGEST - len(suffix) - 1
    words = _NOT_IN_NAMES.sub("-", f"{scanner}-{target}".lower())[:room].strip("-")
    return f"{words}-{suffix}"
