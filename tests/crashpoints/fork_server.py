"""`python -m tests.crashpoints.fork_server`: operators by the hundred, without the imports of each.

Everything is imported once; each operator is a fork that runs scanyard's own `run()` above the
fault layer. Orders come as lines of JSON on standard input, each is answered by a number.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, Final, NoReturn

from scanyard.controller.main import run
from tests.crashpoints.layer import Layer, install
from tests.crashpoints.points import Fault

LOG: Final = "log"
_PR_SET_PDEATHSIG: Final = 1


def main() -> None:
    """Serve until standard input ends."""
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
        else:
            print(_fork(order), flush=True)


def _fork(order: dict[str, Any]) -> int:
    """The process id of a new operator."""
    pid = os.fork()
    if pid == 0:
        _be_operator(order)
    return pid


def _be_operator(order: dict[str, Any]) -> NoReturn:
    code = 1
    try:
        # It ends with the tests, however they end.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        folder = Path(order["folder"])
        log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ.update(order["environment"])
        fault = order["fault"]
        install(Layer(folder, None if fault is None else Fault.of(fault)))
        code = run()
    except BaseException:  # noqa: BLE001 - told in its log, and by its exit code
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        # Never back into the server's loop, and never through its exit handlers.
        os._exit(code)


if __name__ == "__main__":
    main()
