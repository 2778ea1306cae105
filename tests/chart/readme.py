"""The chart's README.md; `python -m tests.chart.readme` writes it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from tests.chart.rendering import CHART
from tests.cluster import command, programs, settings

FILE: Final = CHART / "README.md"
_INPUTS: Final = ("Chart.yaml", "values.yaml", "README.md.gotmpl")


def readme() -> str:
    """What helm-docs makes of the chart, values in the order of their file."""
    program = programs.tool(settings.from_environment(os.environ), "helm-docs")
    with tempfile.TemporaryDirectory() as folder:
        for name in _INPUTS:
            shutil.copy(CHART / name, folder)
        command.run(
            [program, "--sort-values-order=file", "--log-level=warning", f"-c={folder}"],
            what="helm-docs",
        )
        return (Path(folder) / "README.md").read_text(encoding="utf-8")


if __name__ == "__main__":
    FILE.write_text(readme(), encoding="utf-8")
