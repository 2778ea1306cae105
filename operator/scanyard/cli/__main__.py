"""`python -m scanyard.cli` is the `scanyard` command."""

from scanyard.cli.main import main

main()
