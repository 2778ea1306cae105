"""docs/migration.md names fields that there are, and flags that they become."""

from __future__ import annotations

import functools
import re
from typing import Any

import pytest
import yaml

from scanyard.api.crd import DEFINITIONS, custom_resource_definition
from scanyard.api.reference.fields import groups
from scanyard.api.scanjob import ScanJobSpec
from scanyard.api.scanqueue import ScanQueueSpec
from scanyard.lifecycle.pods.command import command_for
from tests.cluster.settings import REPOSITORY

_PAGE = (REPOSITORY / "docs" / "migration.md").read_text(encoding="utf-8")
_QUEUE = "ScanQueue "
#: Flags that become another one of the scanner's: nmap's -F is --top-ports 100.
_OTHERWISE = {
    "-F": "--top-ports 100",
    "-p U:53": "-p U:53",
    "-sC": "--script",
    "--script vuln": "--script",
    "-p 22,8000-8100": "-p T:22,8000-8100",
    "-pU:53": "--ports U:53",
    "192.0.2.1-9": "192.0.2.1 192.0.2.2/31",
    "timeout 1h nmap": "",
    "-iL file": "",
}


@functools.cache
def _paths(kind: str) -> frozenset[str]:
    """Fields of a resource, those of its spec without "spec."."""
    (definition,) = (item for item in DEFINITIONS if item.kind == kind)
    (version,) = custom_resource_definition(definition)["spec"]["versions"]
    properties = version["schema"]["openAPIV3Schema"]["properties"]
    found = [
        field.path.replace("[]", "")
        for part in ("spec", "status")
        for group in groups(properties[part], part)
        for field in group.fields
    ]
    return frozenset(path.removeprefix("spec.") for path in found)


def rows(heading: str) -> list[tuple[str, str]]:
    """First and second cell of the rows below a heading of the page."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^##|\Z)", _PAGE, re.MULTILINE | re.DOTALL)
    found = re.findall(r"^\| ([^|]*) \| ([^|]*) \|", section, re.MULTILINE)
    return [row for row in found if not row[0].startswith("---")][1:]


_NMAP, _MASSCAN = "From nmap by hand", "From masscan by hand"
_TABLES = (_NMAP, _MASSCAN, "From scripts and cron", "From a task queue")
_ROWS = [row for heading in _TABLES for row in rows(heading)]


def named(cell: str) -> list[tuple[str, str, Any]]:
    """Kind, path and value (None: none is given) of each field that a cell names."""
    kind = "ScanQueue" if cell.startswith(_QUEUE) else "ScanJob"
    fields = []
    for code in re.findall(r"`([^`]+)`", cell):
        path, colon, value = code.partition(": ")
        if re.fullmatch(r"[a-z][\w.]*", path) and not code.startswith("scanyard "):
            fields.append((kind, path, yaml.safe_load(value) if colon else None))
    return fields


def _spec(path: str, value: Any) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        value = {name: value}
    assert isinstance(value, dict)
    return value


def test_every_field_is_there_and_takes_the_value() -> None:
    for kind, path, value in (field for _, cell in _ROWS for field in named(cell)):
        assert path in _paths(kind), f"{kind} has no {path}"
        if value is None:
            continue
        if kind == "ScanQueue":
            ScanQueueSpec.model_validate(_spec(path, value))
        else:
            whole = {"scanner": "nmap", "targets": ["192.0.2.1"]} | _spec(path, value)
            ScanJobSpec.model_validate(whole)


@pytest.mark.parametrize(
    ("scanner", "flag", "cell"),
    [
        (scanner, flags.split("`")[1], cell)
        for scanner, heading in (("nmap", _NMAP), ("masscan", _MASSCAN))
        for flags, cell in rows(heading)
        if len(named(cell)) == 1 and named(cell)[0][2] is not None
    ],
)
def test_a_field_becomes_the_flag_beside_it(scanner: str, flag: str, cell: str) -> None:
    ((_, path, value),) = named(cell)
    spec: dict[str, Any] = {"scanner": scanner, "targets": ["192.0.2.0/29"]}
    if scanner == "masscan":
        spec["ports"] = {"tcp": "80"}
    argv = command_for(spec | _spec(path, value), exclude=(), resolved={}).argv
    wanted = _OTHERWISE.get(flag, flag)
    if path == "nmap.hostTimeoutSeconds":
        wanted = "--host-timeout 1800s"
    if path == "targets" and scanner == "masscan":
        wanted = "--range 192.0.2.0-192.0.2.15"
    assert f" {wanted}".rstrip() in f" {' '.join(argv)}"


def test_the_table_of_priorities_is_the_formula() -> None:
    pairs = re.findall(r"^\| (\d+) \| (-?\d+) \|$", _PAGE, re.MULTILINE)
    found = [(int(old), int(new)) for old, new in pairs]
    assert len(found) == 7
    assert all(new == 100 - 2 * old for old, new in found)
    for _, new in found:
        ScanJobSpec.model_validate({"scanner": "nmap", "targets": ["192.0.2.1"], "priority": new})
