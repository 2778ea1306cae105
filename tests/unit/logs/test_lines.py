"""Lines as the schema has them, whatever is told in them."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from scanyard.logs import about, tells
from scanyard.logs.lines import JsonFormatter, TextFormatter

_SCHEMA: Final = Path(__file__).parents[3] / "docs" / "logs.schema.json"
_VALIDATOR: Final = Draft202012Validator(json.loads(_SCHEMA.read_text()))
_FORGED: Final = '"}\n{"schema":1,"level":"ERROR","message":"forged"}\r\x1b[2K\u2028\x85'
_HOSTILE: Final = (
    _FORGED,
    "\ud800 half a character",
    "\u202e backwards",
    "nul \0",
    "x" * 100_000,
    "\N{GRINNING FACE}" * 10_000,
    '","attempt":7,"x":"',
    "%s %d {0}",
)


class Log:
    """What one logger's records become."""

    def __init__(self, formatter: logging.Formatter) -> None:
        self.lines: list[str] = []
        handler = logging.Handler()
        handler.emit = lambda record: self.lines.append(formatter.format(record))  # type: ignore[method-assign]
        # Nobody's child: pytest would collect these lines, and hand them to another process.
        self.logger = logging.Logger("scanyard.test", logging.DEBUG)  # noqa: LOG001
        self.logger.addHandler(handler)

    def last(self) -> dict[str, Any]:
        """The newest line, if it is one of the schema."""
        (text,) = self.lines[-1].splitlines()
        assert text.isascii()
        assert len(text) < 16 * 1024, "a container's runtime would cut it"
        line: dict[str, Any] = json.loads(text, object_pairs_hook=_once)
        _VALIDATOR.validate(line)
        return line


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len({key for key, _ in pairs}) == len(pairs), "a reader may take either"
    return dict(pairs)


@pytest.fixture
def log() -> Log:
    return Log(JsonFormatter("operator-0", secrets=("open sesame",)))


def test_what_a_line_is_about_stands_in_fields(log: Log) -> None:
    scanjob = {"namespace": "team", "name": "web", "uid": "0a1b"}
    with about(fence=7), about(scanjob=scanjob, attempt=1):  # type: ignore[arg-type]
        log.logger.info("tried %d times", 2, extra=tells(attempt=2, reason="QueueFull"))
        line = log.last()
        log.logger.info("again")
        assert log.last()["attempt"] == 1
    assert line | {"time": ""} == {
        "schema": 1,
        "time": "",
        "level": "INFO",
        "component": "operator",
        "instance": "operator-0",
        "logger": "scanyard.test",
        "message": "tried 2 times",
        "scanjob": scanjob,
        "attempt": 2,
        "reason": "QueueFull",
        "fence": 7,
    }
    log.logger.info("outside")
    assert not {"scanjob", "attempt", "fence", "reason"} & set(log.last())


@pytest.mark.parametrize("text", _HOSTILE, ids=range(len(_HOSTILE)))
def test_hostile_text_ends_no_line_and_adds_no_field(log: Log, text: str) -> None:
    try:
        raise ValueError(text)
    except ValueError as error:
        log.logger.exception("it said %s", text, extra=tells(reason=text))
        line = log.last()
        log.logger.info("it said %s", error)
    assert (line["level"], line["error"]["type"]) == ("ERROR", "ValueError")
    assert not {"attempt", "reason", "scanjob"} & set(line)
    assert set(log.last()["error"]) == {"type", "message"}
    if len(text) < 1000:
        assert line["message"] == f"it said {text}"
        assert line["error"]["message"] == text


@pytest.mark.parametrize("text", _HOSTILE, ids=range(len(_HOSTILE)))
def test_for_people_hostile_text_ends_no_line_either(text: str) -> None:
    log = Log(TextFormatter())
    log.logger.info("it said %s", text)
    (line,) = log.lines
    assert line.isprintable()
    try:
        raise ValueError(text)
    except ValueError:
        log.logger.exception("surprise")
    _, *stack = log.lines[-1].split("\n")
    assert all(line.startswith("    ") and line.isprintable() for line in stack)


def test_for_people_a_line_is_what_it_always_was() -> None:
    log = Log(TextFormatter())
    with about(attempt=3):
        log.logger.warning("queue %s: é", "team/fast", extra=tells(reason="Held"))
    assert log.lines[-1][8:] == " WARNING scanyard.test: queue team/fast: é"


@pytest.mark.parametrize("formatter", [JsonFormatter, TextFormatter])
@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("redis://scanyard:hunter2@redis.example:6379/0 is away", "hunter2"),
        ("rediss://:hunter2@redis.example", "hunter2"),
        ("Authorization: Bearer abc.DEF-123", "abc.DEF-123"),
        ("token eyJhbGciOi.eyJpc3MiOi.c2ln-bmF_0 is refused", "c2ln-bmF_0"),
        ("AUTH failed for 'open sesame'", "open sesame"),
    ],
)
def test_secrets_are_in_no_line(formatter: type[Any], text: str, secret: str) -> None:
    words = ("open sesame",)
    made = JsonFormatter("here", words) if formatter is JsonFormatter else TextFormatter(words)
    log = Log(made)
    try:
        raise RuntimeError(text)
    except RuntimeError as error:
        log.logger.exception("it failed: %s", text)
        log.logger.info("it failed: %s", error)
    assert not [line for line in log.lines if secret in line]
    assert all("***" in line for line in log.lines)


def test_an_address_with_an_at_sign_is_no_secret(log: Log) -> None:
    log.logger.info("see https://docs.example/a@b and ask ops@example.com")
    assert log.last()["message"] == "see https://docs.example/a@b and ask ops@example.com"


def test_a_long_stack_keeps_both_ends(log: Log) -> None:
    try:
        json.loads("[" * 100_000)
    except RecursionError as error:
        cause = RuntimeError("the last words")
        cause.__cause__ = error
        log.logger.exception("%s", "x" * 5000 + "end", exc_info=cause)
    line = log.last()
    assert line["message"].endswith("end")
    assert line["error"]["stack"].startswith("Traceback")
    assert line["error"]["stack"].endswith("RuntimeError: the last words\n")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("ScanJob", {"scanjob": {"namespace": "team", "name": "web", "uid": "0a1b"}}),
        ("ScanQueue", {"queue": {"namespace": "team", "name": "web"}}),
        ("Pod", {"pod": "web"}),
        ("Namespace", {}),
    ],
)
def test_of_what_kopf_speaks(log: Log, kind: str, fields: dict[str, Any]) -> None:
    spoken = {"kind": kind, "namespace": "team", "name": "web", "uid": "0a1b"}
    log.logger.warning("oh", extra={"k8s_ref": spoken, "k8s_skip": False, "settings": object()})
    line = log.last()
    assert {key: line[key] for key in line if key in {"scanjob", "queue", "pod"}} == fields


@pytest.mark.parametrize(("number", "level"), [(5, "DEBUG"), (25, "INFO"), (60, "CRITICAL")])
def test_levels_of_others_are_those_of_the_schema(number: int, level: str) -> None:
    record = logging.LogRecord("x", number, __file__, 1, "words", None, None)
    assert json.loads(JsonFormatter("here").format(record))["level"] == level


def test_the_time_is_utc_with_milliseconds() -> None:
    record = logging.LogRecord("x", 20, __file__, 1, "words", None, sys.exc_info())
    record.created = 1_790_000_000.0259
    assert json.loads(JsonFormatter("h").format(record))["time"] == "2026-09-21T14:13:20.025Z"
