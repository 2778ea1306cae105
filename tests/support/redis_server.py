"""A real redis-server of one test's own: on a free loopback port, without persistence."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

_START_SECONDS = 10.0


class RedisServer:
    """Starts, stops and kills redis-server; the process is only ever ended by its own id.

    `options` are lines of redis.conf as words, such as "maxmemory-policy", "allkeys-lru".
    The port stays the same over restarts. A snapshot is what SAVE writes.
    """

    def __init__(self, directory: Path, *options: str) -> None:
        self.port = free_port()
        self._directory = directory
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where a client finds it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self, snapshot: bytes | None = None) -> None:
        """Start it, empty or from a snapshot, and wait until it answers."""
        program = shutil.which("redis-server")
        if program is None:
            raise RuntimeError(
                "redis-server is missing; install it with "
                "`apt-get install --no-install-recommends redis-server`"
            )
        dump = self._directory / "dump.rdb"
        dump.unlink(missing_ok=True)
        if snapshot is not None:
            dump.write_bytes(snapshot)
        words = ["setpriv", "--pdeathsig", "KILL"]  # it ends with the tests, however they end
        words += [program, *self._arguments()]
        log = self._directory / "redis.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(words, stdout=output, stderr=output)
        self._wait_until_it_answers(log)

    def _arguments(self) -> list[str]:
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        words += ["--dir", str(self._directory), "--appendonly", "no", "--daemonize", "no"]
        return words + [f"--{w}" if not i % 2 else w for i, w in enumerate(self._options)]

    def kill(self) -> None:
        """End it at once (SIGKILL): nothing is written any more."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self, snapshot: bytes | None = None) -> None:
        """Kill it and start it again, empty or from a snapshot."""
        self.kill()
        self.start(snapshot)

    def read_snapshot(self) -> bytes:
        """Return what the last SAVE wrote."""
        return (self._directory / "dump.rdb").read_bytes()

    def _wait_until_it_answers(self, log: Path) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"redis-server did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.01)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False


class SentinelServer(RedisServer):
    """A Sentinel that watches one master on loopback; its quorum is itself."""

    def __init__(self, directory: Path, master: str, master_port: int, *lines: str) -> None:
        super().__init__(directory)
        self._configuration = directory / "sentinel.conf"
        monitor = f"sentinel monitor {master} 127.0.0.1 {master_port} 1"
        self._configuration.write_text("\n".join((monitor, *lines, "")), encoding="utf-8")

    def _arguments(self) -> list[str]:
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._directory)]
        return [str(self._configuration), "--sentinel", *words]


def free_port() -> int:
    """Return a port of loopback that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
