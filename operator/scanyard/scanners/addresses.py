"""Addresses as scanners print them, in canonical form."""

from __future__ import annotations

import re
from functools import lru_cache

_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!\Z)|\Z)){4}", re.ASCII)


@lru_cache(maxsize=1024)
def canonical_address(text: str) -> str | None:
    """The address in canonical form; None for anything else."""
    if _IPV4.fullmatch(text):
        return text
    if ":" not in text or "%" in text or len(text) > 45:
        return None
    from ipaddress import IPv6Address  # noqa: PLC0415 most scans never need it

    try:
        return str(IPv6Address(text))
    except ValueError:
        return None
