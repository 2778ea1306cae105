"""An API server and its etcd as plain processes on loopback, without nodes or controllers.

For tests that play the kubelet themselves and break the operator hundreds of times. It is ready in
seconds, it is the tests' own, and it needs no Docker.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import urllib3

from tests.cluster import programs, settings
from tests.support.kube import CRDS, Cluster, install_crds
from tests.support.redis_server import free_port

#: A busy machine needs ten times what an idle one does.
_START_SECONDS: Final = 60.0
#: A seventh of all CPU that a run of chaos takes would go into collecting garbage early.
_COLLECT_SELDOM: Final = {"GOGC": "400"}
_ADMINISTRATOR: Final = "tester"
_SYSTEM_NAMESPACE: Final = "/api/v1/namespaces/kube-system"


class ControlPlane:
    """Use as a context manager; what it starts ends with it, and with the process at the latest.

    `cluster` reaches it as an administrator; Scanyard's CRDs are served. Everybody may do
    everything, unless it is told to ask RBAC; then `users` may do what they are bound to.
    """

    def __init__(
        self, directory: Path, *, authorization: str = "AlwaysAllow", users: Sequence[str] = ()
    ) -> None:
        self._directory = directory
        self._authorization = authorization
        self._users = users
        self._server: dict[str, str] = {}
        self._processes: list[subprocess.Popen[bytes]] = []
        self._api_server: list[str] = []
        self._cluster: Cluster | None = None
        self._etcd_url = ""

    @property
    def etcd_url(self) -> str:
        """Where its etcd answers; what the API server stores there is JSON."""
        assert self._etcd_url, "use `with ControlPlane(...)`"
        return self._etcd_url

    @property
    def cluster(self) -> Cluster:
        """The way to it."""
        assert self._cluster is not None, "use `with ControlPlane(...)`"
        return self._cluster

    @property
    def kubeconfig(self) -> Path:
        """For programs that take one."""
        return self._directory / "kubeconfig"

    def kubeconfig_of(self, user: str, *, namespace: str = "") -> Path:
        """The same for one of the users, whose context names that namespace."""
        path = self._directory / f"kubeconfig-{user}"
        path.write_text(json.dumps(_kubeconfig(self._server, user, namespace)))
        return path

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def restart_api_server(self, while_down: Callable[[], object] = lambda: None) -> None:
        """Kill the API server, start it again over the same etcd, and wait until it is ready."""
        server = self._processes.pop()
        server.kill()
        server.wait()
        while_down()
        self._run("kube-apiserver", *self._api_server)
        self._wait(self._is_ready, time.monotonic() + _START_SECONDS)

    def _start(self) -> None:
        client, peer, secure = free_port(), free_port(), free_port()
        self._etcd_url = f"http://127.0.0.1:{client}"
        self._run("etcd", *_etcd_options(self._directory, client, peer))
        self._write_service_account_key()
        self._api_server = self._api_server_options(client, secure)
        self._run("kube-apiserver", *self._api_server)
        deadline = time.monotonic() + _START_SECONDS
        certificate = self._directory / "apiserver.crt"
        self._wait(certificate.is_file, deadline)
        self._write_kubeconfig(secure, certificate)
        self._cluster = Cluster.connect(self.kubeconfig)
        self._wait(self._is_ready, deadline)
        install_crds(self._cluster, *(path.read_text() for path in sorted(CRDS.glob("*.yaml"))))
        self._wait(self._serves_scanyard, deadline)

    def _stop(self) -> None:
        if self._cluster is not None:
            self._cluster.pool.clear()
        # The API server first: without its etcd it would take long to end.
        for process in reversed(self._processes):
            process.kill()
            process.wait()
        self._processes.clear()

    def _program(self, name: str) -> Path:
        """One binary is all of them: it is what it is called by."""
        link = self._directory / name
        if not link.exists():
            chosen = settings.from_environment(os.environ)
            link.symlink_to(programs.built(chosen, "kubernetes")["kubernetes"])
        return link

    def _run(self, name: str, *options: str) -> None:
        words = ["setpriv", "--pdeathsig", "KILL", str(self._program(name)), *options]
        with (self._directory / f"{name}.log").open("wb") as log:
            self._processes.append(
                subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=os.environ | _COLLECT_SELDOM,
                )
            )

    def _api_server_options(self, etcd_port: int, port: int) -> list[str]:
        key = self._directory / "sa.key"
        tokens = self._directory / "tokens.csv"
        lines = [f'{_token(_ADMINISTRATOR)},{_ADMINISTRATOR},{_ADMINISTRATOR},"system:masters"']
        lines += [f"{_token(user)},{user},{user}" for user in self._users]
        tokens.write_text("\n".join(lines) + "\n")
        return [
            f"--etcd-servers=http://127.0.0.1:{etcd_port}",
            # For whoever reads there; CRDs' objects are JSON anyway.
            "--storage-media-type=application/json",
            f"--cert-dir={self._directory}",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            # It may not be loopback; nobody is told of it.
            "--advertise-address=198.18.0.1",
            "--endpoint-reconciler-type=none",
            f"--service-cluster-ip-range={settings.SERVICE_SUBNET}",
            f"--token-auth-file={tokens}",
            f"--authorization-mode={self._authorization}",
            "--service-account-issuer=https://localhost",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            # Nobody makes the namespaces' default accounts here.
            "--disable-admission-plugins=ServiceAccount",
            "--enable-priority-and-fairness=false",
            # Not served by default in 1.35; where a cluster has it, the chart uses it.
            "--feature-gates=MutatingAdmissionPolicy=true",
            "--runtime-config=admissionregistration.k8s.io/v1beta1=true",
        ]

    def _write_service_account_key(self) -> None:
        words = [str(self._program("kubeadm")), "init", "phase", "certs", "sa"]
        words += [f"--cert-dir={self._directory}"]
        subprocess.run(words, check=True, capture_output=True, timeout=60)

    def _write_kubeconfig(self, port: int, certificate: Path) -> None:
        self._server = {
            "server": f"https://127.0.0.1:{port}",
            "certificate-authority": str(certificate),
        }
        self.kubeconfig.write_text(json.dumps(_kubeconfig(self._server, _ADMINISTRATOR, "")))

    def _is_ready(self) -> bool:
        cluster = self.cluster
        with suppress(urllib3.exceptions.HTTPError):
            ready = cluster.pool.request(
                "GET", f"{cluster.host}/readyz", headers=cluster.headers, timeout=5
            )
            # Leases live there, and the API server makes it a little later.
            return ready.status == 200 and cluster.request("GET", _SYSTEM_NAMESPACE).ok
        return False

    def _serves_scanyard(self) -> bool:
        """Established is not yet served: the API server's caches are filled a moment later."""
        group = "/apis/scanyard.dev/v1alpha1"
        kinds = ("scanjobs", "scanqueues")
        return all(self.cluster.request("GET", f"{group}/{kind}").ok for kind in kinds)

    def _wait(self, condition: Callable[[], bool], deadline: float) -> None:
        while not condition():
            ended = [process for process in self._processes if process.poll() is not None]
            if ended or time.monotonic() > deadline:
                raise RuntimeError(f"the control plane did not start:\n{self._logs()}")
            time.sleep(0.02)

    def _logs(self) -> str:
        logs = sorted(self._directory.glob("*.log"))
        return "\n".join(f"{log.name}: {log.read_text()[-2000:]}" for log in logs)


def _token(user: str) -> str:
    return f"of-{user}"


def _kubeconfig(server: Mapping[str, str], user: str, namespace: str) -> dict[str, Any]:
    context = {"cluster": "tests", "user": user} | ({"namespace": namespace} if namespace else {})
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "tests", "cluster": server}],
        "users": [{"name": user, "user": {"token": _token(user)}}],
        "contexts": [{"name": "tests", "context": context}],
        "current-context": "tests",
    }


def _etcd_options(directory: Path, client: int, peer: int) -> list[str]:
    here, peers = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    return [
        f"--data-dir={directory / 'etcd-data'}",
        f"--listen-client-urls={here}",
        f"--advertise-client-urls={here}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]
