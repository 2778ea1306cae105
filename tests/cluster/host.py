"""This machine: its packages, its rights, its room."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster import command
from tests.cluster.console import step
from tests.cluster.errors import ClusterError
from tests.cluster.settings import Settings

_CAP_SYS_RESOURCE = 24


def require_root(why: str) -> None:
    if os.geteuid() != 0:
        raise ClusterError(f"Only root can {why}: run this as root (sudo -E make ...).")


def require_space(folder: Path, gib: int) -> None:
    """Fails before a build, rather than in the middle of it."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 2**30
    if free < gib:
        raise ClusterError(
            f"{folder} has {free:.1f} GiB free, and the first build needs {gib} GiB: "
            "make room, or let SCANYARD_CACHE name a folder on a larger disk."
        )


#: What the integration tests start by themselves: program and Debian package.
TEST_PROGRAMS = {
    "cc": "gcc",
    "/usr/include/stdio.h": "libc6-dev",
    "docker-registry": "docker-registry",
    "gpg": "gpg",
    "ip": "iproute2",
    "jq": "jq",
    "masscan": "masscan",
    "nmap": "nmap",
    "openssl": "openssl",
    "prometheus": "prometheus",
    "redis-server": "redis-server",
}


def ensure_packages(settings: Settings, programs: dict[str, str]) -> None:
    """Installs the Debian packages of those programs or files (to package) that are missing."""
    packages = sorted({package for name, package in programs.items() if not _there(name)})
    if not packages:
        return
    listed = " ".join(packages)
    if not command.find("apt-get"):
        raise ClusterError(f"This machine has no apt-get: install {listed} yourself.")
    require_root(f"install {listed}")
    log = settings.logs / "apt.log"
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with step(f"installing {listed}"), _nothing_is_started():
        command.run(["apt-get", "-q", "update"], what="apt-get update", log=log, environment=quiet)
        command.run(
            ["apt-get", "-q", "-y", "--no-install-recommends", "install", *packages],
            what="apt-get install",
            log=log,
            environment=quiet,
        )


@contextmanager
def _nothing_is_started() -> Iterator[None]:
    """Debian's packages start their daemons; tests and clusters start their own."""
    policy = Path("/usr/sbin/policy-rc.d")
    if policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)


def _there(name: str) -> bool:
    return Path(name).exists() if name.startswith("/") else command.find(name) is not None


def lacks_sys_resource() -> bool:
    """Whether even root cannot have CAP_SYS_RESOURCE here (as in some virtual machines)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "CapBnd":
            return not int(value, 16) >> _CAP_SYS_RESOURCE & 1
    return False
