"""Measurements: what a ScanJob costs beside a bare Pod with the same command."""
