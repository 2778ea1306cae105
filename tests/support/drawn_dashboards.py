"""A dashboard drawn on one page: its panels in their places, with what their queries found.

Grafana itself is not needed for it. What a panel is, its size, unit, colours and legends are read
from the dashboard's JSON, so that a panel which nobody can read there is seen here, too.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from tests.support import drawn_panels
from tests.support.dashboards import Panel, Target, load, panels
from tests.support.prometheus import Series

Answer = Callable[[Target], Sequence[Series]]

#: Of the grid: 24 columns; inches.
_COLUMN, _ROW = 0.62, 0.31
_DOTS: Final = 80


def draw(picture: Path, board: Path, answer: Answer, names: Mapping[str, str]) -> None:
    """Draw all of it into a PNG; `names`: what to write in place of which text."""
    raw = load(board)
    rows = max(item["gridPos"]["y"] + item["gridPos"]["h"] for item in raw["panels"]) + 2
    with mpl.rc_context({"font.size": 7, "axes.titlesize": 8, "axes.spines.top": False}):
        figure = Figure(figsize=(24 * _COLUMN, rows * _ROW), dpi=_DOTS)
        figure.text(0.01, 1 - 1.2 / rows, raw["title"], fontsize=12, weight="bold")
        page = _Page(figure, rows, names)
        for item in raw["panels"]:
            if item["type"] == "row":
                page.heading(item)
        for panel in panels(board):
            page.panel(panel, answer)
        drawn = io.BytesIO()
        figure.savefig(drawn, format="png")
    with Image.open(drawn) as image:
        # Few colours are needed, and make it small.
        image.convert("RGB").quantize(128).save(picture, optimize=True)


class _Page:
    """One figure; places are in Grafana's grid."""

    def __init__(self, figure: Figure, rows: int, names: Mapping[str, str]) -> None:
        self._figure, self._rows, self._names = figure, rows, names

    def heading(self, row: Mapping[str, Any]) -> None:
        """The title of a row of panels."""
        y = 1 - (row["gridPos"]["y"] + 2.7) / self._rows
        self._figure.text(0.01, y, row["title"], fontsize=9, weight="bold", color="#444444")

    def panel(self, panel: Panel, answer: Answer) -> None:
        """A panel with its title and all that was found."""
        axes = self._axes(panel)
        axes.set_title(panel.title, loc="left", pad=3)
        found = [(target, list(answer(target))) for target in panel.targets]
        if panel.kind == "table":
            self._table(axes, panel, [series for _, series in found])
            return
        named = [
            (self._named(target.legend, series), series)
            for target, many in found
            for series in many
        ]
        if not named and panel.kind != "stat":
            axes.text(0.5, 0.5, "no data", ha="center", va="center", color="#6e7687")
            axes.set_axis_off()
            return
        drawn_panels.KINDS[panel.kind](axes, panel, sorted(named, key=lambda item: item[0]))

    def _axes(self, panel: Panel) -> Axes:
        place = panel.raw["gridPos"]
        left, right, low, high = (0.2, 0.2, 0.4, 0.9)
        if panel.kind in {"timeseries", "heatmap"}:
            left, low = 1.0, 2.4
        elif panel.kind == "table":
            right = 1.2
        elif panel.kind in {"bargauge", "state-timeline"}:
            left, low = 3.4, 1.2
        top = place["y"] + 2
        frame = Rectangle(
            ((place["x"] + 0.08) / 24, 1 - (top + place["h"] - 0.1) / self._rows),
            (place["w"] - 0.16) / 24,
            (place["h"] - 0.2) / self._rows,
            fill=False,
            color="#d8d9da",
            lw=0.6,
        )
        self._figure.add_artist(frame)
        return self._figure.add_axes(
            (
                (place["x"] + left) / 24,
                1 - (top + place["h"] - low * 0.7) / self._rows,
                (place["w"] - left - right) / 24,
                (place["h"] - high - low * 0.7 - 0.3) / self._rows,
            )
        )

    def _named(self, legend: str, series: Series) -> str:
        for label, value in series.labels.items():
            legend = legend.replace("{{" + label + "}}", self._names.get(value, value))
        return legend

    def _table(self, axes: Axes, panel: Panel, columns: list[list[Series]]) -> None:
        axes.set_axis_off()
        arranged = panel.raw["transformations"][1]["options"]
        order = arranged["indexByName"]
        names = dict(sorted(arranged["renameByName"].items(), key=lambda item: order[item[0]]))
        keys = [name for name in names if not name.startswith("Value")]
        units = {
            item["matcher"]["options"]: item["properties"][0]["value"]
            for item in panel.raw["fieldConfig"]["overrides"]
        }
        rows: dict[tuple[str, ...], dict[int, float]] = {}
        for number, column in enumerate(columns):
            for series in column:
                row = tuple(series.labels.get(key, "") for key in keys)
                rows.setdefault(row, {})[number] = series.value
        titles = [title for name, title in names.items() if name.startswith("Value")]
        cells = [
            [self._names.get(key, key) for key in row]
            + [
                drawn_panels.told(units[title], values[number]) if number in values else ""
                for number, title in enumerate(titles)
            ]
            for row, values in sorted(rows.items())
        ]
        heads = [names[key] for key in keys] + titles
        axes.table(cells, colLabels=heads, loc="upper left", cellLoc="left", edges="horizontal")
