"""stdout never blocks the runner and never floods the node."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from scanyard.runner.outlet import MAX_PENDING_BYTES, Allowance, Outlet


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    yield reading, writing
    for descriptor in (reading, writing):
        try:
            os.close(descriptor)
        except OSError:
            continue


def _read_all(descriptor: int) -> bytes:
    data = b""
    while True:
        try:
            piece = os.read(descriptor, 65536)
        except BlockingIOError:
            return data
        if not piece:
            return data
        data += piece


def test_a_pipe_that_nobody_empties_costs_lines_not_time(pipe: tuple[int, int]) -> None:
    outlet = Outlet(pipe[1])
    for number in range(10_000):
        outlet.put(f"line {number} {'x' * 90}")
        outlet.flush_ready()
    assert outlet.dropped > 5000
    assert outlet.pending
    assert not outlet.drain([b"finding"], 0.05)


def test_lines_come_out_whole_and_in_order(pipe: tuple[int, int]) -> None:
    outlet = Outlet(pipe[1])
    sent = [f"{number} {'x' * (number % 5000)}" for number in range(60)]
    received = b""
    for line in sent:
        outlet.put(line)
        outlet.flush_ready()
        received += _read_all(pipe[0])
    while outlet.pending:
        outlet.flush_ready()
        received += _read_all(pipe[0])
    assert received.decode().splitlines() == sent
    assert outlet.dropped == 0


def test_findings_follow_what_waits(pipe: tuple[int, int]) -> None:
    outlet = Outlet(pipe[1])
    outlet.put("first")
    assert outlet.drain((b"finding %d" % n for n in range(3)), 1.0)
    assert _read_all(pipe[0]) == b"first\nfinding 0\nfinding 1\nfinding 2\n"


def test_a_reader_that_went_away_is_no_error(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    outlet = Outlet(pipe[1])
    outlet.put("x")
    outlet.flush_ready()
    outlet.put("y")
    assert not outlet.drain([b"z"], 1.0)
    assert not outlet.pending


def test_what_waits_is_bounded(pipe: tuple[int, int]) -> None:
    outlet = Outlet(pipe[1])
    for _ in range(MAX_PENDING_BYTES // 1000 + 10):
        outlet.put("x" * 999)
    assert outlet.dropped == 10


def test_an_allowance_is_a_burst_then_a_rate_then_nothing() -> None:
    allowance = Allowance(burst=3, per_second=2, total_bytes=60)
    assert [allowance.take(10, 0.0) for _ in range(4)] == [True, True, True, False]
    assert [allowance.take(10, 1.0) for _ in range(3)] == [True, True, False]
    assert [allowance.take(10, 100.0) for _ in range(2)] == [True, False]
    assert allowance.refused == 3
