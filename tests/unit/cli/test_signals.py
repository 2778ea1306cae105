"""SIGTERM ends a command in order, at whatever moment it comes."""

from __future__ import annotations

import signal
import socket
import threading
from pathlib import Path

import pytest

from scanyard.cli.signals import ended_in_order
from tests.support.kube import eventually


def test_one_that_wakes_no_read_ends_it_all_the_same() -> None:
    """As when it comes just before the read blocks: Python knows of it, and nothing looks."""
    reader = threading.get_native_id()

    def tell_another_thread() -> None:
        eventually(lambda: _sleeps(reader), bool, every=0.01)
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    ours, theirs = socket.socketpair()
    with ours, theirs, ended_in_order():
        ours.settimeout(20)
        other = threading.Thread(target=tell_another_thread)
        with pytest.raises(SystemExit) as end:
            _read(ours, other)
        other.join()
    assert end.value.code == 128 + signal.SIGTERM


def test_nothing_is_left_of_it() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGALRM)]
    with ended_in_order():
        assert signal.getitimer(signal.ITIMER_REAL)[1] > 0
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGALRM)] == before


def _read(ours: socket.socket, other: threading.Thread) -> None:
    other.start()
    ours.recv(1)


def _sleeps(thread: int) -> bool:
    state = Path(f"/proc/self/task/{thread}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "S"
