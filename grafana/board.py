"""What all dashboards have: variables, links to each other, marks where another took the lead."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard, prometheus
from grafana_foundation_sdk.models import dashboard as models

from grafana.dress import DATASOURCE
from grafana.queries import INSTALLATION

TAG: Final = "scanyard"
#: Panels by the title of their row.
Rows = Mapping[str, Sequence[Any]]

_ALL: Final = models.VariableOption(selected=True, text=["All"], value=["$__all"])


def new_board(
    uid: str, title: str, about: str, rows: Rows, *, by_queue: bool
) -> dashboard.Dashboard:
    """A dashboard of these rows; `by_queue`: whether its queues can be chosen."""
    board = (
        dashboard.Dashboard(f"Scanyard / {title}")
        .uid(uid)
        .description(about)
        .tags([TAG])
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .refresh("30s")
        .time("now-3h", "now")
        .timezone("browser")
        .link(_links())
        .annotation(_leaders())
    )
    for variable in _variables(by_queue=by_queue):
        board = board.with_variable(variable)
    numbers = itertools.count(1)
    for row, panels in rows.items():
        board = board.with_row(dashboard.Row(row).id(next(numbers)))
        for panel in panels:
            board = board.with_panel(panel.id(next(numbers)))
    return board


def _variables(*, by_queue: bool) -> list[Any]:
    chosen = [
        dashboard.DatasourceVariable("datasource")
        .type("prometheus")
        .label("Data source")
        .description("The Prometheus that scrapes Scanyard."),
        _labels(
            "namespace",
            "Installation",
            "Namespaces in which operators run.",
            "label_values(scanyard_leader, namespace)",
        ),
    ]
    if by_queue:
        chosen += [
            _labels(
                "queue_namespace",
                "Queue namespace",
                "Namespaces in which ScanQueues are.",
                f"label_values(scanyard_queue_limit{{{INSTALLATION}}}, queue_namespace)",
            ),
            _labels(
                "queue",
                "Queue",
                "ScanQueues of these namespaces, by name.",
                f"label_values(scanyard_queue_limit{{{INSTALLATION}, "
                'queue_namespace=~"$queue_namespace"}, queue)',
            ),
        ]
    return chosen


def _labels(name: str, title: str, about: str, query: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(title)
        .description(about)
        .datasource(DATASOURCE)
        .query({"query": query, "refId": f"values of {name}"})
        .definition(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(_ALL)
    )


def _links() -> dashboard.DashboardLink:
    return (
        dashboard.DashboardLink("Scanyard")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(False)
        .include_vars(True)
        .keep_time(True)
    )


def _leaders() -> dashboard.AnnotationQuery:
    took_over = (
        f"scanyard_leader{{{INSTALLATION}}} == 1 "
        f"unless scanyard_leader{{{INSTALLATION}}} offset 2m == 1"
    )
    return (
        dashboard.AnnotationQuery()
        .name("New leader")
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color("purple")
        .expr(took_over)
        .step("1m")
        .title_format("New leader")
        .text_format("{{pod}} leads")
        .target(prometheus.Dataquery().expr(took_over).ref_id("A").range())
    )
