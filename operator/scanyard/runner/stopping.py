"""How a scanner is stopped: asked once, and forced only when it does not listen."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import Final

LATE_REPLIES_SECONDS: Final = 28
"""masscan waits for late replies after SIGINT, up to 26 s by default; a second one cuts that."""

_FORCE_AFTER_SECOND_SECONDS: Final = 20


@dataclass(slots=True)
class StopPlan:
    """The signals that are due, given a clock in seconds. `reason` is the first one's."""

    scanner: str
    stop_seconds: int
    reason: str = ""
    _began: float = 0.0
    _steps: list[tuple[float, int]] = field(default_factory=list)

    @property
    def stopping(self) -> bool:
        return bool(self.reason)

    def begin(self, reason: str, now: float) -> None:
        """Stop now; asked again, nothing more happens than what was planned."""
        if self.stopping:
            return
        self.reason = reason
        self._began = now
        self._steps = [(0.0, signal.SIGINT)]
        if self.scanner == "masscan":
            # Only masscan gains by it: nmap ends at once.
            second = min(LATE_REPLIES_SECONDS, self.stop_seconds - _FORCE_AFTER_SECOND_SECONDS)
            self._steps.append((max(float(second), self.stop_seconds / 2), signal.SIGINT))
        self._steps.append((float(self.stop_seconds), signal.SIGKILL))

    def due(self, now: float) -> int | None:
        """The next signal to send, once its time has come."""
        if not self._steps or now - self._began < self._steps[0][0]:
            return None
        return self._steps.pop(0)[1]
