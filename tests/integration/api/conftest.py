"""A copy of the CRDs under an API group of its own.

An operator in the same cluster does not know that group, so it cannot answer the objects of these
tests, and the tests cannot touch the CRDs that it lives on.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
import yaml

from tests.support.kube import (
    CRDS,
    GROUP,
    Cluster,
    Namespace,
    cluster,
    install_crds,
    temporary_namespace,
)

__all__ = ["cluster"]


@pytest.fixture(scope="session")
def group(cluster: Cluster) -> Iterator[str]:
    """The API group of the copy; it goes after the tests, with all its objects."""
    name = f"t{uuid.uuid4().hex[:8]}.{GROUP}"
    copies = [yaml.safe_load(path.read_text().replace(GROUP, name)) for path in CRDS.glob("*.yaml")]
    for copy in copies:
        # Or `kubectl get sj` would warn whoever uses the cluster meanwhile.
        del copy["spec"]["names"]["shortNames"], copy["spec"]["names"]["categories"]
    try:
        install_crds(cluster, *(yaml.safe_dump(copy) for copy in copies))
        yield name
    finally:
        cluster.kubectl("delete", "--wait=false", "crd", f"scanjobs.{name}", f"scanqueues.{name}")


@pytest.fixture(scope="module")
def namespace(cluster: Cluster, group: str) -> Iterator[Namespace]:
    """An empty namespace whose ScanJobs and ScanQueues are of the copy."""
    with temporary_namespace(cluster) as name:
        yield Namespace(cluster, name, group)
