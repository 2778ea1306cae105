"""checkov, a linter of Kubernetes objects, in an environment of its own, as it pins much."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.cluster import fingerprint, lock
from tests.cluster.settings import Settings

_LOCK: Final = Path(__file__).with_name("requirements.lock")
#: It is a module of the development requirements, and much quicker than pip.
_UV: Final = (sys.executable, "-m", "uv")


@dataclass(frozen=True, slots=True)
class Finding:
    """One check that one object of one installation fails."""

    check: str
    what: str
    installation: str
    object: str

    def __str__(self) -> str:
        return f"{self.installation}: {self.object}: {self.check} {self.what}"


@dataclass(frozen=True, slots=True)
class Checkov:
    """Checks manifests; it downloads nothing and tells nobody."""

    program: Path

    def findings(self, manifests: Mapping[str, str], folder: Path) -> list[Finding]:
        """What it finds in installations, by their names; `folder` is an empty one to write to."""
        for name, text in manifests.items():
            (folder / f"{name}.yaml").write_text(text)
        words = ["--directory", str(folder), "--framework", "kubernetes", "--output", "json"]
        done = subprocess.run(
            [self.program, *words, "--skip-download", "--quiet", "--compact", "--soft-fail"],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        told = json.loads(done.stdout)
        assert told["summary"]["parsing_errors"] == 0
        assert told["summary"]["passed"] > 0
        return list(_findings(told))


def install(settings: Settings) -> Checkov:
    """From the cache, or installed now from the lock file (seconds)."""
    folder = settings.cache / "programs" / f"checkov-{fingerprint.of(_LOCK)}"
    program = folder / "bin" / "checkov"
    with lock.held(settings, "installing checkov"):
        # The last thing that is written: an interrupted installation is begun anew.
        done = folder / "installed"
        if not done.exists():
            _run("venv", "--quiet", "--clear", str(folder))
            python = str(folder / "bin" / "python")
            _run("pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", _LOCK)
            done.touch()
    return Checkov(program)


def _run(*words: str | Path) -> None:
    done = subprocess.run([*_UV, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _findings(told: Mapping[str, Any]) -> Iterator[Finding]:
    for each in told["results"]["failed_checks"]:
        yield Finding(
            check=each["check_id"],
            what=each["check_name"],
            installation=each["file_path"].removeprefix("/").removesuffix(".yaml"),
            object=each["resource"],
        )
