"""Reads a ledger's raw keys, by the documented schema and without its scripts, and judges them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from redis import Redis

#: Lists that a job of each kind of place must be in, once each.
_LISTS_OF_KIND = {
    "w": {"order:", "lane:"},
    "p": {"blocked:", "parked:"},
    "h": {"running", "running:", "held:"},
}


@dataclass(frozen=True, slots=True)
class LedgerState:
    """What the keys of the current generation say."""

    header: dict[str, str] = field(default_factory=dict)
    waiting: dict[tuple[str, str], float] = field(default_factory=dict)  # (queue, job) -> score
    parked: dict[tuple[str, str, str], float] = field(default_factory=dict)  # queue, job, blocker
    holding: dict[tuple[str, str], str] = field(default_factory=dict)  # (queue, job) -> attempt
    leftovers: frozenset[str] = frozenset()  # keys of other generations

    def running(self, queue: str) -> int:
        """Slots of a queue that are in use."""
        return sum(held_in == queue for held_in, _ in self.holding)


def read_ledger(redis: Redis, installation: str) -> LedgerState:
    """Return the state; AssertionError if a job is not in exactly one place or a count is off.

    The client decodes replies, and nobody writes meanwhile.
    """
    root = f"{{scanyard:{installation}}}:"
    keys = _read_all(redis, root)
    header = keys.pop("ledger", {})
    registered = {name.removeprefix(root) for name in keys.pop("keys", {})}
    assert registered == keys.keys(), "the registry differs from the keys"

    own = f"{header.get('generation', 'none')}:"
    lists = {name.removeprefix(own): keys[name] for name in keys if name.startswith(own)}
    state = LedgerState(header, leftovers=frozenset(n for n in keys if not n.startswith(own)))
    places: dict[str, str] = lists.pop("jobs", {})
    _check_lanes(lists)
    _check_lists(places, lists)
    for job, place in places.items():
        kind, queue, detail = place.split("\n")
        if kind == "w":
            lane = lists[f"lane:{queue}:{job.partition('/')[0]}"]
            assert lane[job] == lists[f"order:{queue}"][job], "a job has two scores"
            state.waiting[queue, job] = lists[f"order:{queue}"][job]
        elif kind == "p":
            state.parked[queue, job, detail] = lists[f"blocked:{detail}"][job]
        else:
            state.holding[queue, job] = detail
    return state


def _check_lanes(lists: dict[str, Any]) -> None:
    """Check the list of each queue's lanes by the lanes, and take it out."""
    told = {name: lists.pop(name) for name in list(lists) if name.startswith("lanes:")}
    expected: dict[str, dict[str, float]] = {}
    for name, lane in lists.items():
        family, _, owner = name.partition(":")
        if family == "lane":
            queue, _, namespace = owner.partition(":")
            expected.setdefault(f"lanes:{queue}", {})[f"{namespace}/"] = min(lane.values())
    assert told == expected, "the list of lanes differs from the lanes"


def _check_lists(places: dict[str, str], lists: dict[str, Any]) -> None:
    """Check that each job is in the lists of its place, and in no other."""
    found: Counter[tuple[str, str]] = Counter()
    for name, members in lists.items():
        family, colon, owner = name.partition(":")
        for job in members:
            assert job in places, f"{job} is in {name} but has no place"
            kind, queue, detail = places[job].split("\n")
            own_lane = f"{queue}:{job.partition('/')[0]}"
            assert family + colon in _LISTS_OF_KIND[kind], f"{job} is in {name}, place {kind}"
            owners = {"blocked": detail, "lane": own_lane, "held": own_lane}
            assert owner in ("", owners.get(family, queue)), f"{job} is in {name}"
            found[family + colon, job] += 1
    expected = {(one, job) for job, place in places.items() for one in _LISTS_OF_KIND[place[0]]}
    assert found.keys() == expected, "a job is not in the lists of its place"
    assert all(times == 1 for times in found.values()), "a job is in two lists of a kind"


def _read_all(redis: Redis, root: str) -> dict[str, Any]:
    """Return all keys below a root, without it: hashes and sorted sets as dicts, sets as sets."""
    names: list[str] = sorted(str(name) for name in redis.scan_iter(match=f"{root}*", count=1000))
    pipeline = redis.pipeline(transaction=False)
    for name in names:
        family = name.removeprefix(root).split(":", 1)[-1].split(":")[0]
        if family in ("ledger", "jobs"):
            pipeline.hgetall(name)
        elif family in ("keys", "order", "lane", "lanes", "blocked"):
            pipeline.zrange(name, 0, -1, withscores=True)
        else:
            pipeline.smembers(name)
    replies = [dict(r) if isinstance(r, list) else r for r in pipeline.execute()]
    return dict(zip((name.removeprefix(root) for name in names), replies, strict=True))
