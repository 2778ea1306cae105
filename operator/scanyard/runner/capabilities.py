"""Hands CAP_NET_RAW on to the scanner, which runs without any privilege of its own.

The runner got the capability from its interpreter's file; a child keeps it only if it is in the
ambient set (capabilities(7)), which needs it in the inheritable set first.
"""

from __future__ import annotations

import ctypes
import os
from typing import Final

from scanyard.errors import ScanyardError

_CAP_NET_RAW: Final = 13
_VERSION_3: Final = 0x20080522
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_RAISE: Final = 2


class NetRawError(ScanyardError):
    """The container has no raw sockets to give: the message says what to change."""


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def hand_on_net_raw() -> None:
    """Put CAP_NET_RAW into the ambient set. Raises NetRawError when the runner lacks it."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = _Header(_VERSION_3, 0)
    data = (_Data * 2)()
    _check(libc.capget(ctypes.byref(header), data), "capget")
    if not data[0].permitted & (1 << _CAP_NET_RAW):
        raise NetRawError(
            "the scan needs raw sockets, and the runner has no CAP_NET_RAW: the container must "
            "add NET_RAW and start the interpreter that holds cap_net_raw+ep as a file capability"
        )
    data[0].inheritable |= 1 << _CAP_NET_RAW
    _check(libc.capset(ctypes.byref(header), data), "capset")
    _check(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_NET_RAW, 0, 0), "prctl")


def _check(result: int, call: str) -> None:
    if result != 0:
        reason = os.strerror(ctypes.get_errno())
        raise NetRawError(f"CAP_NET_RAW cannot be handed on to the scanner: {call}: {reason}")
