"""`python -m scanyard.api [--check] [DIR]`: write the CRDs, or tell whether they are up to date."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scanyard.api.crd import DEFINITIONS, crd_yaml


def main(arguments: list[str] | None = None) -> int:
    """Write crds/scanjobs.yaml and crds/scanqueues.yaml; with --check compare, 1 if they differ."""
    parser = argparse.ArgumentParser(prog="python -m scanyard.api", description=__doc__)
    parser.add_argument("directory", nargs="?", type=Path, default=Path("crds"))
    parser.add_argument("--check", action="store_true", help="change nothing; 1 if a file differs")
    options = parser.parse_args(arguments)
    stale = [
        path
        for path, text in _files(options.directory)
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    if options.check:
        for path in stale:
            sys.stderr.write(f"{path} is not up to date: run `python -m scanyard.api`\n")
        return 1 if stale else 0
    options.directory.mkdir(parents=True, exist_ok=True)
    for path, text in _files(options.directory):
        path.write_text(text, encoding="utf-8")
    return 0


def _files(directory: Path) -> list[tuple[Path, str]]:
    return [
        (directory / f"{definition.plural}.yaml", crd_yaml(definition))
        for definition in DEFINITIONS
    ]


if __name__ == "__main__":
    sys.exit(main())
