"""JSON Schemas of ScanJob and ScanQueue, made from crds/ for kubeconform."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.chart.rendering import ROOT


def write_schemas(folder: Path) -> None:
    """One file for each kind and version, `{kind}-{first label of group}-{version}.json`."""
    for path in sorted((ROOT / "crds").glob("*.yaml")):
        spec = yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]
        group = spec["group"].split(".")[0]
        for version in spec["versions"]:
            schema = _closed(version["schema"]["openAPIV3Schema"])
            # Kubernetes checks metadata itself; a CRD only says that it is an object.
            schema["properties"]["metadata"] = {"type": "object", "required": ["name"]}
            name = f"{spec['names']['kind'].lower()}-{group}-{version['name']}.json"
            (folder / name).write_text(json.dumps(schema), encoding="utf-8")


def _closed(schema: Any) -> Any:
    """The schema with every object closed to fields that it does not name."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items() if not key.startswith("x-")}
    if isinstance(schema.get("properties"), dict):
        closed.setdefault("additionalProperties", False)
    return closed
