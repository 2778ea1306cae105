"""Names become addresses once, at admission, in the operator: judged, then pinned in the Pod."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

from scanyard.errors import ScanyardError

_TIMEOUT_SECONDS = 10.0


class UnresolvableError(ScanyardError):
    """A target's name has no address now."""


async def resolve(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The addresses of each name, of one family (IPv4 where there is a choice), sorted.

    Raises UnresolvableError; the ScanJob is tried again later.
    """
    found = await asyncio.gather(*(_resolve(name) for name in names))
    return dict(zip(names, found, strict=True))


def spelling(name: str) -> str:
    """The name as it is looked up: absolute, unless it can only be one of this cluster.

    With the Pod's search list `example.com` could be a Service of a namespace `com`.
    """
    in_cluster = "." not in name or name.endswith(".svc")
    return name if in_cluster else f"{name}."


async def _resolve(name: str) -> tuple[str, ...]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            infos = await loop.getaddrinfo(spelling(name), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        reason = str(error) or type(error).__name__
        raise UnresolvableError(
            f"target {name} cannot be resolved ({reason}); check the name, or use its address"
        ) from error
    families = {family for family, *_ in infos}
    family = socket.AF_INET if socket.AF_INET in families else socket.AF_INET6
    return tuple(sorted({str(info[4][0]) for info in infos if info[0] == family}))
