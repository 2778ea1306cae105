"""What the lines of a stretch of work are about: said once, and told by every line within."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, Unpack, cast

from scanyard.logs.schema import Fields

#: The attribute of a record that carries what only this line is about.
EXTRA: Final = "scanyard"
_NOTHING: Final[Fields] = {}
_about: ContextVar[Fields] = ContextVar("about", default=_NOTHING)


@contextmanager
def about(**fields: Unpack[Fields]) -> Iterator[None]:
    """Lines in here, and of tasks that are begun in here, are about this, too."""
    token = _about.set(_merged(_about.get(), fields))
    try:
        yield
    finally:
        _about.reset(token)


def tells(**fields: Unpack[Fields]) -> dict[str, Fields]:
    """`extra` of a single line: `log.info("...", extra=tells(reason=...))`."""
    return {EXTRA: fields}


def current() -> Fields:
    """What a line that is logged here is about."""
    return _about.get()


def _merged(outer: Fields, inner: Mapping[str, Any]) -> Fields:
    return cast("Fields", {**outer, **inner})
