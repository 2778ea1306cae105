"""What the environment may choose for the test cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster import settings
from tests.cluster.errors import ClusterError


def test_the_cache_is_found_by_the_usual_rules() -> None:
    assert settings.from_environment({"SCANYARD_CACHE": "/a"}).cache == Path("/a")
    assert settings.from_environment({"XDG_CACHE_HOME": "/b"}).cache == Path("/b/scanyard")
    assert settings.from_environment({}).cache == Path.home() / ".cache" / "scanyard"


def test_every_cluster_has_a_kubeconfig_of_its_own() -> None:
    one = settings.from_environment({"SCANYARD_CACHE": "/a", "KUBECONFIG": "/mine"})
    other = settings.from_environment({"SCANYARD_CACHE": "/a"}, "other")
    assert one.kubeconfig == Path("/a/clusters/scanyard/kubeconfig")
    assert other.kubeconfig == Path("/a/clusters/other/kubeconfig")


def test_an_existing_cluster_is_used_only_when_asked_for(tmp_path: Path) -> None:
    mine = tmp_path / "config"
    mine.touch()
    environment = {"CLUSTER": "existing", "KUBECONFIG": str(mine)}
    assert settings.from_environment(environment).kubeconfig == mine


@pytest.mark.parametrize("kubeconfig", ["", "/does/not/exist", "/a:/b"])
def test_an_existing_cluster_needs_one_kubeconfig(kubeconfig: str) -> None:
    with pytest.raises(ClusterError, match="KUBECONFIG"):
        settings.from_environment({"CLUSTER": "existing", "KUBECONFIG": kubeconfig})
