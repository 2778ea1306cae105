"""For how long what has finished is kept."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from scanyard.api.base import Int32

MAX_TTL_SECONDS: Final = 31_536_000

TtlSeconds = Annotated[Int32, Field(ge=0, le=MAX_TTL_SECONDS)]
