"""Specs of ScanJobs whose length is known."""

from __future__ import annotations

from typing import Any, Final

from tests.support.targets import SERVICES

_OPEN = ",".join(map(str, SERVICES))

#: A failed attempt is the end.
ONCE: Final[dict[str, Any]] = {"retry": {"maxAttempts": 1}}


def quick(target: str) -> dict[str, Any]:
    """An nmap scan of the known ports: a second, once its Pod runs."""
    return {
        "scanner": "nmap",
        "targets": [target],
        "ports": {"tcp": _OPEN},
        "nmap": {"skipHostDiscovery": True},
    }


def paced(target: str, *, seconds: int) -> dict[str, Any]:
    """An nmap scan that takes that long and finds the known ports in its first seconds.

    nmap asks well-known ports first whatever the order they are given in (nmap 7.93,
    nmap.cc, random_port_cheat).
    """
    per_second = 4
    unused = seconds * per_second - len(SERVICES)
    return {
        "scanner": "nmap",
        "targets": [target],
        "ports": {"tcp": f"{_OPEN},10000-{10000 + unused - 1}"},
        "nmap": {"skipHostDiscovery": True, "packetsPerSecond": per_second},
    }


def endless(target: str) -> dict[str, Any]:
    """An nmap scan that runs until it is stopped (an hour), and finds the known ports at once."""
    return paced(target, seconds=3600)


def endless_masscan(targets: list[str], *, wait_seconds: int) -> dict[str, Any]:
    """A masscan scan of some minutes, in random order, in which half of all probes find a port.

    It takes `wait_seconds` to stop.
    """
    return {
        "scanner": "masscan",
        "targets": targets,
        "ports": {"tcp": f"{_OPEN},10000-10002"},
        "masscan": {"packetsPerSecond": 1, "waitSeconds": wait_seconds},
    }
