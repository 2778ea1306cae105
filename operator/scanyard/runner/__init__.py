"""PID 1 of a scan container: starts the scanner, reads it, stops it well, reports.

Standard library only, and quick to start.
"""
