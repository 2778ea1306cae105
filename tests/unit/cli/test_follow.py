"""A list and then watches: through bookmarks, lost connections, and versions that are too old."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from scanyard.cli.api import Api
from scanyard.cli.follow import follow
from scanyard.kube.errors import KubeExpiredError, KubeUnavailableError
from scanyard.kube.resources import SCANJOBS

Json = dict[str, Any]
Step = Callable[[str], Iterator[Json]]


def thing(name: str, version: int) -> Json:
    return {"metadata": {"uid": name, "name": name, "resourceVersion": str(version)}}


class Script:
    """An API server that plays these lists and watches, one after the other."""

    def __init__(self, lists: list[list[Json]], watches: list[Step]) -> None:
        self.lists, self.watches = lists, watches
        self.versions: list[str] = []

    def list_all(self, *_: object) -> tuple[list[Json], str]:
        return self.lists.pop(0), "10"

    def watch(self, *_: object, version: str, **__: object) -> Iterator[Json]:
        self.versions.append(version)
        return self.watches.pop(0)(version)


def events(*pairs: tuple[str, Json]) -> Step:
    return lambda _: iter([{"type": kind, "object": raw} for kind, raw in pairs])


def raising(error: Exception) -> Step:
    def step(_: str) -> Iterator[Json]:
        raise error

    return step


def seen(script: Script, states: int, told: Callable[[str], None] = lambda _: None) -> list[str]:
    """The first so many states: names with versions."""
    found: list[str] = []
    api = cast("Api", script)
    for objects in follow(api, SCANJOBS, "team", trouble=told, sleep=lambda _: None):
        versions = (f"{k}{o['metadata']['resourceVersion']}" for k, o in sorted(objects.items()))
        found.append(" ".join(versions))
        if len(found) == states:
            break
    return found


def test_changes_come_one_by_one_and_a_watch_goes_on_where_the_last_one_ended() -> None:
    first = events(
        ("MODIFIED", thing("a", 11)), ("BOOKMARK", thing("", 20)), ("ADDED", thing("b", 21))
    )
    script = Script([[thing("a", 1)]], [first, events(("DELETED", thing("a", 30)))])
    assert seen(script, 4) == ["a1", "a11", "a11 b21", "b21"]
    assert script.versions == ["10", "21"]


@pytest.mark.parametrize(
    "error", [KubeExpiredError(410, "too old"), KubeUnavailableError(0, "it is away")]
)
def test_a_watch_that_cannot_go_on_is_followed_by_a_new_list(error: Exception) -> None:
    lists = [[thing("a", 1), thing("b", 2)], [thing("b", 40)]]
    script = Script(lists, [raising(error), events(("MODIFIED", thing("b", 41)))])
    assert seen(script, 3) == ["a1 b2", "b40", "b41"]


def test_trouble_is_told_and_its_end_as_well() -> None:
    told: list[str] = []
    script = Script([[], []], [raising(KubeUnavailableError(0, "it is away"))])
    seen(script, 2, told.append)
    assert told == ["it is away", ""]


def test_it_ends_when_the_time_is_over() -> None:
    now = iter([0.0, 1.0, 6.0])
    script = Script([[]], [events()])
    api = cast("Api", script)
    states = list(follow(api, SCANJOBS, "team", seconds=5, clock=lambda: next(now)))
    assert states == [{}]
