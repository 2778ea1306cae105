"""The Docker engine: the one that answers, else one of our own, stopped when we are done."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import IO

from tests.cluster import command, host
from tests.cluster.console import say, step
from tests.cluster.errors import ClusterError
from tests.cluster.settings import HERE, Settings

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0


def ensure(settings: Settings) -> None:
    """Makes sure that an engine answers at the place where the docker command looks."""
    if answers():
        return
    if "DOCKER_HOST" in os.environ:
        raise ClusterError(
            f"No Docker engine answers at DOCKER_HOST={os.environ['DOCKER_HOST']}: "
            "start it, or unset DOCKER_HOST to use one on this machine."
        )
    host.require_root("start a Docker engine")
    host.require_space(settings.cache, gib=15)
    host.ensure_packages(
        settings,
        {"dockerd": "docker.io", "docker": "docker.io", "iptables": "iptables"},
    )
    if _started_by_systemd():
        return
    _start_our_own(settings)


def answers() -> bool:
    return command.find("docker") is not None and command.succeeds(
        ["docker", "version", "--format", "{{.Server.Version}}"], timeout_seconds=20
    )


def build(*arguments: str | Path, log: Path, stdin: IO[bytes] | None = None) -> None:
    """Builds an image. Debian's Docker has no BuildKit, so no build here needs it."""
    command.run(
        ["docker", "build", "--network=host", *arguments],
        what="docker build",
        log=log,
        environment={"DOCKER_BUILDKIT": "0"},
        stdin=stdin,
    )


def stop_if_ours(settings: Settings) -> None:
    """Stops the engine that ``ensure`` started, unless somebody's containers still run in it."""
    pid = _our_pid(settings)
    if pid is None:
        return
    if answers() and command.run(["docker", "ps", "--quiet"], what="docker ps").split():
        say("  - the Docker engine is kept: other containers run in it")
        return
    with step("stopping the Docker engine"):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while Path(f"/proc/{pid}").exists():
            if time.monotonic() > deadline:
                raise ClusterError(f"The Docker engine (process {pid}) does not stop; see its log.")
            time.sleep(0.1)
        _pid_file(settings).unlink(missing_ok=True)


def _started_by_systemd() -> bool:
    if not Path("/run/systemd/system").is_dir():
        return False
    if not command.succeeds(["systemctl", "start", "docker.service"], timeout_seconds=90):
        return False
    return answers()


def _start_our_own(settings: Settings) -> None:
    folder = settings.cache / "engine"
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "dockerd.log"
    options = ["--data-root", str(folder / "data"), "--pidfile", str(folder / "dockerd.pid")]
    if host.lacks_sys_resource():
        wrapper = folder / "runc-without-sys-resource"
        shutil.copy(HERE / "runc-without-sys-resource", wrapper)
        options += [f"--add-runtime=wrapped={wrapper}", "--default-runtime=wrapped"]
    with step("starting a Docker engine"), log.open("wb") as sink:
        process = subprocess.Popen(
            [command.find("dockerd") or "dockerd", *options],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        _pid_file(settings).write_text(f"{process.pid}\n")
        deadline = time.monotonic() + _START_SECONDS
        while not answers():
            if process.poll() is not None or time.monotonic() > deadline:
                process.terminate()
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
                raise ClusterError(f"The Docker engine did not start ({log}):\n{tail}")
            time.sleep(0.2)


def _pid_file(settings: Settings) -> Path:
    return settings.cache / "engine" / "started.pid"


def _our_pid(settings: Settings) -> int | None:
    """The engine that we started, if it still is the process with that number."""
    try:
        pid = int(_pid_file(settings).read_text())
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None
    return pid if str(settings.cache / "engine" / "data") in arguments else None
