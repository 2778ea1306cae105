"""Reads a ledger's raw keys, by the documented schema and without its scripts, and judges them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from redis import Redis


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
    """Return the state; AssertionError if a job is not in exactly one place or a count is off."""
    root = f"{{scanyard:{installation}}}:"
    names = {_text(name) for name in redis.scan_iter(match=f"{root}*", count=1000)}
    header: dict[str, str] = _call(redis, "hgetall", f"{root}ledger")
    own = f"{root}{header.get('generation', 'none')}:"
    leftovers = frozenset(names - {f"{root}ledger", f"{root}keys"} - _own(names, own))
    registered = {_text(name) for name in _call(redis, "zrange", f"{root}keys", 0, -1)}
    assert registered == _own(names, own) | leftovers, "the registry differs from the keys"

    places: dict[str, str] = _call(redis, "hgetall", f"{own}jobs")
    state = LedgerState(header=header, leftovers=leftovers)
    lists: Counter[tuple[str, str]] = Counter()  # (list, job)
    for name in _own(names, own):
        kind, _, owner = name.removeprefix(own).partition(":")
        if kind in ("order", "blocked"):
            for job, score in _call(redis, "zrange", name, 0, -1, withscores=True):
                lists[kind, job] += 1
                queue, detail = _place(places, job, "w" if kind == "order" else "p")
                assert owner == (queue if kind == "order" else detail)
                if kind == "order":
                    state.waiting[queue, job] = score
                else:
                    state.parked[queue, job, detail] = score
        elif kind in ("parked", "running"):
            for job in _call(redis, "smembers", name):
                lists[kind + (":" if owner else ""), job] += 1
                queue, detail = _place(places, job, "p" if kind == "parked" else "h")
                assert owner in (queue, "")
                if kind == "running":
                    state.holding[queue, job] = detail
    assert all(times == 1 for times in lists.values()), "a job is in one list of a kind twice"
    expected = {"w": {"order"}, "p": {"blocked", "parked:"}, "h": {"running", "running:"}}
    for job, place in places.items():
        assert {name for name, other in lists if other == job} == expected[place[0]]
    return state


def _place(places: dict[str, str], job: str, expected_kind: str) -> tuple[str, str]:
    assert job in places, f"{job} is in a list but has no place"
    kind, queue, detail = places[job].split("\n")
    assert kind == expected_kind, f"{job} is in a list of {expected_kind}, its place says {kind}"
    return queue, detail


def _own(names: set[str], prefix: str) -> set[str]:
    return {name for name in names if name.startswith(prefix)}


def _call(redis: Redis, command: str, *words: Any, **options: Any) -> Any:
    return getattr(redis, command)(*words, **options)


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
