"""`python gitops/argocd/argocd_cm.py [--check]`: argocd-cm.yaml from the Lua scripts beside it.

A ConfigMap with the keys that Argo CD reads health checks and actions from, to be merged into the
`argocd-cm` of an installation.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Final

import yaml

_HERE: Final = Path(__file__).parent
_TARGET: Final = _HERE / "argocd-cm.yaml"
_HEAD: Final = """\
# Health checks and actions of Scanyard for Argo CD: docs/gitops.md says how to install them.
# Written by argocd_cm.py from resource_customizations/; not to be edited by hand.
"""


class _Dumper(yaml.SafeDumper):
    """Scripts as blocks."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def config_map(customizations: Path) -> dict[str, Any]:
    """The ConfigMap for all <group>/<Kind> folders in there."""
    data: dict[str, str] = {}
    for folder in sorted(path.parent for path in customizations.glob("*/*/health.lua")):
        key = f"{folder.parent.name}_{folder.name}"
        data[f"resource.customizations.health.{key}"] = (folder / "health.lua").read_text()
        data[f"resource.customizations.actions.{key}"] = _dumped(_actions(folder / "actions"))
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "argocd-cm", "labels": {"app.kubernetes.io/part-of": "argocd"}},
        "data": data,
    }


def _actions(folder: Path) -> dict[str, Any]:
    return {
        "discovery.lua": (folder / "discovery.lua").read_text(),
        "definitions": [
            {"name": script.parent.name, "action.lua": script.read_text()}
            for script in sorted(folder.glob("*/action.lua"))
        ],
    }


def _dumped(value: object) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=1000)


def main(arguments: list[str] | None = None) -> int:
    """Write argocd-cm.yaml; with --check compare, 1 if it differs."""
    parser = argparse.ArgumentParser(prog="python gitops/argocd/argocd_cm.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; 1 if it differs")
    options = parser.parse_args(arguments)
    text = _HEAD + _dumped(config_map(_HERE / "resource_customizations"))
    if not options.check:
        _TARGET.write_text(text, encoding="utf-8")
        return 0
    if _TARGET.is_file() and _TARGET.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{_TARGET} is not up to date: run `python gitops/argocd/argocd_cm.py`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
