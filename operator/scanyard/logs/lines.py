"""From a log record to a line: an object of the schema for programs, or text for people."""

from __future__ import annotations

import json
import logging
import re
import traceback
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

from scanyard.api import names
from scanyard.logs.about import EXTRA, current
from scanyard.logs.safe import hide, shorten
from scanyard.logs.schema import MAX_ERROR, MAX_STACK, ErrorField, Fields, Line
from scanyard.runner.own_lines import MAX_LINE, MAX_MESSAGE, SCHEMA_VERSION, one_line

_TEXT: Final = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_REASON: Final = re.compile("[A-Za-z][A-Za-z0-9]{0,62}", re.ASCII)
_LEVELS: Final = (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO)


def finished(record: logging.LogRecord, formatter: logging.Formatter) -> logging.LogRecord:
    """A record whose message is the line, for handlers that have no formatter."""
    text = formatter.format(record)
    return logging.LogRecord(
        record.name, record.levelno, record.pathname, record.lineno, text, None, None
    )


class LineFormatter(logging.Formatter, ABC):
    """Makes a line of every record, also of one whose words and arguments do not fit."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; or one that says whose line it is not, and not what it was to tell."""
        try:
            return self._text(record)
        except Exception as error:  # noqa: BLE001 - it is told, and whoever logs goes on
            return self._text(_unfit(record, error))

    @abstractmethod
    def _text(self, record: logging.LogRecord) -> str: ...


class JsonFormatter(LineFormatter):
    """One JSON object a line, in ASCII: nothing that is told can end the line or add a field."""

    def __init__(self, instance: str, secrets: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._instance = instance
        self._secrets = secrets

    def _text(self, record: logging.LogRecord) -> str:
        text = _dumped(self._line(record))
        # One character may become twelve.
        return text if len(text) <= MAX_LINE else _dumped(self._line(record, share=0.1))

    def _line(self, record: logging.LogRecord, share: float = 1.0) -> Line:
        line: Line = {
            "schema": SCHEMA_VERSION,
            "time": _time(record.created),
            "level": _level(record.levelno),  # type: ignore[typeddict-item]
            "component": "operator",
            "instance": self._instance,
            "logger": record.name,
            "message": self._safe(record.getMessage(), MAX_MESSAGE * share),
        }
        error = self._error(record, share)
        fields = _fields(record)
        line.update(cast("Line", fields))
        if error is not None:
            line["error"] = error
        return line

    def _error(self, record: logging.LogRecord, share: float) -> ErrorField | None:
        """The one whose stack the line tells, or else the one that its message names."""
        caught = record.exc_info[1] if record.exc_info else None
        if caught is not None:
            stack = "".join(traceback.format_exception(caught))
            return {
                "type": type(caught).__name__,
                "message": self._safe(str(caught), MAX_ERROR * share),
                "stack": self._safe(stack, MAX_STACK * share),
            }
        named = record.args if isinstance(record.args, tuple) else ()
        for argument in named:
            if isinstance(argument, BaseException):
                message = self._safe(str(argument), MAX_ERROR * share)
                return {"type": type(argument).__name__, "message": message}
        return None

    def _safe(self, text: str, length: float) -> str:
        return shorten(hide(text, self._secrets), int(length))


class TextFormatter(LineFormatter):
    """A line for people; only a stack, which is the program's own, has more than one."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        super().__init__(_TEXT, "%H:%M:%S")
        self._secrets = secrets

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line without the stack."""
        return one_line(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """The stack, set in: a line of it that somebody else wrote is seen to be none of ours."""
        lines = super().formatException(ei).split("\n")
        return "\n".join(f"    {one_line(line)}" for line in lines)

    def _text(self, record: logging.LogRecord) -> str:
        return hide(logging.Formatter.format(self, record), self._secrets)


def _unfit(record: logging.LogRecord, error: Exception) -> logging.LogRecord:
    text = "a line of this logger cannot be formatted: %s at %s:%d"
    words = (type(error).__name__, record.filename, record.lineno)
    return logging.LogRecord(
        record.name, logging.ERROR, record.pathname, record.lineno, text, words, None
    )


def _dumped(line: Line) -> str:
    return json.dumps(line, separators=(",", ":"), default=str)


def _fields(record: logging.LogRecord) -> Fields:
    """What it is about: where it was logged, what kopf says, and what the line itself says."""
    own: Mapping[str, Any] = getattr(record, EXTRA, {})
    fields = {**current(), **_of_kopf(record), **own}
    reason = fields.get("reason")
    if reason is not None and not _REASON.fullmatch(str(reason)):
        # A condition's reason that somebody else wrote may be anything; the message tells it.
        del fields["reason"]
    return cast("Fields", fields)


def _of_kopf(record: logging.LogRecord) -> Fields:
    """kopf's loggers carry the object that they speak of."""
    about: Mapping[str, Any] = getattr(record, "k8s_ref", None) or {}
    namespace, name = about.get("namespace"), about.get("name")
    if not (namespace and name):
        return {}
    if about.get("kind") == names.SCANJOB_KIND and about.get("uid"):
        return {"scanjob": {"namespace": namespace, "name": name, "uid": about["uid"]}}
    if about.get("kind") == names.SCANQUEUE_KIND:
        return {"queue": {"namespace": namespace, "name": name}}
    return {"pod": name} if about.get("kind") == "Pod" else {}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _level(number: int) -> str:
    """The level that the schema knows at or below it."""
    return logging.getLevelName(next((level for level in _LEVELS if number >= level), 10))
