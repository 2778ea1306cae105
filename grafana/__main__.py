"""`python -m grafana [--check]`: write charts/scanyard/dashboards/, or tell if it is stale."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana import operators, overview, queues

FOLDER: Final = Path(__file__).parents[1] / "charts" / "scanyard" / "dashboards"
_BOARDS: Final = {
    "scanyard-overview": overview.board,
    "scanyard-queue": queues.board,
    "scanyard-operator": operators.board,
}


def files() -> dict[str, str]:
    """The text of each file, by its name."""
    return {f"{uid}.json": _text(board(uid).build()) for uid, board in _BOARDS.items()}


def _text(board: Dashboard) -> str:
    # Links and marks belong on the page: the SDK's default hides them in a menu.
    found = json.loads(json.dumps(board, cls=JSONEncoder), object_hook=_without_menu)
    return json.dumps(found, indent=2, sort_keys=True) + "\n"


def _without_menu(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if value != "inControlsMenu"}


def main(arguments: list[str] | None = None) -> int:
    """Write the files; with --check compare, 1 if any differs or is left over."""
    parser = argparse.ArgumentParser(prog="python -m grafana", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; 1 if any differs")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    wanted = files()
    found = {path.name: path.read_text(encoding="utf-8") for path in options.folder.glob("*.json")}
    if not options.check:
        for name in found.keys() - wanted.keys():
            (options.folder / name).unlink()
        for name, text in wanted.items():
            (options.folder / name).write_text(text, encoding="utf-8")
        return 0
    if found == wanted:
        return 0
    sys.stderr.write(f"{options.folder} is not up to date: run `python -m grafana`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
