"""`scanyard queue status`: everything that keeps a queue from starting scans."""

from __future__ import annotations

from typing import Any

from scanyard.cli.queues.rules import lines_of
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


def test_whose_scans_it_takes_is_told_where_that_is_not_its_own_namespace_alone() -> None:
    def namespaces(**allowed: Any) -> str | None:
        return told({}, allowedNamespaces=allowed).get("Namespaces")

    expressions = [
        {"key": "env", "operator": "NotIn", "values": ["dev", "test"]},
        {"key": "old", "operator": "DoesNotExist"},
    ]
    selector = {"matchLabels": {"tier": "gold"}, "matchExpressions": expressions}
    assert namespaces() is None
    assert namespaces(**{"from": "All"}) == "all"
    assert namespaces(**{"from": "Selector", "selector": selector}) == (
        "those with tier=gold, env notin (dev,test), !old"
    )


def test_a_held_slot_of_another_namespace_says_so() -> None:
    slot = {"scanJob": "web", "namespace": "red", "uid": "u", "attempt": 1, "until": at(60)}
    assert told({"heldSlots": [slot]})["Held slot"].startswith("red/web, attempt 1")


def test_what_it_takes_is_told_where_that_is_not_everything() -> None:
    assert not {"Allows", "Denies", "Scanners", "Limit"} & told({}).keys()
    networks = [f"10.{n}.0.0/16" for n in range(10)]
    shown = told(
        {},
        scope={"allow": networks, "deny": ["10.0.0.1", "*.example.com"]},
        allowedScanners=["nmap"],
        limits={"maxAddresses": 256, "maxPending": 9},
    )
    assert shown["Allows"] == ", ".join(networks[:5])
    assert shown["Denies"] == "10.0.0.1, *.example.com"
    assert shown["Scanners"] == "nmap"
    assert shown["Limit"] == "256 addresses in one ScanJob"
    assert shown["Pending"] == "at most 9 of each namespace wait"
    assert not {"Namespaces", "Fair share", "Each runs", "Aim"} & shown.keys()


def test_how_namespaces_share_it_is_told() -> None:
    shown = told(
        {},
        allowedNamespaces={"from": "Selector", "selector": {"matchLabels": {"scans": "yes"}}},
        ordering="FairShare",
        fairShare={"weights": [{"namespace": "web", "weight": 3}]},
        maxConcurrentPerNamespace=1,
        targetWaitSeconds=600,
    )
    assert shown["Namespaces"] == "those with scans=yes"
    assert shown["Fair share"] == "web 3, all others 1"
    assert shown["Each runs"] == "at most 1 scan"
    assert shown["Aim"] == "no ScanJob waits longer than 10m"
    assert told({}, allowedNamespaces={"from": "All"})["Namespaces"] == "all"


#: A queue that says everything.
_FULL: dict[str, Any] = {
    "packetsPerSecond": 100_000_000,
    "maxConcurrentPerTarget": 1,
    "maxConcurrentPerNode": 2,
    "scope": {
        "allow": [f"2001:db8:{n:x}::/48" for n in range(4096, 4196)],
        "deny": ["a" * 60 + ".example.com", "10.0.0.1"],
    },
    "allowedScanners": ["nmap", "masscan"],
    "defaults": {
        "packetsPerSecond": 1_000_000,
        "timeoutPolicy": "Adaptive",
        "ttlSecondsAfterFinished": 604_800,
    },
    "limits": {
        "maxAddresses": 2**32,
        "minTimeoutSeconds": 300,
        "maxTimeoutSeconds": 1_209_600,
    },
    "windows": [
        {"start": "0 22 * * 1-5", "durationSeconds": 28_800, "timeZone": "Europe/Berlin"},
        {"start": "0 0 * * 6", "durationSeconds": 172_800},
    ],
    "windowEndPolicy": "Drain",
    "podTemplate": {
        "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi"}},
        "nodeSelector": {"pool": "scans"},
        "tolerations": [{"key": "scans-only"}, {"operator": "Exists"}],
        "priorityClassName": "scans",
    },
}


def test_all_that_it_says_is_told_in_80_columns() -> None:
    shown = list(lines_of(_FULL))
    assert [f"{title}: {text}" if title else f"  {text}" for title, text in shown] == [
        "Allows: 2001:db8:1000::/48, 2001:db8:1001::/48, 2001:db8:1002::/48",
        "  2001:db8:1003::/48, 2001:db8:1004::/48, 2001:db8:1005::/48",
        "  … and 94 more",
        "Denies: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com",
        "  10.0.0.1",
        "Scanners: nmap, masscan",
        "Packets: 100000000 a second together, 1000000 where a scan states none",
        "Per target: no more than 1 scan at once, of any queue",
        "Per node: at most 2 scans",
        "Limit: 4294967296 addresses in one ScanJob",
        "Timeout: Adaptive where a scan states none, at least 5m, at most 14d",
        "Kept: 7d after the end",
        "Windows: 0 22 * * 1-5 for 8h, Europe/Berlin",
        "  0 0 * * 6 for 2d, UTC",
        "  what runs when the last one ends is stopped and waits again",
        "Pods: requests 100m cpu, limits 1Gi memory, nodes pool=scans",
        "  tolerates scans-only, tolerates every taint, priority class scans",
    ]
    assert max(len(text) for title, text in shown if "aaa" not in text) <= 80 - 12


def test_of_a_queue_that_says_nothing_there_is_nothing_to_tell() -> None:
    assert list(lines_of({"maxConcurrent": 5, "windowEndPolicy": "Drain"})) == []


def test_a_default_timeout_is_told_as_a_duration() -> None:
    assert dict(lines_of({"defaults": {"timeoutSeconds": 5400}})) == {
        "Timeout": "90m where a scan states none"
    }


def test_a_closed_queue_is_as_it_should_be_and_one_with_a_bad_window_is_not() -> None:
    assert told({"conditions": [_ready("OutsideWindow")]})["State"] == "OutsideWindow"
    assert told({"conditions": [_ready("InvalidWindow")]})["State"] == "NotReady"


def _ready(reason: str) -> dict[str, Any]:
    return condition("Ready", reason, value=False)
