"""What the scanner image holds and where; scanner-image/Dockerfile agrees with it by a test."""

from __future__ import annotations

from typing import Final

PLAIN_PYTHON: Final = "/usr/bin/python3"
"""The interpreter for scans that need no privileges."""

NET_RAW_PYTHON: Final = "/usr/local/bin/python3-net-raw"
"""A copy of it with the file capability cap_net_raw+ep.

A file capability outside the container's bounding set makes the start fail with "operation not
permitted" before any code of ours runs, so it is used only where NET_RAW was added.
"""

RUNNER_SCRIPT: Final = "/opt/scanyard/run.py"
"""Starts the runner; see runner/options.py for its arguments."""

USER_ID: Final = 10001
"""User and group of the image."""

WORK_DIRECTORY: Final = "/scratch"
"""Must be a writable volume: masscan leaves paused.conf in its working directory."""

TERMINATION_LOG: Final = "/dev/termination-log"
"""Where the kubelet looks for the runner's report unless the Pod says otherwise."""

NMAP: Final = "/usr/bin/nmap"
MASSCAN: Final = "/usr/bin/masscan"

FINDINGS_FD: Final = 3
"""The scanner writes its machine-readable output here; stdout and stderr carry what people read."""

FINDINGS_PATH: Final = f"/dev/fd/{FINDINGS_FD}"
