"""Where log lines go, and in what form."""

from __future__ import annotations

import logging
import socket
import sys
from contextlib import suppress
from typing import TextIO

from scanyard.logs.in_background import InBackground
from scanyard.logs.lines import JsonFormatter, TextFormatter
from scanyard.logs.log_file import LogFile
from scanyard.settings import LogFormat, LogSettings


def configure_logging(settings: LogSettings, secrets: tuple[str, ...] = ()) -> None:
    """Send all logs where the settings say; quieten libraries to warnings.

    `secrets` appear in no line, whoever logs them.
    """
    output = _output(settings, _formatter(settings, secrets))
    logging.basicConfig(level=settings.log_level, handlers=[output], force=True)
    logging.captureWarnings(capture=True)
    for noisy in ("aiohttp.access", "asyncio", "kubernetes", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # kopf logs every handler call per object; one scan has dozens of events.
    logging.getLogger("kopf").setLevel(logging.WARNING)
    # It warns that signals are not its own: on purpose, see controller/watch.py.
    logging.getLogger("kopf._core.reactor.running").setLevel(logging.ERROR)


class StandardOutput(logging.StreamHandler[TextIO]):
    """Standard output; standard error gets the line that it does not take."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Of `emit`. Python's own way would tell what the line hides."""
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{self.format(record)}\n")


def _output(settings: LogSettings, formatter: logging.Formatter) -> logging.Handler:
    output = StandardOutput()
    if settings.log_file is None:
        output.setFormatter(formatter)
        return output
    file = LogFile(
        settings.log_file,
        max_bytes=settings.log_file_max_bytes,
        kept=settings.log_file_kept,
        otherwise=output,
        formatter=formatter,
    )
    return InBackground(file, otherwise=output, formatter=formatter)


def _formatter(settings: LogSettings, secrets: tuple[str, ...]) -> logging.Formatter:
    on_terminal = settings.log_file is None and sys.stdout.isatty()
    as_text = settings.log_format is LogFormat.TEXT
    if as_text or (settings.log_format is LogFormat.AUTO and on_terminal):
        return TextFormatter(secrets)
    return JsonFormatter(settings.pod_name or socket.gethostname(), secrets)
