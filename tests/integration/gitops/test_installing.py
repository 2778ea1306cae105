"""The health checks and actions are merged into an Argo CD that is there."""

from __future__ import annotations

from typing import Final

import yaml

from tests.support.argocd import CUSTOMIZATIONS
from tests.support.kube import Namespace

_PATCH: Final = CUSTOMIZATIONS.parent / "argocd-cm.yaml"
_KEPT: Final = "url: https://argocd.example.com"


def test_by_the_command_of_the_page(namespace: Namespace) -> None:
    namespace.kubectl("create", "configmap", "argocd-cm", f"--from-literal=url={_KEPT}")
    words = ("patch", "configmap", "argocd-cm", "--type=merge", f"--patch-file={_PATCH}")
    namespace.kubectl(*words)
    path = f"/api/v1/namespaces/{namespace.name}/configmaps/argocd-cm"
    found = namespace.cluster.request("GET", path).expect()["data"]
    assert found.pop("url") == _KEPT
    assert found == yaml.safe_load(_PATCH.read_text())["data"]
    assert "no change" in namespace.kubectl(*words)
