"""Categories of scripts → nmap's --script expression.

A scan must not leave its targets: scripts that ask third parties, shout to the whole network or
do harm are never run, whatever else they are filed under.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from scanyard.scanners.limits import check_word
from scanyard.scanners.request import ScriptCategory

CATEGORIES: Final = ("Default", "Safe", "Version", "Discovery", "Auth", "Vuln")

# Looking for weaknesses and asking for logins is intrusive by nature; the rest need not be.
_INTRUSIVE_BY_NATURE: Final = ("Auth", "Vuln")

_NEVER: Final = (
    "broadcast",
    "external",
    "brute",
    "dos",
    "exploit",
    "fuzzer",
    "malware",
    # Single scripts that are filed under safe: one makes FTP servers connect to
    # scanme.nmap.org, one asks name servers, one listens to everybody's traffic.
    "ftp-bounce",
    "fcrdns",
    "url-snarf",
)


def script_expression(categories: Sequence[ScriptCategory]) -> str | None:
    """nmap's expression for `categories`; None for none. Raises InvalidInputError."""
    wanted = {check_word(c, CATEGORIES, "nmap.scriptCategories") for c in categories}
    gentle = [c.lower() for c in CATEGORIES if c in wanted and c not in _INTRUSIVE_BY_NATURE]
    intrusive = [c.lower() for c in CATEGORIES if c in wanted and c in _INTRUSIVE_BY_NATURE]
    terms = [f"({' or '.join(gentle)}) and not intrusive"] if gentle else []
    terms += [" or ".join(intrusive)] if intrusive else []
    if not terms:
        return None
    chosen = " or ".join(f"({term})" for term in terms)
    return f"({chosen}) and not ({' or '.join(_NEVER)})"
