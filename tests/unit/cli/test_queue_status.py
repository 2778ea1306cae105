"""`scanyard queue status`: everything that keeps a queue from starting scans."""

from __future__ import annotations

from typing import Any

from scanyard.cli.queues.status import facts
from scanyard.lifecycle.job import read_job
from tests.support.objects import NOW, at, condition, raw_job, raw_queue


def told(status: dict[str, Any], **spec: Any) -> dict[str, str]:
    raw = raw_queue(**spec) | {"status": status}
    return {title: cell.text for title, cell in facts(raw, [read_job(raw_job())], NOW)}


def test_it_tells_what_runs_and_how_long_the_oldest_waits() -> None:
    shown = told({"running": 1, "waiting": 3}, agingSeconds=0)
    assert shown["Running"] == "1 of 2"
    assert shown["Waiting"] == "3"
    assert shown["Oldest"] == "waits 10s"
    assert shown["Aging"] == "none: priority alone decides"
    assert "Held slot" not in shown


def test_a_slot_that_is_held_for_a_lost_scan_is_named() -> None:
    slot = {"scanJob": "web", "uid": "u", "attempt": 2, "nodeName": "node-9", "until": at(300)}
    shown = told({"running": 1, "heldSlots": [slot]})
    assert shown["Held slot"] == "web, attempt 2, on node-9, free in 5m at most"


def test_a_hold_is_told_by_its_policy() -> None:
    assert told({}, stopPolicy="HoldAndDrain")["State"] == "HoldAndDrain"


def test_what_it_takes_is_told_where_that_is_not_everything() -> None:
    assert not {"Allows", "Denies", "Scanners", "Limit"} & told({}).keys()
    networks = [f"10.{n}.0.0/16" for n in range(10)]
    shown = told(
        {},
        scope={"allow": networks, "deny": ["10.0.0.1", "*.example.com"]},
        allowedScanners=["nmap"],
        limits={"maxAddresses": 256},
    )
    assert shown["Allows"] == f"{', '.join(networks[:8])} … and 2 more"
    assert shown["Denies"] == "10.0.0.1, *.example.com"
    assert shown["Scanners"] == "nmap"
    assert shown["Limit"] == "256 addresses in one ScanJob"


def test_a_closed_queue_is_as_it_should_be_and_one_with_a_bad_window_is_not() -> None:
    assert told({"conditions": [_ready("OutsideWindow")]})["State"] == "OutsideWindow"
    assert told({"conditions": [_ready("InvalidWindow")]})["State"] == "NotReady"


def _ready(reason: str) -> dict[str, Any]:
    return condition("Ready", reason, value=False)
