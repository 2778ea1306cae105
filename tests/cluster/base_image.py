"""The Debian image that all others start from: at hand, pulled, or made from Debian packages."""

import tempfile

from tests.cluster import command, host
from tests.cluster.console import step
from tests.cluster.settings import BASE_IMAGE, Settings

# What the official slim image leaves out, too.
_UNWANTED = ("doc", "groff", "info", "linda", "lintian", "locale", "man")


def ensure(settings: Settings) -> str:
    """The base image's id."""
    if not present(BASE_IMAGE) and not pulled(settings, BASE_IMAGE):
        _make(settings)
    return image_id(BASE_IMAGE)


def present(image: str) -> bool:
    return command.succeeds(["docker", "image", "inspect", image])


def image_id(image: str) -> str:
    printed = command.run(
        ["docker", "image", "inspect", "--format", "{{.Id}}", image], what=f"looking for {image}"
    )
    return printed.strip()


def pulled(settings: Settings, image: str) -> bool:
    """Pulls an image if its registry answers a short question first; a pull itself may be slow."""
    if not command.succeeds(["docker", "manifest", "inspect", image], timeout_seconds=15):
        return False
    with step(f"pulling {image}"):
        command.run(["docker", "pull", image], what="docker pull", log=settings.logs / "pull.log")
    return True


def _make(settings: Settings) -> None:
    host.require_root(f"make {BASE_IMAGE} from Debian packages")
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"  # Ubuntu has it not
    host.ensure_packages(settings, {"mmdebstrap": "mmdebstrap", keyring: "debian-archive-keyring"})
    suite = BASE_IMAGE.partition(":")[2].partition("-")[0]
    unwanted = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _UNWANTED]
    with (
        tempfile.TemporaryDirectory(dir=settings.cache) as folder,
        step(f"making {BASE_IMAGE} from Debian packages"),
    ):
        archive = f"{folder}/base.tar"
        command.run(
            [
                "mmdebstrap",
                "--variant=minbase",
                # Else the package usrmerge does it, and brings 54 MB of perl.
                "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
                "--include=usr-is-merged",
                *unwanted,
                "--dpkgopt=path-include=/usr/share/doc/*/copyright",
                '--aptopt=Acquire::Languages "none"',
                '--aptopt=APT::Install-Recommends "false"',
                # mmdebstrap copies this machine's own; an image must not know where it was made.
                '--customize-hook=rm -f "$1/etc/resolv.conf" "$1/etc/hostname"',
                suite,
                archive,
            ],
            what="mmdebstrap",
            log=settings.logs / "mmdebstrap.log",
        )
        command.run(
            ["docker", "import", "--change", 'CMD ["bash"]', archive, BASE_IMAGE],
            what="docker import",
        )
