"""Every link of the pages leads somewhere: to a file that is there, and a heading that it has."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.settings import REPOSITORY

_FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_PICTURE = re.compile(r"<(?:img|source)\b[^>]*?\b(?:src|srcset)=\"([^\"]+)\"")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
_ANCHOR = re.compile(r"<a\s+(?:id|name)=\"([^\"]+)\"")
_ELSEWHERE = ("https://", "http://", "mailto:")

PAGES = sorted([REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md")])


def _name(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@functools.cache
def _prose(page: Path) -> str:
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> list[str]:
    """Where its links and pictures lead, but for other sites."""
    text = _prose(page)
    found = [*_LINK.findall(_CODE.sub("`code`", text)), *_PICTURE.findall(text)]
    return [target for target in found if not target.startswith(_ELSEWHERE)]


@functools.cache
def anchors(page: Path) -> frozenset[str]:
    """What may stand after # in a link to the page, as GitHub makes it out of headings."""
    text = _prose(page)
    return frozenset([*_slugs(_HEADING.findall(text)), *_ANCHOR.findall(text)])


def _slugs(headings: list[str]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for heading in headings:
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        yield f"{slug}-{count}" if count else slug


def problem(page: Path, target: str) -> str:
    """Why the link leads nowhere; empty if it does."""
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    if not file.is_relative_to(REPOSITORY):
        return f"{target} leaves the repository"
    if not file.exists():
        return f"there is no {target}"
    if anchor and file.suffix == ".md" and anchor not in anchors(file):
        return f"{_name(file)} has no heading #{anchor}"
    return ""


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    problems = [found for target in links(page) if (found := problem(page, target))]
    assert problems == []


def test_links_are_found_and_judged(tmp_path: Path) -> None:
    page = REPOSITORY / "docs" / "waiting.md"
    assert "limits.md" in links(page)
    assert problem(page, "limits.md#going-past") == ""
    assert problem(page, "limits.md#nowhere") == "docs/limits.md has no heading #nowhere"
    assert problem(page, "no-such-page.md") == "there is no no-such-page.md"
    assert problem(page, f"../../{tmp_path.name}") == f"../../{tmp_path.name} leaves the repository"


def test_anchors_are_those_of_github() -> None:
    headings = ["ScanJob `spec.nmap`", "What isn't, and why", "See [order](order.md)", "ScanJob"]
    assert list(_slugs([*headings, "ScanJob"])) == [
        "scanjob-specnmap",
        "what-isnt-and-why",
        "see-order",
        "scanjob",
        "scanjob-1",
    ]


def test_every_page_is_reached_from_the_index() -> None:
    index = REPOSITORY / "docs" / "README.md"
    named = {target.partition("#")[0] for target in links(index)}
    pages = {page.name for page in PAGES if page.parent == index.parent and page != index}
    assert pages - named == set()
