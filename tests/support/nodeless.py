"""A LimitRange under which no node takes a Pod of the namespace."""

from __future__ import annotations

from typing import Final

from tests.support.scans import Lab

#: Containers get a request that no node can satisfy.
_NO_NODE_FITS: Final = {
    "metadata": {"name": "no-node-fits"},
    "spec": {"limits": [{"type": "Container", "defaultRequest": {"ephemeral-storage": "1000Ti"}}]},
}


def let_no_node_fit(lab: Lab) -> None:
    """Pods that are created from now on stay unschedulable."""
    lab.cluster.request("POST", _path(lab), _NO_NODE_FITS).expect()


def let_nodes_fit(lab: Lab) -> None:
    """Pods that are created from now on are scheduled again."""
    lab.cluster.request("DELETE", f"{_path(lab)}/no-node-fits").expect()


def _path(lab: Lab) -> str:
    return f"/api/v1/namespaces/{lab.name}/limitranges"
