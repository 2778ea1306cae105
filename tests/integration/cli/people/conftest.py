"""The people's commands on an API server of their own, which asks RBAC.

The tenant has what Kubernetes' role `edit` gives where the chart has added to it; the operator's
part is played.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from kubernetes.config import kube_config

from scanyard.cli.main import main
from tests.support.control_plane import ControlPlane
from tests.support.kube import Namespace, eventually, temporary_namespace
from tests.support.played_operator import PlayedOperator
from tests.support.resources import scan_job, scan_queue
from tests.support.terminal import Terminal

ROOT: Final = Path(__file__).parents[4]
TENANT: Final = "tenant"
STRANGER: Final = "stranger"
_ROLES: Final = ROOT / "charts/scanyard/templates/rbac-users.yaml"
_RBAC: Final = "/apis/rbac.authorization.k8s.io/v1"
_REVIEWS: Final = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
#: What the controller manager, which is not here, would gather into `edit`.
_EDIT: Final = ("system:aggregate-to-view", "system:aggregate-to-edit", "scanyard-edit")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed for programs."""
        return json.loads(self.out)


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    directory = tmp_path_factory.mktemp("control-plane")
    with ControlPlane(directory, authorization="RBAC", users=(TENANT, STRANGER)) as opened:
        for role in _chart_roles():
            opened.cluster.request("POST", f"{_RBAC}/clusterroles", role).expect()
        yield opened


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Iterator[Namespace]:
    """A tenant's namespace with a queue."""
    cluster = control_plane.cluster
    with temporary_namespace(cluster) as name:
        opened = Namespace(cluster, name)
        opened.create("scanqueues", scan_queue("default", maxConcurrent=2)).expect()
        for role in _EDIT:
            _bind(opened, role)
        # The API server's authorizer hears of a new binding a moment later.
        eventually(lambda: _may_create(opened), bool, seconds=30, every=0.05)
        yield opened


@dataclass(frozen=True, slots=True)
class Yard:
    """A tenant's namespace, the operator of it, and the command as different people run it."""

    control_plane: ControlPlane
    namespace: Namespace
    operator: PlayedOperator
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def tenant(self, *arguments: str) -> Ended:
        """The command as the tenant runs it, whose context names the namespace."""
        return self._run(self.kubeconfig(TENANT), arguments)

    def stranger(self, *arguments: str) -> Ended:
        """As somebody without any rights."""
        return self._run(self.kubeconfig(STRANGER), arguments)

    def platform(self, *arguments: str) -> Ended:
        """As an administrator, in the same namespace."""
        return self._run(self.kubeconfig("tester"), arguments)

    def start(self, *arguments: str, user: str = TENANT) -> subprocess.Popen[str]:
        """In a process of its own without a terminal."""
        return subprocess.Popen(
            self.words(*arguments),
            env=self.environment(user),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def terminal(self, *arguments: str, columns: int = 80, **variables: str) -> Terminal:
        """As the tenant, on a terminal."""
        return Terminal(
            self.words(*arguments), environment=self.environment() | variables, columns=columns
        )

    def words(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "scanyard.cli", *arguments]

    def environment(self, user: str = TENANT) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
        return kept | {"KUBECONFIG": str(self.kubeconfig(user))}

    def kubeconfig(self, user: str) -> Path:
        return self.control_plane.kubeconfig_of(user, namespace=self.namespace.name)

    def job(self, name: str, **spec: Any) -> dict[str, Any]:
        """Create a ScanJob."""
        return self.namespace.create("scanjobs", scan_job(name, **spec)).expect()

    def spec(self, name: str) -> dict[str, Any]:
        """A ScanJob's spec as it is now."""
        return dict(self.namespace.get("scanjobs", name)["spec"])

    def _run(self, kubeconfig: Path, arguments: tuple[str, ...]) -> Ended:
        # The client reads KUBECONFIG only once, when it is imported.
        self.monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(kubeconfig))
        self.monkeypatch.delenv("COLUMNS", raising=False)
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        out, err = self.capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Ended(end.value.code, out, err)


@pytest.fixture
def yard(
    control_plane: ControlPlane,
    namespace: Namespace,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Yard:
    return Yard(control_plane, namespace, PlayedOperator(namespace), monkeypatch, capsys)


def _chart_roles() -> list[dict[str, Any]]:
    """The chart's roles for users, rendered as far as they need it."""
    text = _ROLES.read_text().replace('{{ include "scanyard.fullname" . }}', "scanyard")
    plain = "\n".join(line for line in text.splitlines() if "{{" not in line)
    return list(yaml.safe_load_all(plain))


def _bind(namespace: Namespace, role: str) -> None:
    body = {
        "metadata": {"name": role},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "User", "name": TENANT, "apiGroup": "rbac.authorization.k8s.io"}],
    }
    path = f"{_RBAC}/namespaces/{namespace.name}/rolebindings"
    namespace.cluster.request("POST", path, body).expect()


def _may_create(namespace: Namespace) -> bool:
    wish = {
        "group": "scanyard.dev",
        "resource": "scanjobs",
        "verb": "create",
        "namespace": namespace.name,
    }
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": TENANT, "resourceAttributes": wish},
    }
    told = namespace.cluster.request("POST", _REVIEWS, review).expect()
    return bool(told["status"]["allowed"])
