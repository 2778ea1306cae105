"""On a terminal: the live screen, progress, colours, and widths."""

from __future__ import annotations

from tests.integration.cli.people.conftest import Yard

_LONG = "a-scan-with-a-name-that-is-far-too-long-for-any-terminal-192-0-2-0-24"
_COLOUR = b"\x1b[3"
_LEAVES_SCREEN = b"\x1b[?1049l"


def test_top_shows_changes_as_they_come_fits_and_leaves_no_trace(yard: Yard) -> None:
    yard.job("web")
    yard.job(_LONG)
    yard.operator.running("web", percent=40)
    with yard.terminal("top") as terminal:
        screen = terminal.until(lambda text: "40%" in text)
        assert "1 running, 1 waiting" in screen
        assert "default         1       2         1" in screen
        yard.operator.running("web", percent=70)
        terminal.until(lambda text: "███████░░░  70%" in text)
        yard.operator.running(_LONG, percent=5, node="node-2")
        # The screen is painted in pieces: a name that is cut keeps its ends.
        screen = terminal.until(
            lambda text: "2 running, 0 waiting" in text and "a-scan-with" in text
        )
        assert _LONG not in screen
        terminal.resize(120, 30)
        terminal.until(lambda text: _LONG in text)
        yard.operator.succeeded("web")
        terminal.until(lambda text: "1 running" in text and "web " not in text)
        terminal.press("q")
        assert terminal.end() == 0
        assert _LEAVES_SCREEN in terminal.raw
        assert terminal.modes == terminal.modes_before


def test_top_ends_cleanly_on_an_interrupt(yard: Yard) -> None:
    with yard.terminal("top") as terminal:
        terminal.until(lambda text: "No scan runs." in text)
        terminal.interrupt()
        assert terminal.end() == 0
        assert b"Traceback" not in terminal.raw
        assert _LEAVES_SCREEN in terminal.raw
        assert terminal.modes == terminal.modes_before


def test_top_says_what_to_use_without_a_terminal(yard: Yard) -> None:
    ended = yard.tenant("top")
    assert (ended.code, "scanyard queue list" in ended.err) == (2, True)


def test_submit_shows_a_bar_and_then_the_findings(yard: Yard) -> None:
    words = ("submit", "nmap", "192.0.2.0/28", "--name", "web", "--wait")
    with yard.terminal(*words) as terminal:
        terminal.until(lambda text: "created" in text)
        yard.operator.queued("web")
        terminal.until(lambda text: "Queued QueueFull" in text)
        yard.operator.running("web", percent=40)
        terminal.until(lambda text: "40%" in text and "Running" in text)
        yard.operator.succeeded("web")
        assert terminal.end() == 0
        assert "40%" not in terminal.text, "the bar has gone"
        assert "192.0.2.5   web.example.com    80/tcp   open    http" in terminal.text
        assert _COLOUR in terminal.raw


def test_an_interrupted_wait_exits_with_130_and_the_scan_goes_on(yard: Yard) -> None:
    with yard.terminal("submit", "nmap", "192.0.2.1", "--name", "web", "--wait") as terminal:
        terminal.until(lambda text: "0%" in text)
        terminal.interrupt()
        assert terminal.end() == 130
        assert b"Traceback" not in terminal.raw
    assert yard.spec("web")["cancel"] is False


def test_cleanup_asks_before_it_deletes(yard: Yard) -> None:
    yard.job("old")
    yard.operator.succeeded("old", seconds=100)
    for answer, code, left in (("n", 130, "scanjob.scanyard.dev/old\n"), ("y", 0, "")):
        with yard.terminal("cleanup", "--days", "0.001") as terminal:
            terminal.until(lambda text: "Delete 1 scan? [y/N]:" in text)
            terminal.press(f"{answer}\r")
            assert terminal.end() == code
        assert yard.tenant("list", "-o", "name").out == left


def test_a_table_fits_the_terminal_and_no_color_is_honoured(yard: Yard) -> None:
    yard.job(_LONG)
    yard.operator.failed(_LONG, "NodeLost", "its node is gone")
    with yard.terminal("list") as terminal:
        assert terminal.end() == 0
        assert max(map(len, terminal.text.splitlines())) <= 80
        assert "…" in terminal.text
        assert _COLOUR in terminal.raw
    with yard.terminal("list", NO_COLOR="1") as terminal:
        assert terminal.end() == 0
        assert _COLOUR not in terminal.raw
    assert _LONG in yard.tenant("list").out, "a pipe gets whole names"
