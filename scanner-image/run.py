"""Starts the runner in the scanner image.

A script rather than `python -m`, which loads three more modules first, and with an explicit path,
since the interpreter runs isolated and without site packages.
"""

import sys

sys.path.insert(0, "/opt/scanyard")

from scanyard.runner.signals import hold_signals

hold_signals()

from scanyard.runner.main import main  # noqa: E402 signals first

sys.exit(main(sys.argv[1:]))
