"""From what a command line says to the ScanJob that is sent: only fields that were given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from scanyard.api.dependencies import DependencyCondition
from scanyard.api.names import API_VERSION, SCANJOB_KIND
from scanyard.api.targets import parse_targets
from scanyard.errors import InvalidInputError

Json = dict[str, Any]

PRIORITIES: Final = {"high": 50, "normal": 0, "low": -50}


def scan_job(name: str, namespace: str, spec: Mapping[str, Any], labels: Mapping[str, str]) -> Json:
    """The object for server-side apply; fields of the spec that are None or empty are left out."""
    metadata: Json = {"name": name, "namespace": namespace}
    if labels:
        metadata["labels"] = dict(labels)
    return {
        "apiVersion": API_VERSION,
        "kind": SCANJOB_KIND,
        "metadata": metadata,
        "spec": _given(spec),
    }


def checked_targets(targets: Sequence[str], excluded: Sequence[str]) -> None:
    """Raise InvalidInputError for what the API server would refuse: here all at once, by name."""
    parse_targets(targets, excluded)


def nmap_ports(technique: str | None, ports: str | None, udp: str | None, top: int | None) -> Json:
    """spec.ports; with the technique Udp all ports are UDP ports."""
    if technique == "Udp" and ports:
        if udp:
            raise InvalidInputError(
                "--udp-ports", "stands beside --ports, and --udp scans no TCP ports", "join them"
            )
        ports, udp = None, ports
    return _given({"tcp": ports, "udp": udp, "top": top})


def priority(text: str) -> int:
    """A number, or one of the words for some."""
    if text in PRIORITIES:
        return PRIORITIES[text]
    try:
        return int(text)
    except ValueError:
        raise InvalidInputError(
            "--priority", f"{text!r} is no priority", "write -100 to 100, high, normal or low"
        ) from None


def queue_ref(text: str | None) -> Json:
    """spec.queueRef of NAME, or of NAMESPACE/NAME."""
    namespace, _, name = (text or "").rpartition("/")
    if text is not None and (not name or "/" in namespace or text.startswith("/")):
        raise InvalidInputError(
            "--queue", f"{text!r} is no queue", "write its name, or NAMESPACE/NAME"
        )
    return {"name": name or None, "namespace": namespace or None}


def labels_of(pairs: Sequence[str]) -> dict[str, str]:
    """From KEY=VALUE."""
    labels: dict[str, str] = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not (key and separator):
            raise InvalidInputError("--label", f"{pair!r} is no label", "write KEY=VALUE")
        labels[key] = value
    return labels


def needs_of(texts: Sequence[str]) -> list[dict[str, str]]:
    """spec.dependsOn from NAME or NAME=CONDITION."""
    conditions = {word.lower(): word for word in get_args(DependencyCondition)}
    needs = []
    for text in texts:
        name, has_condition, word = text.partition("=")
        condition = conditions.get(word.lower())
        if not name or (has_condition and condition is None):
            raise InvalidInputError(
                "--depends-on",
                f"{text!r} is no dependency",
                f"write NAME, or NAME= and one of {', '.join(conditions.values())}",
            )
        needs.append({"name": name} | ({"condition": condition} if condition else {}))
    return needs


def _given(fields: Mapping[str, Any]) -> Json:
    """Without what was not said, so that defaults stay the API server's."""
    result: Json = {}
    for key, value in fields.items():
        kept = _given(value) if isinstance(value, Mapping) else value
        if kept is None or kept is False or kept in ([], {}, ()):
            continue
        result[key] = list(kept) if isinstance(kept, tuple) else kept
    return result
