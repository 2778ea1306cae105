"""The pages name tests as evidence; each of them is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cluster.settings import REPOSITORY

_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def _named() -> list[tuple[str, str]]:
    pages = sorted((REPOSITORY / "docs").glob("*.md"))
    return [found for page in pages for found in _NAMED.findall(page.read_text())]


def test_there_are_some() -> None:
    assert _named()


@pytest.mark.parametrize(("path", "name"), _named())
def test_it_is_there(path: str, name: str) -> None:
    file: Path = REPOSITORY / path
    assert re.search(rf"^(async )?def {name}\(", file.read_text(), re.MULTILINE)
