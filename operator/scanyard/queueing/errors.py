"""What can go wrong with the ledger; one exception for each thing the caller can do about it."""

from __future__ import annotations

from scanyard.errors import ScanyardError


class Fenced(ScanyardError):  # noqa: N818 - the design's word for it
    """A newer leader has raised the fence: this process must end, it may change nothing more."""

    def __init__(self, own: int, stored: int) -> None:
        super().__init__(f"fenced: this process leads with fence {own}, the ledger has {stored}")
        self.own = own
        self.stored = stored


class Stale(ScanyardError):  # noqa: N818 - the design's word for it
    """The ledger is not the one this process knows: rebuild it from the API, admit nothing before.

    After the rebuild every ScanJob must be reconciled again: what was submitted meanwhile is lost.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"the ledger must be rebuilt: {reason}")
        self.reason = reason


class LedgerUnavailable(ScanyardError):  # noqa: N818 - named like the condition users see
    """Redis gave no usable answer in time; whether the command ran is unknown.

    The ledger settles the open command before any later one; callers decide anew and submit again,
    since every operation is harmless when repeated.
    """


class LedgerMisconfigured(ScanyardError):  # noqa: N818 - a state that a person has to mend
    """Redis answers, but not as the ledger needs it; the message tells what to change."""


class LedgerClosed(ScanyardError):  # noqa: N818 - a state, and the caller's own doing
    """The writer has been closed; nothing can be submitted any more."""


class InvalidBatch(ScanyardError):  # noqa: N818 - names what was refused
    """A script refused the form of a batch and changed nothing: a defect of the caller."""
