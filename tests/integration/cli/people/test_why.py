"""`scanyard why`: it asks, waits for the answer, and says what it is when there is none."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from scanyard.api import names
from scanyard.lifecycle.explaining.reasons import REASONS
from scanyard.lifecycle.timestamps import format_time
from tests.integration.cli.people.conftest import Yard
from tests.support.kube import eventually

_FULL: Final[dict[str, Any]] = {
    "reason": "QueueFull",
    "message": "queue default runs 2 of at most 2; 14 wait",
    "queuePosition": 3,
    "waiting": 14,
    "running": 2,
    "limit": 2,
    "heldBy": ["office", "sweep"],
    "heldByOthers": 1,
}


def _asked(yard: Yard, name: str) -> bool:
    notes = yard.namespace.get("scanjobs", name)["metadata"].get("annotations") or {}
    return names.ANNOTATION_EXPLAIN in notes


def _in(minutes: float) -> str:
    return format_time(datetime.now(UTC) + timedelta(minutes=minutes, seconds=2))


def test_on_a_terminal_it_shows_the_answer_within_80_columns(yard: Yard) -> None:
    yard.job("web")
    yard.operator.queued("web")
    with yard.terminal("why", "web") as terminal:
        terminal.until(lambda text: "asking the operator" in text)
        eventually(lambda: _asked(yard, "web"), bool, seconds=20)
        times = {"estimatedStartTime": _in(5), "estimatedStartTimeLatest": _in(12)}
        yard.operator.answers("web", **_FULL | times)
        assert terminal.end() == 0
        lines = [line.rstrip() for line in terminal.text.splitlines()]
    shown = "\n".join(lines)
    assert "Why:        QueueFull\n            queue default runs 2 of at most 2; 14 wait" in shown
    assert f"Means:      {REASONS['QueueFull'].means}" in shown
    assert "Position:   3; 14 wait in queue default, 2 of 2 slots are in use" in shown
    assert re.search(r"^Starts:     probably in 5m\d?s? to 12m$", shown, re.MULTILINE)
    assert "Held by:    office, sweep, 1 more" in shown
    assert "asking the operator" not in shown, "that line has gone"
    assert max(map(len, lines)) <= 80
    # A long text goes on under itself.
    assert (
        "To do:      Wait, raise its priority, or have the queue's maxConcurrent raised." in shown
    )


def test_a_program_gets_one_document(yard: Yard) -> None:
    yard.job("web")
    yard.operator.queued("web")
    process = yard.start("why", "web", "-o", "json")
    eventually(lambda: _asked(yard, "web"), bool, seconds=20)
    token = yard.operator.answers("web", **_FULL)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    told = json.loads(out)
    assert {key: told[key] for key in _FULL} == _FULL
    assert (told["name"], told["phase"], told["waits"], told["exact"]) == (
        ("web", "Queued", True, True)
    )
    assert (told["token"], told["mend"]) == (token, REASONS["QueueFull"].mend)


def test_without_an_operator_it_says_so_and_shows_what_was_told_last(yard: Yard) -> None:
    yard.job("web")
    yard.operator.queued("web", "queue default runs 2 of at most 2; 9 wait")
    ended = yard.tenant("why", "web", "--timeout", "1s")
    assert ended.code == 3
    assert "no operator answered within 1s" in ended.err
    assert "`scanyard workers`" in ended.err
    assert "QueueFull" in ended.out
    assert "9 wait" in ended.out
    new = yard.job("new")
    assert new["status"]["phase"] == "Pending"
    silent = yard.tenant("why", "new", "--timeout", "1s", "-o", "json")
    assert (silent.code, silent.json["exact"], silent.json["reason"]) == (3, False, "")


def test_an_answer_to_somebody_else_is_not_taken_for_ones_own(yard: Yard) -> None:
    yard.job("web")
    yard.operator.queued("web")
    body = {"status": {"explanation": {"token": "of another", "at": _in(0)} | _FULL}}
    yard.namespace.patch("scanjobs", "web", body, "status").expect()
    assert yard.tenant("why", "web", "--timeout", "1s").code == 3


def test_what_does_not_wait_needs_no_operator(yard: Yard) -> None:
    yard.job("runs")
    yard.operator.running("runs", seconds=60)
    yard.job("failed")
    yard.operator.failed("failed", "ScannerError", "nmap ended with exit code 1", seconds=50)
    runs = yard.tenant("why", "runs")
    assert (runs.code, runs.err) == (0, "")
    assert "nmap runs on node node-1" in runs.out
    assert re.search(r"^Ran: +6\ds of at most 60m$", runs.out, re.MULTILINE)
    failed = yard.tenant("why", "failed", "-o", "json")
    assert (failed.code, failed.json["reason"], failed.json["waits"]) == (0, "ScannerError", False)
    assert not _asked(yard, "runs")


def test_one_that_is_admitted_meanwhile_is_told_as_it_is_then(yard: Yard) -> None:
    yard.job("web")
    yard.operator.queued("web")
    process = yard.start("why", "web")
    eventually(lambda: _asked(yard, "web"), bool, seconds=20)
    yard.operator.running("web")
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Running" in out


def test_one_that_is_not_there_or_goes_meanwhile_is_an_error(yard: Yard) -> None:
    assert yard.tenant("why", "nope").code == 1
    yard.job("web")
    process = yard.start("why", "web")
    eventually(lambda: _asked(yard, "web"), bool, seconds=20)
    yard.namespace.cluster.request("DELETE", yard.namespace.path("scanjobs", "web")).expect()
    _, err = process.communicate(timeout=30)
    assert (process.returncode, "web: was deleted" in err) == (1, True)


def test_wrong_words_are_refused(yard: Yard) -> None:
    assert yard.tenant("why").code == 2
    assert yard.tenant("why", "web", "--timeout", "soon").code == 2
    assert "no duration" in yard.tenant("why", "web", "--timeout", "soon").err
