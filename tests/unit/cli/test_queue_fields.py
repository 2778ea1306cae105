"""From the flags of `queue create` and `queue edit` to the spec of a queue."""

from __future__ import annotations

from typing import Any

import pytest

from scanyard.api.scanqueue import ScanQueueSpec
from scanyard.cli.queues.fields import FIELDS, in_words, spec_of
from scanyard.errors import InvalidInputError


def test_only_what_was_given_is_sent() -> None:
    assert spec_of({}) == {}
    assert spec_of({"limit": "4", "rate": None}) == {"maxConcurrent": 4}
    given = {"max_timeout": "2h", "max_addresses": "256", "allow": "10.0.0.0/8,*.example.com"}
    assert spec_of(given) == {
        "limits": {"maxTimeoutSeconds": 7200, "maxAddresses": 256},
        "scope": {"allow": ["10.0.0.0/8", "*.example.com"]},
    }


def test_words_are_read_in_any_case() -> None:
    spec = spec_of({"timeout_policy": "adaptive", "stop_policy": "none", "window_end": "DRAIN"})
    assert spec == {
        "defaults": {"timeoutPolicy": "Adaptive"},
        "stopPolicy": "None",
        "windowEndPolicy": "Drain",
    }


def test_none_takes_away_what_may_be_absent() -> None:
    assert spec_of({"per_node": "none", "ttl": "None"}) == {
        "maxConcurrentPerNode": None,
        "defaults": {"ttlSecondsAfterFinished": None},
    }
    with pytest.raises(InvalidInputError, match="--limit"):
        spec_of({"limit": "none"})


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ({"limit": "many"}, "--limit"),
        ({"max_timeout": "soon"}, "--max-timeout"),
        ({"timeout_policy": "Auto"}, "Fixed, Adaptive"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_flag(flags: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidInputError, match=told):
        spec_of(flags)


def test_every_flag_sets_a_field_that_a_queue_has() -> None:
    example: dict[str, Any] = {
        "N": "7",
        "DURATION": "1h",
        "LIST": "nmap",
        "POLICY": "",
        "ORDER": "fairshare",
    }
    policies = {"--timeout-policy": "Adaptive", "--window-end": "Drain", "--stop-policy": "Hold"}
    for field in FIELDS:
        text = policies.get(field.flag) or example[field.metavar]
        ScanQueueSpec.model_validate(spec_of({field.parameter: text}))


def test_what_is_changed_is_told_by_field() -> None:
    spec = spec_of({"limit": "4", "max_timeout": "1h", "per_node": "none", "scanners": "nmap"})
    assert in_words(spec) == [
        "maxConcurrent is 4",
        "maxConcurrentPerNode is taken away",
        "limits.maxTimeoutSeconds is 3600",
        "allowedScanners is nmap",
    ]
