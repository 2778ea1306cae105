"""What Argo CD makes of a resource by our Lua scripts.

Written from Argo CD's documentation and behaviour (util/lua/lua.go, server/application): Lua 5.1
with the base and table libraries only, as it runs what stands in argocd-cm; the object as the
global `obj`; of an action's result the merge patch against what was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lupa import lua51

from scanyard.lifecycle.status import merge_patch
from tests.cluster.settings import REPOSITORY

Json = dict[str, Any]

CUSTOMIZATIONS: Final = REPOSITORY / "gitops/argocd/resource_customizations"
_HEALTHS: Final = {"Unknown", "Progressing", "Suspended", "Healthy", "Degraded", "Missing"}
#: What Argo CD does not open, beside what would let a script out of its box.
_CLOSED: Final = (
    *("string", "math", "io", "os", "debug", "coroutine"),
    *("dofile", "loadfile", "loadstring", "load", "python"),
)


@dataclass(frozen=True, slots=True)
class Health:
    """What a tile shows."""

    status: str
    message: str = ""


def health(resource: Mapping[str, Any]) -> Health:
    """What health.lua says of it."""
    told = _run(_scripts(resource) / "health.lua", resource)
    found = Health(**told)
    assert found.status in _HEALTHS, found
    return found


def actions(resource: Mapping[str, Any]) -> dict[str, Json]:
    """What discovery.lua offers: by name, displayName, iconClass and disabled."""
    found: dict[str, Json] = _run(_scripts(resource) / "actions/discovery.lua", resource)
    return found


def after_action(resource: Mapping[str, Any], name: str) -> Json:
    """The resource as the action returns it."""
    returned = _run(_scripts(resource) / f"actions/{name}/action.lua", resource)
    assert isinstance(returned, dict), f"{name} returned {returned!r}"
    cleaned: Json = _as_before(returned, resource)
    return cleaned


def patch_of_action(resource: Mapping[str, Any], name: str) -> Json:
    """The merge patch that Argo CD sends; empty where it sends nothing."""
    return merge_patch(resource, after_action(resource, name))


def _scripts(resource: Mapping[str, Any]) -> Path:
    group = str(resource["apiVersion"]).partition("/")[0]
    return CUSTOMIZATIONS / group / str(resource["kind"])


def _run(script: Path, resource: Mapping[str, Any]) -> Any:
    runtime = lua51.LuaRuntime(register_eval=False, register_builtins=False)
    lua = runtime.globals()
    # Or "text":rep(3) would still reach the string library.
    lua.debug.setmetatable("", None)
    for name in _CLOSED:
        lua[name] = None
    lua.obj = _to_lua(runtime, resource)
    return _to_json(runtime.execute(script.read_text()))


def _to_lua(runtime: Any, value: Any) -> Any:
    if isinstance(value, Mapping):
        return runtime.table_from(
            {key: _to_lua(runtime, item) for key, item in value.items() if item is not None}
        )
    if isinstance(value, list):
        return runtime.table_from([_to_lua(runtime, item) for item in value])
    # Lua 5.1 has one kind of number.
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _to_json(value: Any) -> Any:
    """An empty table becomes a list, as in Argo CD, which cannot tell it from a map either."""
    if lua51.lua_type(value) == "table":
        keys = list(value.keys())
        if keys and all(isinstance(key, str) for key in keys):
            return {key: _to_json(value[key]) for key in keys}
        assert keys == list(range(1, len(keys) + 1)), f"neither list nor map: {keys}"
        return [_to_json(value[key]) for key in keys]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _as_before(new: Any, old: Any) -> Any:
    """Empty lists become the empty maps again that they were."""
    if isinstance(new, dict) and isinstance(old, Mapping):
        return {key: _as_before(item, old.get(key)) for key, item in new.items()}
    if isinstance(new, list) and isinstance(old, list):
        return [
            _as_before(item, old[place] if place < len(old) else None)
            for place, item in enumerate(new)
        ]
    return old if new == [] and isinstance(old, Mapping) else new
