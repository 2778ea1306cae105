"""Progress for a person or a build log: what happens now, and for how long already."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_HEARTBEAT_SECONDS = 20.0


def say(text: str) -> None:
    """Progress goes to standard error: standard output is for answers."""
    print(text, file=sys.stderr, flush=True)


def paint(text: str, colour: int) -> str:
    """Coloured on a terminal, plain everywhere else."""
    return f"\x1b[{colour}m{text}\x1b[0m" if sys.stderr.isatty() else text


@contextmanager
def step(what: str) -> Iterator[None]:
    """Says what begins, that it still goes on, and how long it took."""
    started = time.monotonic()
    done = threading.Event()

    def elapsed() -> str:
        return f"{time.monotonic() - started:.0f} s"

    def remind() -> None:
        while not done.wait(_HEARTBEAT_SECONDS):
            say(f"    still {what}: {elapsed()}")

    say(f"  - {what}")
    reminder = threading.Thread(target=remind, daemon=True)
    reminder.start()
    try:
        yield
    except BaseException:
        say(f"  {paint('x', 31)} {what}: given up after {elapsed()}")
        raise
    finally:
        done.set()
        reminder.join()
    say(f"  {paint('+', 32)} {what}: {elapsed()}")
