"""Operators of the test's own: started, watched for their end, killed by their own id."""

from __future__ import annotations

import itertools
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import urllib3

from tests.cluster.settings import REPOSITORY
from tests.crashpoints import fork_server, layer
from tests.crashpoints.points import Fault
from tests.support.redis_server import free_port

_READY_SECONDS: Final = 30.0


class OperatorServer:
    """The process that forks operators; they end with it."""

    def __init__(self, directory: Path, kubeconfig: Path, redis_url: str) -> None:
        self._directory = directory
        self._kubeconfig = kubeconfig
        self._redis_url = redis_url
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        words = ["setpriv", "--pdeathsig", "KILL", sys.executable]
        self._process = subprocess.Popen(
            [*words, "-m", fork_server.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            # The `kubernetes` package reads it when it is imported.
            env=os.environ | {"KUBECONFIG": str(self._kubeconfig)},
            start_new_session=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.communicate()

    def start(self, fault: Fault | None = None, *, armed: bool = False) -> Operator:
        """A new operator; the fault strikes once it is armed."""
        folder = self._directory / f"operator-{next(self._numbers)}"
        folder.mkdir()
        if armed:
            (folder / layer.ARMED).touch()
        port = free_port()
        environment = {
            "SCANYARD_REDIS_URL": self._redis_url,
            "SCANYARD_HTTP_PORT": str(port),
            "SCANYARD_LOG_FORMAT": "text",
        }
        raw = None if fault is None else fault.raw()
        order = {"folder": str(folder), "environment": environment, "fault": raw}
        return Operator(self, self._order(order), folder, port)

    def exit_code(self, pid: int) -> int:
        """How an operator ended, once it has; minus a signal's number."""
        return self._order({"wait": pid})

    def _order(self, order: Mapping[str, Any]) -> int:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        assert answer, "the fork server has ended, see its error output"
        return int(answer)


class Operator:
    """One operator process."""

    def __init__(self, server: OperatorServer, pid: int, folder: Path, port: int) -> None:
        self._server = server
        self._pid = pid
        self._folder = folder
        self._port = port
        self._descriptor = os.pidfd_open(pid)
        self._exit_code: int | None = None

    def wait_ready(self) -> None:
        """Wait until it can admit scans."""
        url = f"http://127.0.0.1:{self._port}/readyz"
        deadline = time.monotonic() + _READY_SECONDS
        with urllib3.PoolManager(retries=False, timeout=5) as pool:
            while not self._is_ready(pool, url):
                assert not self.ended(), f"it ended by {self.exit_code()}: {self.story()}"
                assert time.monotonic() < deadline, f"it is not ready: {self.story()}"
                time.sleep(0.005)

    def arm(self) -> None:
        """Count its requests from now on."""
        (self._folder / layer.ARMED).touch()

    def struck(self) -> bool:
        """Whether its fault has come about."""
        return any(line.startswith(layer.STRUCK) for line in self.trace())

    def ended(self, *, within_seconds: float = 0.0) -> bool:
        """Whether it has ended, or does so in that time."""
        if self._exit_code is not None:
            return True
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        if not poll.poll(within_seconds * 1000):
            return False
        self._exit_code = self._server.exit_code(self._pid)
        os.close(self._descriptor)
        return True

    def exit_code(self) -> int | None:
        """How it ended; minus a signal's number; None while it lives."""
        return self._exit_code

    def kill(self) -> None:
        """End it at once, if it has not ended."""
        if not self.ended():
            signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)
            assert self.ended(within_seconds=10)

    def trace(self) -> list[str]:
        """Its requests in order, as layer.py writes them."""
        path = self._folder / layer.TRACE
        return path.read_text().splitlines() if path.exists() else []

    def requests(self) -> Counter[str]:
        """The number of its requests by kind, since it was armed."""
        counted = (line for line in self.trace() if line[0] not in {layer.UNARMED, layer.STRUCK})
        return Counter(line.split()[0] for line in counted)

    def story(self) -> str:
        """What it did and said, for a failure."""
        log = self._folder / fork_server.LOG
        said = log.read_text()[-4000:] if log.exists() else ""
        return "\n".join(["its requests:", *self.trace()[-40:], "its log:", said])

    @staticmethod
    def _is_ready(pool: urllib3.PoolManager, url: str) -> bool:
        try:
            # A standby is ready in another way.
            return pool.request("GET", url).data == b"ready\n"
        except urllib3.exceptions.HTTPError:
            return False
