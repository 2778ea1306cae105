"""Whatever befalls a ScanJob's attempts, it comes to one end after as many failures as allowed."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from scanyard.lifecycle.admission import admit, refused
from scanyard.lifecycle.job import read_job
from scanyard.lifecycle.queue import read_queue
from tests.support.objects import NOW, at, raw_job, raw_pod, raw_queue, report, terminated
from tests.unit.lifecycle.looking import look

_STOPPED: Final = terminated(report(complete=False, reason="Interrupted"), exit_code=130)
_ERROR: Final = terminated(report(complete=False, reason="ScannerError"), exit_code=1)
_DRAIN: Final = {"stopPolicy": "HoldAndDrain"}

#: What becomes of an attempt: state and status of its Pod, and whether that counts as a failure.
_FATES: Final[dict[str, tuple[dict[str, Any] | None, dict[str, Any], bool]]] = {
    "evicted": (_STOPPED, {"reason": "Evicted"}, True),
    "timeout": (_STOPPED, {"reason": "DeadlineExceeded"}, True),
    "error": (_ERROR, {}, True),
    "rejected": (None, {"phase": "Failed", "reason": "OutOfcpu"}, True),
    "lost": (terminated(None, exit_code=137), {}, True),
    "suspended": (_STOPPED, {}, False),
    "drained": (_STOPPED, {}, False),
    "refused": (None, {}, False),
    "complete": (terminated(report()), {}, False),
}


@given(
    fates=st.lists(st.sampled_from(sorted(_FATES)), max_size=25),
    most=st.integers(1, 20),
    causes=st.sets(
        st.sampled_from(["Evicted", "Timeout", "ScannerError", "StartDeadline", "ResultLost"])
    ),
)
def test_a_scanjob_fails_for_good_exactly_when_its_failures_are_used_up(
    fates: list[str], most: int, causes: set[str]
) -> None:
    retry: dict[str, Any] = {"backoffSeconds": 10, "maxBackoffSeconds": 300, "maxAttempts": most}
    retry["causes"] = sorted(causes)
    names = {"evicted": "Evicted", "timeout": "Timeout", "error": "ScannerError"}
    names |= {"rejected": "StartDeadline", "lost": "ResultLost"}
    status: dict[str, Any] = {}
    failures = 0
    for number, fate in enumerate(fates, start=1):
        status = _after(fate, status, retry)
        failures += _FATES[fate][2]
        assert status.get("failures", 0) == failures
        assert status["attemptCount"] == number
        over = fate == "complete" or (
            _FATES[fate][2] and (failures == most or names[fate] not in causes)
        )
        finished = {item["type"]: item["status"] for item in status["conditions"]}["Finished"]
        assert (finished == "True") == over
        if over:
            assert "retryAt" not in status
            break


def _after(fate: str, status: dict[str, Any], retry: dict[str, Any]) -> dict[str, Any]:
    """The status when the next attempt has had that fate, and may be followed by another."""
    job, queue = read_job(raw_job(status=status, retry=retry)), read_queue(raw_queue())
    admitted = admit(job, queue, fence=7, now=job.status.retry_at or NOW)
    assert admitted is not None
    attempt = admitted.open_attempt
    assert attempt is not None
    if fate == "refused":
        job = read_job(raw_job(status=admitted.raw(), retry=retry))
        return refused(job, attempt, reason="PodRefused", message="no", now=NOW).raw()
    state, told, _ = _FATES[fate]
    pod = raw_pod(state=state, attempt=attempt.number, **told)
    if fate in {"suspended", "drained"}:
        pod["metadata"]["deletionTimestamp"] = at(50)
    decision = look(
        status=admitted.raw(),
        pod=pod,
        queue=_DRAIN if fate == "drained" else None,
        suspend=fate == "suspended",
        retry=retry,
    )
    if fate == "suspended":
        decision = look(status=decision.status.raw(), retry=retry)
    return decision.status.raw()
