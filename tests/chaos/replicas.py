"""The operator's replicas as processes of this machine, kept alive as a kubelet would."""

from __future__ import annotations

import os
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
from tests.support.kube import Cluster, eventually
from tests.support.redis_server import free_port
from tests.support.wall_clock import WallClock

LEASE: Final = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/scanyard"
#: How the operator ends when another leads; killed by a test is minus the signal's number.
_DEPOSED: Final = 3
_READY_SECONDS: Final = 30.0
#: Compiled once, not at each of a hundred starts, of which it is a third.
_BYTECODE: Final = {
    "PYTHONDONTWRITEBYTECODE": "",
    "PYTHONPYCACHEPREFIX": str(REPOSITORY / ".venv" / "bytecode"),
}


class Replica:
    """One replica: a process, and the next one whenever it has ended."""

    def __init__(
        self, name: str, directory: Path, environment: dict[str, str], *, turnable_clock: bool
    ) -> None:
        self.name = name
        self._log = directory / f"{name}.log"
        #: Its machine's, as it were; it can be turned only if that was asked for.
        self.clock = WallClock(directory / f"{name}.clock")
        self._environment = environment | {
            "SCANYARD_POD_NAME": name,
            "SCANYARD_HTTP_PORT": str(free_port()),
        }
        if turnable_clock:
            self._environment |= self.clock.environment
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False

    @property
    def http_port(self) -> int:
        """Where its probes answer."""
        return int(self._environment["SCANYARD_HTTP_PORT"])

    def start(self) -> None:
        """Start a process."""
        self._killed = False
        words = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "scanyard.cli", "operator"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=REPOSITORY,
                env=os.environ | self._environment,
            )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process that there is."""
        assert self._process is not None
        self._killed |= number is signal.SIGKILL
        self._process.send_signal(number)

    def configure(self, environment: Mapping[str, str]) -> None:
        """What its next process gets, beside what it has."""
        self._environment |= environment

    def end(self) -> None:
        """End it for good."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def revive(self) -> str:
        """Start anew what has ended; returns how it ended, "" if it lives."""
        assert self._process is not None
        code = self._process.poll()
        if code is None:
            return ""
        told = "killed" if self._killed else "deposed" if code == _DEPOSED else f"exit code {code}"
        self.start()
        return told

    def said(self, characters: int | None = 3000) -> str:
        """The end of its log, or all of it."""
        said = self._log.read_text(errors="replace")
        return said if characters is None else said[-characters:]


class Replicas:
    """Use as a context manager. `ends` counts how processes ended; `settings` are variables."""

    def __init__(
        self,
        directory: Path,
        cluster: Cluster,
        redis_url: str,
        *,
        lease_seconds: int,
        turnable_clocks: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """`settings`: environment variables of the operator, beside what each test needs."""
        self.cluster = cluster
        environment = {
            "KUBECONFIG": str(cluster.kubeconfig),
            "PYTHONPATH": str(REPOSITORY / "operator"),
            **_BYTECODE,
            "SCANYARD_REDIS_URL": redis_url,
            "SCANYARD_LEASE_SECONDS": str(lease_seconds),
            "SCANYARD_LOG_FORMAT": "text",
            **(settings or {}),
        }
        self.all = [
            Replica(f"replica-{n}", directory, environment, turnable_clock=turnable_clocks)
            for n in range(2)
        ]
        self.ends: Counter[str] = Counter()

    def __enter__(self) -> Self:
        try:
            for replica in self.all:
                replica.start()
            self.wait_ready()
        except BaseException:
            self._end_all()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end_all()

    def leader(self) -> Replica | None:
        """The one that holds the Lease and answers; the Lease bears a killed one's name, too."""
        lease: dict[str, Any] = self.cluster.request("GET", LEASE).body
        holder = (lease.get("spec") or {}).get("holderIdentity") or ""
        named = (one for one in self.all if one.name == holder.partition("_")[0])
        return next((one for one in named if _says_it_leads(one.http_port)), None)

    def wait_leader(self) -> Replica:
        """The leader, as soon as there is one."""
        leader = eventually(self.leader, bool, seconds=_READY_SECONDS)
        assert leader is not None
        return leader

    def revive(self) -> None:
        """What a kubelet does, now and then."""
        for replica in self.all:
            if told := replica.revive():
                self.ends[told] += 1

    def replace_all(self, settings: Mapping[str, str]) -> None:
        """As an upgrade does that changes values: each is killed, and starts anew with these."""
        for replica in self.all:
            replica.configure(settings)
            replica.signal(signal.SIGKILL)

    def wait_ready(self) -> None:
        """Wait until each of them leads or stands by."""
        deadline = time.monotonic() + _READY_SECONDS
        with urllib3.PoolManager(retries=False, timeout=5) as pool:
            while not all(_is_ready(pool, replica.http_port) for replica in self.all):
                assert time.monotonic() < deadline, f"not ready:\n{self.said()}"
                # On a machine that is busy with the start a short Lease may run out at once.
                self.revive()
                time.sleep(0.05)

    def said(self) -> str:
        """The ends of their logs."""
        return "\n".join(f"--- {replica.name}\n{replica.said()}" for replica in self.all)

    def _end_all(self) -> None:
        for replica in self.all:
            replica.end()


def _says_it_leads(port: int) -> bool:
    url = f"http://127.0.0.1:{port}/metrics"
    try:
        said = urllib3.request("GET", url, timeout=0.5, retries=False).data
    except urllib3.exceptions.HTTPError:
        return False
    return b"\nscanyard_leader 1.0\n" in said


def _is_ready(pool: urllib3.PoolManager, port: int) -> bool:
    try:
        return pool.request("GET", f"http://127.0.0.1:{port}/readyz").status == 200
    except urllib3.exceptions.HTTPError:
        return False
