"""kubeconform with schemas that are at hand: it downloads nothing."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

#: Of the Prometheus operator, whose schemas are not at hand; promtool reads the rules.
_SKIPPED = "ServiceMonitor,PrometheusRule"
_TEMPLATE = "{{ .ResourceKind }}{{ .KindSuffix }}.json"


@dataclass(frozen=True, slots=True)
class Kubeconform:
    """`schemas` are folders, searched in this order."""

    program: Path
    schemas: tuple[Path, ...]

    def problems(self, manifests: str) -> str:
        """What it says about these YAML documents; "" if all are valid."""
        command = [str(self.program), "-strict", "-summary", f"-skip={_SKIPPED}"]
        for folder in self.schemas:
            command += ["-schema-location", f"{folder}/{_TEMPLATE}"]
        result = subprocess.run(
            [*command, "-"], input=manifests, capture_output=True, text=True, check=False
        )
        return "" if result.returncode == 0 else result.stdout + result.stderr
