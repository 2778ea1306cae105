"""What an operator is struck in: an admission, a finish, cancels, a takeover.

Each scenario brings a stage up to the moment from which requests count, then does what users and
nodes do. It goes on with that whether or not the operator still lives: they would, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.crashpoints.points import Fault, Moment
from tests.crashpoints.stage import QUEUE, Stage
from tests.support.scans import condition


@dataclass(frozen=True, slots=True)
class Scenario:
    """`phases` and `runs`: how each ScanJob must end, and how often its scanner must have run.

    `play` starts the operator with the fault; `last` waits until an operator without a fault has
    made its last request. `takes_over`: what an operator asks when it starts counts as well.
    """

    play: Callable[[Stage, Fault | None], None]
    last: Callable[[Stage], None]
    phases: Mapping[str, str]
    runs: Mapping[str, int]
    takes_over: bool = False
    #: ScanJobs whose Pods find no node, and such whose scans go on until they are stopped.
    unscheduled: frozenset[str] = field(default_factory=frozenset)
    endless: frozenset[str] = field(default_factory=frozenset)


def _admission(stage: Stage, fault: Fault | None) -> None:
    """Two ScanJobs come to a queue of one slot."""
    stage.lab.queue(QUEUE, maxConcurrent=1)
    stage.start(fault)
    stage.operator.arm()
    stage.submit("a")
    stage.until_pod("a")
    stage.submit("b")


def _finish(stage: Stage, fault: Fault | None) -> None:
    """A scan ends, and its slot goes to the one that waits."""
    _one_runs_one_waits(stage, fault)
    stage.operator.arm()
    stage.kubelet.finish("a")


def _cancel_waiting(stage: Stage, fault: Fault | None) -> None:
    """The one that waits is cancelled."""
    _one_runs_one_waits(stage, fault)
    stage.operator.arm()
    stage.lab.namespace.patch("scanjobs", "b", {"spec": {"cancel": True}}).expect()
    stage.until(lambda: _is_finished(stage, "b"), "finish b")


def _cancel_starting(stage: Stage, fault: Fault | None) -> None:
    """The one that has a Pod, which has no node yet, is cancelled."""
    _one_starts(stage, fault)
    _one_waits(stage)
    stage.operator.arm()
    _cancel_first(stage)


def _cancel_running(stage: Stage, fault: Fault | None) -> None:
    """The one that runs is cancelled; its scanner takes its time to stop."""
    _one_runs_one_waits(stage, fault)
    stage.operator.arm()
    _cancel_first(stage)
    stage.until(lambda: _is_being_deleted(stage, "a"), "delete a's Pod")
    if not stage.operator.ended():
        stage.kubelet.stop("a")


def _cancel_unmade(stage: Stage, fault: Fault | None) -> None:
    """Admitted by an operator that was killed before it made the Pod; cancelled meanwhile."""
    stage.lab.queue(QUEUE, maxConcurrent=1)
    unmade = Fault(Moment.KILL_BEFORE, "create-pods", 1)
    stage.start(unmade)
    stage.operator.arm()
    stage.submit("a")
    stage.wait_struck(unmade)
    stage.submit("b")
    _cancel_first(stage)
    stage.start_armed(fault)


def _takeover(stage: Stage, fault: Fault | None) -> None:
    """One runs, one is admitted without a Pod, one waits, and Redis has lost everything."""
    stage.lab.queue(QUEUE, maxConcurrent=2)
    unmade = Fault(Moment.KILL_BEFORE, "create-pods", 1)
    stage.start(unmade)
    stage.submit("a")
    stage.until_pod("a")
    stage.operator.arm()
    stage.submit("b")
    stage.wait_struck(unmade)
    stage.submit("c")
    stage.lose_redis()
    stage.kubelet.run("a")
    stage.start_armed(fault)


def _second_is_known(stage: Stage) -> None:
    stage.until_known("b")


def _second_is_dropped(stage: Stage) -> None:
    stage.until_unknown("b")


def _second_has_its_pod(stage: Stage) -> None:
    stage.until_pod("b")


def _queue_is_told(stage: Stage) -> None:
    _second_has_its_pod(stage)
    stage.until(lambda: stage.queue_counts() == (2, 1), "write the queue's status")


def _one_runs_one_waits(stage: Stage, fault: Fault | None) -> None:
    _one_starts(stage, fault)
    # First, so that the operator has seen it run when the other has come.
    stage.kubelet.run("a")
    _one_waits(stage)


def _one_starts(stage: Stage, fault: Fault | None) -> None:
    stage.lab.queue(QUEUE, maxConcurrent=1)
    stage.start(fault)
    stage.submit("a")
    stage.until_pod("a")


def _one_waits(stage: Stage) -> None:
    stage.submit("b")
    stage.until_known("b")


def _cancel_first(stage: Stage) -> None:
    stage.lab.namespace.patch("scanjobs", "a", {"spec": {"cancel": True}}).expect()


def _is_finished(stage: Stage, scan: str) -> bool:
    events = stage.lab.scanjobs.events(scan)
    return bool(events) and condition(events[-1].object, "Finished") == "True"


def _is_being_deleted(stage: Stage, scan: str) -> bool:
    pod = stage.pod(scan)
    return pod is not None and "deletionTimestamp" in pod["metadata"]


_BOTH_SUCCEED: Final = {"a": "Succeeded", "b": "Succeeded"}
_ONCE_EACH: Final = {"a": 1, "b": 1}
_FIRST_CANCELLED: Final = {"a": "Cancelled", "b": "Succeeded"}

SCENARIOS: Final = {
    "admission": Scenario(_admission, _second_is_known, _BOTH_SUCCEED, _ONCE_EACH),
    "finish": Scenario(_finish, _second_has_its_pod, _BOTH_SUCCEED, _ONCE_EACH),
    "cancel-waiting": Scenario(
        _cancel_waiting,
        _second_is_dropped,
        {"a": "Succeeded", "b": "Cancelled"},
        {"a": 1, "b": 0},
    ),
    "cancel-starting": Scenario(
        _cancel_starting,
        _second_has_its_pod,
        _FIRST_CANCELLED,
        {"a": 0, "b": 1},
        unscheduled=frozenset("a"),
    ),
    "cancel-running": Scenario(
        _cancel_running,
        _second_has_its_pod,
        _FIRST_CANCELLED,
        _ONCE_EACH,
        endless=frozenset("a"),
    ),
    "cancel-unmade": Scenario(
        _cancel_unmade, _second_has_its_pod, _FIRST_CANCELLED, {"a": 0, "b": 1}
    ),
    "takeover": Scenario(
        _takeover,
        _queue_is_told,
        _BOTH_SUCCEED | {"c": "Succeeded"},
        _ONCE_EACH | {"c": 1},
        takes_over=True,
    ),
}
