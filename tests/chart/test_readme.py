"""The table of values in the chart's README: whole, explained, and what values.yaml says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest
import yaml

from tests.chart.readme import FILE, readme
from tests.chart.rendering import CHART

_ROW = re.compile(
    r"^\| (?P<key>[\w.-]+) \| \w+ \| (?P<default>.+?) \| (?P<text>.*) \|$", re.MULTILINE
)
VALUES = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))


def rows() -> dict[str, str]:
    """Of the table: the value's path to its explanation."""
    found = _ROW.finditer(FILE.read_text(encoding="utf-8"))
    return {row["key"]: row["text"].strip() for row in found}


def paths(values: object, prefix: str = "") -> Iterator[str]:
    """Every value that holds no others, such as "redis.image.tag"."""
    if not isinstance(values, Mapping) or not values:
        yield prefix
        return
    for key, value in values.items():
        yield from paths(value, f"{prefix}.{key}".removeprefix("."))


def test_it_is_up_to_date() -> None:
    assert readme() == FILE.read_text(encoding="utf-8"), "run `make chart-readme`"


@pytest.mark.parametrize("path", list(paths(VALUES)))
def test_every_value_is_explained(path: str) -> None:
    """By a row of its own, or of the section that it is a part of."""
    parts = path.split(".")
    explained = rows()
    sections = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    assert any(explained.get(section) for section in sections), f"{path}: write `# -- ...` above it"


def test_a_row_explains_and_says_nothing_else() -> None:
    for path, text in rows().items():
        assert text, f"{path}: write `# -- ...` above it"
        assert not text.startswith(("-", "=")), f"{path} has taken a heading for its comment"
        outside_code = re.sub(r"`[^`]*`", "", text)
        assert "<" not in outside_code, f"{path}: what is in <> shows only as `code`"
