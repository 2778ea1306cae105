"""The dashboards ask for what there is, say what they show, and are as their code writes them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from grafana.__main__ import main
from grafana.dress import RUNBOOKS
from scanyard.metrics import SECTIONS
from tests.cluster.settings import REPOSITORY
from tests.support.dashboards import FILES, Panel, expressions, load, panels, variables_of

PANELS: Final = [panel for path in FILES for panel in panels(path)]
#: Of Prometheus itself, and of its client in every process.
_NOT_OURS: Final = {
    "ALERTS",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "scrape_samples_scraped",
}
_WORD: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
#: What of PromQL is no metric and stands outside of labels.
_LANGUAGE: Final = {
    "and", "bool", "by", "count", "histogram_quantile", "increase", "label_values", "max", "min",
    "offset", "on", "or", "rate", "sum", "time", "topk", "unless", "vector",
}  # fmt: skip
_GRAFANAS: Final = {"__rate_interval", "__range"}
#: Colours that are theirs on light and on dark.
_COLOURS: Final = {"blue", "green", "orange", "purple", "red", "text", "transparent", "yellow"}


def _metrics() -> dict[str, set[str]]:
    """All that is served, with the labels that each series has."""
    served: dict[str, set[str]] = {}
    for metric in (metric for section in SECTIONS.values() for metric in section):
        (family,) = metric.describe()
        labels = set(metric._labelnames)
        match family.type:
            case "counter":
                served[f"{family.name}_total"] = labels
            case "histogram":
                served |= {f"{family.name}_{end}": labels for end in ("sum", "count")}
                served[f"{family.name}_bucket"] = labels | {"le"}
            case _:
                served[family.name] = labels
    return served


SERVED: Final = _metrics()


def _asked(expr: str) -> set[str]:
    """Names of metrics in an expression, and of nothing else."""
    plain = re.sub(r"\{[^}]*\}", "", expr)
    plain = re.sub(r"\[[^]]*\]", "", plain)
    plain = re.sub(r"\b(by|on) \([^)]*\)", "", plain)
    plain = re.sub(r"offset \S+|label_values\((.*),[^,]*\)", r"\1", plain)
    return {word for word in _WORD.findall(plain) if word not in _LANGUAGE}


def test_they_are_as_the_code_writes_them(tmp_path: Path) -> None:
    assert main(["--check"]) == 0, "run `make dashboards`"
    (tmp_path / "left-over.json").write_text("{}")
    assert main(["--check", str(tmp_path)]) == 1
    assert main([str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_they_ask_for_metrics_that_there_are(path: Path) -> None:
    asked = set().union(*(_asked(expr) for expr in expressions(load(path))))
    assert len(asked) > 5
    assert asked <= SERVED.keys() | _NOT_OURS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_they_ask_for_labels_that_these_metrics_have(path: Path) -> None:
    scraped = {"namespace", "pod"}
    for expr in expressions(load(path)):
        for name, matchers in re.findall(r"(\w+)\{([^}]*)\}", expr):
            labels = set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", matchers))
            if name in SERVED:
                assert labels <= SERVED[name] | scraped, expr
        grouped = re.findall(r"\b(?:by|on) \(([^)]*)\)", expr)
        known = set().union(*(SERVED.get(name, set()) for name in _asked(expr))) | scraped
        for labels_of_group in grouped:
            assert set(labels_of_group.replace(" ", "").split(",")) <= known, expr


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_a_legend_names_labels_that_are_left(panel: Panel) -> None:
    for target in panel.targets:
        kept = re.findall(r"by \(([^)]*)\)", target.expr)
        left = set(kept[0].replace(" ", "").split(",")) if kept else set()
        assert set(re.findall(r"\{\{(\w+)\}\}", target.legend)) <= left
        assert not left - {"le"} or target.legend or panel.kind in {"table", "stat"}


def test_no_series_is_that_of_a_scan() -> None:
    """Whatever a panel groups by comes from a short list, or is a queue or a namespace."""
    grouped = {
        label
        for path in FILES
        for expr in expressions(load(path))
        for labels in re.findall(r"\bby \(([^)]*)\)", expr)
        for label in labels.replace(" ", "").split(",")
    }
    assert grouped <= {
        "cause", "code", "error", "le", "namespace", "phase", "pod", "queue", "queue_namespace",
        "reason", "resource", "scanjob_namespace", "scanner", "verb",
    }  # fmt: skip


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_many_queues_or_namespaces_are_few_lines(panel: Panel) -> None:
    many = any(label in panel.raw["targets"][0].get("legendFormat", "") for label in _MANY)
    if many:
        assert all(
            target.expr.startswith("topk(") for target in panel.targets if "{{" in target.legend
        )


_MANY: Final = ("queue", "scanjob_namespace")


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_a_panel_says_what_it_shows(panel: Panel) -> None:
    about = panel.raw["description"].partition("\n\nRunbook: ")[0]
    assert about.endswith(".")
    assert len(about) > 30
    assert panel.unit
    assert panel.raw["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    for target in panel.raw["targets"]:
        assert target["datasource"] == panel.raw["datasource"]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_its_runbook_is_there(panel: Panel) -> None:
    named = panel.raw["description"].partition("\n\nRunbook: ")[2]
    addresses = [link["url"] for link in panel.raw.get("links", ())]
    assert addresses == ([f"{RUNBOOKS}/{named}.md"] if named else [])
    if named:
        assert (REPOSITORY / "docs" / "runbooks" / f"{named}.md").is_file()


def test_every_alert_has_a_panel() -> None:
    named = {panel.raw["description"].partition("\n\nRunbook: ")[2] for panel in PANELS} - {""}
    pages = {path.stem for path in (REPOSITORY / "docs" / "runbooks").glob("*.md")}
    # There is nothing to draw where nothing is scraped.
    assert named == pages - {"ScanyardDown"}


def test_what_must_be_unique_is() -> None:
    boards = [load(path) for path in FILES]
    assert [board["uid"] for board in boards] == [path.stem for path in FILES]
    assert len({board["title"] for board in boards}) == len(boards)
    for path, board in zip(FILES, boards, strict=True):
        assert len(board["uid"]) <= 40
        numbers = Counter(panel["id"] for panel in board["panels"])
        assert max(numbers.values()) == 1
        titles = Counter(panel.title for panel in panels(path))
        assert max(titles.values()) == 1
        for panel in panels(path):
            letters = [target["refId"] for target in panel.raw["targets"]]
            assert len(set(letters)) == len(letters)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_variable_is_used_and_no_other(path: Path) -> None:
    board = load(path)
    declared = {variable["name"] for variable in board["templating"]["list"]}
    used = set().union(*(variables_of(expr) for expr in expressions(board)))
    assert used - _GRAFANAS == declared - {"datasource"}
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            assert variable["multi"]
            assert variable["includeAll"]
            assert variable["allValue"] == ".*"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_colours_are_the_themes(path: Path) -> None:
    found: set[str] = set()

    def look(item: Any) -> None:
        if isinstance(item, dict):
            for key, value in item.items():
                if key in {"color", "fixedColor", "iconColor"} and isinstance(value, str):
                    found.add(value)
                look(value)
        elif isinstance(item, list):
            for value in item:
                look(value)

    look(load(path))
    assert found
    assert found <= _COLOURS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_lies_on_top_of_another(path: Path) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in load(path)["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_they_lead_to_each_other(path: Path) -> None:
    board = load(path)
    (link,) = board["links"]
    assert link["type"] == "dashboards"
    assert (link["includeVars"], link["keepTime"]) == (True, True)
    assert link["tags"] == board["tags"] == ["scanyard"]
    assert "placement" not in link, "on the page, not in a menu"
