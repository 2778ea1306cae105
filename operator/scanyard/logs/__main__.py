"""`python -m scanyard.logs [--check] [FILE]`: write docs/logs.schema.json, or check it."""

from __future__ import annotations

import json
import sys

from scanyard.generated import write_or_check
from scanyard.logs.schema import json_schema


def main(arguments: list[str] | None = None) -> int:
    """Write the schema; with --check compare, 1 if it differs."""
    return write_or_check("scanyard.logs", "docs/logs.schema.json", _text, arguments)


def _text() -> str:
    return json.dumps(json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.exit(main())
