"""The scanyard command against the test cluster."""

from __future__ import annotations

from tests.support.command_line import Run, scanyard
from tests.support.kube import cluster, crds, namespace

__all__ = ["Run", "cluster", "crds", "namespace", "scanyard"]
