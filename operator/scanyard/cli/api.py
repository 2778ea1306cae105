"""Requests to the API server with raw objects, for the commands that people run.

One try each: a person sees at once that nobody answers. What goes on for long (`follow.py`)
begins its watch anew by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlencode

import kubernetes.client
import urllib3
from kubernetes.client.rest import RESTClientObject

from scanyard.cli.cluster import refusal, translated_errors
from scanyard.kube.connection import Connection
from scanyard.kube.errors import KubeExpiredError, KubeUnavailableError
from scanyard.kube.resources import PODS, Resource
from scanyard.lifecycle.pods.pod import SCANNER_CONTAINER

Json = dict[str, Any]

FIELD_MANAGER: Final = "scanyard"
#: A field that this API server does not know must not be dropped in silence.
_WRITE: Final = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}
_MERGE_PATCH: Final = "application/merge-patch+json"
_APPLY_PATCH: Final = "application/apply-patch+yaml"
_JSON: Final = "application/json"
_PAGE: Final = 500
_CHUNK: Final = 65_536


class Api:
    """Every method raises only KubeError subclasses."""

    def __init__(
        self, configuration: kubernetes.client.Configuration, *, timeout_seconds: float
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._host = configuration.host
        self._connection = Connection(configuration.host, None, configuration)
        # The package knows best what a kubeconfig says of TLS and proxies.
        self._pool: urllib3.PoolManager = RESTClientObject(configuration).pool_manager

    @property
    def host(self) -> str:
        """The API server's address."""
        return self._host

    def get(self, resource: Resource, namespace: str | None, name: str) -> Json:
        """One object."""
        return self._json("GET", resource.path(namespace, name))

    def list_all(
        self, resource: Resource, namespace: str | None, selectors: Mapping[str, str] | None = None
    ) -> tuple[list[Json], str]:
        """All items, consistently, and the resourceVersion to watch from.

        selectors: labelSelector and fieldSelector.
        """
        while True:
            try:
                return self._pages(resource.path(namespace), selectors or {})
            except KubeExpiredError:
                continue

    def date(self) -> str | None:
        """The header by which the API server tells its time."""
        timeout = urllib3.Timeout(connect=self._timeout_seconds, read=self._timeout_seconds)
        with self._opened("GET", "/version/", {}, timeout=timeout) as answer:
            return answer.headers.get("Date")

    def first_page(self, resource: Resource, namespace: str | None) -> list[Json]:
        """Some items, fast: what a cache of the API server holds, at most a page."""
        query = {"limit": str(_PAGE), "resourceVersion": "0"}
        return list(self._json("GET", resource.path(namespace), query).get("items") or ())

    def create(self, resource: Resource, namespace: str, body: Json, **query: str) -> Json:
        """A new object; KubeConflictError when the name is taken."""
        query = _WRITE | query
        return self._json("POST", resource.path(namespace), query, body)

    def apply(self, resource: Resource, namespace: str, body: Json, **query: str) -> Json:
        """Server-side apply; KubeConflictError where others own a field with another value."""
        query = _WRITE | query
        path = resource.path(namespace, body["metadata"]["name"])
        return self._json("PATCH", path, query, body, _APPLY_PATCH)

    def merge(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        body: Json,
        *,
        manager: str = FIELD_MANAGER,
    ) -> Json:
        """A merge patch; with metadata.resourceVersion in it only of that very version."""
        query = _WRITE | {"fieldManager": manager}
        return self._json("PATCH", resource.path(namespace, name), query, body, _MERGE_PATCH)

    def delete(
        self, resource: Resource, namespace: str, name: str, *, uid: str, version: str = ""
    ) -> None:
        """Delete the object of that uid, and of that version if one is given.

        Raises KubeConflictError if it is another one, or has changed.
        """
        preconditions = {"uid": uid} | ({"resourceVersion": version} if version else {})
        self._json("DELETE", resource.path(namespace, name), None, {"preconditions": preconditions})

    def watch(
        self,
        resource: Resource,
        namespace: str | None,
        selectors: Mapping[str, str],
        *,
        version: str,
        seconds: int,
    ) -> Iterator[Json]:
        """Events from that resourceVersion on, for at most so many seconds."""
        query = {
            **selectors,
            "watch": "1",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(seconds),
        }
        timeout = urllib3.Timeout(connect=self._timeout_seconds, read=seconds + 10)
        with self._opened("GET", resource.path(namespace), query, timeout=timeout) as answer:
            for line in _lines(answer):
                if not line.endswith(b"\n"):
                    return  # the connection broke within it
                event: Json = json.loads(line)
                if event["type"] == "ERROR":
                    status = event["object"]
                    raise refusal(int(status.get("code") or 500), json.dumps(status), "watch ended")
                yield event

    def log(self, namespace: str, pod: str, *, follow: bool) -> Iterator[str]:
        """The lines of a scan's log as they come, without their ends."""
        query = {"container": SCANNER_CONTAINER} | ({"follow": "true"} if follow else {})
        # A scan may be silent for as long as it likes.
        timeout = urllib3.Timeout(connect=self._timeout_seconds, read=None if follow else 60)
        path = PODS.path(namespace, pod, "log")
        with self._opened("GET", path, query, timeout=timeout) as answer:
            for line in _lines(answer):
                yield line.removesuffix(b"\n").decode("utf-8", "replace")

    def _pages(self, path: str, selectors: Mapping[str, str]) -> tuple[list[Json], str]:
        items: list[Json] = []
        query = {"limit": str(_PAGE)} | {key: text for key, text in selectors.items() if text}
        while True:
            page = self._json("GET", path, query)
            # Items of built-in resources come without their kind, which `-o json` shall show.
            kind = str(page.get("kind", "")).removesuffix("List")
            common = {"apiVersion": page.get("apiVersion", ""), "kind": kind}
            items.extend(common | item for item in page.get("items") or ())
            meta = page.get("metadata") or {}
            if not meta.get("continue"):
                return items, str(meta.get("resourceVersion", ""))
            query["continue"] = meta["continue"]

    def _json(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
        content_type: str = _JSON,
    ) -> Json:
        # A list of thousands takes a while.
        timeout = urllib3.Timeout(connect=self._timeout_seconds, read=3 * self._timeout_seconds)
        with self._opened(
            method, path, query or {}, body=body, content_type=content_type, timeout=timeout
        ) as answer:
            text = answer.read()
        try:
            decoded: Json = json.loads(text)
        except ValueError as error:
            raise KubeUnavailableError(0, f"{self._host} does not answer with JSON") from error
        return decoded

    @contextmanager
    def _opened(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        *,
        timeout: urllib3.Timeout,
        body: Json | None = None,
        content_type: str = _JSON,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        url = self._host + path + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": _JSON, "Content-Type": content_type, **self._connection.headers()}
        data = None if body is None else json.dumps(body).encode()
        with translated_errors():
            answer = self._pool.request(
                method,
                url,
                body=data,
                headers=headers,
                timeout=timeout,
                retries=False,
                preload_content=False,
            )
            try:
                if answer.status >= 400:
                    text = answer.read().decode("utf-8", "replace")
                    raise refusal(answer.status, text, answer.reason or "")
                yield answer
            finally:
                # A stream may stand anywhere in its answer; a connection that is free stays open.
                answer.close()


def _lines(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """Each with its end, but for a last one that has none."""
    rest = b""
    # As it comes: a watch is silent in between, and a log's next line may be an hour away.
    while piece := answer.read1(_CHUNK):
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line + b"\n" for line in whole)
    if rest:
        yield rest
