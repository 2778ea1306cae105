"""`python -m scanyard.metrics [--check] [FILE]`: write docs/metrics.md, or tell if it is stale."""

from __future__ import annotations

import sys

from scanyard.generated import write_or_check
from scanyard.metrics.reference import reference


def main(arguments: list[str] | None = None) -> int:
    """Write the page; with --check compare, 1 if it differs."""
    return write_or_check("scanyard.metrics", "docs/metrics.md", reference, arguments)


if __name__ == "__main__":
    sys.exit(main())
