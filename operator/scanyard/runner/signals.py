"""Signals of PID 1: held until the runner listens, then heard through a descriptor."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Final

HEARD: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)


def hold_signals() -> None:
    """Call before anything slow is imported.

    The kernel drops a signal that PID 1 neither handles nor blocks: a TERM that came too early
    would be lost, and the scan would go on until the grace period is over.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)


def listen() -> int:
    """From now on each signal is a byte, its number, on the descriptor that is returned."""
    wakeup, wakeup_end = os.pipe()
    os.set_blocking(wakeup_end, False)
    signal.set_wakeup_fd(wakeup_end, warn_on_full_buffer=False)
    for number in HEARD:
        signal.signal(number, _heard)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)
    return wakeup


def _heard(_number: int, _frame: FrameType | None) -> None:
    """The number is already on its way through the descriptor."""
