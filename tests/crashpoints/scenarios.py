"""What an operator is struck in: admission, finish, cancel, suspend, delete, rerun, takeover.

Each scenario brings a stage up to the moment from which requests count, then does what users and
nodes do. It goes on with that whether or not the operator still lives: they would, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.crashpoints.points import Fault, Moment
from tests.crashpoints.stage import DELETED, QUEUE, Stage
from tests.support.scans import condition


def _nothing(_: Stage) -> None:
    """Users have no more wishes."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """`phases` and `runs`: how each ScanJob must end, and how often its scanner must have run.

    `play` starts the operator with the fault; `last` waits until an operator without a fault has
    made its last request. `afterwards` is what users do once somebody leads again: it is not
    struck. `takes_over`: what an operator asks when it starts counts as well.
    """

    play: Callable[[Stage, Fault | None], None]
    last: Callable[[Stage], None]
    phases: Mapping[str, str]
    runs: Mapping[str, int]
    afterwards: Callable[[Stage], None] = _nothing
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
    one_runs_one_waits(stage, fault)
    stage.operator.arm()
    stage.kubelet.finish("a")


def _cancel_waiting(stage: Stage, fault: Fault | None) -> None:
    """The one that waits is cancelled."""
    one_runs_one_waits(stage, fault)
    stage.operator.arm()
    stage.change("b", cancel=True)
    stage.until(lambda: _is_finished(stage, "b"), "finish b")


def _cancel_starting(stage: Stage, fault: Fault | None) -> None:
    """The one that has a Pod, which has no node yet, is cancelled."""
    _one_starts(stage, fault)
    _one_waits(stage)
    stage.operator.arm()
    _cancel_first(stage)


def _cancel_running(stage: Stage, fault: Fault | None) -> None:
    """The one that runs is cancelled; its scanner takes its time to stop."""
    one_runs_one_waits(stage, fault)
    stage.operator.arm()
    _cancel_first(stage)
    first_is_made_to_stop(stage)


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


def _suspend_waiting(stage: Stage, fault: Fault | None) -> None:
    """The one that waits is suspended."""
    one_runs_one_waits(stage, fault)
    stage.operator.arm()
    stage.change("b", suspend=True)
    stage.until(lambda: _is_suspended(stage, "b"), "suspend b")


def _suspend_running(stage: Stage, fault: Fault | None) -> None:
    """The one that runs is suspended; its scanner takes its time to stop."""
    one_runs_one_waits(stage, fault)
    stage.operator.arm()
    stage.change("a", suspend=True)
    first_is_made_to_stop(stage)


def _resume(stage: Stage, fault: Fault | None) -> None:
    """One that was suspended comes back, and finds the only slot taken."""
    one_runs_one_waits(stage, fault)
    stage.change("b", suspend=True)
    stage.until_unknown("b")
    stage.operator.arm()
    stage.change("b", suspend=False)


def _delete_waiting(stage: Stage, fault: Fault | None) -> None:
    """The one that waits is deleted."""
    one_runs_one_waits(stage, fault)
    stage.operator.arm()
    stage.delete("b")


def _delete_running(stage: Stage, fault: Fault | None) -> None:
    """The one that runs is deleted; its scanner takes its time to stop."""
    one_runs_one_waits(stage, fault)
    stage.operator.arm()
    stage.delete("a")
    first_is_made_to_stop(stage)


def _delete_unseen(stage: Stage, fault: Fault | None) -> None:
    """The one that runs is deleted while no operator is there; its Pod runs on."""
    one_runs_one_waits(stage, None)
    stage.operator.kill()
    stage.delete("a")
    stage.start_armed(fault)
    first_is_made_to_stop(stage)


def _delete_vanished(stage: Stage, fault: Fault | None) -> None:
    """One that ran was deleted, and now its Pod goes as well, before anybody read its end."""
    one_runs_one_waits(stage, fault)
    stage.delete("a")
    stage.until(lambda: _is_being_deleted(stage, "a"), "delete a's Pod")
    stage.operator.arm()
    stage.kubelet.vanish("a")


def _rerun(stage: Stage, fault: Fault | None) -> None:
    """One that has ended is to run again, and finds the only slot taken."""
    _one_starts(stage, fault)
    stage.kubelet.run("a")
    stage.kubelet.finish("a")
    stage.until_unknown("a")
    stage.submit("b")
    stage.until_pod("b")
    stage.operator.arm()
    stage.change("a", rerunToken="again")


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


def _slot_is_told(stage: Stage) -> None:
    # Its node is well, so that it is held for the Pod's grace period and not for its deadline.
    stage.until(lambda: stage.held_for_seconds() < 100, "tell of a's slot")


def _second_is_known(stage: Stage) -> None:
    stage.until_known("b")


def _second_is_dropped(stage: Stage) -> None:
    stage.until_unknown("b")


def _first_is_known(stage: Stage) -> None:
    stage.until_known("a")


def _second_has_its_pod(stage: Stage) -> None:
    stage.until_pod("b")


def _queue_is_told(stage: Stage) -> None:
    _second_has_its_pod(stage)
    stage.until(lambda: stage.queue_counts() == (2, 1), "write the queue's status")


def one_runs_one_waits(stage: Stage, fault: Fault | None) -> None:
    """A queue of one slot."""
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
    stage.change("a", cancel=True)


def first_is_made_to_stop(stage: Stage) -> None:
    """The operator deletes its Pod, and the scan stops."""
    stage.until(lambda: _is_being_deleted(stage, "a"), "delete a's Pod")
    if not stage.operator.ended():
        stage.kubelet.stop("a")


def _the_slot_is_released(stage: Stage) -> None:
    """The platform knows that the scan has stopped; whoever leads must have held its slot."""
    stage.settle(stage.holds_and_waits)
    stage.release()


def _resume_first(stage: Stage) -> None:
    _resume_suspended(stage, "a")


def _resume_second(stage: Stage) -> None:
    _resume_suspended(stage, "b")


def _resume_suspended(stage: Stage, scan: str) -> None:
    stage.settle(lambda: _is_suspended(stage, scan))
    # Only a scan that was to be stopped goes on for ever.
    stage.kubelet.endless = frozenset()
    stage.change(scan, suspend=False)


def _is_finished(stage: Stage, scan: str) -> bool:
    events = stage.lab.scanjobs.events(scan)
    return bool(events) and condition(events[-1].object, "Finished") == "True"


def _is_suspended(stage: Stage, scan: str) -> bool:
    events = stage.lab.scanjobs.events(scan)
    return bool(events) and condition(events[-1].object, "Suspended") == "True"


def _is_being_deleted(stage: Stage, scan: str) -> bool:
    pod = stage.pod(scan)
    return pod is not None and "deletionTimestamp" in pod["metadata"]


_BOTH_SUCCEED: Final = {"a": "Succeeded", "b": "Succeeded"}
_ONCE_EACH: Final = {"a": 1, "b": 1}
_FIRST_CANCELLED: Final = {"a": "Cancelled", "b": "Succeeded"}
_FIRST_DELETED: Final = {"a": DELETED, "b": "Succeeded"}

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
    "suspend-waiting": Scenario(
        _suspend_waiting, _second_is_dropped, _BOTH_SUCCEED, _ONCE_EACH, _resume_second
    ),
    "suspend-running": Scenario(
        _suspend_running,
        _second_has_its_pod,
        _BOTH_SUCCEED,
        {"a": 2, "b": 1},
        _resume_first,
        endless=frozenset("a"),
    ),
    "resume": Scenario(_resume, _second_is_known, _BOTH_SUCCEED, _ONCE_EACH),
    "delete-waiting": Scenario(
        _delete_waiting, _second_is_dropped, {"a": "Succeeded", "b": DELETED}, {"a": 1, "b": 0}
    ),
    "delete-running": Scenario(
        _delete_running, _second_has_its_pod, _FIRST_DELETED, _ONCE_EACH, endless=frozenset("a")
    ),
    "delete-unseen": Scenario(
        _delete_unseen, _second_has_its_pod, _FIRST_DELETED, _ONCE_EACH, endless=frozenset("a")
    ),
    "delete-vanished": Scenario(
        _delete_vanished, _slot_is_told, _FIRST_DELETED, _ONCE_EACH, _the_slot_is_released
    ),
    "rerun": Scenario(_rerun, _first_is_known, _BOTH_SUCCEED, {"a": 2, "b": 1}),
    "takeover": Scenario(
        _takeover,
        _queue_is_told,
        _BOTH_SUCCEED | {"c": "Succeeded"},
        _ONCE_EACH | {"c": 1},
        takes_over=True,
    ),
}
