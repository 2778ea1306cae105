"""One percent for the whole scan out of nmap's many."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scanyard.scanners.nmap.progress import NmapProgress

_EVENTS = st.one_of(
    st.just(("host",)),
    st.tuples(st.just("line"), st.integers(0, 300)),
    st.tuples(
        st.sampled_from(["taskbegin", "taskprogress", "taskend"]),
        st.sampled_from(["Ping Scan", "SYN Stealth Scan", "Service scan", "NSE", "Else"]),
        st.floats(-10, 200),
    ),
)


@given(st.lists(_EVENTS))
def test_it_never_falls_and_never_says_100(events: list[tuple[object, ...]]) -> None:
    progress = NmapProgress(["-sS", "-sV", "--script"], 256)
    last = 0
    for event in events:
        if event[0] == "host":
            progress.host_done()
        elif event[0] == "line":
            progress.line(f"Scanning {event[1]} hosts [5 ports/host]")
        else:
            progress.task(str(event[0]), str(event[1]), float(str(event[2])))
        assert last <= progress.percent <= 99
        last = progress.percent


def test_a_single_host_moves_through_its_phases() -> None:
    progress = NmapProgress(["-sT", "-sV"], 1)
    progress.line("Scanning 192.0.2.1 [2 ports]")
    seen = []
    for name, percent in (("Ping Scan", 100), ("Connect Scan", 50), ("Service scan", 50)):
        progress.task("taskbegin", name, 0)
        progress.task("taskprogress", name, percent)
        seen.append(progress.percent)
    assert seen == [7, 25, 71]


def test_hosts_that_are_done_count_whole() -> None:
    progress = NmapProgress(["-sT"], 16)
    for _ in range(4):
        progress.host_done()
    assert progress.percent == 25
    progress.line("Scanning 8 hosts [2 ports/host]")
    progress.task("taskend", "Connect Scan", 0)
    assert progress.percent == 75


def test_scripts_before_the_first_host_say_nothing() -> None:
    progress = NmapProgress(["-sT", "--script"], 2)
    progress.task("taskend", "NSE", 0)
    progress.line("Scanning 2 hosts [4 ports/host]")
    progress.task("taskend", "Ping Scan", 0)
    assert progress.percent < 20
