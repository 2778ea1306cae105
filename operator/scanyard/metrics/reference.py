"""docs/metrics.md out of the metrics themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client import Histogram

from scanyard.metrics import SECTIONS, Metric

_HEAD: Final = """\
# Metrics

Written by `python -m scanyard.metrics` from the operator's code; do not edit it by hand.

Every operator Pod serves `/metrics` on port 8080, in the Prometheus text format, beside the usual
`process_*` and `python_*` metrics of its own process. A standby serves the same names; what it does
not know has no series there, or 0. So sum over Pods, or take the one whose `scanyard_leader` is 1.

Names, labels and units are an interface: they change with a new minor version at the earliest, and
the release notes say so. No series carries the name or a target of a scan.

| label | what it says |
| --- | --- |
| `queue_namespace`, `queue` | the ScanQueue, by its namespace and name; both `(none)`: an end in \
a queue that is not there |
| `scanner` | `nmap` or `masscan` |
| `reason` | why ScanJobs wait, as in [waiting](waiting.md), or how an attempt ended, as in \
`status.attempts[].reason` |
| `scanjob_namespace` | the namespace of ScanJobs; `(others)`: all beyond the 50 that have most in \
the queue |
| `cause` | why it is tried again, as in `spec.retry.causes` |
| `verb`, `resource`, `code` | a request to the Kubernetes API, and the status of its answer |
| `phase` | the ScanJob's `status.phase` at its end |
| `within` | `true` or `false` |
| `error` | the class of an error in the operator's log |

Counters begin anew with another leader, as with every restart; `rate()` and `increase()` know that.
The series of a queue go when the queue is deleted.

Their number is bounded. A queue has some 70 series once it has run something, and 110 if it has
seen most of what can happen and three namespaces share it; each further namespace adds 3, up to 51
of them. It does not matter how many ScanJobs there are. 1,000 queues with 110 series each are a
scrape of 10 MB that takes the operator 1.4 s of CPU time, beside its work; with so many, scrape
once a minute. `python -m tests.bench.scrape` measures that.
"""


def reference() -> str:
    """The whole page."""
    return _HEAD + "".join(
        f"\n## {title}\n\n{''.join(_table(metrics))}" for title, metrics in SECTIONS.items()
    )


def _table(metrics: tuple[Metric, ...]) -> Iterator[str]:
    yield "| metric | type | labels | |\n| --- | --- | --- | --- |\n"
    for metric in metrics:
        (family,) = metric.describe()
        suffix = "_total" if family.type == "counter" else ""
        labels = ", ".join(f"`{name}`" for name in metric._labelnames)  # noqa: SLF001 - no other way
        text = family.documentation + _buckets(metric)
        yield f"| `{family.name}{suffix}` | {family.type} | {labels} | {text} |\n"


def _buckets(metric: Metric) -> str:
    if not isinstance(metric, Histogram):
        return ""
    bounds = [f"{bound:.10g}" for bound in metric._upper_bounds[:-1]]  # noqa: SLF001 - no other way
    return f" Buckets: {', '.join(bounds)}."
