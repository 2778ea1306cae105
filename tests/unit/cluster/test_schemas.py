"""kubeconform's schemas, made from the API server's description."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cluster import schemas

DEFINITIONS: dict[str, Any] = {
    "v1.Thing": {
        "type": "object",
        "description": "What it is.",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "spec": {"$ref": "#/definitions/v1.ThingSpec"},
        },
        "x-kubernetes-group-version-kind": [
            {"group": "things.example.com", "kind": "Thing", "version": "v1"}
        ],
    },
    "v1.ThingSpec": {
        "type": "object",
        "properties": {
            "description": {"type": "string", "description": "A field of that name."},
            "port": {"type": "string", "format": "int-or-string"},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    },
}


def test_a_kind_has_a_file_that_kubeconform_finds(tmp_path: Path) -> None:
    schemas.write(DEFINITIONS, tmp_path)
    thing = json.loads((tmp_path / "thing-things-v1.json").read_text())
    assert thing["properties"]["apiVersion"] == {"enum": ["things.example.com/v1"]}
    assert thing["properties"]["spec"] == {"$ref": "definitions.json#/definitions/v1.ThingSpec"}
    assert thing["required"] == ["apiVersion", "kind", "spec"]


def test_unknown_fields_are_refused_and_every_known_field_is_kept(tmp_path: Path) -> None:
    schemas.write(DEFINITIONS, tmp_path)
    shared = json.loads((tmp_path / "definitions.json").read_text())["definitions"]
    assert shared["v1.ThingSpec"] == {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string"},
            "port": {"type": ["string", "integer"]},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    }
