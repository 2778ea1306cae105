"""What is built and where it is kept: read from the environment once, then passed on."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.errors import ClusterError

KUBERNETES_VERSION = "v1.35.4"
BASE_IMAGE = "debian:bookworm-slim"
# RFC 2544 benchmarking addresses: nobody's network, so a stray packet can harm nobody.
POD_SUBNET = "198.18.0.0/17"
SERVICE_SUBNET = "198.19.0.0/16"

# On every worker: it is there to fail, so only what tolerates that is sent to it.
FAILING_NODE_TAINT = "scanyard.dev/fails"

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]


@dataclass(frozen=True, slots=True)
class Settings:
    """One installation's choices. ``cache`` outlives clusters and checkouts."""

    cache: Path
    name: str
    existing_kubeconfig: Path | None
    node_image: str | None

    @property
    def kubeconfig(self) -> Path:
        """Never the user's own file, unless the user gave us the cluster."""
        return self.existing_kubeconfig or self.cache / "clusters" / self.name / "kubeconfig"

    @property
    def tools(self) -> Path:
        """A folder for the PATH: kind, kubectl, helm, kubeconform."""
        return self.cache / "bin"

    @property
    def logs(self) -> Path:
        return self.cache / "logs"


def from_environment(environment: Mapping[str, str], name: str | None = None) -> Settings:
    """Reads SCANYARD_CACHE, SCANYARD_CLUSTER, SCANYARD_NODE_IMAGE, CLUSTER and KUBECONFIG."""
    base = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    existing = None
    if environment.get("CLUSTER") == "existing":
        existing = _existing_kubeconfig(environment)
    return Settings(
        cache=Path(environment.get("SCANYARD_CACHE") or f"{base}/scanyard").absolute(),
        name=name or environment.get("SCANYARD_CLUSTER") or "scanyard",
        existing_kubeconfig=existing,
        node_image=environment.get("SCANYARD_NODE_IMAGE"),
    )


def _existing_kubeconfig(environment: Mapping[str, str]) -> Path:
    value = environment.get("KUBECONFIG", "")
    if not value or os.pathsep in value or not Path(value).is_file():
        raise ClusterError(
            "CLUSTER=existing needs KUBECONFIG to name one existing kubeconfig file; "
            f"it is {value!r}. Set it, or unset CLUSTER to get a cluster of your own."
        )
    return Path(value).absolute()
