"""SIGTERM for commands that tidy up at their end: without a handler it would end them on the spot,
or, where they are a container's first process, not at all.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

#: A signal that comes just before a read blocks, or to another thread, does not wake the read.
_WAKE_SECONDS: Final = 1.0


@contextmanager
def ended_in_order() -> Iterator[None]:
    """SIGTERM ends what is within by an exception, through every `finally`; a second is ignored."""
    before = signal.signal(signal.SIGTERM, _end)
    awake_before = signal.signal(signal.SIGALRM, _wake)
    signal.setitimer(signal.ITIMER_REAL, _WAKE_SECONDS, _WAKE_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, awake_before)
        signal.signal(signal.SIGTERM, before)


@contextmanager
def not_just_now() -> Iterator[None]:
    """SIGTERM waits for the end, so that it parts no request from what notes its effect."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wake(_number: int, _frame: FrameType | None) -> None:
    """What blocks is interrupted, Python looks what other signals came, and it goes on."""


def _end(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)
