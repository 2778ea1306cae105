"""The dashboards as they stand in the chart, and what their panels ask of Prometheus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.cluster.settings import REPOSITORY

FOLDER: Final = REPOSITORY / "charts" / "scanyard" / "dashboards"
FILES: Final = tuple(sorted(FOLDER.glob("*.json")))

_VARIABLE: Final = re.compile(r"\$\{?(\w+)\}?")


@dataclass(frozen=True, slots=True)
class Target:
    """One query of a panel; `legend` has labels as `{{label}}`."""

    expr: str
    legend: str
    instant: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel that is no row."""

    board: str
    raw: Mapping[str, Any]

    @property
    def title(self) -> str:
        """What stands above it."""
        return str(self.raw["title"])

    @property
    def name(self) -> str:
        """One for all dashboards."""
        return f"{self.board}: {self.title}"

    @property
    def kind(self) -> str:
        """How it is drawn."""
        return str(self.raw["type"])

    @property
    def unit(self) -> str:
        """Of its values."""
        return str(self.raw["fieldConfig"]["defaults"].get("unit", ""))

    @property
    def targets(self) -> list[Target]:
        """Its queries."""
        return [
            Target(item["expr"], item.get("legendFormat", ""), item["instant"])
            for item in self.raw["targets"]
        ]


def load(path: Path) -> dict[str, Any]:
    """A dashboard."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def panels(path: Path) -> list[Panel]:
    """All panels of a dashboard but its rows."""
    return [Panel(path.stem, raw) for raw in load(path)["panels"] if raw["type"] != "row"]


def expressions(board: Mapping[str, Any]) -> Iterator[str]:
    """All that it asks: panels, variables, annotations."""
    for panel in board["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]
    for annotation in board["annotations"]["list"]:
        yield annotation["expr"]


def variables_of(text: str) -> set[str]:
    """Names of the variables in an expression or an address, Grafana's own included."""
    return set(_VARIABLE.findall(text))


def substituted(expr: str, **values: str) -> str:
    """The expression as Grafana sends it."""
    return _VARIABLE.sub(lambda found: values[found[1]], expr)
