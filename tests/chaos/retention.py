"""What the operator deletes, judged: nothing too early, nothing that is needed, none forgotten."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from tests.chaos.node import Container
from tests.chaos.truth import history_of, lowest, runs_at
from tests.support.audit_objects import ScanJobFacts, Seen

#: The operator goes by the API server's clock, which it reads from answers in whole seconds.
_CLOCK_SECONDS: Final = 2.0
#: What was needed, or could not be deleted, is looked at again a minute later; and it is spread.
_OVERDUE_SECONDS: Final = 120.0
#: Of a ScanJob that is kept until somebody deletes it.
_FOR_EVER: Final = 10**10


def judge_retention(
    containers: Sequence[Container],
    seen: Sequence[Seen],
    *,
    by_users: Collection[str],
    wall: Callable[[float], float],
    settled_at: Callable[[float], float],
) -> list[str]:
    """Each ScanJob was deleted by users, or when its time after its end was over.

    `by_users`: the uids that those deleted; `wall` gives the Unix time of a moment.
    """
    defaults = history_of([each for each in seen if each.kind == "ScanQueue"], _default)
    until = max((each.at for each in seen), default=0.0)
    waiting, told = _Waiting(), []
    last: dict[str, Seen] = {}
    for event in sorted(seen, key=lambda each: each.version):
        if event.kind != "ScanJob":
            continue
        last[event.raw["metadata"]["uid"]] = event
        waiting.follow(event)
        if event.deleted and event.raw["metadata"]["uid"] not in by_users:
            heard = settled_at(event.at)
            early = _due(event.raw, defaults, heard, event.at) - wall(event.at)
            told += _too_early(event, early, waiting.for_it(event, heard), containers)
    for event in last.values():
        facts = ScanJobFacts.of(event.raw)
        due = _due(event.raw, defaults, until, until)
        late = wall(until) - max(due, wall(waiting.last_for(event)))
        if not event.deleted and not facts.wants_rerun and late > _OVERDUE_SECONDS:
            told.append(f"{facts.name} is still there {late:.0f} s after its time was over")
    return told


def _too_early(
    event: Seen, seconds: float, needed_by: Sequence[str], containers: Sequence[Container]
) -> list[str]:
    facts = ScanJobFacts.of(event.raw)
    runs = any(one.scanjob == facts.uid and runs_at(one, event.at) for one in containers)
    wrong = {
        f"before it had ended: {facts.phase}": not facts.ended or facts.wants_rerun,
        f"{seconds:.0f} s before its time was over": facts.ended and seconds > _CLOCK_SECONDS,
        "while it ran": runs,
        f"while {', '.join(needed_by)} waited for it": bool(needed_by),
    }
    return [f"{facts.name} was deleted {what}" for what, is_so in wrong.items() if is_so]


def _due(
    job: Mapping[str, Any],
    defaults: Mapping[str, Sequence[tuple[float, int]]],
    since: float,
    until: float,
) -> float:
    """The Unix time from which it may be deleted, by the shortest default of its queue then."""
    spec, ended = job["spec"], (job.get("status") or {}).get("finishedAt")
    seconds = spec.get("ttlSecondsAfterFinished")
    if seconds is None:
        seconds = lowest(defaults.get(spec["queueRef"]["name"], ()), since, until)
    if seconds is None or ended is None:
        return float(_FOR_EVER)
    return datetime.fromisoformat(ended).timestamp() + float(seconds)


def _default(queue: Seen) -> int:
    stated = (queue.raw["spec"].get("defaults") or {}).get("ttlSecondsAfterFinished")
    return _FOR_EVER if stated is None or queue.deleted else int(stated)


class _Waiting:
    """Which ScanJobs wait that depend on another, and since when."""

    def __init__(self) -> None:
        self._since: defaultdict[tuple[str, str], dict[str, float]] = defaultdict(dict)
        self._last: dict[tuple[str, str], float] = {}

    def follow(self, event: Seen) -> None:
        meta, spec = event.raw["metadata"], event.raw["spec"]
        facts = ScanJobFacts.of(event.raw)
        stopped = event.deleted or spec.get("suspend") or spec.get("cancel")
        waits = not (stopped or facts.ended or facts.attempt_count)
        for need in spec.get("dependsOn") or ():
            of_it = self._since[meta["namespace"], need["name"]]
            if waits or facts.uid in of_it:
                self._last[meta["namespace"], need["name"]] = event.at
            if waits:
                of_it.setdefault(facts.uid, event.at)
            else:
                of_it.pop(facts.uid, None)

    def last_for(self, event: Seen) -> float:
        """When somebody was last seen to wait for it."""
        meta = event.raw["metadata"]
        return self._last.get((meta["namespace"], meta["name"]), float("-inf"))

    def for_it(self, event: Seen, heard: float) -> list[str]:
        """Uids of those that waited for it, as had been heard of."""
        meta = event.raw["metadata"]
        of_it = self._since[meta["namespace"], meta["name"]]
        return [uid for uid, since in of_it.items() if since < heard]
