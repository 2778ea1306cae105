"""The examples as their readers apply them: files, and folders by kustomize."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from tests.cluster.settings import REPOSITORY

EXAMPLES: Final = REPOSITORY / "examples"
#: Resources of GitOps tools, whose definitions a cluster without them does not know.
_OF_TOOLS: Final = ("argoproj.io", "fluxcd.io", "kustomize.config.k8s.io")

FOLDERS: Final = sorted(path.parent for path in EXAMPLES.rglob("kustomization.yaml"))


def documents(path: Path) -> list[dict[str, Any]]:
    """What stands in a file for any cluster with Scanyard."""
    found = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    return [
        item for item in found if not str(item["apiVersion"]).partition("/")[0].endswith(_OF_TOOLS)
    ]


#: All files with something for a cluster.
FILES: Final = [path for path in sorted(EXAMPLES.rglob("*.yaml")) if documents(path)]
#: Those that no kustomization takes in.
LOOSE_FILES: Final = [path for path in FILES if path.parent not in FOLDERS]
