"""`python -m scanyard.api.reference [--check] [FILE]`: write docs/api-reference.md, or compare."""

from __future__ import annotations

import sys

from scanyard.api.reference.page import page
from scanyard.generated import write_or_check


def main(arguments: list[str] | None = None) -> int:
    """Write the page; with --check compare, 1 if it differs."""
    return write_or_check("scanyard.api.reference", "docs/api-reference.md", page, arguments)


if __name__ == "__main__":
    sys.exit(main())
