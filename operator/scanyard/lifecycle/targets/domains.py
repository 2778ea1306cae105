"""Sets of domain patterns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

_ANY: Final = "*."


@dataclass(frozen=True, slots=True)
class Domains:
    """`example.com` is that name; `*.example.com` any name below it, but not the name itself."""

    patterns: frozenset[str]

    @classmethod
    def of(cls, patterns: Iterable[str]) -> Self:
        """From their texts."""
        return cls(frozenset(patterns))

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.patterns)

    def matching(self, name: str) -> str | None:
        """A pattern that the name matches; None if there is none."""
        if name in self.patterns:
            return name
        _, dot, parent = name.partition(".")
        while dot:
            if _ANY + parent in self.patterns:
                return _ANY + parent
            _, dot, parent = parent.partition(".")
        return None
