"""`python -m scanyard.runner`, for trying it outside the image."""

import sys

from scanyard.runner.main import hold_signals, main

if __name__ == "__main__":
    hold_signals()
    sys.exit(main(sys.argv[1:]))
