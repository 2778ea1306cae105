"""Whether a failed attempt is followed by another, and when.

By the cause of the failure, not by the reason that people read: infrastructure that failed may do
better next time, a scanner's own error seldom does. The back-off is exponential with full jitter
and a cap, as AWS's "Exponential Backoff And Jitter" recommends; the jitter comes from a hash of
the attempt, so that a decision made again after a crash is the same decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from scanyard.lifecycle.spread import fraction


class Cause(StrEnum):
    """What made an attempt fail, as spec.retry.causes names it."""

    NODE_LOST = "NodeLost"
    EVICTED = "Evicted"
    PREEMPTED = "Preempted"
    IMAGE_PULL = "ImagePull"
    START_DEADLINE = "StartDeadline"
    RESULT_LOST = "ResultLost"
    TIMEOUT = "Timeout"
    SCANNER_ERROR = "ScannerError"


#: Causes that say nothing about the scan itself: the same scan may well succeed.
INFRASTRUCTURE = frozenset(Cause) - {Cause.TIMEOUT, Cause.SCANNER_ERROR}


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """spec.retry; `causes` are texts, since a newer CRD may know more of them."""

    max_attempts: int
    backoff_seconds: int
    max_backoff_seconds: int
    causes: frozenset[str]

    @classmethod
    def read(cls, raw: Mapping[str, Any] | None) -> Self:
        """From spec.retry, which the API server has defaulted.

        Without it the CRD is of an earlier version, which would not keep the count of failures
        in status either: then nothing is tried again.
        """
        if raw is None:
            return cls(1, 1, 1, frozenset())
        return cls(
            max_attempts=raw["maxAttempts"],
            backoff_seconds=raw["backoffSeconds"],
            max_backoff_seconds=raw["maxBackoffSeconds"],
            causes=frozenset(raw.get("causes") or ()),
        )

    def tries_again(self, cause: Cause | None, failures: int) -> bool:
        """Whether another attempt follows the last of so many failed ones."""
        return cause in self.causes and failures < self.max_attempts

    def retry_at(self, now: datetime, *, failures: int, attempt_key: str) -> datetime:
        """When the attempt after the last of so many failed ones may start, to whole seconds."""
        longest = self.backoff_seconds * 2 ** min(failures - 1, 20)
        seconds = 1 + int(min(longest, self.max_backoff_seconds) * fraction(attempt_key))
        return now.replace(microsecond=0) + timedelta(seconds=seconds)
