"""Packets a second and busy targets: what fits beside what runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scanyard.lifecycle.job import read_job
from scanyard.lifecycle.queue import Queue, read_queue
from scanyard.lifecycle.sharing.capacity import (
    INSTALLATION_KEY,
    Demand,
    Usage,
    packets_key,
    packets_of,
    reason_of,
)
from scanyard.lifecycle.targets.footprint import footprint_of
from tests.support.objects import raw_job, raw_queue
from tests.unit.lifecycle.looking import look, told


def _queue(**spec: Any) -> Queue:
    return read_queue(raw_queue(**spec))


def _demand(packets: int = 0, *targets: str, queue: str = "team/default") -> Demand:
    return Demand(queue, "team/some", packets, footprint_of(targets or ("192.0.2.1",), ()))


@pytest.mark.parametrize(
    ("spec", "queue", "installation", "packets"),
    [
        ({}, {}, 0, 0),
        ({"nmap": {"packetsPerSecond": 50}}, {"packetsPerSecond": 1000}, 0, 50),
        ({}, {"packetsPerSecond": 1000, "maxConcurrent": 4}, 0, 250),
        ({}, {"packetsPerSecond": 3, "maxConcurrent": 4}, 0, 1),
        ({}, {"packetsPerSecond": 1000, "maxConcurrent": 0}, 0, 1000),
        ({}, {"packetsPerSecond": 1000, "defaults": {"packetsPerSecond": 30}}, 0, 30),
        ({}, {"defaults": {"packetsPerSecond": 30}}, 500, 30),
        ({}, {}, 500, 50),
        ({}, {}, 5, 1),
        ({"scanner": "masscan"}, {"defaults": {"packetsPerSecond": 30}}, 0, 100),
        ({"scanner": "masscan", "masscan": {"packetsPerSecond": 7}}, {}, 0, 7),
    ],
    ids=str,
)
def test_rate_of_a_scan(
    spec: dict[str, Any], queue: dict[str, Any], installation: int, packets: int
) -> None:
    assert packets_of(read_job(raw_job(**spec)), _queue(**queue), installation) == packets


def test_packets_of_a_queue_are_shared() -> None:
    usage, queue = Usage(), _queue(packetsPerSecond=1000)
    usage.add("one", _demand(600))
    usage.add("elsewhere", _demand(900, queue="team/other"))
    assert usage.shortage(_demand(400), queue, 0) is None
    short = usage.shortage(_demand(401), queue, 0)
    assert short is not None
    assert (short.key, short.reason) == (packets_key("team/default"), "BudgetExhausted")
    assert "up to 600 of at most 1000 packets a second; this one needs 401" in short.message
    usage.remove("one")
    assert usage.shortage(_demand(401), queue, 0) is None
    assert usage.packets("team/default") == 0


def test_packets_of_the_installation_are_shared_among_queues() -> None:
    usage, queue = Usage(), _queue()
    usage.add("elsewhere", _demand(900, queue="team/other"))
    assert usage.shortage(_demand(100), queue, 1000) is None
    short = usage.shortage(_demand(101), queue, 1000)
    assert short is not None
    assert (short.key, short.reason) == (INSTALLATION_KEY, "BudgetExhausted")


def test_a_target_is_busy_whoever_scans_it() -> None:
    usage, queue = Usage(), _queue(maxConcurrentPerTarget=2)
    usage.add("one", _demand(0, "192.0.2.0/28", queue="team/other"))
    assert usage.shortage(_demand(0, "192.0.2.3"), queue, 0) is None
    usage.add("two", _demand(0, "192.0.2.0/30"))
    assert usage.shortage(_demand(0, "192.0.2.7"), queue, 0) is None, "only one scans it"
    short = usage.shortage(_demand(0, "192.0.2.3"), queue, 0)
    assert short is not None
    assert (reason_of(short.key), short.reason) == ("TargetBusy", "TargetBusy")
    assert short.holders == ("one", "two")
    assert "some of the same targets are being scanned by some, some; at most 2" in short.message


def test_whoever_keeps_a_target_busy_elsewhere_is_not_named() -> None:
    usage, queue = Usage(), _queue(maxConcurrentPerTarget=1)
    for number in range(5):
        usage.add(f"mine-{number}", _demand())
        usage.add(f"theirs-{number}", replace(_demand(), job_key="secret/plan"))
    short = usage.shortage(_demand(), queue, 0)
    assert short is not None
    assert "scanned by some, some, some, 2 more, 5 of other namespaces; at" in short.message
    assert "secret" not in short.message


def test_other_parked_lists_are_none_of_these() -> None:
    assert [reason_of(key) for key in ("retry", "scope", "exceeds-packets", "not-before")] == [
        "", "", "", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("queue", "view", "words"),
    [
        ({"packetsPerSecond": 99}, {}, "packetsPerSecond of queue default is 99"),
        ({}, {"installation_packets": 99}, "the installation's packetsPerSecond is 99"),
    ],
    ids=["queue", "installation"],
)
def test_what_no_budget_can_give_is_told_at_once(
    queue: dict[str, Any], view: dict[str, Any], words: str
) -> None:
    decision = look(queue=queue, view=view, nmap={"packetsPerSecond": 100})
    reason, message = told(decision)
    assert reason == "ExceedsLimit"
    assert f"it would send 100 packets a second and {words}" in message
    assert look(queue=queue, view=view, nmap={"packetsPerSecond": 99}).status.phase == "Pending"
