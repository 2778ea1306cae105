"""Panels of each kind, drawn from what their queries found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tests.support.dashboards import Panel
from tests.support.prometheus import Series

#: Grafana's colours on light.
_COLOURS: Final = {
    "green": "#37872d", "red": "#c4162a", "orange": "#fa6400", "yellow": "#e0b400",
    "blue": "#1f60c4", "purple": "#8f3bb8", "text": "#6e7687",
}  # fmt: skip
_PALETTE: Final = (
    "#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#37872d", "#8ab8ff",
    "#fade2a", "#ff780a", "#705da0", "#44aa99",
)  # fmt: skip
_PLAIN: Final = "#1f60c4"

#: Series by the names that their legend gives them.
Named = list[tuple[str, Series]]


def stat(axes: Axes, panel: Panel, named: Named) -> None:
    """One number, or words for it."""
    axes.set_axis_off()
    defaults = panel.raw["fieldConfig"]["defaults"]
    text, colour = defaults.get("noValue", ""), "text"
    if named:
        value = named[0][1].value
        words = _words(panel).get(f"{value:g}")
        whole = defaults.get("decimals") == 0
        text = words["text"] if words else f"{value:.0f}" if whole else told(panel.unit, value)
        colour = words["color"] if words else _step(panel, value)
    axes.text(
        0.5, 0.45, text, ha="center", va="center", fontsize=17, color=_COLOURS.get(colour, colour)
    )


def lines(axes: Axes, panel: Panel, named: Named) -> None:
    """Lines or stacked areas, with their limits."""
    custom = panel.raw["fieldConfig"]["defaults"]["custom"]
    fixed = {
        item["matcher"]["options"]: each["value"]["fixedColor"]
        for item in panel.raw["fieldConfig"]["overrides"]
        for each in item["properties"]
        if each["id"] == "color"
    }
    stacked = custom.get("stacking", {}).get("mode") == "normal"
    times = sorted({when for _, series in named for when, _ in series.samples})
    below = [0.0] * len(times)
    for number, (name, series) in enumerate(named):
        colour = fixed.get(name)
        shade = _COLOURS[colour] if colour else _PALETTE[number % len(_PALETTE)]
        if stacked:
            known = dict(series.samples)
            above = [low + known.get(when, 0.0) for low, when in zip(below, times, strict=True)]
            axes.fill_between(times, below, above, color=shade, alpha=0.6, lw=0.5, label=name)
            below = above
        else:
            own = [when for when, _ in series.samples]
            dashes = "--" if colour == "text" else "-"
            axes.plot(own, [v for _, v in series.samples], dashes, color=shade, lw=1.2, label=name)
    if custom.get("thresholdsStyle", {}).get("mode") == "dashed":
        for step in panel.raw["fieldConfig"]["defaults"]["thresholds"]["steps"][1:]:
            axes.axhline(step["value"], color=_COLOURS[step["color"]], ls="--", lw=0.8)
    _over_time(axes, panel.unit)
    axes.set_ylim(bottom=0, top=panel.raw["fieldConfig"]["defaults"].get("max"))
    axes.legend(
        loc="upper left", bbox_to_anchor=(-0.02, -0.13), ncols=5, frameon=False, fontsize=6.5,
        handlelength=1, columnspacing=1, borderaxespad=0,
    )  # fmt: skip


def heat(axes: Axes, panel: Panel, named: Named) -> None:
    """Buckets come as sums over all below them."""
    by_bound = sorted((float(series.labels["le"]), dict(series.samples)) for _, series in named)
    times = sorted({when for _, samples in by_bound for when in samples})
    rows, before = [], dict.fromkeys(times, 0.0)
    for _, samples in by_bound:
        rows.append([max(samples.get(when, 0.0) - before[when], 0.0) for when in times])
        before = {when: samples.get(when, 0.0) for when in times}
    used = [number for number, row in enumerate(rows) if max(row) > 0]
    low, high = (used[0], used[-1] + 1) if used else (0, len(rows))
    axes.pcolormesh(times, range(high - low), rows[low:high], cmap="Blues", shading="nearest")
    _over_time(axes, panel.unit)
    bounds = [told(panel.unit, bound) for bound, _ in by_bound[low:high]]
    axes.set_yticks(range(high - low), bounds)


def bars(axes: Axes, panel: Panel, named: Named) -> None:
    """A bar for each."""
    names = [name for name, _ in named]
    values = [series.value for _, series in named]
    shades = [_COLOURS.get(_step(panel, value), _PLAIN) for value in values]
    axes.barh(names, values, color=shades, height=0.5)
    for place, value in enumerate(values):
        axes.text(value, place, f" {told(panel.unit, value)}", va="center")
    axes.margins(x=0.15)
    axes.spines["right"].set_visible(False)


def states(axes: Axes, panel: Panel, named: Named) -> None:
    """A row for each, coloured by its state."""
    words = _words(panel)
    for place, (_, series) in enumerate(named):
        times = [when for when, _ in series.samples]
        step = min((b - a for a, b in pairwise(times)), default=1.0)
        for when, value in series.samples:
            colour = _COLOURS[words[f"{value:g}"]["color"]]
            axes.fill_between([when, when + step], place - 0.35, place + 0.35, color=colour, lw=0)
        axes.text(
            times[0], place, f" {words[f'{value:g}']['text']}",
            va="center", color="white",
        )  # fmt: skip
    axes.set_yticks(range(len(named)), [name for name, _ in named])
    axes.set_ylim(-0.6, max(len(named) - 0.4, 1.6))
    axes.xaxis.set_major_formatter(FuncFormatter(_clock))
    axes.xaxis.set_major_locator(MaxNLocator(5))


def _over_time(axes: Axes, unit: str) -> None:
    axes.xaxis.set_major_formatter(FuncFormatter(_clock))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: told(unit, value)))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.spines["right"].set_visible(False)
    axes.grid(axis="y", lw=0.3)


def _clock(when: float, _: object) -> str:
    return f"{datetime.fromtimestamp(when, UTC):%H:%M:%S}"


def _words(panel: Panel) -> Mapping[str, Mapping[str, str]]:
    mappings = panel.raw["fieldConfig"]["defaults"].get("mappings") or ()
    found: Mapping[str, Mapping[str, str]] = mappings[0]["options"] if mappings else {}
    return found


def _step(panel: Panel, value: float) -> str:
    colour = "text"
    for step in panel.raw["fieldConfig"]["defaults"]["thresholds"]["steps"]:
        if step["value"] is None or value >= step["value"]:
            colour = str(step["color"])
    return colour


def told(unit: str, value: float) -> str:
    """A value as Grafana writes it in that unit, more or less."""
    match unit:
        case "percentunit":
            return f"{value * 100:.3g} %"
        case "bytes":
            return f"{value / 2**20:.3g} MiB"
        case "reqps":
            return f"{value:.3g} /s"
        case "bool_yes_no":
            return "yes" if value else "no"
        case "s":
            return _seconds(value)
    return f"{value:.3g}" if abs(value) < 1000 else f"{value / 1000:.3g} K"


def _seconds(value: float) -> str:
    if math.isinf(value):
        return "more"
    for size, name in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms")):
        if abs(value) >= size:
            return f"{value / size:.3g} {name}"
    return f"{value:.3g} s"


#: By what Grafana calls them.
KINDS: Final = {
    "bargauge": bars,
    "heatmap": heat,
    "stat": stat,
    "state-timeline": states,
    "timeseries": lines,
}
