"""The test cluster, for tests that need a real API server.

Use it from a conftest.py: `from tests.support.kube import cluster, crds, namespace` gives the
fixtures.
Requests are raw JSON, so that a test sees just what the API server says.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import kubernetes
import pytest
import urllib3
import yaml

from tests.cluster import programs, settings

CRDS: Final = Path(__file__).parents[2] / "crds"
GROUP: Final = "scanyard.dev"
JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
APPLY_PATCH: Final = "application/apply-patch+yaml"


#: What an API server answers that has just begun, or that has too much to do.
_NOT_NOW: Final = frozenset({429, 503})


class NotNowError(AssertionError):
    """The API server refuses whatever is asked, for a moment."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the API server answered; a refusal is an answer too."""

    code: int
    body: dict[str, Any]

    @property
    def ok(self) -> bool:
        return self.code < 300

    @property
    def message(self) -> str:
        """The refusal as a person sees it."""
        return str(self.body.get("message", ""))

    @property
    def causes(self) -> list[tuple[str, str]]:
        """Of a refusal, each (field, message)."""
        causes = (self.body.get("details") or {}).get("causes") or []
        return [(cause.get("field", ""), cause.get("message", "")) for cause in causes]

    def expect(self, code: int = 200) -> dict[str, Any]:
        """The body, if that was the code (201 counts as 200)."""
        wanted = {200, 201} if code == 200 else {code}
        if self.code in _NOT_NOW - wanted:
            raise NotNowError(f"{self.code}: {self.message}")
        assert self.code in wanted, f"{self.code}: {self.message or self.body}"
        return self.body


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster under test, reached with the credentials of its kubeconfig."""

    kubeconfig: Path
    host: str
    pool: urllib3.PoolManager
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def connect(cls, kubeconfig: Path) -> Cluster:
        options = kubernetes.client.Configuration()
        kubernetes.config.load_kube_config(
            config_file=str(kubeconfig), client_configuration=options, persist_config=False
        )
        pool = urllib3.PoolManager(
            ca_certs=options.ssl_ca_cert,
            cert_file=options.cert_file,
            key_file=options.key_file,
            cert_reqs="CERT_REQUIRED" if options.verify_ssl else "CERT_NONE",
            retries=False,
            timeout=30,
            maxsize=8,
        )
        token = options.get_api_key_with_prefix("authorization", alias="BearerToken")
        return cls(kubeconfig, options.host, pool, {"Authorization": token} if token else {})

    def as_user(self, user: str) -> Cluster:
        """The same, asked by somebody else: every request impersonates that user."""
        return replace(self, headers=self.headers | {"Impersonate-User": user})

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        content_type: str = JSON,
        **query: str,
    ) -> Reply:
        """One request; a refusal does not raise."""
        url = f"{self.host}{path}" + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        headers = self.headers | {"Content-Type": content_type, "Accept": JSON}
        answer = self.pool.request(method, url, body=data, headers=headers)
        return Reply(answer.status, json.loads(answer.data))

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl; returns what it printed, raises if it failed."""
        done = self.try_kubectl(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def try_kubectl(
        self, *arguments: str, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl; a failure does not raise."""
        program = programs.tool(settings.from_environment(os.environ), "kubectl")
        return subprocess.run(
            [str(program), f"--kubeconfig={self.kubeconfig}", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace of its own for one test module."""

    cluster: Cluster
    name: str
    group: str = GROUP

    def path(self, plural: str, name: str = "", sub: str = "") -> str:
        """Path of a Scanyard resource here: "scanjobs", then its name and "status"."""
        parts = ["/apis", self.group, "v1alpha1", "namespaces", self.name, plural, name, sub]
        return "/".join(part for part in parts if part)

    def of_group(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The object in this namespace's API group."""
        return {**body, "apiVersion": f"{self.group}/v1alpha1"}

    def create(self, plural: str, body: Mapping[str, Any], **query: str) -> Reply:
        return self.cluster.request("POST", self.path(plural), self.of_group(body), **query)

    def get(self, plural: str, name: str) -> dict[str, Any]:
        return self.cluster.request("GET", self.path(plural, name)).expect()

    def patch(self, plural: str, name: str, body: Mapping[str, Any], sub: str = "") -> Reply:
        """A JSON merge patch, of the object or of its status."""
        path = self.path(plural, name, sub)
        return self.cluster.request("PATCH", path, body, content_type=MERGE_PATCH)

    def apply(self, plural: str, body: Mapping[str, Any], manager: str, **query: str) -> Reply:
        """Server-side apply under a field manager."""
        path = self.path(plural, body["metadata"]["name"])
        return self.cluster.request(
            "PATCH",
            path,
            self.of_group(body),
            content_type=APPLY_PATCH,
            fieldManager=manager,
            **query,
        )

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return self.cluster.kubectl(f"--namespace={self.name}", *arguments, stdin=stdin)


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The test cluster."""
    # Not simply KUBECONFIG: tests touch a user's own cluster only if told so (CLUSTER=existing).
    path = settings.from_environment(os.environ).kubeconfig
    if not path.is_file():
        pytest.fail(f"no cluster ({path} is missing): run `make cluster`")
    return Cluster.connect(path)


@pytest.fixture(scope="session")
def crds(cluster: Cluster) -> None:
    """The CRDs of this checkout, in the test cluster to stay."""
    install_crds(cluster, *(path.read_text() for path in CRDS.glob("*.yaml")))


def install_crds(cluster: Cluster, *texts: str) -> None:
    """Apply CRDs given as YAML and wait until they are served."""
    cluster.kubectl(
        "apply", "--server-side", "--force-conflicts", "-f", "-", stdin="---\n".join(texts)
    )
    names = [f"crd/{yaml.safe_load(text)['metadata']['name']}" for text in texts]
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", *names)


@pytest.fixture(scope="module")
def namespace(cluster: Cluster, crds: None) -> Iterator[Namespace]:  # noqa: ARG001
    """An empty namespace, deleted after the module's tests."""
    with temporary_namespace(cluster) as name:
        yield Namespace(cluster, name)


@contextmanager
def temporary_namespace(cluster: Cluster) -> Iterator[str]:
    """Name of a new namespace, deleted (not waited for) at the end."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    body = {"metadata": {"name": name, "labels": {"scanyard.dev/test": "true"}}}
    cluster.request("POST", "/api/v1/namespaces", body).expect()
    try:
        yield name
    finally:
        cluster.request("DELETE", f"/api/v1/namespaces/{name}")


Value = TypeVar("Value")


def eventually(
    read: Callable[[], Value],
    accept: Callable[[Value], bool],
    *,
    seconds: float = 10,
    every: float = 0.1,
) -> Value:
    """Read until accepted; fails with what was read last."""
    deadline = time.monotonic() + seconds
    while not accept(value := read()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {value}"
        time.sleep(every)
    return value
