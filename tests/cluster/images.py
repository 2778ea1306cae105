"""The project's images: built by Docker when their inputs change, else left as they are.

A Dockerfile works with a plain ``docker build`` and has one duty here: where it uses pip, its
build stage begins with ``ARG BUILD_BASE=debian:bookworm-slim`` and ``FROM ${BUILD_BASE}``. On a
machine that trusts certificates of its own, that image trusts them too; the final stage starts
from the plain base, so that nothing of this machine stays in an image.
"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import base_image, build_context, command, engine, fingerprint
from tests.cluster.console import step
from tests.cluster.errors import ClusterError
from tests.cluster.settings import BASE_IMAGE, REPOSITORY, Settings

_LABEL = "scanyard.dev/inputs"
_LOCAL_CERTIFICATES = Path("/usr/local/share/ca-certificates")
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy")  # Docker keeps these out of images


@dataclass(frozen=True, slots=True)
class Image:
    """``inputs`` are the files and folders of the repository that the Dockerfile may copy."""

    name: str
    dockerfile: str
    inputs: tuple[str, ...]

    @property
    def tag(self) -> str:
        return f"scanyard/{self.name}:dev"


_PACKAGE = ("pyproject.toml", "README.md", "requirements.lock", "operator")
IMAGES = (
    Image("operator", "operator/Dockerfile", _PACKAGE),
    Image("scanner", "scanner-image/Dockerfile", ("scanner-image", *_PACKAGE)),
    Image("redis", "tests/images/redis/Dockerfile", ("tests/images/redis",)),
    Image("targets", "tests/images/targets/Dockerfile", ("tests/images/targets",)),
)
BY_NAME = {image.name: image for image in IMAGES}


def build(settings: Settings, names: list[str]) -> list[str]:
    """Builds what has changed, prints every image's size, and returns the tags."""
    chosen = [BY_NAME[name] for name in names]
    for image in chosen:
        missing = [path for path in image.inputs if not (REPOSITORY / path).exists()]
        if missing:
            raise ClusterError(f"The image {image.tag} needs {', '.join(missing)}: not there yet.")
    base = base_image.ensure(settings)
    build_base = _build_base(settings, base)
    for image in chosen:
        _build(settings, image, base, build_base)
        size = command.run(
            ["docker", "image", "inspect", "--format", "{{.Size}}", image.tag], what="docker"
        )
        print(f"{image.tag} {int(size) / 1e6:.0f} MB")
    return [image.tag for image in chosen]


def _build(settings: Settings, image: Image, base: str, build_base: str) -> None:
    key = build_context.key(REPOSITORY, image.inputs, base, image.dockerfile)
    if _key_of(image.tag) == key:
        return
    replaced = base_image.image_id(image.tag) if base_image.present(image.tag) else None
    with tempfile.TemporaryFile() as context, step(f"building {image.tag}"):
        build_context.write(REPOSITORY, image.inputs, context)
        context.seek(0)
        engine.build(
            f"--file={image.dockerfile}",
            f"--tag={image.tag}",
            f"--label={_LABEL}={key}",
            f"--build-arg=BUILD_BASE={build_base}",
            *_proxies(),
            "-",
            log=settings.logs / f"image-{image.name}.log",
            stdin=context,
        )
    if replaced and replaced != base_image.image_id(image.tag):
        # Its layers that the new one shares stay. A container that still uses it keeps it.
        command.succeeds(["docker", "image", "rm", replaced])


def _key_of(tag: str) -> str | None:
    if not base_image.present(tag):
        return None
    template = f'{{{{index .Config.Labels "{_LABEL}"}}}}'
    printed = command.run(
        ["docker", "image", "inspect", "--format", template, tag], what="docker image inspect"
    )
    return printed.strip()


def _build_base(settings: Settings, base: str) -> str:
    """An image for build stages: the base, trusting what this machine trusts."""
    certificates = _extra_certificates()
    if not certificates:
        return BASE_IMAGE
    name = f"scanyard/build-base:{fingerprint.of(base, certificates)}"
    if base_image.present(name):
        return name
    with tempfile.TemporaryDirectory() as folder, step("preparing the image of build stages"):
        (Path(folder) / "machine.crt").write_text(certificates)
        (Path(folder) / "Dockerfile").write_text(
            f"FROM {BASE_IMAGE}\n"
            "RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates\n"
            "COPY machine.crt /usr/local/share/ca-certificates/\n"
            "RUN update-ca-certificates\n"
        )
        engine.build(f"--tag={name}", *_proxies(), folder, log=settings.logs / "build-base.log")
    return name


def _extra_certificates() -> str:
    """What this machine trusts beyond Debian's list, as one text; empty on most machines."""
    for variable in ("PIP_CERT", "SSL_CERT_FILE"):
        path = Path(os.environ.get(variable, ""))
        if path.is_file():
            return path.read_text()
    return "".join(path.read_text() for path in sorted(_LOCAL_CERTIFICATES.glob("**/*.crt")))


def _proxies() -> list[str]:
    return [
        f"--build-arg={name}={os.environ[name]}" for name in _PROXY_VARIABLES if name in os.environ
    ]
