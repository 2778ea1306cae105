"""Logging: one JSON object a line in a cluster, plain lines on a terminal."""

from __future__ import annotations

import logging
import sys

from pythonjsonlogger.json import JsonFormatter

from scanyard.settings import LogFormat

_TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def configure_logging(level: str, log_format: LogFormat) -> None:
    """Send all logs to standard error in the chosen format; quieten libraries to warnings."""
    as_text = log_format is LogFormat.TEXT or (log_format is LogFormat.AUTO and sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(_TEXT, "%H:%M:%S") if as_text else _json_formatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("aiohttp.access", "asyncio", "kubernetes", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # kopf logs every handler call per object; one scan has dozens of events.
    logging.getLogger("kopf").setLevel(logging.WARNING)
    # It warns that signals are not its own: on purpose, see controller/watch.py.
    logging.getLogger("kopf._core.reactor.running").setLevel(logging.ERROR)


def _json_formatter() -> JsonFormatter:
    return JsonFormatter(
        "%(asctime)s %(levelname)s %(name)s %(message)s",
        rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        datefmt="%Y-%m-%dT%H:%M:%S%z",
    )
