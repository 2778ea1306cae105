"""Kubernetes' own roles, with what the chart adds to them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.kube import Cluster, temporary_namespace


@pytest.fixture(scope="module")
def team(cluster: Cluster) -> Iterator[str]:
    """A namespace whose users `view`, `edit` and `admin` have the roles of these names."""
    with temporary_namespace(cluster) as name:
        for role in ("view", "edit", "admin"):
            cluster.kubectl(
                f"--namespace={name}", "create", "rolebinding", role,
                f"--clusterrole={role}", f"--user={role}",
            )  # fmt: skip
        yield name


@pytest.mark.parametrize(
    ("user", "verb", "resource", "allowed"),
    [
        ("view", "list", "scanjobs", True),
        ("view", "create", "scanjobs", False),
        ("edit", "create", "scanjobs", True),
        ("edit", "delete", "scanjobs", True),
        ("edit", "patch", "scanjobs/status", False),
        ("edit", "get", "scanqueues", True),
        ("edit", "update", "scanqueues", False),
        ("admin", "create", "scanjobs", True),
        ("admin", "create", "scanqueues", False),
    ],
)
def test_tenants_write_scanjobs_and_never_queues(
    cluster: Cluster, team: str, user: str, verb: str, resource: str, *, allowed: bool
) -> None:
    kind, _, sub = resource.partition("/")
    asked = cluster.try_kubectl(
        "auth", "can-i", verb, f"{kind}.scanyard.dev",
        *([f"--subresource={sub}"] if sub else []),
        f"--namespace={team}", f"--as={user}",
    )  # fmt: skip
    assert asked.stdout.strip() == ("yes" if allowed else "no"), asked.stderr
