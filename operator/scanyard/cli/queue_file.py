"""The file of `scanyard setup-queues`: a list of ScanQueues, flat, as people write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from scanyard.api.names import API_VERSION, SCANQUEUE_KIND
from scanyard.api.scanqueue import ScanQueueSpec
from scanyard.errors import InvalidInputError

_Name = Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]


class _Entry(ScanQueueSpec):
    """One list entry: {name, namespace, and any fields of a ScanQueue's spec}."""

    name: _Name
    namespace: _Name | None = None


_ENTRIES = TypeAdapter(list[_Entry])


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """A queue to apply; `spec` holds only what the file says, with the API's field names."""

    namespace: str
    name: str
    spec: dict[str, Any]

    @property
    def key(self) -> str:
        """The key "namespace/name"."""
        return f"{self.namespace}/{self.name}"

    def manifest(self) -> dict[str, Any]:
        """The object for server-side apply."""
        return {
            "apiVersion": API_VERSION,
            "kind": SCANQUEUE_KIND,
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": self.spec,
        }


def read_queues(path: Path, default_namespace: str | None) -> list[QueueEntry]:
    """Read and check the whole file before anything is applied.

    Raises InvalidInputError with the entry's position and field.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInputError(
            str(path), error.strerror or "cannot be read", "name a readable file"
        ) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        problem = " ".join(str(error).split())
        raise InvalidInputError(str(path), f"not YAML or JSON: {problem}", "correct it") from error
    return parse_queues([] if document is None else document, default_namespace)


def parse_queues(document: object, default_namespace: str | None) -> list[QueueEntry]:
    """The queues of a decoded file, in its order."""
    try:
        entries = _ENTRIES.validate_python(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise InvalidInputError(
            _position(first["loc"]), first["msg"], "correct it in the list of queues"
        ) from None
    queues = [_queue(index, entry, default_namespace) for index, entry in enumerate(entries)]
    _refuse_duplicates(queues)
    return queues


def _queue(index: int, entry: _Entry, default_namespace: str | None) -> QueueEntry:
    namespace = entry.namespace or default_namespace
    if not namespace:
        raise InvalidInputError(
            f"queues[{index}].namespace", "is missing", "add it, or give --namespace"
        )
    spec = entry.model_dump(
        mode="json", by_alias=True, exclude_unset=True, exclude={"name", "namespace"}
    )
    return QueueEntry(namespace, entry.name, spec)


def _refuse_duplicates(queues: Sequence[QueueEntry]) -> None:
    seen: dict[str, int] = {}
    for index, queue in enumerate(queues):
        if queue.key in seen:
            raise InvalidInputError(
                f"queues[{index}]",
                f"{queue.key} stands in the list already, as queues[{seen[queue.key]}]",
                "remove one of them",
            )
        seen[queue.key] = index


def _position(location: tuple[int | str, ...]) -> str:
    position = "queues"
    for part in location:
        position += f"[{part}]" if isinstance(part, int) else f".{part}"
    return position
