"""Files of the repository that are written from the code: to write one, or to check it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path


def write_or_check(
    module: str, default: str, text: Callable[[], str], arguments: list[str] | None = None
) -> int:
    """The program `python -m MODULE [--check] [FILE]`: write the text, or 1 if the file differs."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {module}", description=f"Write {default}, or tell if it is stale."
    )
    parser.add_argument("file", nargs="?", type=Path, default=Path(default))
    parser.add_argument("--check", action="store_true", help="change nothing; 1 if it differs")
    options = parser.parse_args(arguments)
    file: Path = options.file
    if not options.check:
        file.write_text(text(), encoding="utf-8")
        return 0
    if file.is_file() and file.read_text(encoding="utf-8") == text():
        return 0
    sys.stderr.write(f"{file} is not up to date: run `python -m {module}`\n")
    return 1
