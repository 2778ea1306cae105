"""The timeout that an attempt is admitted with, and where it comes from."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanyard.lifecycle.admission import admit
from scanyard.lifecycle.job import read_job
from scanyard.lifecycle.queue import read_queue
from scanyard.lifecycle.timeouts.timeout import ALLOWANCE_SECONDS, Timeout, timeout_for
from scanyard.lifecycle.timeouts.work import Work, expected_seconds, work_of
from tests.support.objects import NOW, at, open_attempt, raw_job, raw_queue
from tests.unit.lifecycle.looking import HELD, look

_ADAPTIVE: Final[dict[str, Any]] = {"timeoutPolicy": "Adaptive"}
_RAW: Final[dict[str, Any]] = {"technique": "Syn", "skipHostDiscovery": True}


def timeout(
    queue: dict[str, Any] | None = None,
    *,
    addresses: int = 1,
    rate: int = 0,
    **spec: Any,
) -> Timeout:
    """Of a ScanJob without timeoutSeconds, unless the spec has it."""
    raw = raw_job(**spec)
    if "timeoutSeconds" not in spec:
        del raw["spec"]["timeoutSeconds"]
    return timeout_for(
        read_job(raw),
        read_queue(raw_queue(**(queue or {}))),
        addresses=addresses,
        packets_per_second=rate,
    )


def work(addresses: int = 1, rate: int = 0, **spec: Any) -> Work:
    return work_of({"scanner": "nmap"} | spec, addresses=addresses, packets_per_second=rate)


@pytest.mark.parametrize(
    ("spec", "queue", "seconds", "basis"),
    [
        ({}, {}, 3600, "default"),
        ({"timeoutSeconds": 60}, {}, 60, "spec.timeoutSeconds"),
        ({"timeoutSeconds": 60}, {"defaults": {"timeoutSeconds": 90}}, 60, "spec.timeoutSeconds"),
        ({"timeoutSeconds": 60}, {"defaults": _ADAPTIVE}, 60, "spec.timeoutSeconds"),
        ({}, {"defaults": {"timeoutSeconds": 90}}, 90, "defaults.timeoutSeconds of queue default"),
        ({}, {"limits": {"maxTimeoutSeconds": 60}}, 60, "limits.maxTimeoutSeconds; default"),
        ({}, {"limits": {"minTimeoutSeconds": 4000}}, 4000, "limits.minTimeoutSeconds; default"),
        (
            {"timeoutPolicy": "Fixed"},
            {"defaults": {"timeoutSeconds": 90, **_ADAPTIVE}},
            90,
            "defaults.timeoutSeconds of queue default",
        ),
        (
            {"ports": {"top": 100}, "nmap": _RAW},
            {"defaults": {"timeoutSeconds": 90, **_ADAPTIVE}},
            160,
            "Adaptive: 2 x 20 s (addresses: 1, ports: 100) + 120 s",
        ),
        (
            {"ports": {"top": 100}, "nmap": _RAW, **_ADAPTIVE},
            {"limits": {"maxTimeoutSeconds": 150}},
            150,
            "limits.maxTimeoutSeconds; Adaptive: 2 x 20 s (addresses: 1, ports: 100) + 120 s",
        ),
        (
            {"ports": {"top": 100}, "nmap": _RAW, **_ADAPTIVE},
            {"limits": {"minTimeoutSeconds": 600}},
            600,
            "limits.minTimeoutSeconds; Adaptive: 2 x 20 s (addresses: 1, ports: 100) + 120 s",
        ),
    ],
)
def test_who_says_how_long(
    spec: dict[str, Any], queue: dict[str, Any], seconds: int, basis: str
) -> None:
    assert timeout(queue, **spec) == Timeout(seconds, basis)


def test_no_timeout_is_longer_than_any_may_be() -> None:
    found = timeout(addresses=2**96, targets=["2001:db8::/32"], **_ADAPTIVE)
    assert found.seconds == 1_209_600
    assert found.basis.startswith("the longest there is; Adaptive: ")


def test_a_name_counts_as_eight_addresses() -> None:
    names = timeout(addresses=2, targets=["a.example.com", "10.0.0.0/31"], **_ADAPTIVE)
    assert names.seconds == timeout(addresses=10, targets=["10.0.0.0/31"], **_ADAPTIVE).seconds


def test_the_rate_is_told() -> None:
    assert "packets/s: 7) +" in timeout(rate=7, **_ADAPTIVE).basis


#: Seconds that nmap 7.93 and masscan 1.3.2 took against addresses that answer nothing, with
#: --max-hostgroup 16. See docs/timeouts.md.
MEASURED: Final[list[tuple[float, Work]]] = [
    (21.7, work(ports={"tcp": "1-100"}, nmap={"skipHostDiscovery": True})),
    (41.8, work(ports={"tcp": "1-200"}, nmap=_RAW)),
    (21.8, work(ports={"tcp": "1-200"}, nmap={**_RAW, "timing": "Aggressive"})),
    (11.9, work(ports={"tcp": "1-200"}, nmap={**_RAW, "timing": "Insane"})),
    (42.2, work(ports={"tcp": "1-20"}, nmap={**_RAW, "timing": "Polite"})),
    (167.1, work(ports={"tcp": "1-5"}, nmap={**_RAW, "timing": "Sneaky"})),
    (82.0, work(8, 50, ports={"tcp": "1-100"}, nmap={**_RAW, "timing": "Aggressive"})),
    (40.9, work(1, 5, ports={"tcp": "1-100"}, nmap={**_RAW, "timing": "Aggressive"})),
    (52.5, work(64, nmap={"technique": "Discovery"})),
    (26.3, work(64, nmap={"technique": "Discovery", "timing": "Aggressive"})),
]


@pytest.mark.parametrize(("seconds", "scan"), MEASURED)
def test_what_was_measured_is_what_is_expected(seconds: float, scan: Work) -> None:
    assert expected_seconds(scan) == pytest.approx(seconds, rel=0.2)


def test_detection_and_scripts_take_time_for_each_host_group() -> None:
    plain = expected_seconds(work(33))
    assert expected_seconds(work(33, nmap={"serviceDetection": True})) == plain + 3 * 180
    categories = {"scriptCategories": ["Default", "Vuln"]}
    assert expected_seconds(work(33, nmap=categories)) == plain + 3 * 120


_SCANS: Final = st.one_of(
    st.fixed_dictionaries(
        {
            "scanner": st.just("nmap"),
            "nmap": st.fixed_dictionaries(
                {
                    "technique": st.sampled_from(["Connect", "Syn", "Udp", "Discovery"]),
                    "timing": st.sampled_from(
                        ["Paranoid", "Sneaky", "Polite", "Normal", "Aggressive", "Insane"]
                    ),
                    "skipHostDiscovery": st.booleans(),
                    "serviceDetection": st.booleans(),
                    "osDetection": st.booleans(),
                    "scriptCategories": st.lists(st.sampled_from(["Default", "Vuln"]), max_size=2),
                },
                optional={"maxRetries": st.integers(0, 20)},
            ),
        }
    ),
    st.fixed_dictionaries(
        {
            "scanner": st.just("masscan"),
            "masscan": st.fixed_dictionaries(
                {"retries": st.integers(0, 5), "waitSeconds": st.integers(0, 60)}
            ),
        }
    ),
)
_ADDRESSES: Final = st.integers(1, 2**32)
_PORTS: Final = st.integers(0, 65535)
#: 0: no rate of its own, which for masscan is its default.
_RATES: Final = st.integers(1, 1_000_000)


def _expected(spec: dict[str, Any], addresses: int, ports: tuple[int, int], rate: int) -> float:
    tcp, udp = ports
    options = spec[spec["scanner"]]
    return expected_seconds(Work(spec["scanner"], addresses, tcp, udp, rate, options))


@given(_SCANS, _ADDRESSES, st.tuples(_PORTS, _PORTS), _RATES, st.integers(0, 70_000))
def test_more_work_never_takes_less_time(
    spec: dict[str, Any], addresses: int, ports: tuple[int, int], rate: int, more: int
) -> None:
    tcp, udp = ports
    once = _expected(spec, addresses, ports, rate)
    # Sums of floats differ in the last digits.
    least = once * (1 - 1e-9)
    assert _expected(spec, addresses + more, ports, rate) >= least
    assert _expected(spec, addresses, (tcp + more, udp), rate) >= least
    assert _expected(spec, addresses, (tcp, udp + more), rate) >= least
    assert _expected(spec, addresses, ports, max(1, rate - more)) >= least
    if spec["scanner"] == "nmap":
        assert once >= _expected(spec, addresses, ports, 0) * (1 - 1e-9)


@given(_SCANS, _ADDRESSES, _RATES)
def test_a_reckoned_timeout_is_within_its_bounds(
    spec: dict[str, Any], addresses: int, rate: int
) -> None:
    spec = spec | _ADAPTIVE | {"ports": {"tcp": "1-65535"}}
    assert ALLOWANCE_SECONDS <= timeout(addresses=addresses, rate=rate, **spec).seconds <= 1_209_600
    queue = {"limits": {"minTimeoutSeconds": 200, "maxTimeoutSeconds": 300}}
    assert 200 <= timeout(queue, addresses=addresses, rate=rate, **spec).seconds <= 300


def test_the_admission_records_it() -> None:
    raw = raw_job(targets=["10.0.0.0/30"], ports={"top": 100}, nmap=_RAW, **_ADAPTIVE)
    del raw["spec"]["timeoutSeconds"]
    status = admit(
        read_job(raw),
        read_queue(raw_queue()),
        fence=7,
        now=NOW,
        addresses=4,
        packets_per_second=5,
    )
    assert status is not None
    (attempt,) = status.raw()["attempts"]
    assert attempt["timeoutSeconds"] == 2 * 160 + 120
    assert attempt["timeoutBasis"].startswith("Adaptive: 2 x 160 s (addresses: 4, ports: 100, ")


@pytest.mark.parametrize(
    ("recorded", "stated", "seconds"), [(90, 60, 90), (None, 60, 60), (None, None, 3600)]
)
def test_what_was_recorded_is_in_force(
    recorded: int | None, stated: int | None, seconds: int
) -> None:
    """An earlier version recorded none, and every ScanJob of its time has a number of its own."""
    fields = {} if recorded is None else {"timeoutSeconds": recorded}
    raw = raw_job(status=open_attempt(**fields))
    raw["spec"].pop("timeoutSeconds")
    if stated is not None:
        raw["spec"]["timeoutSeconds"] = stated
    job = read_job(raw)
    assert job.status.open_attempt is not None
    assert job.timeout_of(job.status.open_attempt) == seconds


def test_a_pod_that_vanished_unseen_holds_its_slot_for_what_was_recorded() -> None:
    decision = look(
        status=open_attempt(startedAt=at(-4), nodeName="node-1", timeoutSeconds=100),
        attempt={"existed": True, "gone_at": NOW, "node_ready": False},
        timeoutSeconds=50,
    )
    assert decision.place == HELD
    assert decision.look_again_at == NOW + timedelta(seconds=100 + 60 + 60)
