"""A volume that hangs: nobody who logs waits, and the last lines get out all the same."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from scanyard.controller import main
from scanyard.logs.in_background import InBackground
from scanyard.logs.lines import JsonFormatter
from scanyard.logs.log_file import LogFile
from scanyard.logs.outputs import StandardOutput
from scanyard.settings import Settings
from tests.support.kube import eventually

Make = Callable[..., logging.Logger]


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A file that nobody can open for writing before somebody reads."""
    path = tmp_path / "log"
    os.mkfifo(path)
    return path


@pytest.fixture
def make(pipe: Path) -> Iterator[Make]:
    """Makes a logger with such a file, which ends with the test."""
    made: list[logging.Handler] = []

    def of(path: Path, **settings: Any) -> logging.Logger:
        words, output = JsonFormatter("operator-0"), StandardOutput()
        file = LogFile(path, max_bytes=10_000, kept=1, otherwise=output, formatter=words)
        handler = InBackground(file, otherwise=output, formatter=words, **settings)
        made.append(handler)
        logger = logging.Logger("a", logging.DEBUG)  # noqa: LOG001 - nobody's child
        logger.addHandler(handler)
        return logger

    yield of
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    for handler in made:
        handler.close()
    eventually(writers, lambda names: not names, every=0.001)
    os.close(reader)


def writers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if "_monitor" in thread.name]


def messages(text: str) -> list[str]:
    return [json.loads(line)["message"] for line in text.splitlines()]


def log_all(logger: logging.Logger, numbers: range) -> None:
    """In a thread, so that a test ends even where the logger does not."""

    def log() -> None:
        for number in numbers:
            logger.info("%d", number)

    thread = threading.Thread(target=log, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive(), "who logs waits for the volume"


def hangs(logger: logging.Logger) -> None:
    """One line that the thread has taken, and cannot write."""
    logger.info("first")
    (handler,) = logger.handlers
    assert isinstance(handler, InBackground)
    assert isinstance(handler.queue, Queue)
    eventually(handler.queue.qsize, lambda size: size == 0, every=0.001)


def test_who_logs_does_not_wait_and_what_is_left_out_is_counted(make: Make, pipe: Path) -> None:
    logger = make(pipe, size=10)
    hangs(logger)
    log_all(logger, range(30))
    said = b""
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    def read() -> list[str]:
        nonlocal said
        with suppress(BlockingIOError):
            said += os.read(reader, 65536)
        return messages(said[: said.rfind(b"\n") + 1].decode())

    eventually(read, lambda found: len(found) == 12, every=0.01)
    logger.info("later")
    found = eventually(read, lambda found: len(found) == 13, every=0.01)
    os.close(reader)
    lost = [message for message in found if "left out" in message]
    assert lost == ["20 lines are left out: the log file took them too slowly"]
    others = [message for message in found if message not in lost]
    assert others == ["first", *map(str, range(10)), "later"]


def test_at_the_end_lines_go_to_standard_output(
    make: Make, pipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = make(pipe, size=3, patience_seconds=0.01)
    hangs(logger)
    log_all(logger, range(5))
    logger.critical("the last words")
    assert messages(capsys.readouterr().out) == ["the last words"], "there is no room for them"
    logging.shutdown()
    *lines, lost = messages(capsys.readouterr().out)
    assert lines == ["first", "0", "1", "2"]
    assert lost.startswith("2 lines are left out")
    logger.info("afterwards")
    assert messages(capsys.readouterr().out) == ["afterwards"]


@pytest.mark.parametrize("end", ["sys.exit(3)", "raise KeyError(7)"])
def test_a_process_that_ends_has_written_its_last_line(tmp_path: Path, end: str) -> None:
    program = f"""
import logging, sys
from pathlib import Path
from queue import Queue
from scanyard.logs import configure_logging
from scanyard.settings import LogSettings
configure_logging(LogSettings(log_file=Path(sys.argv[1])))
for number in range(300):
    logging.info("%d", number)
logging.critical("the last words")
{end}
"""
    file = tmp_path / "log"
    subprocess.run([sys.executable, "-c", program, file], check=False, stderr=subprocess.DEVNULL)
    assert messages(file.read_text()) == [*map(str, range(300)), "the last words"]


def test_a_process_that_ends_without_its_tasks_has_told_so(
    make: Make,
    pipe: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    released, at_end = asyncio.Event(), []

    async def lead(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        while not released.is_set():
            with suppress(asyncio.CancelledError):
                await released.wait()

    @asynccontextmanager
    async def probes(_: int) -> AsyncIterator[None]:
        yield

    def exit_now(code: int) -> None:
        at_end.append((code, messages(capsys.readouterr().out)))
        released.set()

    monkeypatch.setattr(main, "_lead", lead)
    monkeypatch.setattr(main, "serve_probes", probes)
    monkeypatch.setattr(main, "_STOP_SECONDS", 0.01)
    monkeypatch.setattr(main, "log", make(pipe, patience_seconds=0.01))
    monkeypatch.setattr(os, "_exit", exit_now)
    asyncio.run(main._run(Settings.model_construct(http_port=1)))
    ((code, said),) = at_end
    assert code == 1
    assert said[-1].startswith("not all tasks ended")
