"""One at a time: two commands must not build the same thing or make the same cluster."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.console import say
from tests.cluster.settings import Settings


@contextmanager
def held(settings: Settings, what: str, *, shared: bool = False) -> Iterator[None]:
    """Waits for its turn. The kernel gives the lock back, however we end.

    `shared`: side by side with others that share it.
    """
    folder = settings.cache / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / what).open("w") as file:
        how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"  - waiting for another command that works on: {what}")
            fcntl.flock(file, how)
        yield
