"""What an attempt came to: the scanner's own end, not the Pod's phase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scanyard.api.scanjob_status import MAX_SUMMARY_HOSTS
from scanyard.lifecycle.pod import PodState, Termination
from scanyard.scanners import HostReport, MalformedReportError, Report

#: Waiting reasons of a container whose image the node cannot get.
IMAGE_REASONS = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"}
)

#: What to do about them.
IMAGE_MEND = "push or load that image, or correct the chart's scanner.image"

#: The runner's word for its own limit, which stands behind activeDeadlineSeconds.
_OWN_LIMIT = "WatchdogExpired"


class End(StrEnum):
    """How an attempt ended, before anybody's wishes are looked at."""

    COMPLETE = "Complete"
    TIMED_OUT = "TimedOut"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of an attempt, its reason for people and metrics, and what the scan reported."""

    end: End
    reason: str
    message: str
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
        return Outcome(End.COMPLETE, "ScanComplete", _found(report), report)
    if pod.reason == "DeadlineExceeded" or (report is not None and report.reason == _OWN_LIMIT):
        message = f"stopped after timeoutSeconds ({timeout_seconds} s); {_partial(report)}"
        return Outcome(End.TIMED_OUT, "TimedOut", message, report)
    return _failed(pod, pod.termination, report)


def vanished(last: PodState | None, *, wanted_by_us: bool) -> Outcome:
    """The outcome of a Pod that went away before its end could be read."""
    reason = (
        "PodDeleted" if last is not None and last.deleting and not wanted_by_us else "ResultLost"
    )
    return Outcome(
        End.FAILED,
        reason,
        "the Pod went away before its result could be read; set a new rerunToken to scan again",
    )


def node_lost(pod: PodState) -> Outcome:
    """The outcome of a Pod on a node that never told its end."""
    message = (
        f"node {pod.node_name} was lost, and with it the result; set a new rerunToken to scan again"
    )
    return Outcome(End.FAILED, "NodeLost", message)


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
        return Report.decode(termination.message)
    except MalformedReportError:
        return None


def _never_started(pod: PodState) -> Outcome:
    if pod.waiting_reason in IMAGE_REASONS:
        reason, message = "ImagePull", f"{pod.waiting_message or pod.waiting_reason}; {IMAGE_MEND}"
    elif pod.termination is not None and pod.termination.reason != "ContainerStatusUnknown":
        # The runtime could not start it (exec refused, a bad mount): it says why.
        reason, message = "StartFailed", pod.termination.message or pod.termination.reason
    else:
        reason = pod.reason or "StartFailed"
        reason = "StartFailed" if reason == "DeadlineExceeded" else reason
        message = pod.waiting_message or pod.message or "the container never started"
    return Outcome(End.FAILED, reason, message)


def _failed(pod: PodState, termination: Termination, report: Report | None) -> Outcome:
    if pod.reason in {"Evicted", "Preempting", "NodeLost"}:
        return Outcome(End.FAILED, pod.reason, pod.message or pod.reason, report)
    if termination.reason == "OOMKilled":
        message = "the scanner ran out of memory; raise the operator's scan resources"
        return Outcome(End.FAILED, "OutOfMemory", message, report)
    if pod.deleting:
        message = f"its Pod was deleted while it ran; {_partial(report)}"
        return Outcome(End.FAILED, "PodDeleted", message, report)
    if report is None:
        message = f"the scanner left no readable report (exit code {termination.exit_code})"
        return Outcome(End.FAILED, "ResultLost", message)
    message = report.message or f"the scanner exited with code {report.exit_code}"
    return Outcome(End.FAILED, report.reason or "ScannerError", message, report)


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
