"""Single keys from a terminal, without waiting for the return key."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Wait = Callable[[float], str]


@contextmanager
def single_keys() -> Iterator[Wait]:
    """A function that waits so many seconds at most and returns the keys pressed, or "".

    Ctrl-C still interrupts. The terminal is as before afterwards.
    """
    if not sys.stdin.isatty():
        yield _without_keys
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        yield lambda seconds: _pressed(descriptor, seconds)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _pressed(descriptor: int, seconds: float) -> str:
    ready, _, _ = select.select([descriptor], [], [], seconds)
    return os.read(descriptor, 64).decode("utf-8", "replace") if ready else ""


def _without_keys(seconds: float) -> str:
    time.sleep(seconds)
    return ""
