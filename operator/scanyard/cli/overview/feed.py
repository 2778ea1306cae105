"""What is followed in the background, for a screen that is drawn when there is something new."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from scanyard.cli.follow import follow
from scanyard.errors import ScanyardError
from scanyard.kube.resources import Resource

if TYPE_CHECKING:
    from scanyard.cli.api import Api

Json = dict[str, Any]


class Feed:
    """The objects of one resource, kept current by a thread that ends with the process."""

    def __init__(
        self, api: Api, resource: Resource, namespace: str | None, changed: threading.Event
    ) -> None:
        """Lists them; raises KubeError where that cannot be done."""
        self.trouble = ""
        self.error: ScanyardError | None = None
        self._changed = changed
        self._changes = follow(api, resource, namespace, trouble=self._tell)
        self._objects: Mapping[str, Json] = next(self._changes)
        threading.Thread(target=self._run, args=(self._changes,), daemon=True).start()

    def objects(self) -> list[Json]:
        """As they are now. The thread changes the mapping meanwhile, but never within a copy."""
        return list(self._objects.values())

    def _run(self, changes: Iterator[Mapping[str, Json]]) -> None:
        try:
            for _ in changes:
                self._changed.set()
        except ScanyardError as error:
            self.error = error
            self._changed.set()

    def _tell(self, text: str) -> None:
        self.trouble = text
        self._changed.set()
