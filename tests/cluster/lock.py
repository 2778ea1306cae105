"""One at a time: two commands must not build the same thing or make the same cluster."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.console import say
from tests.cluster.settings import Settings


@contextmanager
def held(settings: Settings, what: str) -> Iterator[None]:
    """Waits for its turn. The kernel gives the lock back, however we end."""
    folder = settings.cache / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / what).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"  - waiting for another command that works on: {what}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
