"""The installation: taken away again if it cannot be made, and explained."""

from typing import Any, Final

from tests.cluster.console import say
from tests.cluster.errors import CommandError
from tests.cluster.settings import Settings
from tests.demo.tools import DemoError, Tools
from tests.support import release
from tests.support.release import NAMESPACE, Release

_UNPULLABLE: Final = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"}


def install(settings: Settings, tools: Tools) -> None:
    """Installs or upgrades and waits until all of it is ready.

    Raises DemoError with the cause. A first installation that fails is taken away again; an
    upgrade that fails leaves the release for the next run to repair.
    """
    with release.held(settings) as opened:
        is_first = opened.state() in {"", "pending-install"}
        try:
            opened.upgrade()
        except CommandError as error:
            cause = _cause(tools) or error.tail.strip()
            if is_first:
                _remove(opened, tools)
            raise DemoError(f"the chart could not be installed: {cause}") from error
        except BaseException:
            if is_first:
                _remove(opened, tools)
            raise


def _remove(opened: Release, tools: Tools) -> None:
    """Takes a failed first installation away, with its namespace."""
    say("  - taking the half-made installation away")
    opened.uninstall()
    tools.kubectl(
        *("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=2m"),
        what="kubectl delete namespace",
    )


def _cause(tools: Tools) -> str:
    """Why Pods of the installation do not become ready, if they say; else empty."""
    for pod in tools.get("pods", f"--namespace={NAMESPACE}"):
        name = pod["metadata"]["name"]
        for container in pod.get("status", {}).get("containerStatuses", ()):
            if cause := _waiting_cause(name, container):
                return cause
        for condition in pod.get("status", {}).get("conditions", ()):
            if condition.get("reason") == "Unschedulable":
                return f"Pod {name} fits on no node ({condition.get('message', '')}); make room."
    return ""


def _waiting_cause(pod: str, container: dict[str, Any]) -> str:
    waiting = container.get("state", {}).get("waiting", {})
    reason, message = waiting.get("reason", ""), waiting.get("message", "")
    if reason in _UNPULLABLE:
        return (
            f"the cluster has no image {container['image']} and cannot pull it; bring the images "
            "scanyard/*:dev to its nodes (kind load docker-image, or your registry)."
        )
    if reason == "CrashLoopBackOff":
        return f"Pod {pod} ends again and again; see kubectl logs {pod} -n {NAMESPACE}."
    if reason and reason != "ContainerCreating":
        return f"Pod {pod} does not start: {reason} {message}"
    return ""
