"""Images from Docker into the nodes, without a registry between."""

import subprocess

from tests.cluster import base_image, cluster, command
from tests.cluster.console import step
from tests.cluster.errors import ClusterError, CommandError
from tests.cluster.settings import Settings

# Written on the image in the node: which Docker image it is. A tag alone would not tell.
_LABEL = "scanyard.dev/docker-id"
_CTR = ["ctr", "--namespace=k8s.io", "images"]


def load(settings: Settings, images: list[str]) -> None:
    """Brings images into every node that does not have them yet."""
    absent = [image for image in images if not base_image.present(image)]
    if absent:
        raise ClusterError(f"Docker has no image {', '.join(absent)}: build it first (images).")
    nodes = cluster.nodes(settings)
    if not nodes:
        raise ClusterError(f"There is no cluster {settings.name}: bring it up first (up).")
    wanted = {full_name(image): base_image.image_id(image) for image in images}
    for node in nodes:
        there = _loaded(node)
        missing = {name: key for name, key in wanted.items() if there.get(name) != key}
        if missing:
            with step(f"loading {len(missing)} image(s) into {node}"):
                _transfer(node, missing)


def full_name(image: str) -> str:
    """The name as containerd keeps it: with host, folder and tag."""
    first, _, rest = image.partition("/")
    if not rest:
        image = f"docker.io/library/{image}"
    elif "." not in first and ":" not in first and first != "localhost":
        image = f"docker.io/{image}"
    return image if ":" in image.rpartition("/")[2] else f"{image}:latest"


def _loaded(node: str) -> dict[str, str]:
    """Docker ids of the node's images, by full name."""
    printed = command.run(["docker", "exec", node, *_CTR, "list"], what="listing the node's images")
    found = {}
    for line in printed.splitlines():
        name, _, labels = line.partition(" ")
        for label in labels.split()[-1:]:
            for pair in label.split(","):
                key, _, value = pair.partition("=")
                if key == _LABEL:
                    found[name] = value
    return found


def _transfer(node: str, images: dict[str, str]) -> None:
    arguments = [command.find("docker") or "docker", "save", *images]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as save:
        try:
            command.run(
                [
                    "docker",
                    "exec",
                    "--interactive",
                    node,
                    *_CTR,
                    "import",
                    "--all-platforms",
                    "--digests",
                    "-",
                ],
                what=f"importing into {node}",
                stdin=save.stdout,
            )
        finally:
            save.terminate()
    if save.returncode not in {0, -15}:
        raise CommandError("docker save", f"exit status {save.returncode}", None)
    for name, key in images.items():
        command.run(
            ["docker", "exec", node, *_CTR, "label", name, f"{_LABEL}={key}"],
            what="labelling the image",
        )
