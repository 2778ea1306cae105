"""ScanQueues, ScanJobs and attempt Pods as commands read and change them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import kubernetes.client

from scanyard.api import names
from scanyard.cli.cluster import REQUEST_TIMEOUT_SECONDS, patiently, translated_errors
from scanyard.kube.errors import KubeError, KubeExpiredError
from scanyard.kube.server_clock import ServerClock, boot_seconds
from scanyard.lifecycle.pod import PodState, is_attempt, read_pod

Json = dict[str, Any]

#: The Pods of all scans, and nothing else; also what the README tells kubectl.
SCAN_PODS: Final = (
    f"{names.LABEL_MANAGED_BY}={names.MANAGED_BY},{names.LABEL_ROLE}={names.ROLE_ATTEMPT}"
)
_PAGE: Final = 500
#: A request is repeated for so long where the API server does not answer.
_PATIENCE_SECONDS: Final = 30.0
_MERGE_PATCH: Final = "application/merge-patch+json"
_RESOURCE: Final = (names.GROUP, names.VERSION)


class Objects:
    """The objects of one namespace, or of all; every method raises only ScanyardError."""

    def __init__(self, client: kubernetes.client.ApiClient, namespace: str | None) -> None:
        self._custom = kubernetes.client.CustomObjectsApi(client)
        self._core = kubernetes.client.CoreV1Api(client)
        self._version = kubernetes.client.VersionApi(client)
        self._namespace = namespace

    def queues(self) -> list[Json]:
        """All ScanQueues, consistently."""
        return self._list(names.SCANQUEUE_PLURAL)

    def scanjobs(self) -> list[Json]:
        """All ScanJobs, consistently."""
        return self._list(names.SCANJOB_PLURAL)

    def scan_pods(self) -> list[PodState]:
        """The Pods of attempts, consistently."""

        def page(options: Json) -> Json:
            answer: Any
            options = {"label_selector": SCAN_PODS, "_preload_content": False, **options}
            if self._namespace is None:
                answer = self._core.list_pod_for_all_namespaces(**options)
            else:
                answer = self._core.list_namespaced_pod(self._namespace, **options)
            return dict(json.loads(answer.data))

        return [read_pod(raw) for raw in _pages(page) if is_attempt(raw)]

    def server_time(self) -> datetime:
        """The API server's time, which need not be this machine's; this machine's if it is mum."""
        clock, sent = ServerClock(), boot_seconds()
        with suppress(KubeError), translated_errors():
            answer: Any = self._version.get_code(
                _preload_content=False, _request_timeout=REQUEST_TIMEOUT_SECONDS
            )
            clock.heard(answer.headers.get("Date"), sent=sent, received=boot_seconds())
        return clock.now()

    def get(self, plural: str, namespace: str, name: str) -> Json:
        """One ScanJob or ScanQueue."""

        def request() -> Json:
            with translated_errors():
                raw: Any = self._custom.get_namespaced_custom_object(
                    *_RESOURCE, namespace, plural, name, _request_timeout=REQUEST_TIMEOUT_SECONDS
                )
            return dict(raw)

        return patiently(request, wait_seconds=_PATIENCE_SECONDS)

    def annotate_queue(
        self, queue: Json, notes: Mapping[str, str | None], *, manager: str, version: str = ""
    ) -> None:
        """Set annotations of a ScanQueue, or remove those that are None.

        With `version` only if it is still that version; else KubeConflictError.
        """
        meta = queue["metadata"]
        body: Json = {"metadata": {"annotations": dict(notes)}}
        if version:
            body["metadata"]["resourceVersion"] = version

        def request() -> None:
            with translated_errors():
                self._custom.patch_namespaced_custom_object(
                    *_RESOURCE,
                    meta["namespace"],
                    names.SCANQUEUE_PLURAL,
                    meta["name"],
                    body,
                    field_manager=manager,
                    _content_type=_MERGE_PATCH,
                    _request_timeout=REQUEST_TIMEOUT_SECONDS,
                )

        patiently(request, wait_seconds=_PATIENCE_SECONDS)

    def delete_pod(self, pod: PodState) -> None:
        """Delete exactly this Pod, with its own grace period."""
        options = kubernetes.client.V1DeleteOptions(
            preconditions=kubernetes.client.V1Preconditions(uid=pod.uid)
        )

        def request() -> None:
            with translated_errors():
                self._core.delete_namespaced_pod(
                    pod.name,
                    pod.namespace,
                    body=options,
                    _preload_content=False,
                    _request_timeout=REQUEST_TIMEOUT_SECONDS,
                )

        patiently(request, wait_seconds=_PATIENCE_SECONDS)

    def _list(self, plural: str) -> list[Json]:
        def page(options: Json) -> Json:
            raw: Any
            if self._namespace is None:
                raw = self._custom.list_cluster_custom_object(*_RESOURCE, plural, **options)
            else:
                raw = self._custom.list_namespaced_custom_object(
                    *_RESOURCE, self._namespace, plural, **options
                )
            return dict(raw)

        return _pages(page)


def notes_of(raw: Json) -> Mapping[str, str]:
    """The annotations of an object."""
    return raw["metadata"].get("annotations") or {}


def _pages(request: Callable[[Json], Json]) -> list[Json]:
    """All items of a list; an expired continuation begins anew."""
    while True:
        try:
            return patiently(lambda: _all_pages(request), wait_seconds=_PATIENCE_SECONDS)
        except KubeExpiredError:
            continue


def _all_pages(request: Callable[[Json], Json]) -> list[Json]:
    items: list[Json] = []
    options: Json = {"limit": _PAGE, "_request_timeout": REQUEST_TIMEOUT_SECONDS}
    while True:
        with translated_errors():
            page = request(options)
        items.extend(page.get("items") or [])
        token = (page.get("metadata") or {}).get("continue")
        if not token:
            return items
        options["_continue"] = token
