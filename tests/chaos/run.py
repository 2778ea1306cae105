"""One run: users and faults at once, then calm, then the judgement."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import urllib3

from tests.chaos.faults import Faults
from tests.chaos.platform import Platform
from tests.chaos.retention import judge_retention
from tests.chaos.rules import judge_rules
from tests.chaos.sharing import judge_sharing
from tests.chaos.timeouts import judge_timeouts
from tests.chaos.truth import Truth, judge_containers
from tests.chaos.users import Users, is_finished
from tests.chaos.world import World
from tests.support.audit import judge
from tests.support.kube import NotNowError
from tests.support.scans import scanner_end

#: How long nothing may come to its end once nothing is broken any more. A slot of a Pod that was
#: deleted by force is held for its grace and 10 s, one of a lost node for longer.
_SETTLE_SECONDS: Final = 240.0
#: Lists of thousands of ScanJobs, taken every other second, are a quarter of all the work there is
#: then; who has so many left to wait for needs to look so seldom.
_LOOK_SECONDS: Final = 2.0
_LOOK_SELDOM_SECONDS: Final = 20.0
_ENDS_A_SECOND: Final = 20.0
#: For each so many ScanJobs users have so many targets, and queues in the end so many slots.
_SCANJOBS_A_SHARE: Final = 300
_DEPOSED, _KILLED = "deposed", "killed"

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of what."""

    seed: int
    scanjobs: int = 300
    faults: int = 40
    node_losses: int = 1
    lease_seconds: int = 3
    #: Where what is needed to understand the run is written, a folder for each seed.
    keep: Path | None = None


@dataclass(slots=True)
class Outcome:
    """What came of a run."""

    plan: Plan
    violations: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    actions: int = 0
    containers: int = 0
    #: So many of them started before the last fault.
    amid_faults: int = 0
    most_at_once: int = 0
    unguaranteed: int = 0
    phases: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    story: list[str] = field(default_factory=list)
    said: str = ""


def run(plan: Plan, tell: Callable[[str], None] = lambda _: None) -> Outcome:
    """Make one run, and judge it."""
    outcome = Outcome(plan)
    began = outcome.began

    def note(text: str) -> None:
        line = f"{time.monotonic() - began:6.1f} s  {text}"
        outcome.story.append(line)
        tell(line)

    with World(plan.seed, lease_seconds=plan.lease_seconds) as world:
        chance = random.Random(plan.seed + 1)  # noqa: S311 - repeatable
        platform = Platform(world.lab, chance)
        platform.open_queues()
        shares = max(1, plan.scanjobs // _SCANJOBS_A_SHARE)
        users = Users(world.lab, world.guests, platform, chance, shares=shares)
        _break_everything(plan, world, users, outcome, note)
        note("calm")
        world.mend(everything=True)
        world.widen(shares)
        # It takes a while, for which nobody would lead.
        _again(lambda: users.let_go(world.mend))
        left = _settle(world)
        for text in left:
            note(f"LEFT {text}")
        _judge(world, users, outcome, left)
        outcome.said = world.replicas.said() if outcome.violations else ""
        if plan.keep is not None:
            _keep(plan.keep / str(plan.seed), world, outcome)
    outcome.seconds = time.monotonic() - began
    return outcome


def _break_everything(
    plan: Plan, world: World, users: Users, outcome: Outcome, note: Callable[[str], None]
) -> None:
    chance = random.Random(plan.seed)  # noqa: S311 - repeatable, not secret
    faults = Faults(world, chance)
    losses = sorted(chance.sample(range(1, max(plan.faults, 2)), plan.node_losses))
    struck, next_fault = 0, time.monotonic() + 2.0
    while users.submitted < plan.scanjobs or struck < plan.faults:
        world.mend()
        # About so many for each fault, so that both end together.
        if users.submitted < plan.scanjobs * (struck + 1) / (plan.faults + 1):
            _again(users.submit)
        elif chance.random() < 0.3:
            _again(lambda: note(users.act()))
            outcome.actions += 1
        if time.monotonic() >= next_fault and struck < plan.faults:
            text = _lose_node(world, chance) if struck in losses else _again(faults.strike)
            next_fault = time.monotonic() + _pause(chance, struck=text is not None)
            if text is not None:
                note(f"FAULT {text}")
                outcome.faults[text.split()[0] + " " + text.split()[1]] += 1
                struck += 1
        time.sleep(0.05)
    outcome.amid_faults = len(world.nodes.containers)


def _pause(chance: random.Random, *, struck: bool) -> float:
    """Seconds until the next fault: now and then long enough for a new leader to do its work."""
    if not struck:
        return 0.5
    return chance.uniform(0.5, 2.5) if chance.random() < 0.9 else chance.uniform(5.0, 10.0)


def _lose_node(world: World, chance: random.Random) -> str:
    name, seconds = chance.choice(["node-a", "node-b"]), chance.uniform(4.0, 10.0)
    world.nodes.lose(name)
    world.later(seconds, lambda: world.nodes.bring_back(name))
    return f"lose node {name} for {seconds:.0f} s"


def _again(action: Callable[[], _Result]) -> _Result:
    """Try again while the API server is away, or has just begun and refuses everything."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return action()
        except (urllib3.exceptions.HTTPError, ValueError, NotNowError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _settle(world: World) -> list[str]:
    """Wait until every ScanJob has ended and the ledger is empty; returns what does not end."""
    fewest, since = None, time.monotonic()
    while True:
        scanjobs, places = _unsettled(world)
        # ScanJobs first: a ledger that is empty since it is being rebuilt is no progress, nor is
        # one that is full again a step back.
        left = len(scanjobs), len(places)
        if fewest is None or left < fewest:
            fewest, since = left, time.monotonic()
        if left == (0, 0) or time.monotonic() > since + _SETTLE_SECONDS:
            return [*scanjobs, *places]
        soonest = len(scanjobs) / _ENDS_A_SECOND
        _mend_for(world, min(max(soonest, _LOOK_SECONDS), _LOOK_SELDOM_SECONDS))


def _mend_for(world: World, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        world.mend()
        time.sleep(0.1)


def _unsettled(world: World) -> tuple[list[str], list[str]]:
    """ScanJobs that have not ended, and what else is not as it is to be in the end."""
    paths = [lab.namespace.path("scanjobs") for lab in world.labs]
    lists = [world.lab.cluster.request("GET", path).expect()["items"] for path in paths]
    items = [item for items in lists for item in items]
    scanjobs = [
        f"ScanJob {job['metadata']['name']} never ended: {job.get('status')}"
        for job in items
        if not is_finished(job)
    ]
    try:
        ledger = world.ledger()
    except AssertionError as error:
        return scanjobs, [f"the ledger contradicts itself: {error}"]
    places = [*ledger.waiting, *ledger.parked, *ledger.holding]
    return scanjobs, [f"the ledger still has {place}" for place in places]


def _judge(world: World, users: Users, outcome: Outcome, left: list[str]) -> None:
    seen = world.history.seen()
    verdict = judge(seen, settled_at=world.settled_at)
    truth: Truth = judge_containers(
        world.nodes.containers,
        [each for each in seen if each.kind == "ScanQueue"],
        time.monotonic(),
        settled_at=world.settled_at,
        unguaranteed=verdict.unguaranteed,
    )
    containers, unguaranteed = world.nodes.containers, verdict.unguaranteed
    rules = judge_rules(containers, seen, settled_at=world.settled_at, unguaranteed=unguaranteed)
    rules += judge_sharing(
        containers,
        seen,
        settled_at=world.settled_at,
        unguaranteed=unguaranteed,
        limits=world.limits,
    )
    rules += judge_timeouts(seen, settled_at=world.settled_at)
    offset = time.time() - time.monotonic()
    rules += judge_retention(
        containers,
        seen,
        by_users=users.deleted,
        wall=lambda moment: moment + offset,
        settled_at=world.settled_at,
    )
    outcome.unguaranteed = len(verdict.unguaranteed)
    outcome.violations = [*verdict.violations, *truth.violations, *rules, *left]
    outcome.violations += _leftovers(world)
    outcome.containers, outcome.most_at_once = truth.containers, truth.most_at_once
    outcome.phases = Counter(item.phase for item in verdict.scanjobs.values())


def _leftovers(world: World) -> list[str]:
    """Pods that nobody needs any more, processes that ended by themselves."""
    live = [
        pod["metadata"]["name"]
        for lab in world.labs
        for pod in lab.list_pods()
        if scanner_end(pod) is None and not pod["spec"].get("schedulingGates")
    ]
    bad = [
        f"the operator ended by itself: {told} ({count} times)"
        for told, count in world.replicas.ends.items()
        if told not in {_KILLED, _DEPOSED}
    ]
    return bad + [f"Pod {name} is left over" for name in live]


def _keep(folder: Path, world: World, outcome: Outcome) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "story.txt").write_text("\n".join([*outcome.story, *outcome.violations, ""]))
    for replica in world.replicas.all:
        (folder / f"{replica.name}.log").write_text(replica.said(None))
    with (folder / "objects.jsonl").open("w") as file:
        for each in world.history.seen():
            file.write(json.dumps([each.at - outcome.began, each.kind, each.type, each.raw]) + "\n")
