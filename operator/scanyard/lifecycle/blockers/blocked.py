"""The answer of a rule that keeps a ScanJob back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Blocked:
    """`key`: the ledger's parked list; `until`: when it is looked at again (None: on a change).

    `reason` and `message` stand in status. `mistake`: a person must mend it, so that it is told
    at once; else it is told when there is time to. Without a message what was told stays.
    """

    key: str
    reason: str = ""
    message: str = ""
    until: datetime | None = None
    mistake: bool = False

    @property
    def words(self) -> tuple[str, str] | None:
        """Reason and message, where it has any."""
        return (self.reason, self.message) if self.message else None
