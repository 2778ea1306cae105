"""What all panels wear: data source, description, unit, runbook, and Grafana's way to say colours.

Colours are names of Grafana's theme, which are readable on light and on dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    heatmap,
    prometheus,
    statetimeline,
    timeseries,
)
from grafana_foundation_sdk.builders import stat as stats
from grafana_foundation_sdk.builders import table as tables
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as models

from grafana.queries import Query

#: Stands for the folder in which the runbooks are served; the chart knows it.
RUNBOOKS: Final = "https://runbooks.invalid"
DATASOURCE: Final = looks.DataSourceRef(type_val="prometheus", uid="${datasource}")
#: From which value on a number has which colour; None: below all others.
Steps = Sequence[tuple[float | None, str]]
PLAIN: Final[Steps] = ((None, "blue"),)
GOOD, WARN, BAD = "green", "orange", "red"

P = TypeVar(
    "P",
    timeseries.Panel,
    stats.Panel,
    heatmap.Panel,
    tables.Panel,
    bargauge.Panel,
    statetimeline.Panel,
)


def below(limit: float, colour: str = BAD) -> Steps:
    """Well below the limit, and of that colour from it on."""
    return ((None, GOOD), (limit, colour))


#: Whatever there is of it is one too many.
NONE_AT_ALL: Final = below(0.01)


def target_of(query: Query, letter: str, *, instant: bool = False) -> prometheus.Dataquery:
    """A query of a panel; `instant`: only as it is now."""
    target = prometheus.Dataquery().expr(query.expr).ref_id(letter).datasource(DATASOURCE)
    if query.legend:
        target = target.legend_format(query.legend)
    return target.instant() if instant else target.range()


def legend(*, shown: bool = True) -> common.VizLegendOptions:
    """Names below the panel."""
    return (
        common.VizLegendOptions()
        .show_legend(shown)
        .display_mode(looks.LegendDisplayMode.LIST)
        .placement(looks.LegendPlacement.BOTTOM)
        .calcs([])
    )


def thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    """The steps as Grafana has them."""
    return (
        dashboard.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(value=value, color=colour) for value, colour in steps])
    )


def by_threshold() -> dashboard.FieldColor:
    """Coloured by them."""
    return dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS)


def dressed(panel: P, title: str, about: str, unit: str, runbook: str) -> P:
    """The panel with what every panel has; `runbook`: the alert whose page helps, if one does."""
    links: list[Builder[models.DashboardLink]] = []
    if runbook:
        about = f"{about}\n\nRunbook: {runbook}"
        url = f"{RUNBOOKS}/{runbook}.md"
        links.append(dashboard.DashboardLink(f"Runbook {runbook}").url(url).target_blank(True))
    return panel.title(title).description(about).unit(unit).datasource(DATASOURCE).links(links)
