"""Exceptions that more than one layer knows; each says what the caller can do about it."""

from __future__ import annotations


class ScanyardError(Exception):
    """Base of every error that Scanyard raises on purpose."""


class InvalidInputError(ScanyardError):
    """What a user wrote cannot be used; the message names the field and the mend."""

    def __init__(self, field: str, problem: str, mend: str) -> None:
        super().__init__(f"{field}: {problem}; {mend}")
        self.field = field
        self.problem = problem
        self.mend = mend
