"""Other programs: started without input, never left behind, explained when they fail."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.cluster.errors import ClusterError, CommandError

Argument = str | Path
_TAIL_LINES = 20
_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)
_SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"  # not on every user's PATH


def find(program: str) -> str | None:
    """The program's full path, looked for where administrators' programs are, too."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:{_SYSTEM_FOLDERS}")


def run(
    arguments: Sequence[Argument],
    *,
    what: str,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    stdin: IO[bytes] | None = None,
    timeout_seconds: float | None = None,
) -> str:
    """Runs a program to its end and returns what it printed (nothing, if it went to a log).

    Raises CommandError on a non-zero exit or a timeout. The program has a session of its own,
    and the whole session ends with us: an interrupted command leaves nothing running.
    """
    process = _start(arguments, log=log, environment=environment, folder=folder, stdin=stdin)
    try:
        printed, _ = process.communicate(timeout=timeout_seconds)
    except subprocess.TimeoutExpired:
        _end(process)
        raise CommandError(what, f"no answer after {timeout_seconds:.0f} s", log) from None
    except BaseException:
        _end(process)
        raise
    text = (printed or b"").decode(errors="replace")
    if process.returncode != 0:
        said = log.read_text(errors="replace") if log else text
        raise CommandError(what, "\n".join(said.splitlines()[-_TAIL_LINES:]), log)
    return text


def succeeds(arguments: Sequence[Argument], *, timeout_seconds: float = 60) -> bool:
    """Whether a question, put as a program, is answered by yes."""
    try:
        run(arguments, what=str(arguments[0]), timeout_seconds=timeout_seconds)
    except CommandError:
        return False
    return True


@contextmanager
def undisturbed() -> Iterator[None]:
    """Clean-up is not interrupted, however often the user presses Ctrl-C."""
    ignored = {name: signal.signal(name, signal.SIG_IGN) for name in _INTERRUPTIONS}
    try:
        yield
    finally:
        for name, handler in ignored.items():
            signal.signal(name, handler)


def _start(
    arguments: Sequence[Argument],
    *,
    log: Path | None,
    environment: Mapping[str, str] | None,
    folder: Path | None,
    stdin: IO[bytes] | None,
) -> subprocess.Popen[bytes]:
    program = find(str(arguments[0]))
    if program is None:
        raise ClusterError(f"{arguments[0]} is not installed (looked for it on the PATH).")
    if log:
        log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") if log else open(os.devnull, "wb") as sink:  # noqa: PTH123
        return subprocess.Popen(
            [program, *map(str, arguments[1:])],
            stdin=stdin or subprocess.DEVNULL,
            stdout=sink if log else subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            cwd=folder,
            start_new_session=True,
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a session that we started: politely, then not."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
            process.wait(timeout=5)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        return
