"""What a process that is gone has used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import resource


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU time of user and system in milliseconds, largest resident memory; None: not known.

    Until it became the scanner it shared the runner's memory, and Linux counts that.
    """

    cpu_millis: int | None = None
    peak_memory_bytes: int | None = None

    @classmethod
    def of(cls, used: resource.struct_rusage) -> Self:
        """As wait4(2) tells it; Linux counts the memory in KiB."""
        return cls(round((used.ru_utime + used.ru_stime) * 1000), used.ru_maxrss * 1024)
