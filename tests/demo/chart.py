"""The installation: the chart, with the images of this checkout, in a namespace of its own."""

import json
from typing import Any, Final

from tests.cluster import command
from tests.cluster.console import say
from tests.cluster.errors import CommandError
from tests.cluster.settings import REPOSITORY
from tests.demo.tools import DemoError, Tools

RELEASE: Final = "scanyard"
NAMESPACE: Final = "scanyard-system"
CHART: Final = REPOSITORY / "charts" / "scanyard"
IMAGE_TAG: Final = "dev"

_TIMEOUT: Final = "4m"
_UNPULLABLE: Final = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"}


def install(tools: Tools) -> None:
    """Installs or upgrades and waits until all of it is ready.

    Raises DemoError with the cause. A first installation that fails is taken away again; an
    upgrade that fails leaves the release for the next run to repair.
    """
    before = _release_state(tools)
    if before.startswith("pending"):
        say("  - an earlier installation was interrupted: it is taken away first")
        _remove(tools)
        before = ""
    try:
        _upgrade(tools)
    except CommandError as error:
        cause = _cause(tools) or error.tail.strip()
        if not before:
            say("  - taking the half-made installation away")
            _remove(tools)
        raise DemoError(f"the chart could not be installed: {cause}") from error
    except BaseException:
        if not before:
            _remove(tools)
        raise


def _upgrade(tools: Tools) -> None:
    tags = [f"{image}.tag={IMAGE_TAG}" for image in ("image", "scanner.image", "redis.image")]
    tools.helm(
        *("upgrade", "--install", RELEASE, CHART),
        *(f"--namespace={NAMESPACE}", "--create-namespace"),
        *(f"--set={tag}" for tag in tags),
        # The tag stays when the image changes; the annotation starts the operator anew then.
        f"--set-string=podAnnotations.scanyard\\.dev/image={_image_id()}",
        # The CRDs of an earlier installation, which outlive it, become this one's.
        "--take-ownership",
        *("--wait", f"--timeout={_TIMEOUT}"),
        what="helm upgrade --install",
    )


def _remove(tools: Tools) -> None:
    """Takes a failed first installation away, with its namespace."""
    tools.helm(
        *("uninstall", RELEASE, f"--namespace={NAMESPACE}"),
        *("--ignore-not-found", "--wait", "--timeout=2m"),
        what="helm uninstall",
    )
    tools.kubectl(
        *("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=2m"),
        what="kubectl delete namespace",
    )


def _release_state(tools: Tools) -> str:
    """Helm's word for the release, such as deployed or pending-install; empty if there is none."""
    printed = tools.helm(
        *("list", "--all", f"--namespace={NAMESPACE}", f"--filter=^{RELEASE}$", "--output=json"),
        what="helm list",
    )
    releases: list[dict[str, str]] = json.loads(printed)
    return releases[0]["status"] if releases else ""


def _image_id() -> str:
    printed = command.run(
        ["docker", "image", "inspect", "--format={{.Id}}", f"scanyard/operator:{IMAGE_TAG}"],
        what="docker image inspect",
    )
    return printed.strip()


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
            f"scanyard/*:{IMAGE_TAG} to its nodes (kind load docker-image, or your registry)."
        )
    if reason == "CrashLoopBackOff":
        return f"Pod {pod} ends again and again; see kubectl logs {pod} -n {NAMESPACE}."
    if reason and reason != "ContainerCreating":
        return f"Pod {pod} does not start: {reason} {message}"
    return ""
