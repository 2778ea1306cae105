"""What a command's exit code tells a script."""

from __future__ import annotations

from typing import Final

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
TIMED_OUT: Final = 3
UNREACHABLE: Final = 4
INTERRUPTED: Final = 130

EXPLAINED: Final = """\b
Exit codes:
  0  done, and the scans waited for went well
  1  a scan failed, something was not found or refused
  2  wrong usage: the command line has to be changed
  3  the time to wait was over
  4  the API server cannot be reached, or takes no such credentials
  130  interrupted
"""
