"""Logs: one schema for every line, to standard output or a file, for programs or for people."""

from scanyard.logs.about import about, tells
from scanyard.logs.outputs import configure_logging

__all__ = ["about", "configure_logging", "tells"]
