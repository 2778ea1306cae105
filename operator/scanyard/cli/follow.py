"""What is there, and then every change of it: one list, then watches for as long as one looks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from scanyard.kube.errors import KubeExpiredError, KubeUnavailableError
from scanyard.kube.resources import Resource

if TYPE_CHECKING:
    from scanyard.cli.api import Api

Json = dict[str, Any]

#: A watch on a connection that died without a word is noticed after so long.
_WATCH_SECONDS: Final = 60
_PAUSE_SECONDS: Final = 1.0


def follow(
    api: Api,
    resource: Resource,
    namespace: str | None,
    selectors: Mapping[str, str] | None = None,
    *,
    seconds: float | None = None,
    trouble: Callable[[str], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Mapping[str, Json]]:
    """The objects by uid, at first and again after each change; the mapping is always the same.

    It ends when `seconds` are over. The first list raises KubeError; later the API server may be
    away for a while: `trouble` hears why, and "" when it is back.
    """
    deadline = math.inf if seconds is None else clock() + seconds
    wanted = dict(selectors or {})
    items, version = api.list_all(resource, namespace, wanted)
    objects = {item["metadata"]["uid"]: item for item in items}
    yield objects
    while (left := deadline - clock()) > 0:
        try:
            if not version:
                items, version = api.list_all(resource, namespace, wanted)
                _replace(objects, {item["metadata"]["uid"]: item for item in items})
                trouble("")
                yield objects
            for event in api.watch(
                resource,
                namespace,
                wanted,
                version=version,
                seconds=math.ceil(min(left, _WATCH_SECONDS)),
            ):
                version = event["object"]["metadata"]["resourceVersion"]
                if _apply(objects, event):
                    yield objects
        except KubeExpiredError:
            version = ""
        except KubeUnavailableError as error:
            version = ""
            trouble(error.message)
            sleep(min(_PAUSE_SECONDS, max(deadline - clock(), 0)))


def _replace(objects: dict[str, Json], by: Mapping[str, Json]) -> None:
    """Never empty in between: another thread may look."""
    objects.update(by)
    for uid in objects.keys() - by.keys():
        del objects[uid]


def _apply(objects: dict[str, Json], event: Json) -> bool:
    """Whether the event changed anything."""
    raw = event["object"]
    if event["type"] == "BOOKMARK":
        return False
    if event["type"] == "DELETED":
        objects.pop(raw["metadata"]["uid"], None)
    else:
        objects[raw["metadata"]["uid"]] = raw
    return True
