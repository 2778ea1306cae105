"""The wall clock of a test's own processes, to be turned while they run."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

_SOURCE: Final = Path(__file__).with_name("turned_clock.c")


class WallClock:
    """The clock of all processes that are started with `environment`; files go into `directory`.

    Only CLOCK_REALTIME is turned: CLOCK_MONOTONIC and CLOCK_BOOTTIME go on as they are.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self._file, self._library = directory / "ahead", directory / "turned_clock.so"
        self._file.write_bytes(_number(timedelta(0)))

    @property
    def environment(self) -> dict[str, str]:
        """Variables of a process that goes by it."""
        if not self._library.exists():
            words = ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]
            subprocess.run([*words, str(self._library), str(_SOURCE)], check=True)
        return {"LD_PRELOAD": str(self._library), "TURNED_CLOCK": str(self._file)}

    def turn(self, ahead: timedelta) -> None:
        """Show so much more than the machine's clock from now on; negative: less."""
        with self._file.open("r+b") as file:
            file.write(_number(ahead))


def _number(ahead: timedelta) -> bytes:
    return (ahead // timedelta(seconds=1)).to_bytes(8, sys.byteorder, signed=True)
