"""Jitter that is the same each time: what is decided again after a crash is decided alike."""

from __future__ import annotations

import hashlib


def fraction(key: str) -> float:
    """Evenly spread over 0 … 1 (excluded); the same for the same key."""
    digest = hashlib.blake2b(key.encode(), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32
