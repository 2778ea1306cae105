"""Everything that happens to a kind of object, in the order in which the API server tells it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import urllib3

from tests.support.kube import Cluster

Object = Mapping[str, Any]
_WATCH_SECONDS = 300
#: A server that is away for longer fails the test.
_OUTAGE_SECONDS = 60.0
#: A request that lasts so long has watched, and was not just waiting for a server.
_WATCHED_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class Event:
    """One version of an object; `type` is ADDED, MODIFIED or DELETED, `at` is time.monotonic().

    `inferred`: it was gone when it was listed again; what it had become before was not seen.
    """

    type: str
    object: Object
    at: float
    inferred: bool = False

    @property
    def name(self) -> str:
        return str(self.object["metadata"]["name"])

    @property
    def version(self) -> int:
        """The resourceVersion: etcd's own count, so it also orders objects of different kinds."""
        return int(self.object["metadata"]["resourceVersion"])


class Recorder:
    """Lists and watches a collection in a thread, and keeps every event.

    `path` is a collection such as /api/v1/namespaces/x/pods. Use as a context manager; it has
    listed when it is entered. A watch that ends is taken up where it ended, also after the server
    was away for a while. One that the server cannot continue fails whoever waits, unless `relists`:
    then it lists again, and what happened in between is told as one event an object.
    """

    def __init__(self, cluster: Cluster, path: str, **query: str) -> None:
        self._cluster = cluster
        self._path = path
        self._query = query
        self._events: list[Event] = []
        self._changed = threading.Condition()
        self._failure = ""
        self._stopping = False
        self.relists = False
        self._response: urllib3.BaseHTTPResponse | None = None
        self._thread = threading.Thread(target=self._follow, name=f"watch {path}", daemon=True)
        self._next_version = ""

    def __enter__(self) -> Self:
        listed = self._cluster.request("GET", self._path, None, **self._query).expect()
        self._next_version = listed["metadata"]["resourceVersion"]
        for item in listed["items"]:
            self._events.append(Event("ADDED", item, time.monotonic()))
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
            with suppress(ValueError):  # its connection has ended by itself
                self._response.shutdown()
        self._thread.join(timeout=10)

    def events(self, name: str | None = None) -> list[Event]:
        """All events so far, or those of one object."""
        with self._changed:
            return [event for event in self._events if name is None or event.name == name]

    @property
    def failure(self) -> str:
        """Why it watches no more, if so."""
        return self._failure

    def since(self, position: int) -> list[Event]:
        """All events so far but the first so many."""
        with self._changed:
            return self._events[position:]

    def wait(
        self,
        accept: Callable[[Event], bool],
        what: str,
        *,
        seconds: float,
        name: str | None = None,
        after: int = 0,
    ) -> Event:
        """The first event, past or future, that is accepted and newer than `after`.

        Fails with `what` and the last event seen.
        """
        deadline = time.monotonic() + seconds
        seen = 0
        with self._changed:
            while True:
                for event in self._events[seen:]:
                    fits = event.version > after and (name is None or event.name == name)
                    if fits and accept(event):
                        return event
                seen = len(self._events)
                assert not self._failure, f"cannot watch {self._path}: {self._failure}"
                left = deadline - time.monotonic()
                assert left > 0, f"not within {seconds:.0f} s: {what}; {self._last(name)}"
                self._changed.wait(left)

    def _last(self, name: str | None) -> str:
        mine = [event for event in self._events if name is None or event.name == name]
        if not mine:
            return f"nothing was ever seen of {name or self._path}"
        status = json.dumps(mine[-1].object.get("status"), indent=1)
        return f"last {mine[-1].type} {mine[-1].name} with status {status}"

    def _follow(self) -> None:
        try:
            while not self._stopping:
                self._watch_patiently()
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if not self._stopping:
                with self._changed:
                    self._failure = repr(error)
                    self._changed.notify_all()

    def _watch_patiently(self) -> None:
        """Watch once; an outage is sat out, since nothing is missed by it."""
        outage_since = time.monotonic()
        while not self._stopping:
            began = time.monotonic()
            try:
                self._watch_once()
            except (urllib3.exceptions.HTTPError, OSError):
                if time.monotonic() - began > _WATCHED_SECONDS:
                    outage_since = time.monotonic()  # it had worked until now
                if time.monotonic() - outage_since > _OUTAGE_SECONDS:
                    raise
                time.sleep(0.1)
            else:
                return

    def _watch_once(self) -> None:
        query = self._query | {
            "watch": "true",
            "resourceVersion": self._next_version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(_WATCH_SECONDS),
        }
        response = self._cluster.pool.request(
            "GET",
            f"{self._cluster.host}{self._path}?{urlencode(query)}",
            headers=self._cluster.headers | {"Accept": "application/json"},
            preload_content=False,
            timeout=urllib3.Timeout(connect=10, read=_WATCH_SECONDS + 30),
        )
        self._response = response
        try:
            if response.status != 200:
                # An API server that has just started refuses in many ways for a moment.
                raise urllib3.exceptions.HTTPError(f"answered {response.status}")
            rest = b""
            for chunk in response.stream(1 << 16):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._take(json.loads(line))
        finally:
            response.close()

    def _list_again(self) -> None:
        listed = self._cluster.request("GET", self._path, None, **self._query).expect()
        version = listed["metadata"]["resourceVersion"]
        present = {item["metadata"]["uid"]: item for item in listed["items"]}
        with self._changed:
            known = {event.object["metadata"]["uid"]: event for event in self._events}
            for uid, item in present.items():
                if uid not in known:
                    self._events.append(Event("ADDED", item, time.monotonic()))
                elif known[uid].version < int(item["metadata"]["resourceVersion"]):
                    self._events.append(Event("MODIFIED", item, time.monotonic()))
            for uid, event in known.items():
                if uid not in present and event.type != "DELETED":
                    meta = event.object["metadata"] | {"resourceVersion": version}
                    last = {**event.object, "metadata": meta}
                    self._events.append(Event("DELETED", last, time.monotonic(), inferred=True))
            self._changed.notify_all()
        self._next_version = version

    def _take(self, told: Mapping[str, Any]) -> None:
        if told["type"] == "ERROR" and told["object"].get("code") == 410 and self.relists:
            self._list_again()
            return
        if told["type"] == "ERROR":
            raise ValueError(told["object"].get("message", "watch error"))
        self._next_version = told["object"]["metadata"]["resourceVersion"]
        if told["type"] == "BOOKMARK":
            return
        with self._changed:
            self._events.append(Event(told["type"], told["object"], time.monotonic()))
            self._changed.notify_all()
