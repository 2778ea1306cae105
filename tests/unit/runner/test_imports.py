"""The runner starts with little: what it imports is what every scan pays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_PACKAGE = Path(__file__).parents[3] / "operator"
# What other code of the standard library would drag in unseen.
_HEAVY = {"argparse", "asyncio", "ctypes", "ipaddress", "logging", "socket", "subprocess"}


def test_a_scan_without_privileges_loads_nothing_heavy() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(_PACKAGE)!r}); import scanyard.runner.main, "
        "scanyard.scanners.nmap.reader, scanyard.scanners.masscan.reader; print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) & _HEAVY == set()
