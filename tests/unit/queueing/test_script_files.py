"""The Lua files: complete, self-describing, and one place only that moves jobs."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from scanyard.queueing.scripts import load_script

FILES = {
    file.name: file.read_text(encoding="ascii")
    for file in (resources.files("scanyard.queueing") / "lua").iterdir()
}
INCLUDED = {"header.lua", "places.lua"}
SCRIPTS = sorted(FILES.keys() - INCLUDED)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_opens_with_its_contract(name: str) -> None:
    opening = FILES[name].split("\n\n")[0]
    assert all(line.startswith("--") for line in opening.splitlines())
    parts = re.findall(r"^-- (Keys|Arguments|Reply|Idempotent)\b", opening, re.MULTILINE)
    assert parts == ["Keys", "Arguments", "Reply", "Idempotent"]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_loaded_with_all_its_includes(name: str) -> None:
    script = load_script(name.removesuffix(".lua"))
    assert "-- include" not in script.text
    assert FILES["header.lua"] in script.text
    assert (FILES["places.lua"] in script.text) == ("parse_operations(" in FILES[name])
    assert len(script.sha) == 40


@pytest.mark.parametrize("name", SCRIPTS)
def test_jobs_are_moved_by_the_helpers_of_places_only(name: str) -> None:
    writes = re.findall(r"redis\.call\('(\w+)', (\w+)", FILES[name])
    reads = {
        "HGET",
        "HLEN",
        "HSCAN",
        "SCARD",
        "ZCARD",
        "ZRANGE",
        "ZCOUNT",
        "ZRANGEBYSCORE",
        "ZRANK",
    }
    written = {key for command, key in writes if command not in reads}
    assert written <= {"HEADER", "REGISTRY", "key"}, "HEADER, REGISTRY, and what begin unlinks"
