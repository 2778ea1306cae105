"""The kinds of panels that the dashboards are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    heatmap,
    statetimeline,
    timeseries,
)
from grafana_foundation_sdk.builders import stat as stats
from grafana_foundation_sdk.builders import table as tables
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import heatmap as heat_looks
from grafana_foundation_sdk.models import prometheus as answers

from grafana.dress import (
    BAD,
    PLAIN,
    Steps,
    by_threshold,
    dressed,
    legend,
    target_of,
    thresholds,
)
from grafana.queries import Query


def stat(
    title: str,
    about: str,
    unit: str,
    query: Query,
    *,
    steps: Steps = PLAIN,
    words: Mapping[str, tuple[str, str]] | None = None,
    runbook: str = "",
    nothing: str = "-",
) -> stats.Panel:
    """One number as it is now; `words`: what to say in place of a value, and its colour."""
    panel = (
        stats.Panel()
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
        .graph_mode(looks.BigValueGraphMode.NONE)
        .color_mode(looks.BigValueColorMode.VALUE)
        .text_mode(looks.BigValueTextMode.VALUE)
        .thresholds(thresholds(steps))
        .color_scheme(by_threshold())
        .no_value(nothing)
        .with_target(target_of(query, "A", instant=True))
        .span(4)
        .height(4)
    )
    if unit == "short":
        # Counts; increase() makes fractions of them.
        panel = panel.decimals(0)
    if words:
        results = {
            value: models.ValueMappingResult(text=text, color=colour, index=index)
            for index, (value, (text, colour)) in enumerate(words.items())
        }
        panel = panel.mappings([models.ValueMap(options=results)])
    return dressed(panel, title, about, unit, runbook)


def lines(
    title: str,
    about: str,
    unit: str,
    *queries: Query,
    runbook: str = "",
    limit: float | None = None,
    most: float | None = None,
    dashed: str = "",
    wide: int = 12,
) -> timeseries.Panel:
    """Lines over time; `limit`: from where on it is bad; `dashed`: the series that is a limit."""
    panel = _over_time(queries, wide).line_width(2).fill_opacity(5)
    if limit is not None:
        dashes = looks.GraphThresholdsStyleMode.DASHED
        panel = panel.thresholds(thresholds(((None, "transparent"), (limit, BAD))))
        panel = panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(dashes))
    if most is not None:
        panel = panel.max(most)
    if dashed:
        style = {"fill": "dash", "dash": [8, 8]}
        panel = panel.override_by_name(
            dashed,
            [
                models.DynamicConfigValue("custom.lineStyle", style),
                models.DynamicConfigValue("custom.fillOpacity", 0),
                models.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": "text"}),
            ],
        )
    return dressed(panel, title, about, unit, runbook)


def stacked(
    title: str,
    about: str,
    unit: str,
    query: Query,
    *,
    colours: Mapping[str, str] | None = None,
    runbook: str = "",
    wide: int = 12,
) -> timeseries.Panel:
    """Parts of a whole over time; `colours`: of those that have their own."""
    stack = common.StackingConfig().mode(looks.StackingMode.NORMAL).group("A")
    panel = _over_time((query,), wide).stacking(stack).line_width(1).fill_opacity(40)
    for name, colour in (colours or {}).items():
        fixed = {"mode": "fixed", "fixedColor": colour}
        panel = panel.override_by_name(name, [models.DynamicConfigValue("color", fixed)])
    return dressed(panel, title, about, unit, runbook)


def heat(title: str, about: str, unit: str, histogram: Query) -> heatmap.Panel:
    """How many observations fell into each of a histogram's buckets, over time."""
    target = target_of(histogram, "A").format(answers.PromQueryFormat.HEATMAP)
    colours = (
        heatmap.HeatmapColorOptions()
        .mode(heat_looks.HeatmapColorMode.SCHEME)
        .scheme("Blues")
        .steps(64)
        .exponent(0.5)
    )
    panel = (
        heatmap.Panel()
        .calculate(False)
        .exemplars_color("purple")
        .color(colours)
        .y_axis(heatmap.YAxisConfig().unit(unit).axis_placement(looks.AxisPlacement.LEFT))
        .cell_values(heatmap.CellValues().unit("short").decimals(1))
        .show_legend()
        .with_target(target)
        .span(12)
        .height(8)
    )
    return dressed(panel, title, about, unit, "")


def bars(
    title: str, about: str, unit: str, query: Query, *, steps: Steps = PLAIN, wide: int = 12
) -> bargauge.Panel:
    """A bar for each series, as it is now."""
    panel = (
        bargauge.Panel()
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
        .orientation(looks.VizOrientation.HORIZONTAL)
        .display_mode(looks.BarGaugeDisplayMode.BASIC)
        .thresholds(thresholds(steps))
        .color_scheme(by_threshold())
        .min(0)
        .no_value("-")
        .with_target(target_of(query, "A", instant=True))
        .span(wide)
        .height(8)
    )
    return dressed(panel, title, about, unit, "")


def states(
    title: str, about: str, query: Query, words: Mapping[str, tuple[str, str]], *, runbook: str = ""
) -> statetimeline.Panel:
    """Which of a few states each series was in, over time."""
    results = {
        value: models.ValueMappingResult(text=text, color=colour, index=index)
        for index, (value, (text, colour)) in enumerate(words.items())
    }
    panel = (
        statetimeline.Panel()
        .mappings([models.ValueMap(options=results)])
        .show_value(looks.VisibilityMode.AUTO)
        .merge_values(True)
        .fill_opacity(70)
        .line_width(0)
        .row_height(0.8)
        .legend(legend(shown=False))
        .thresholds(thresholds(((None, "text"),)))
        .color_scheme(by_threshold())
        .with_target(target_of(query, "A"))
        .span(12)
        .height(8)
    )
    return dressed(panel, title, about, "short", runbook)


def table(
    title: str,
    about: str,
    keys: Mapping[str, str],
    columns: Mapping[str, tuple[Query, str]],
    *,
    sort_by: str,
) -> tables.Panel:
    """A row for each set of labels; `keys`: labels and their titles; `columns`: queries, units."""
    panel = tables.Panel().span(24).height(9).filterable(True)
    names, order = dict(keys), {label: place for place, label in enumerate(keys)}
    for place, (name, (query, unit)) in enumerate(columns.items()):
        letter = chr(ord("A") + place)
        target = target_of(query, letter, instant=True).format(answers.PromQueryFormat.TABLE)
        panel = panel.with_target(target)
        names[f"Value #{letter}"] = name
        order[f"Value #{letter}"] = len(keys) + place
        panel = panel.override_by_name(name, [models.DynamicConfigValue("unit", unit)])
    arranged = {"excludeByName": {"Time": True}, "renameByName": names, "indexByName": order}
    panel = (
        panel.with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(models.DataTransformerConfig(id_val="organize", options=arranged))
        .sort_by([common.TableSortByFieldState().display_name(sort_by).desc(True)])
    )
    return dressed(panel, title, about, "short", "")


def _over_time(queries: Sequence[Query], wide: int) -> timeseries.Panel:
    panel = (
        timeseries.Panel()
        .min(0)
        .show_points(looks.VisibilityMode.NEVER)
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .legend(legend())
        .tooltip(
            common.VizTooltipOptions()
            .mode(looks.TooltipDisplayMode.MULTI)
            .sort(looks.SortOrder.DESCENDING)
        )
        .span(wide)
        .height(8)
    )
    for place, query in enumerate(queries):
        panel = panel.with_target(target_of(query, chr(ord("A") + place)))
    return panel
