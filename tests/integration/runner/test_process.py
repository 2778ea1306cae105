"""The runner as a process: signals, limits, orphans, floods, memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.runner.running import Runners

Fake = Callable[[str], str]
_PACKAGE = Path(__file__).parents[3] / "operator"
_DONE = "findings.write('<nmaprun><runstats><finished exit=\"success\"/></runstats></nmaprun>')\n"


def test_a_scanner_is_asked_once_however_often_the_runner_is(
    runners: Runners, fake_scanner: Fake
) -> None:
    program = fake_scanner(
        "asked = []\n"
        "signal.signal(signal.SIGINT, lambda *_: asked.append(1))\n"
        "print('listening', flush=True)\n"
        "end = time.monotonic() + 2\n"
        "while time.monotonic() < end: time.sleep(0.05)\n"
        "print('asked', len(asked))\n"
    )
    running = runners.start("nmap", [program])
    running.wait_for("listening")
    for _ in range(3):
        running.signal(signal.SIGTERM)
        time.sleep(0.2)
    ended = running.end()
    assert "nmap| asked 1" in ended.log
    assert ended.report.reason == "Interrupted"


def test_a_scanner_that_does_not_listen_is_killed(runners: Runners, fake_scanner: Fake) -> None:
    program = fake_scanner(
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(60)\n"
    )
    running = runners.start("nmap", [program], "--timeout-seconds=1", "--stop-seconds=1")
    ended = running.end()
    assert ended.seconds < 20
    assert (ended.report.reason, ended.report.signal) == ("WatchdogExpired", signal.SIGKILL)
    assert ended.exit_code == 124


def test_a_scan_that_finished_is_complete_even_when_stopped_late(
    runners: Runners, fake_scanner: Fake
) -> None:
    program = fake_scanner(
        "signal.signal(signal.SIGINT, lambda *_: sys.exit(0))\n"
        + _DONE
        + "findings.flush()\nprint('done', flush=True)\ntime.sleep(60)\n"
    )
    running = runners.start("nmap", [program])
    running.wait_for("done")
    running.signal(signal.SIGTERM)
    ended = running.end()
    assert (ended.report.complete, ended.exit_code) == (True, 0)


def test_what_a_scanner_leaves_behind_does_not_hold_the_runner(
    runners: Runners, fake_scanner: Fake
) -> None:
    program = fake_scanner(
        "child = os.fork()\nif child == 0: time.sleep(60)\nprint('left', child, flush=True)\n"
    )
    ended = runners.start("nmap", [program]).end()
    assert ended.seconds < 20
    left = int(ended.log.split("nmap| left ")[1].split()[0])
    stat = Path(f"/proc/{left}/stat")
    assert not stat.exists() or " Z " in stat.read_text()


def test_as_pid_1_it_reaps_orphans_and_hears_signals(runners: Runners, fake_scanner: Fake) -> None:
    program = fake_scanner(
        "for _ in range(5):\n"
        "    if os.fork() == 0:\n"
        "        if os.fork() == 0: time.sleep(0.1)\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
        "time.sleep(1.5)\n"
        "states = [open(f'/proc/{p}/stat').read().rsplit(')', 1)[1].split()[0]\n"
        "          for p in os.listdir('/proc') if p.isdigit()]\n"
        "print('parent', os.getppid(), 'zombies', states.count('Z'), flush=True)\n"
        "time.sleep(60)\n"
    )
    before = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    running = runners.start("nmap", [program], before=before)
    running.wait_for("parent 1 zombies 0")
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGTERM)
    ended = running.end()
    assert ended.report.reason == "Interrupted"


def test_nothing_of_the_pod_reaches_the_scanner(
    runners: Runners, fake_scanner: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NMAP_PRIVILEGED", "1")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "192.0.2.1")
    program = fake_scanner(
        "print('names', *sorted(os.environ))\n"
        "print('open', *sorted(os.listdir('/proc/self/fd'), key=int))\n"
        "print('leader', os.getsid(0) == os.getpid())\n"
        "print('blocked', *signal.pthread_sigmask(signal.SIG_BLOCK, []))\n"
    )
    log = runners.start("nmap", [program]).end().log
    assert "nmap| names HOME LC_ALL PATH\n" in log
    assert "nmap| leader True\n" in log
    assert "nmap| blocked\n" in log
    # 0-3, what this program opened itself, and the listing.
    assert "nmap| open 0 1 2 3 4 5\n" in log


def test_a_flood_of_lines_is_dammed(runners: Runners, fake_scanner: Fake) -> None:
    program = fake_scanner(
        "for n in range(200_000): print('Nmap scan report for', n, 'x' * 100)\n" + _DONE
    )
    ended = runners.start("nmap", [program]).end()
    assert ended.report.complete
    assert len(ended.log) < 1_500_000
    assert "lines of nmap left out" in ended.log


def test_a_log_that_nobody_reads_does_not_stop_the_watchdog(
    runners: Runners, fake_scanner: Fake
) -> None:
    program = fake_scanner("while True: print('x' * 900, flush=True)\n")
    reading, writing = os.pipe()
    running = runners.start("nmap", [program], "--timeout-seconds=2", stdout=writing)
    os.close(writing)
    deadline = time.monotonic() + 30
    while not (running.termination_log.exists() and _reason(running.termination_log)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.close(reading)
    assert running.end().report.reason == "WatchdogExpired"


def _reason(message: Path) -> bool:
    return b"WatchdogExpired" in message.read_bytes()


def test_killed_the_runner_leaves_its_last_report(runners: Runners, fake_scanner: Fake) -> None:
    program = fake_scanner(
        "print('Discovered open port 80/tcp on 192.0.2.1', flush=True)\ntime.sleep(60)\n"
    )
    running = runners.start("nmap", [program])
    running.wait_for("Discovered")
    deadline = time.monotonic() + 30
    while b'"openPorts":1' not in running.termination_log.read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    group = int(Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()[0])
    running.signal(signal.SIGKILL)
    ended = running.end()
    os.killpg(group, signal.SIGKILL)
    assert (ended.report.reason, ended.report.complete) == ("Killed", False)
    assert ended.open_ports == {("192.0.2.1", 80, "tcp")}


@pytest.mark.parametrize(
    ("scanner", "argv", "options", "reason", "code"),
    [
        ("nmap", "/no/such/program", (), "ExecFailed", 127),
        ("nmap", "/etc/passwd", (), "ExecFailed", 127),
        ("zmap", "/bin/true", (), "UsageError", 64),
        ("nmap", "/bin/true", ("--work-dir=/no/such/folder",), "WorkDirectory", 64),
        ("nmap", "/bin/true", (), "OutputTruncated", 65),
        ("nmap", "/bin/false", (), "ScannerError", 1),
    ],
)
def test_a_scan_that_cannot_be_says_why(
    runners: Runners, scanner: str, argv: str, options: tuple[str, ...], reason: str, code: int
) -> None:
    ended = runners.start(scanner, [argv], *options).end()
    assert (ended.report.reason, ended.exit_code) == (reason, code)
    assert ended.report.message
    assert ended.report.reason in ended.log


def test_a_million_ports_of_nmap_in_bounded_memory(runners: Runners, fake_scanner: Fake) -> None:
    program = fake_scanner(
        'port = \'<port protocol="tcp" portid="%d"><state state="open"/></port>\'\n'
        "ports = ''.join(port % n for n in range(1, 62_501))\n"
        "findings.write('<nmaprun>')\n"
        "for n in range(16):\n"
        '    findings.write(f\'<host><status state="up"/><address addr="10.0.0.{n}"/>\')\n'
        "    findings.write(f'<ports>{ports}</ports></host>')\n"
        "findings.write('<runstats><finished exit=\"success\"/></runstats></nmaprun>')\n"
    )
    ended = runners.start("nmap", [program], "--total-targets=16").end()
    assert ended.report.complete
    assert (ended.report.hosts_up, ended.report.open_ports) == (16, 1_000_000)
    assert ended.report.truncated
    assert 0 < ended.peak_bytes < 128 * 1024 * 1024
    assert len(ended.log) < 10 * 1024 * 1024


def test_many_records_of_masscan_in_bounded_memory(runners: Runners, fake_scanner: Fake) -> None:
    program = fake_scanner(
        "print('rate:  0.00-kpps, 100.00% done, waiting 0-secs, found=0', file=sys.stderr)\n"
        'port = \'{"port": %d, "proto": "tcp", "status": "open"}\'\n'
        "for n in range(300_000):\n"
        "    ip = f'10.{n >> 16}.{n >> 8 & 255}.{n & 255}'\n"
        '    findings.write(\'{ "ip": "%s", "ports": [%s] }\\n,\\n\' % (ip, port % 80))\n'
    )
    ended = runners.start("masscan", [program]).end()
    assert ended.report.complete
    assert (ended.report.hosts_up, ended.report.open_ports) == (300_000, 300_000)
    assert 0 < ended.peak_bytes < 128 * 1024 * 1024


def _capabilities(code: str) -> subprocess.CompletedProcess[str]:
    start = (
        f"import sys; sys.path.insert(0, {str(_PACKAGE)!r})\n"
        "from scanyard.runner import capabilities as c\n"
    )
    command = [sys.executable, "-I", "-S", "-c", start + code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_net_raw_is_handed_on_to_children() -> None:
    done = _capabilities(
        "c.hand_on_net_raw()\n"
        "print([l for l in open('/proc/self/status') if l.startswith('CapAmb')][0])\n"
    )
    assert int(done.stdout.split()[1], 16) == 1 << 13


def test_without_the_capability_it_says_what_to_do() -> None:
    done = _capabilities(
        "header, data = c._Header(c._VERSION_3, 0), (c._Data * 2)()\n"
        "c.ctypes.CDLL(None).capset(c.ctypes.byref(header), data)\n"
        "c.hand_on_net_raw()\n"
    )
    assert "NetRawError" in done.stderr
    assert "add NET_RAW" in done.stderr
