"""What a queue's rules forbid, judged: no Pod came to be while they did."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.chaos.node import Container
from tests.chaos.sharing import overlap, span
from tests.chaos.truth import history_of, in_force
from tests.support.audit_objects import Seen

#: A window that does not open in the years of these tests: one minute of a leap day.
CLOSED: Final = {"start": "0 0 29 2 *", "durationSeconds": 60}

#: A Pod of a priority class that the installation does not allow closes its queue.
REFUSED_TEMPLATE: Final = {"priorityClassName": "system-cluster-critical"}


@dataclass(frozen=True, slots=True)
class _Case:
    """A queue as it was at some moment, a ScanJob, and its Pod as it was created."""

    queue: Mapping[str, Any]
    job: Mapping[str, Any]
    pod: Mapping[str, Any]

    @property
    def rules(self) -> Mapping[str, Any]:
        """The queue's spec."""
        spec: Mapping[str, Any] = self.queue["spec"]
        return spec

    @property
    def template(self) -> Mapping[str, Any]:
        """What the queue says of its Pods."""
        return self.rules.get("podTemplate") or {}


_Rule = Callable[[_Case], bool]


def judge_rules(
    containers: Sequence[Container],
    seen: Sequence[Seen],
    *,
    settled_at: Callable[[float], float],
    unguaranteed: Collection[str] = (),
) -> list[str]:
    """None out of scope or too early, by a scanner, of a namespace or a template not allowed.

    Judged at the creation of its Pod, by every state of its queue that may have been heard of last.
    """
    created = {
        event.raw["metadata"]["uid"]: event
        for event in seen
        if event.kind == "Pod" and event.type == "ADDED"
    }
    jobs = {event.raw["metadata"]["uid"]: event.raw for event in seen if event.kind == "ScanJob"}
    queues = history_of([each for each in seen if each.kind == "ScanQueue"], lambda each: each)
    told = []
    for one in containers:
        if one.pod_uid in unguaranteed or one.pod_uid not in created:
            continue
        pod, job = created[one.pod_uid], jobs[one.scanjob]
        history = queues.get(one.queue.rpartition("/")[2], ())
        states = in_force(history, settled_at(pod.at), pod.at)
        cases = [_Case(each.raw, job, pod.raw) for each in states if not each.deleted]
        for what, forbids in _RULES.items():
            if all(forbids(case) for case in cases):
                told.append(f"{one.pod} was created although {what}")
        if job["spec"].get("notBefore", "") > pod.raw["metadata"]["creationTimestamp"]:
            told.append(f"{one.pod} was created before {job['spec']['notBefore']}")
    return told


def is_closed(spec: Mapping[str, Any]) -> bool:
    """Whether a queue's windows let nobody in."""
    windows = spec.get("windows") or ()
    return bool(windows) and all(window["start"] == CLOSED["start"] for window in windows)


def _is_denied(case: _Case) -> bool:
    """Whether the whole of its target is denied; what is denied in part is left out of the scan."""
    target = span(case.job["spec"]["targets"][0])
    denied = map(span, (case.rules.get("scope") or {}).get("deny") or ())
    return any(
        one[0] <= target[0] and target[1] <= one[1] for one in denied if overlap(one, target)
    )


def _other_scanners_only(case: _Case) -> bool:
    allowed = case.rules.get("allowedScanners") or ()
    return bool(allowed) and case.job["spec"]["scanner"] not in allowed


def _is_a_stranger(case: _Case) -> bool:
    takes_all = (case.rules.get("allowedNamespaces") or {}).get("from") == "All"
    home = case.job["metadata"]["namespace"]
    return not takes_all and case.queue["metadata"]["namespace"] != home


def _is_not_of_its_template(case: _Case) -> bool:
    spec, wanted = case.pod["spec"], case.template
    (container,) = spec["containers"]
    resources = wanted.get("resources")
    return (spec.get("nodeSelector") or {}) != (wanted.get("nodeSelector") or {}) or (
        resources is not None and container.get("resources") != resources
    )


_RULES: Final[dict[str, _Rule]] = {
    "its queue's windows were closed": lambda case: is_closed(case.rules),
    "its target was denied": _is_denied,
    "its queue does not run its scanner": _other_scanners_only,
    "its queue takes no ScanJobs of its namespace": _is_a_stranger,
    "its queue's podTemplate was refused": lambda case: (
        REFUSED_TEMPLATE.items() <= case.template.items()
    ),
    "its queue's podTemplate says otherwise": _is_not_of_its_template,
}
