"""The scanyard command, in this process, against the cluster of a test.

Use it from a conftest.py: `from tests.support.command_line import scanyard` gives the fixture.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from kubernetes.config import kube_config

from scanyard.cli.main import main
from tests.support.kube import Cluster

Run = Callable[..., str]


@pytest.fixture
def scanyard(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run a command that must succeed; returns all that it printed."""
    # The client reads KUBECONFIG only once, when it is imported.
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(cluster.kubeconfig))

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        printed = "".join(capsys.readouterr())
        assert end.value.code == 0, printed
        return printed

    return run
