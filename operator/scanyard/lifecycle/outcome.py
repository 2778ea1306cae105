"""What an attempt came to: the scanner's own end, not the Pod's phase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scanyard.api.scanjob_status import MAX_SUMMARY_HOSTS
from scanyard.lifecycle.pods.pod import PodState, Termination
from scanyard.lifecycle.retry import Cause
from scanyard.scanners import HostReport, MalformedReportError, Report, read_report
from scanyard.scanners.report import REASONS

#: Waiting reasons of a container whose image the node cannot get.
IMAGE_REASONS = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"}
)

#: What to do about them.
IMAGE_MEND = "push or load that image, or correct the chart's scanner.image"

#: Why the control plane or the kubelet took a Pod away, by the reason of its DisruptionTarget.
_DISRUPTIONS = {
    "PreemptionByScheduler": ("Preempted", Cause.PREEMPTED),
    "EvictionByEvictionAPI": ("Evicted", Cause.EVICTED),
    "DeletionByTaintManager": ("Evicted", Cause.EVICTED),
    "TerminationByKubelet": ("Evicted", Cause.EVICTED),
    "DeletionByPodGC": ("NodeLost", Cause.NODE_LOST),
}

#: The same by the Pod's own reason: kubelets that make room do not always set the condition.
_POD_REASONS = {
    "Evicted": ("Evicted", Cause.EVICTED),
    "Preempting": ("Preempting", Cause.PREEMPTED),
    "NodeLost": ("NodeLost", Cause.NODE_LOST),
}

#: The runner's word for its own limit, which stands behind activeDeadlineSeconds.
_OWN_LIMIT = "WatchdogExpired"

#: The runner's words for an end from outside; by whom is told by the Pod, or by nobody. A node that
#: was switched off and on again leaves "Killed": what the runner wrote in case it cannot any more.
_ENDED_FROM_OUTSIDE = frozenset({"Interrupted", "Killed"})


class End(StrEnum):
    """How an attempt ended, before anybody's wishes are looked at."""

    COMPLETE = "Complete"
    TIMED_OUT = "TimedOut"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of an attempt, its reason for people and metrics, and what the scan reported.

    `cause` decides whether it is tried again; only a complete scan has none.
    """

    end: End
    reason: str
    message: str
    cause: Cause | None
    report: Report | None = None

    @property
    def summary(self) -> dict[str, Any] | None:
        """The report as status.summary."""
        return None if self.report is None else summary_of(self.report)


def outcome_of(pod: PodState, timeout_seconds: int) -> Outcome:
    """The outcome of a Pod whose scan has stopped (see slots.scan_stopped)."""
    if pod.termination is None or pod.termination.started_at is None:
        return _never_started(pod)
    report = _report(pod.termination)
    if report is not None and report.complete:
        return Outcome(End.COMPLETE, "ScanComplete", _found(report), None, report)
    if pod.reason == "DeadlineExceeded" or (report is not None and report.reason == _OWN_LIMIT):
        message = f"stopped after its timeout ({timeout_seconds} s); {_partial(report)}"
        return Outcome(End.TIMED_OUT, "TimedOut", message, Cause.TIMEOUT, report)
    return _failed(pod, pod.termination, report)


def vanished(last: PodState | None, *, node_lost: bool) -> Outcome:
    """The outcome of a Pod that went away before its end could be read."""
    gone = "the Pod went away before its result could be read"
    disruption = _disruption(last) if last is not None else None
    if node_lost:
        return Outcome(End.FAILED, "NodeLost", f"{gone}: its node is lost", Cause.NODE_LOST)
    if disruption is not None:
        reason, message, cause = disruption
        return Outcome(End.FAILED, reason, f"{gone}: {message}", cause)
    reason = "PodDeleted" if last is not None and last.deleting else "ResultLost"
    return Outcome(End.FAILED, reason, gone, Cause.RESULT_LOST)


def summary_of(report: Report) -> dict[str, Any]:
    """A report in the shape of status.summary."""
    return {
        "complete": report.complete,
        "truncated": report.truncated,
        "hostsUp": report.hosts_up,
        "hostsDown": report.hosts_down,
        "hostsTotal": report.hosts_total,
        "openPorts": report.open_ports,
        # A hostile report may hold more hosts than the API server accepts in a status.
        "hosts": [_host(host) for host in report.hosts[:MAX_SUMMARY_HOSTS]],
    }


def _host(host: HostReport) -> Mapping[str, Any]:
    raw: dict[str, Any] = {"address": host.address, "state": host.state}
    if host.hostname:
        raw["hostname"] = host.hostname
    if host.ports:
        raw["ports"] = [
            {"port": item.port, "protocol": item.protocol, "state": item.state}
            | ({"service": item.service} if item.service else {})
            for item in host.ports
        ]
    return raw


def _report(termination: Termination) -> Report | None:
    try:
        return read_report(termination.message)
    except MalformedReportError:
        return None


def _never_started(pod: PodState) -> Outcome:
    disruption, end = _disruption(pod), pod.termination
    cause = Cause.START_DEADLINE
    if pod.waiting_reason in IMAGE_REASONS:
        reason, message = "ImagePull", f"{pod.waiting_message or pod.waiting_reason}; {IMAGE_MEND}"
        cause = Cause.IMAGE_PULL
    elif end is not None and end.reason != "ContainerStatusUnknown":
        # The runtime could not start it (exec refused, a bad mount): it says why.
        reason, message = "StartFailed", end.message or end.reason
    elif disruption is not None:
        reason, message, cause = disruption
    elif pod.deleting and not pod.reason:
        reason, message = "PodDeleted", "its Pod was deleted before the container started"
        cause = Cause.RESULT_LOST
    else:
        reason = pod.reason or "StartFailed"
        reason = "StartFailed" if reason == "DeadlineExceeded" else reason
        message = pod.waiting_message or pod.message or "the container never started"
    return Outcome(End.FAILED, reason, message, cause)


def _failed(pod: PodState, termination: Termination, report: Report | None) -> Outcome:
    reason, message, cause = _failure(pod, termination, report)
    return Outcome(End.FAILED, reason, message, cause, report)


def _failure(
    pod: PodState, termination: Termination, report: Report | None
) -> tuple[str, str, Cause]:
    if disruption := _disruption(pod):
        reason, message, cause = disruption
        return reason, f"{message}; {_partial(report)}", cause
    if termination.reason == "OOMKilled":
        # The same scan would need as much memory the next time.
        message = (
            "the scanner ran out of memory; raise limits.memory of the queue's "
            "podTemplate.resources, or of the chart's scanner.resources"
        )
        return "OutOfMemory", message, Cause.SCANNER_ERROR
    if pod.deleting:
        message = f"its Pod was deleted while it ran; {_partial(report)}"
        return "PodDeleted", message, Cause.RESULT_LOST
    if report is None:
        message = f"the scanner left no readable report (exit code {termination.exit_code})"
        return "ResultLost", message, Cause.RESULT_LOST
    message = report.message or f"the scanner exited with code {report.exit_code}"
    outside = report.reason in _ENDED_FROM_OUTSIDE
    cause = Cause.RESULT_LOST if outside else Cause.SCANNER_ERROR
    # A word of the container's own choice must not become a series of a metric, nor a condition.
    reason = report.reason if report.reason in REASONS else "ScannerError"
    return reason, message, cause


def _disruption(pod: PodState) -> tuple[str, str, Cause] | None:
    """Reason, message and cause where others than users took the Pod away."""
    found = _DISRUPTIONS.get(pod.disruption) or _POD_REASONS.get(pod.reason)
    if found is None:
        return None
    reason, cause = found
    return reason, pod.message or pod.disruption_message or "its Pod was taken away", cause


def _found(report: Report) -> str:
    return (
        f"{_count(report.open_ports, 'open port')} on "
        f"{_count(report.hosts_up, 'host')} up of {report.hosts_total}"
    )


def _partial(report: Report | None) -> str:
    if report is None:
        return "no findings could be kept"
    return f"kept what was found so far: {_found(report)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
