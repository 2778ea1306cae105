"""The requests: get, list, create, patch a status, delete with a precondition, read a log's end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp

from scanyard.kube.connection import Connection
from scanyard.kube.errors import KubeError, KubeExpiredError, KubeUnavailableError, error_for
from scanyard.kube.resources import PODS, Resource
from scanyard.kube.server_clock import ServerClock, boot_seconds

Json = dict[str, Any]
#: (verb, resource, HTTP status or 0, seconds)
Observer = Callable[[str, str, int, float], None]
#: Raises when nothing may be changed any more.
Guard = Callable[[], None]

_LIST_TIMEOUT_SECONDS = 120.0
_PAGE = 500


class KubeClient:
    """One aiohttp session with the API server.

    Every method raises only KubeError subclasses, and what `guard` raises: it is asked right
    before each request that changes something. `clock` hears the time from each answer.
    """

    def __init__(
        self,
        connection: Connection,
        observe: Observer = lambda *_: None,
        *,
        clock: ServerClock,
        guard: Guard = lambda: None,
        timeout_seconds: float = 15.0,
    ) -> None:
        self._connection = connection
        self._observe = observe
        self._clock = clock
        self._guard = guard
        self._timeout_seconds = timeout_seconds
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(ssl=self._connection.tls or False, limit=64)
        self._session = aiohttp.ClientSession(
            connector=connector, json_serialize=lambda o: json.dumps(o, separators=(",", ":"))
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            # aiohttp closes TLS transports one loop turn later
            await asyncio.sleep(0)

    async def get(self, resource: Resource, namespace: str | None, name: str) -> Json:
        """A consistent read of one object."""
        return await self._json("get", resource, "GET", resource.path(namespace, name))

    async def list_all(
        self,
        resource: Resource,
        *,
        namespace: str | None = None,
        labels: str = "",
        fields: str = "",
    ) -> tuple[list[Json], int]:
        """A consistent list (no resourceVersion) in pages of 500, and the version it shows."""
        selectors = {"labelSelector": labels, "fieldSelector": fields}
        while True:
            try:
                return await self._pages(resource, namespace, selectors)
            except KubeExpiredError:
                continue

    async def create(self, resource: Resource, namespace: str, body: Json) -> Json:
        """Create; KubeConflictError when the name is taken."""
        return await self._json("create", resource, "POST", resource.path(namespace), body=body)

    async def patch_status(
        self, resource: Resource, namespace: str, name: str, status: Json, resource_version: str
    ) -> Json:
        """Merge-patch the status of exactly that version; KubeConflictError if it has moved on."""
        body = {"metadata": {"resourceVersion": resource_version}, "status": status}
        path = resource.path(namespace, name, "status")
        return await self._json(
            "patch", resource, "PATCH", path, body=body, content_type="application/merge-patch+json"
        )

    async def apply(
        self, resource: Resource, namespace: str, name: str, body: Json, *, manager: str
    ) -> Json:
        """Server-side apply: create it, or make these fields ours and so."""
        return await self._json(
            "patch",
            resource,
            "PATCH",
            resource.path(namespace, name),
            params={"fieldManager": manager, "force": "true"},
            body=body,
            content_type="application/apply-patch+yaml",
        )

    async def replace(self, resource: Resource, namespace: str, name: str, body: Json) -> Json:
        """Put the whole object; KubeConflictError if it is not of the body's version any more."""
        return await self._json(
            "update", resource, "PUT", resource.path(namespace, name), body=body
        )

    async def delete(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        *,
        uid: str,
        resource_version: str = "",
    ) -> Json:
        """Delete in the background if the object still has that uid, with its own grace period.

        With a `resource_version` only if it has not changed since; else KubeConflictError.
        """
        preconditions = {"uid": uid}
        if resource_version:
            preconditions["resourceVersion"] = resource_version
        body = {"preconditions": preconditions, "propagationPolicy": "Background"}
        return await self._json(
            "delete", resource, "DELETE", resource.path(namespace, name), body=body
        )

    async def log_tail(
        self, namespace: str, pod: str, container: str, *, lines: int, limit_bytes: int
    ) -> str:
        """The last lines of a container's log, at most `limit_bytes`."""
        params = {"container": container, "tailLines": str(lines), "limitBytes": str(limit_bytes)}
        path = PODS.path(namespace, pod, "log")
        raw = await self._request("log", PODS, "GET", path, params=params)
        return raw.decode("utf-8", "replace")

    async def _pages(
        self, resource: Resource, namespace: str | None, selectors: Mapping[str, str]
    ) -> tuple[list[Json], int]:
        items: list[Json] = []
        params = {"limit": str(_PAGE)} | {key: text for key, text in selectors.items() if text}
        while True:
            page = await self._json(
                "list", resource, "GET", resource.path(namespace), params=params
            )
            items.extend(page.get("items") or [])
            meta = page.get("metadata", {})
            token = meta.get("continue")
            if not token:
                return items, int(meta.get("resourceVersion", 0))
            params["continue"] = token

    async def _json(
        self,
        verb: str,
        resource: Resource,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Json | None = None,
        content_type: str = "application/json",
    ) -> Json:
        raw = await self._request(
            verb, resource, method, path, params=params, body=body, content_type=content_type
        )
        try:
            answer: Json = json.loads(raw)
        except ValueError as error:
            raise KubeUnavailableError(0, f"{method} {path}: not JSON: {error}") from error
        return answer

    async def _request(
        self,
        verb: str,
        resource: Resource,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Json | None = None,
        content_type: str = "application/json",
    ) -> bytes:
        assert self._session is not None, "use `async with KubeClient(...)`"  # noqa: S101
        if method != "GET":
            self._guard()
        began, sent, status = time.monotonic(), boot_seconds(), 0
        seconds = _LIST_TIMEOUT_SECONDS if verb == "list" else self._timeout_seconds
        try:
            async with self._session.request(
                method,
                self._connection.server + path,
                params=params,
                json=body,
                headers=self._connection.headers() | {"Content-Type": content_type},
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as response:
                received = boot_seconds()
                raw = await response.read()
                status = response.status
                self._clock.heard(response.headers.get("Date"), sent=sent, received=received)
                if status >= 400:
                    raise _error(response, raw)
                return raw
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            text = f"{method} {path}: {type(error).__name__}: {error}"
            raise KubeUnavailableError(0, text) from error
        finally:
            self._observe(verb, resource.plural, status, time.monotonic() - began)


def _error(response: aiohttp.ClientResponse, raw: bytes) -> KubeError:
    try:
        message = str(json.loads(raw)["message"])
    except (ValueError, KeyError, TypeError):
        message = raw[:300].decode("utf-8", "replace") or str(response.reason)
    after = response.headers.get("Retry-After", "")
    return error_for(response.status, message, float(after) if after.isdigit() else 0.0)
