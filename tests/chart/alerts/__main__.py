"""`python -m tests.chart.alerts`: write the rules as a plain file for Prometheus."""

from __future__ import annotations

import os

from tests.chart.alerts.plain import FILE, plain_rules
from tests.chart.rendering import Chart
from tests.cluster import programs, settings


def main() -> None:
    """Write charts/scanyard/rules/scanyard.yaml; a test tells if it is not up to date."""
    chart = Chart(programs.tool(settings.from_environment(os.environ), "helm"))
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(plain_rules(chart))


if __name__ == "__main__":
    main()
