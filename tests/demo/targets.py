"""The targets: Pods whose open ports are known, each behind a headless Service of its name."""

from pathlib import Path
from typing import Final

from tests.cluster.settings import REPOSITORY
from tests.demo.scans import NAMESPACE
from tests.demo.tools import Tools

NAMESPACE_MANIFEST: Final = Path(__file__).with_name("namespace.yaml")
MANIFEST: Final = REPOSITORY / "tests" / "images" / "targets" / "targets.yaml"

_SELECTOR: Final = "--selector=app.kubernetes.io/part-of=scan-targets"
_NAME_LABEL: Final = "app.kubernetes.io/name"
_TIMEOUT: Final = "--timeout=120s"


def start(tools: Tools) -> None:
    """Starts what does not run yet, and waits until all targets are ready."""
    here = f"--namespace={NAMESPACE}"
    tools.kubectl("apply", "-f", NAMESPACE_MANIFEST, what="making the namespace")
    tools.kubectl("apply", here, "-f", MANIFEST, what="starting the targets")
    tools.kubectl(
        *("rollout", "status", "deployment", _SELECTOR, here, _TIMEOUT),
        what="waiting for the targets",
    )


def by_address(tools: Tools) -> dict[str, str]:
    """The targets' short names, such as "web", by their Pods' addresses."""
    pods = tools.get("pods", f"--namespace={NAMESPACE}", _SELECTOR)
    return {
        pod["status"]["podIP"]: pod["metadata"]["labels"][_NAME_LABEL].removeprefix("target-")
        for pod in pods
        if pod["status"].get("podIP")
    }
