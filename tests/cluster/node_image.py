"""The node image: kind's own with our egress guard, else one built from Debian and Go."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from tests.cluster import base_image, command, engine, fingerprint, programs
from tests.cluster.console import step
from tests.cluster.settings import (
    BASE_IMAGE,
    HERE,
    KUBERNETES_VERSION,
    POD_SUBNET,
    SERVICE_SUBNET,
    Settings,
)

_NODE = HERE / "node"
_COMPONENTS = HERE / "components"
_PULLED = "kindest/node:v1.35.0"  # of the same minor version as what we build
# As "kubeadm config images list" names them for KUBERNETES_VERSION.
_IMAGES = {
    "kubernetes": [
        f"registry.k8s.io/kube-{name}:{KUBERNETES_VERSION}"
        for name in ("apiserver", "controller-manager", "proxy", "scheduler")
    ]
    + ["registry.k8s.io/etcd:3.6.6-0"],
    "coredns": ["registry.k8s.io/coredns/coredns:v1.13.1"],
    "pause": ["registry.k8s.io/pause:3.10.1"],
}
_LINKS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler")
_SUBNETS = [f"--build-arg=POD_SUBNET={POD_SUBNET}", f"--build-arg=SERVICE_SUBNET={SERVICE_SUBNET}"]


def ensure(settings: Settings) -> str:
    """A node image's name. The first build takes minutes; later calls find it by its inputs."""
    subnets = f"{POD_SUBNET} {SERVICE_SUBNET} {KUBERNETES_VERSION}"
    ours = f"scanyard/node:{fingerprint.of(_NODE, _COMPONENTS, programs.SOURCE, subnets)}"
    if not settings.node_image and base_image.present(ours):
        return ours
    if theirs := settings.node_image or _kind_image(settings):
        return _guarded(settings, theirs)
    # The longest step first: everything else fails early or is quick.
    built = programs.built(settings, *programs.NODE_PROGRAMS)
    base_image.ensure(settings)
    settings.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.cache) as folder:
        archive = _component_images(settings, built, Path(folder))
        _node_image(settings, ours, built["kubernetes"], archive)
    return ours


def _kind_image(settings: Settings) -> str | None:
    """kind's own image, where there is one at hand or a registry can be reached."""
    listed = command.run(
        ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "kindest/node"],
        what="docker image ls",
    )
    tagged = [name for name in listed.split() if re.fullmatch(r".*:v\d+\.\d+\.\d+", name)]
    if tagged:
        return max(tagged, key=lambda name: [int(part) for part in re.findall(r"\d+", name)])
    return _PULLED if base_image.pulled(settings, _PULLED) else None


def _guarded(settings: Settings, image: str) -> str:
    """kind's image, behind our egress guard."""
    key = fingerprint.of(_NODE / "guard", base_image.image_id(image), POD_SUBNET, SERVICE_SUBNET)
    name = f"scanyard/node:kind-{key}"
    if not base_image.present(name):
        with step(f"putting the egress guard into {image}"):
            engine.build(
                f"--file={_NODE / 'guarded.Dockerfile'}",
                f"--build-arg=BASE={image}",
                f"--tag={name}",
                *_SUBNETS,
                _NODE,
                log=settings.logs / "guarded-node.log",
            )
    return name


def _component_images(settings: Settings, built: dict[str, Path], folder: Path) -> Path:
    """The control plane's images, in one archive. They live in the node, not in Docker."""
    (folder / "bin").mkdir()
    _link(built["kubernetes"], folder / "bin" / "kubernetes")
    for name in _LINKS:
        (folder / "bin" / name).symlink_to("kubernetes")
    for name in ("coredns", "pause"):
        _link(built[name], folder / name)
    with step("building the control plane's images"):
        for stage, names in _IMAGES.items():
            engine.build(
                f"--file={_COMPONENTS / 'Dockerfile'}",
                f"--build-arg=BASE={BASE_IMAGE}",
                f"--target={stage}",
                *(f"--tag={name}" for name in names),
                folder,
                log=settings.logs / f"{stage}-image.log",
            )
        archive = folder / "components.tar"
        names = [name for group in _IMAGES.values() for name in group]
        command.run(["docker", "save", "--output", archive, *names], what="docker save")
        command.run(["docker", "image", "rm", *names], what="docker image rm")
    return archive


def _node_image(settings: Settings, name: str, kubernetes: Path, archive: Path) -> None:
    with tempfile.TemporaryDirectory(dir=settings.cache) as context:
        shutil.copytree(_NODE, context, symlinks=True, dirs_exist_ok=True)
        _link(kubernetes, Path(context) / "kubernetes")
        _link(archive, Path(context) / "components.tar")
        with step("building the node image"):
            engine.build(
                f"--build-arg=BASE={BASE_IMAGE}",
                f"--build-arg=KUBERNETES_VERSION={KUBERNETES_VERSION}",
                f"--tag={name}",
                *_SUBNETS,
                context,
                log=settings.logs / "node-image.log",
            )


def _link(source: Path, target: Path) -> None:
    """A second name for a big file; all of these are in the cache, so on one disk."""
    os.link(source.resolve(), target)
