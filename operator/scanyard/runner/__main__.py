"""`python -m scanyard.runner`, for trying it outside the image."""

import sys

from scanyard.runner.signals import hold_signals

if __name__ == "__main__":
    hold_signals()
    from scanyard.runner.main import main

    sys.exit(main(sys.argv[1:]))
