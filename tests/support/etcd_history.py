"""All that ever stood in an API server's etcd, in order and without a gap.

A watch of the API server breaks with it, and what happened before the next list is lost. Its etcd
goes on, so an auditor that reads there misses nothing, whatever is done to the API server. The API
server must store JSON (tests/support/control_plane.py has it so).
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

import urllib3

from tests.support.audit_objects import Kind, Seen

#: etcd's way to say "all keys".
_ALL_KEYS: Final = {"key": "AA==", "range_end": "AA=="}
_CATCH_UP_SECONDS: Final = 20.0


class EtcdHistory:
    """Follows etcd in a thread from its first revision on; use as a context manager.

    `kinds` gives the kind of the objects below a key, such as {"/registry/pods/default/": "Pod"};
    other keys are left out.
    """

    def __init__(self, url: str, kinds: Mapping[str, Kind]) -> None:
        self._url = url
        self._kinds = dict(kinds)
        self._pool = urllib3.PoolManager(retries=False)
        self._seen: list[Seen] = []
        self._revision = 0
        self._changed = threading.Condition()
        self._failure = ""
        self._stopping = False
        self._response: urllib3.BaseHTTPResponse | None = None
        self._thread = threading.Thread(target=self._follow, name="etcd", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping = True
        if self._response is not None:
            with suppress(ValueError):  # it has ended by itself
                self._response.shutdown()
        self._thread.join(timeout=10)
        self._pool.clear()

    def compact(self) -> None:
        """Forget all revisions but the newest: no watch can be taken up from an older one."""
        self._ask("kv/compaction", {"revision": self._newest()})

    def delete(self, key: str) -> None:
        """Take an object away behind the API server's back."""
        text = base64.b64encode(key.encode()).decode()
        assert self._ask("kv/deleterange", {"key": text}).get("deleted") == "1", f"no {key}"

    def seen(self) -> list[Seen]:
        """All that has happened until now."""
        newest = self._newest()
        with self._changed:
            self._changed.wait_for(
                lambda: self._revision >= newest or self._failure, timeout=_CATCH_UP_SECONDS
            )
            assert not self._failure, f"etcd was not followed: {self._failure}"
            assert self._revision >= newest, f"etcd tells too late: {self._revision} of {newest}"
            return list(self._seen)

    def _newest(self) -> int:
        return int(self._ask("kv/range", _ALL_KEYS | {"count_only": True})["header"]["revision"])

    def _ask(self, what: str, body: Mapping[str, Any]) -> Any:
        reply = self._pool.request("POST", f"{self._url}/v3/{what}", json=body, timeout=10)
        assert reply.status == 200, reply.data
        return reply.json()

    def _follow(self) -> None:
        try:
            for told in self._watch():
                if told.get("canceled"):
                    raise ValueError(f"the watch was ended: {told}")
                self._take(told)
            raise ValueError("the watch has ended")
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if not self._stopping:
                with self._changed:
                    self._failure = repr(error)
                    self._changed.notify_all()

    def _watch(self) -> Iterator[Mapping[str, Any]]:
        create = _ALL_KEYS | {"start_revision": 1, "prev_kv": True}
        response = self._pool.request(
            "POST",
            f"{self._url}/v3/watch",
            json={"create_request": create},
            preload_content=False,
            timeout=urllib3.Timeout(connect=10, read=None),
        )
        self._response = response
        rest = b""
        for chunk in response.stream(1 << 16):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield json.loads(line)["result"]

    def _take(self, told: Mapping[str, Any]) -> None:
        now = time.monotonic()
        seen = [self._event(event, now) for event in told.get("events", ())]
        with self._changed:
            self._seen += [each for each in seen if each is not None]
            for event in told.get("events", ()):
                self._revision = max(self._revision, int(event["kv"]["mod_revision"]))
            self._changed.notify_all()

    def _event(self, event: Mapping[str, Any], now: float) -> Seen | None:
        key = base64.b64decode(event["kv"]["key"]).decode(errors="replace")
        kind = next((kind for prefix, kind in self._kinds.items() if key.startswith(prefix)), None)
        if kind is None:
            return None
        deleted, before = event.get("type") == "DELETE", event.get("prev_kv")
        value = before if deleted else event["kv"]
        if value is None:
            raise ValueError(f"etcd has forgotten what was deleted: {key}")
        raw = json.loads(base64.b64decode(value["value"]))
        raw["metadata"]["resourceVersion"] = event["kv"]["mod_revision"]
        told = "DELETED" if deleted else "MODIFIED" if before else "ADDED"
        return Seen(kind, told, raw, now)
