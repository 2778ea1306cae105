"""The clock that follows the API server's: right to a second, whatever the local clock does."""

from __future__ import annotations

import logging
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanyard.kube.server_clock import ServerClock

HOUR = 3600.0


class World:
    """An API server and a machine; `skew` is how far the machine's wall clock is ahead."""

    def __init__(self, skew: float = 0.0, *, start: float = 1_800_000_000.25) -> None:
        self.boot = 500.0
        self.skew = skew
        #: The API server's clock minus CLOCK_BOOTTIME.
        self.offset = start - self.boot
        self.clock = ServerClock(lambda: self.boot, lambda: self.server + self.skew)

    @property
    def server(self) -> float:
        """What the API server's clock shows."""
        return self.boot + self.offset

    @property
    def error(self) -> float:
        """How far the clock under test is ahead of it."""
        return self.clock.unix_seconds() - self.server

    def ask(self, there: float = 0.001, back: float = 0.001, *, ahead: float = 0.0) -> None:
        """A request and its answer, by a server that is `ahead` of the first."""
        sent = self.boot
        self.boot += there
        date = formatdate(self.server + ahead, usegmt=True)
        self.boot += back
        self.clock.heard(date, sent=sent, received=self.boot)

    def work(self, seconds: float, every: float = 0.7, *, ahead: float = 0.0) -> None:
        """Ask again and again."""
        end = self.boot + seconds
        while self.boot < end:
            self.boot += every
            self.ask(ahead=ahead)


def test_a_right_wall_clock_is_kept_exactly() -> None:
    world = World()
    world.ask()
    assert world.error == pytest.approx(0)
    world.boot += 0.618
    assert world.error == pytest.approx(0)
    assert world.clock.now().timestamp() == pytest.approx(world.server)


@pytest.mark.parametrize("skew", [HOUR, -HOUR, 6 * HOUR, -30.0, 2.0])
def test_a_wrong_wall_clock_does_no_harm(skew: float) -> None:
    world = World(skew)
    world.ask()
    assert abs(world.error) <= 1.01
    world.work(60)
    assert abs(world.error) < 0.2, "answers at many parts of a second tell it better than one"


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_jump_of_the_wall_clock_moves_it_by_less_than_a_second(jump: float) -> None:
    world = World()
    world.ask()
    world.skew = jump
    assert abs(world.error) <= 1.01
    world.boot += HOUR
    assert abs(world.error) <= 1.01 + HOUR * 0.001, "also while nobody answers"
    world.skew = 0.0
    assert world.error <= 1.01 + HOUR * 0.001


def test_it_goes_on_while_the_machine_is_frozen() -> None:
    world = World(HOUR)
    world.ask()
    before = world.clock.unix_seconds()
    world.boot += 600
    assert world.clock.unix_seconds() - before == pytest.approx(600, abs=1.5)


def test_an_answer_that_took_long_says_little_and_spoils_nothing() -> None:
    world = World(HOUR)
    world.work(20)
    for there, back in ((30.0, 0.0), (0.0, 30.0), (20.0, 20.0)):
        world.ask(there, back)
        assert abs(world.error) < 0.3


@given(
    waits=st.lists(
        st.tuples(
            st.floats(0, 400),
            st.floats(0, 0.3),
            st.floats(0, 0.3),
            st.sampled_from([0, HOUR, -HOUR]),
        ),
        max_size=30,
    ),
    start=st.floats(1.7e9, 1.9e9),
)
def test_it_never_goes_back_and_stays_near_the_server_s(
    waits: list[tuple[float, float, float, float]], start: float
) -> None:
    world = World(start=start)
    world.ask()
    latest = 0.0
    for pause, there, back, skew in waits:
        world.boot += pause
        world.skew = skew
        assert world.clock.unix_seconds() >= latest
        latest = world.clock.unix_seconds()
        assert abs(world.error) <= 1.6, "a second, the answer's way, and 400 s of drift"
        world.ask(there, back)
        assert world.clock.unix_seconds() >= latest
        latest = world.clock.unix_seconds()


def test_an_oscillator_that_runs_fast_is_corrected() -> None:
    """100 ppm are 8.6 s a day."""
    world = World(-HOUR)
    for turn in range(24 * 360):
        world.boot += 10
        world.offset -= 10 * 100e-6
        world.ask(there=0.002 * (turn % 7))
    assert abs(world.error) <= 1.01


def test_servers_that_differ_a_little_do_not_turn_it_back_and_forth(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    latest = 0.0
    for turn in range(200):
        world.boot += 0.3
        world.ask(ahead=2.0 * (turn % 2))
        assert world.clock.unix_seconds() >= latest
        latest = world.clock.unix_seconds()
    assert 0 <= world.error <= 2.0 + 1.0
    assert caplog.messages == []


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_one_strange_answer_moves_nothing(jump: float) -> None:
    world = World()
    world.work(20)
    world.ask(ahead=jump)
    assert abs(world.error) < 1
    for _ in range(20):
        world.work(2, ahead=jump)
        world.ask()
    assert abs(world.error) < 1, "two servers, of which one is wrong"


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_server_whose_clock_was_set_is_followed_once_that_is_certain(
    jump: float, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    world.work(20)
    world.offset += jump
    world.skew -= jump
    world.work(10)
    assert abs(world.error + jump) < 1, "not yet"
    world.work(10)
    assert abs(world.error) < 1.01
    assert "the API server's clock was set by" in caplog.text


@pytest.mark.parametrize("date", [None, "", "yesterday", "Sun, 99 Nov 2026 09:15:27 GMT"])
def test_without_a_date_it_is_the_wall_clock(date: str | None) -> None:
    world = World(skew=7.0)
    assert world.error == 7.0
    world.clock.heard(date, sent=world.boot, received=world.boot)
    assert world.error == 7.0
    world.ask()
    assert abs(world.error) <= 1.01, "it may go back once, when it first hears the time"


def test_a_wrong_machine_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.work(5)
    assert caplog.messages == []
    for skew in (HOUR, HOUR, 0.0, -HOUR):
        world.skew = skew
        world.work(5)
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert "this machine's clock differs by +3600 s" in caplog.messages[0]
    assert "this machine's clock differs by -3600 s" in caplog.messages[1]
