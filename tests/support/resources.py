"""ScanJobs and ScanQueues to create in tests: good ones, to be changed in one place."""

from __future__ import annotations

from typing import Any

API_VERSION = "scanyard.dev/v1alpha1"


def scan_job(name: str, **spec: Any) -> dict[str, Any]:
    """A ScanJob; a spec field given as None is left out."""
    whole = {"scanner": "nmap", "targets": ["192.0.2.1"], **spec}
    return {
        "apiVersion": API_VERSION,
        "kind": "ScanJob",
        "metadata": {"name": name},
        "spec": {key: value for key, value in whole.items() if value is not None},
    }


def scan_queue(name: str, **spec: Any) -> dict[str, Any]:
    """A ScanQueue."""
    return {
        "apiVersion": API_VERSION,
        "kind": "ScanQueue",
        "metadata": {"name": name},
        "spec": spec,
    }
