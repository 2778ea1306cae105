"""The installation: taken away again if it cannot be made, and explained."""

from typing import Any, Final

from tests.cluster.console import say
from tests.cluster.errors import CommandError
from tests.cluster.settings import Settings
from tests.demo.tools import DemoError, Tools
from tests.support import release
from tests.support.release import NAMESPACE, Release

_CRDS: Final = ("scanjobs.scanyard.dev", "scanqueues.scanyard.dev")
_UNPULLABLE: Final = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"}


def install(settings: Settings, tools: Tools) -> None:
    """Installs or upgrades and waits until all of it is ready.

    Raises DemoError with the cause. A first installation that fails is taken away again; an
    upgrade that fails leaves the release for the next run to repair.
    """
    with release.held(settings) as opened:
        is_first = opened.state() in {"", "pending-install"}
        had_crds = _has_crds(tools)
        try:
            opened.upgrade()
        except BaseException as error:
            cause = _cause(tools) if isinstance(error, CommandError) else ""
            if is_first:
                _remove(opened, tools, with_crds=not had_crds)
            if not isinstance(error, CommandError):
                raise
            raise DemoError(
                f"the chart could not be installed: {cause or error.tail.strip()}"
            ) from error


def _has_crds(tools: Tools) -> bool:
    found = tools.kubectl("get", "crd", *_CRDS, "--ignore-not-found", "--output=name", what="CRDs")
    return bool(found.strip())


def _remove(opened: Release, tools: Tools, *, with_crds: bool) -> None:
    """Takes a failed first installation away, with its namespace."""
    say("  - taking the half-made installation away")
    opened.uninstall()
    _delete(tools, "namespace", NAMESPACE)
    if with_crds:
        _delete(tools, "crd", *_CRDS)


def _delete(tools: Tools, *what: str) -> None:
    tools.kubectl("delete", *what, "--ignore-not-found", "--timeout=2m", what="kubectl delete")


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
