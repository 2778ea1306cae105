"""The real runner with real scanners, on a wire that leads nowhere."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scanyard.scanners import image
from tests.integration.runner.running import Runners
from tests.integration.runner.wire import Wire


@pytest.fixture(scope="package")
def wire() -> Iterator[Wire]:
    """Needs root for network namespaces, and the scanners."""
    missing = [p for p in (image.NMAP, image.MASSCAN) if not Path(p).exists()]
    if missing or shutil.which("ip") is None:
        raise RuntimeError(
            "scanners are missing; install them with "
            "`apt-get install --no-install-recommends nmap masscan iproute2`"
        )
    if os.geteuid() != 0:
        raise RuntimeError("network namespaces need root: run these tests as root")
    with Wire(f"scanyard-{os.getpid()}") as made:
        yield made


@pytest.fixture
def runners(tmp_path: Path) -> Iterator[Runners]:
    """Starts runners that end with the test."""
    made = Runners(tmp_path)
    yield made
    made.stop_all()


@pytest.fixture
def fake_scanner(tmp_path: Path) -> Callable[[str], str]:
    """Makes a program out of Python code and returns its path; `findings` is the third pipe."""

    def make(code: str) -> str:
        path = tmp_path / f"scanner-{len(list(tmp_path.iterdir()))}"
        head = "import os, signal, sys, time\nfindings = open('/dev/fd/3', 'w')\n"
        path.write_text(f"#!{sys.executable}\n{head}{code}")
        path.chmod(0o755)
        return str(path)

    return make
