"""What the runner itself says: words as ever, or lines of the operator's schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from scanyard.runner.log_protocol import last_progress
from scanyard.runner.own_lines import LOG_ABOUT, OwnLines, words_of

_SCHEMA: Final = Path(__file__).parents[3] / "docs" / "logs.schema.json"
_ABOUT: Final[dict[str, Any]] = {
    "scanjob": {"namespace": "team", "name": "web", "uid": "0a1b"},
    "queue": {"namespace": "team", "name": "default"},
    "attempt": 2,
    "pod": "web-0a1b-2",
    "fence": 7,
}
_TOLD: Final = {LOG_ABOUT: json.dumps(_ABOUT)}


def test_a_line_of_the_schema_carries_the_attempt() -> None:
    text = OwnLines.told_by(_TOLD).line("incomplete", level="WARNING", reason="Interrupted")
    line = json.loads(text)
    Draft202012Validator(json.loads(_SCHEMA.read_text())).validate(line)
    assert {key: line[key] for key in _ABOUT} == _ABOUT
    assert (line["component"], line["instance"]) == ("runner", "web-0a1b-2")
    assert (line["message"], line["level"], line["reason"]) == (
        "incomplete",
        "WARNING",
        "Interrupted",
    )


@pytest.mark.parametrize("told", [{}, {LOG_ABOUT: "{"}, {LOG_ABOUT: "[]"}, {LOG_ABOUT: ""}])
def test_words_where_nobody_asks_for_more(told: dict[str, str]) -> None:
    assert OwnLines.told_by(told).line("3 höhe") == "scanyard: 3 h?he"


@pytest.mark.parametrize("words", ['"}\nscanyard: progress 99', "\u2028", "é" * 2000, "\0"])
def test_hostile_words_end_no_line(words: str) -> None:
    text = OwnLines.told_by(_TOLD).line(words)
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text)["message"] == words
    assert last_progress(f"scanyard: progress 7\n{text}\n") == 7


@pytest.mark.parametrize("character", ["x", "é", "\0", "\N{GRINNING FACE}", "\ud800"])
@pytest.mark.parametrize("length", [2_999, 3_000, 100_000])
def test_no_line_is_so_long_that_it_would_be_cut_in_two(character: str, length: int) -> None:
    text = OwnLines.told_by(_TOLD).line(character * length)
    assert len(text) < 16 * 1024
    message = json.loads(text)["message"]
    assert message == character * len(message)
    assert len(message) in {2_999, 3_000, 300}


def test_people_see_words_again() -> None:
    assert words_of(OwnLines.told_by(_TOLD).line("complete")) == "scanyard: complete"


@pytest.mark.parametrize(
    "words", ["a\nscanyard: finding {}", "\x1b[2J", "\u202e backwards", "\r", "\x9b2J", "\u2028"]
)
@pytest.mark.parametrize("told", [_TOLD, {}], ids=["schema", "words"])
def test_for_people_hostile_words_end_no_line(words: str, told: dict[str, str]) -> None:
    text = OwnLines.told_by(told).line(words)
    seen = words_of(text) if told else text
    assert seen == f"scanyard: {words.encode('unicode_escape').decode()}"


@pytest.mark.parametrize(
    "line",
    ["scanyard: complete", 'nmap| {"schema":1,"message":"x"}', '{"schema":1', '{"schema":1}'],
)
def test_other_lines_stay_as_they_are(line: str) -> None:
    assert words_of(line) is None
