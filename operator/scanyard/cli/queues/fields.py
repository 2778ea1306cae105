"""The fields of a queue that `queue create` and `queue edit` take as flags."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

import click

from scanyard.api.fair_share import Ordering
from scanyard.api.scanjob import Scanner, TimeoutPolicy
from scanyard.api.scanqueue import (
    DEFAULT_AGING_SECONDS,
    DEFAULT_MAX_CONCURRENT,
    DEFAULT_MAX_OVERTAKES,
    StopPolicy,
    WindowEndPolicy,
)
from scanyard.cli.ages import parse_duration
from scanyard.errors import InvalidInputError

Json = dict[str, Any]
#: Takes a field that may be absent away again.
NONE: Final = "none"


@dataclass(frozen=True, slots=True)
class Field:
    """One flag: where its value stands in the spec, and what it may be.

    `read` makes the value of the flag's text. `removable`: "none" takes the field away.
    """

    flag: str
    path: tuple[str, ...]
    metavar: str
    help: str
    read: Callable[[str, str], Any]
    removable: bool = True

    @property
    def parameter(self) -> str:
        """The name by which click hands it over."""
        return self.flag.removeprefix("--").replace("-", "_")

    def value(self, text: str) -> Any:
        """Raises InvalidInputError; None: the field is to go."""
        if self.removable and text.lower() == NONE:
            return None
        return self.read(text, self.flag)


def _number(text: str, flag: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidInputError(flag, f"{text!r} is no number", "write one, such as 5") from None


def _one_of(words: tuple[str, ...]) -> Callable[[str, str], str]:
    def read(text: str, flag: str) -> str:
        for word in words:
            if word.lower() == text.lower():
                return word
        raise InvalidInputError(flag, f"{text!r} is none of its values", f"{', '.join(words)}")

    return read


def _list(text: str, _flag: str) -> list[str]:
    return [part for part in text.split(",") if part]


_STOP_POLICIES, _END_POLICIES = get_args(StopPolicy), get_args(WindowEndPolicy)
_TIMEOUT_POLICIES, _ORDERINGS = get_args(TimeoutPolicy), get_args(Ordering)

FIELDS: Final = (
    Field("--limit", ("maxConcurrent",), "N",
          f"At most N scans at once ({DEFAULT_MAX_CONCURRENT}).", _number, removable=False),
    Field("--per-node", ("maxConcurrentPerNode",), "N",
          "At most N of its scans on one node.", _number),
    Field("--per-namespace", ("maxConcurrentPerNamespace",), "N",
          "At most N scans of one namespace at once.", _number),
    Field("--ordering", ("ordering",), "ORDER",
          f"{' or '.join(_ORDERINGS)} among namespaces.", _one_of(_ORDERINGS), removable=False),
    Field("--max-pending", ("limits", "maxPending"), "N",
          "At most N scans of one namespace wait in it; others enter as these start.", _number),
    Field("--target-wait", ("targetWaitSeconds",), "DURATION",
          "No scan should wait longer: an aim for alerts.", parse_duration),
    Field("--per-target", ("maxConcurrentPerTarget",), "N",
          "Start no scan of targets that N scans probe.", _number),
    Field("--rate", ("packetsPerSecond",), "N",
          "All its scans together send at most N packets a second.", _number),
    Field("--default-rate", ("defaults", "packetsPerSecond"), "N",
          "Rate of nmap scans that state none.", _number),
    Field("--max-overtakes", ("maxOvertakes",), "N",
          f"So many may go past one that waits for packets ({DEFAULT_MAX_OVERTAKES}).",
          _number, removable=False),
    Field("--default-timeout", ("defaults", "timeoutSeconds"), "DURATION",
          "Timeout of scans that state none (1h).", parse_duration),
    Field("--timeout-policy", ("defaults", "timeoutPolicy"), "POLICY",
          "Of scans that state no timeout: Adaptive reckons it; else Fixed.",
          _one_of(_TIMEOUT_POLICIES)),
    Field("--min-timeout", ("limits", "minTimeoutSeconds"), "DURATION",
          "No timeout is less.", parse_duration),
    Field("--max-timeout", ("limits", "maxTimeoutSeconds"), "DURATION",
          "No timeout is more.", parse_duration),
    Field("--max-addresses", ("limits", "maxAddresses"), "N",
          "One scan has at most N addresses.", _number),
    Field("--scanners", ("allowedScanners",), "LIST",
          f"Runs these only, of {', '.join(get_args(Scanner))}.", _list),
    Field("--allow", ("scope", "allow"), "LIST",
          "Scans these networks and domains only, such as 10.0.0.0/8,*.example.com.", _list),
    Field("--deny", ("scope", "deny"), "LIST", "Does not scan these.", _list),
    Field("--ttl", ("defaults", "ttlSecondsAfterFinished"), "DURATION",
          "Finished scans that say nothing themselves are deleted after so long.", parse_duration),
    Field("--window-end", ("windowEndPolicy",), "POLICY",
          f"When its last open window ends: {' or '.join(_END_POLICIES)}.",
          _one_of(_END_POLICIES), removable=False),
    Field("--aging", ("agingSeconds",), "DURATION",
          "Waiting so long weighs a point of priority; 0: priority alone decides "
          f"({DEFAULT_AGING_SECONDS}s).", parse_duration, removable=False),
    Field("--priority", ("priority",), "N", "Among queues, -1000 to 1000 (0).",
          _number, removable=False),
    Field("--stop-policy", ("stopPolicy",), "POLICY",
          f"{', '.join(_STOP_POLICIES)}; also set by hold, drain and release.",
          _one_of(_STOP_POLICIES), removable=False),
)  # fmt: skip


def field_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags; the command gets their texts by name, None where nothing was said."""
    for field in reversed(FIELDS):
        option = click.option(field.flag, metavar=field.metavar, help=field.help)
        command = option(command)
    return command


def spec_of(texts: Mapping[str, str | None]) -> Json:
    """Only the fields that were given; None where one is to go. Raises InvalidInputError."""
    spec: Json = {}
    for field in FIELDS:
        text = texts.get(field.parameter)
        if text is None:
            continue
        *outer, last = field.path
        place = spec
        for name in outer:
            place = place.setdefault(name, {})
        place[last] = field.value(text)
    return spec


def in_words(spec: Json, before: str = "") -> list[str]:
    """Each given field as it will be, such as "limits.maxAddresses is 256"."""
    words: list[str] = []
    for name, value in spec.items():
        if isinstance(value, dict):
            words += in_words(value, f"{before}{name}.")
        elif value is None:
            words.append(f"{before}{name} is taken away")
        else:
            text = ", ".join(value) if isinstance(value, list) else value
            words.append(f"{before}{name} is {text}")
    return words
