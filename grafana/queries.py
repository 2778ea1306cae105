"""Expressions in PromQL as the panels ask them, with the dashboards' variables in them.

Every Pod of the operator serves the same names, a standby 0 or nothing: so what is one for all of
an installation is added up over Pods, or the largest is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Of the chosen installations: the namespaces of their operators, as the scrape says.
INSTALLATION: Final = 'namespace=~"$namespace"'
#: And of the chosen queues.
QUEUES: Final = f'{INSTALLATION}, queue_namespace=~"$queue_namespace", queue=~"$queue"'
#: What makes a queue one.
BY_QUEUE: Final = "namespace, queue_namespace, queue"
RECENTLY: Final = "$__rate_interval"
SHOWN: Final = "$__range"
#: What is to be said of counts over that time.
COUNTED: Final = "Counted over the minutes before each point; over more where more time is shown."
#: So many lines a panel has at most where there may be one for each queue or namespace.
MOST_LINES: Final = 10


@dataclass(frozen=True, slots=True)
class Query:
    """An expression and what its series are called, `{{label}}` standing for their labels."""

    expr: str
    legend: str = ""


def largest(expr: str, count: int = MOST_LINES) -> str:
    """The largest so many of the series, at each time."""
    return f"topk({count}, {expr})"


def increase(metric: str, labels: str, by: str = "", over: str = RECENTLY) -> str:
    """By how much counters rose that are served as 0 before."""
    return _total(f"increase({metric}{{{labels}}}[{over}])", by)


def happened(metric: str, labels: str, by: str) -> str:
    """By how much counters rose of which the first event makes the series.

    Prometheus sees no increase in what was not there before. So the value of a new series is taken,
    if its Pod was scraped before: else it is only new to this Prometheus.
    """
    found = f"{metric}{{{labels}}}"
    known = f"scanyard_leader{{{INSTALLATION}}} offset {RECENTLY}"
    return _total(
        f"increase({found}[{RECENTLY}]) > 0 "
        f"or {found} unless {found} offset {RECENTLY} and on (namespace, pod) {known}",
        by,
    )


def rate(metric: str, labels: str, by: str = "", over: str = RECENTLY) -> str:
    """By how much counters rose a second."""
    return _total(f"rate({metric}{{{labels}}}[{over}])", by)


def _total(expr: str, by: str) -> str:
    return f"sum by ({by}) ({expr})" if by else f"sum({expr})"


def quantiles(histogram: str, labels: str) -> tuple[Query, ...]:
    """Half, 95 % and 99 % of a histogram's observations were below this."""
    return tuple(
        Query(quantile(share, histogram, labels), f"p{share * 100:g}")
        for share in (0.5, 0.95, 0.99)
    )


def quantile(share: float, histogram: str, labels: str, by: str = "") -> str:
    """Such a share of a histogram's observations was below this."""
    buckets = rate(f"{histogram}_bucket", labels, f"{by}, le" if by else "le")
    return f"histogram_quantile({share:g}, {buckets})"
