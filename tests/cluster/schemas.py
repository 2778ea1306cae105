"""kubeconform's schemas, made from the API server's own description: it cannot download them.

Layout: ``{kind}-{group}-{version}.json`` in lower case, as kubeconform's template
``FOLDER/{{ .ResourceKind }}{{ .KindSuffix }}.json`` asks for it.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from tests.cluster import programs
from tests.cluster.settings import KUBERNETES_VERSION, Settings

_SWAGGER = Path("api/openapi-spec/swagger.json")
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_FORMAT = 2  # raise when the translation below changes


def ensure(settings: Settings) -> Path:
    """The folder of strict schemas: an unknown field is an error."""
    folder = settings.cache / "schemas" / f"{KUBERNETES_VERSION}-{_FORMAT}"
    if not folder.exists():
        swagger = json.loads((programs.module_folder("k8s.io/kubernetes") / _SWAGGER).read_text())
        aside = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        write(swagger["definitions"], aside)
        aside.rename(folder)
    return folder


def write(definitions: dict[str, Any], folder: Path) -> None:
    """One shared file of definitions, and one small file for each kind."""
    strict = {name: _strict(schema) for name, schema in definitions.items()}
    strict[_QUANTITY] = {"type": ["string", "number"]}  # "cpu: 1" is a number, and allowed
    (folder / "definitions.json").write_text(json.dumps({"definitions": strict}))
    for name, schema in definitions.items():
        for kind in schema.get("x-kubernetes-group-version-kind", []):
            pinned = _pinned(strict[name], kind)
            group = kind["group"].split(".")[0].lower()
            parts = [kind["kind"].lower(), group, kind["version"].lower()]
            file = folder / f"{'-'.join(part for part in parts if part)}.json"
            file.write_text(json.dumps(pinned))


def _pinned(schema: dict[str, Any], kind: dict[str, str]) -> dict[str, Any]:
    """The schema of one kind: apiVersion and kind must be there and be exactly these."""
    version = f"{kind['group']}/{kind['version']}" if kind["group"] else kind["version"]
    properties = {
        **schema.get("properties", {}),
        "apiVersion": {"enum": [version]},
        "kind": {"enum": [kind["kind"]]},
    }
    required = sorted({*schema.get("required", []), "apiVersion", "kind"})
    return {**schema, "properties": properties, "required": required}


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """A Swagger schema as JSON Schema, closed to unknown fields at every depth."""
    if schema.get("format") == "int-or-string":
        return {"type": ["string", "integer"]}
    found: dict[str, Any] = {
        key: schema[key] for key in ("type", "required", "enum", "format") if key in schema
    }
    if "$ref" in schema:
        found["$ref"] = "definitions.json" + schema["$ref"]
    if "properties" in schema:
        found["properties"] = {key: _strict(each) for key, each in schema["properties"].items()}
        found["additionalProperties"] = False
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            found[key] = _strict(schema[key])
    return found
