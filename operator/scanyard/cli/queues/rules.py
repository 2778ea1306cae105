"""What a queue allows and limits, as lines of `queue status`: only what its spec says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scanyard.cli.ages import duration
from scanyard.lifecycle.tenancy import OWN_NAMESPACE, read_allowed_namespaces

Json = Mapping[str, Any]
Line = tuple[str, str]

#: Beside a title such lines fit 80 columns.
_WIDTH = 67


def lines_of(spec: Json) -> Iterator[Line]:
    """Title and text of each; a title is empty where the text belongs to the one before."""
    scope = spec.get("scope") or {}
    yield from _list("Allows", scope.get("allow") or ())
    yield from _list("Denies", scope.get("deny") or ())
    yield from _list("Scanners", spec.get("allowedScanners") or ())
    yield from _namespaces(spec)
    yield from _at_once(spec)
    yield from _each(spec)
    yield from _windows(spec)
    yield from _pods(spec.get("podTemplate") or {})


def _namespaces(spec: Json) -> Iterator[Line]:
    """Whose ScanJobs it takes, where that is not its own namespace alone, and how they share."""
    allowed = read_allowed_namespaces(spec.get("allowedNamespaces"))
    if allowed.source == "Selector":
        yield "Namespaces", "those with " + ", ".join(item.text for item in allowed.requirements)
    elif allowed != OWN_NAMESPACE:
        yield "Namespaces", "all"
    if spec.get("ordering") == "FairShare":
        weights = (spec.get("fairShare") or {}).get("weights") or ()
        told = [f"{item['namespace']} {item['weight']}" for item in weights]
        yield from _list("Fair share", [*told, "all others 1"] if told else ["the same for all"])
    if (most := spec.get("maxConcurrentPerNamespace")) is not None:
        yield "Each runs", f"at most {_scans(most)}"


def _at_once(spec: Json) -> Iterator[Line]:
    """What all of its scans together may do."""
    rate = spec.get("packetsPerSecond")
    unstated = (spec.get("defaults") or {}).get("packetsPerSecond")
    told = [] if rate is None else [f"{rate} a second together"]
    told += [] if unstated is None else [f"{unstated} where a scan states none"]
    if told:
        yield "Packets", ", ".join(told)
    per_target, per_node = spec.get("maxConcurrentPerTarget"), spec.get("maxConcurrentPerNode")
    if per_target is not None:
        yield "Per target", f"no more than {_scans(per_target)} at once, of any queue"
    if per_node is not None:
        yield "Per node", f"at most {_scans(per_node)}"
    if (aim := spec.get("targetWaitSeconds")) is not None:
        yield "Aim", f"no ScanJob waits longer than {duration(aim)}"


def _each(spec: Json) -> Iterator[Line]:
    """What each of them may do."""
    limits, defaults = spec.get("limits") or {}, spec.get("defaults") or {}
    if (waiting := limits.get("maxPending")) is not None:
        yield "Pending", f"at most {waiting} of each namespace wait"
    if (most := limits.get("maxAddresses")) is not None:
        yield "Limit", f"{most} addresses in one ScanJob"
    unstated = defaults.get("timeoutPolicy", "Fixed")
    if unstated == "Fixed" and "timeoutSeconds" in defaults:
        unstated = duration(defaults["timeoutSeconds"])
    told = [f"{unstated} where a scan states none"] if unstated != "Fixed" else []
    for bound, words in (("minTimeoutSeconds", "at least"), ("maxTimeoutSeconds", "at most")):
        if bound in limits:
            told.append(f"{words} {duration(limits[bound])}")
    if told:
        yield "Timeout", ", ".join(told)
    if (ttl := defaults.get("ttlSecondsAfterFinished")) is not None:
        yield "Kept", f"{duration(ttl)} after the end"


def _windows(spec: Json) -> Iterator[Line]:
    title = "Windows"
    for window in spec.get("windows") or ():
        zone = window.get("timeZone", "UTC")
        yield title, f"{window['start']} for {duration(window['durationSeconds'])}, {zone}"
        title = ""
    if not title and spec.get("windowEndPolicy") == "Drain":
        yield "", "what runs when the last one ends is stopped and waits again"


def _pods(template: Json) -> Iterator[Line]:
    resources = template.get("resources") or {}
    told = [
        f"{kind} {amount} {name}"
        for kind in ("requests", "limits")
        for name, amount in (resources.get(kind) or {}).items()
    ]
    labels = (template.get("nodeSelector") or {}).items()
    told += [f"nodes {key}={value}" for key, value in labels]
    tolerated = template.get("tolerations") or ()
    told += [f"tolerates {item.get('key', 'every taint')}" for item in tolerated]
    if name := template.get("priorityClassName"):
        told.append(f"priority class {name}")
    yield from _list("Pods", told)


def _list(title: str, items: Sequence[str]) -> Iterator[Line]:
    """As many in a line as fit; two lines, then how many more there are."""
    shown: list[str] = []
    for index, item in enumerate(items):
        more = f"{shown[-1]}, {item}" if shown else item
        if shown and len(more) <= _WIDTH:
            shown[-1] = more
        elif len(shown) == 2:
            shown.append(f"… and {len(items) - index} more")
            break
        else:
            shown.append(item)
    for line in shown:
        yield title, line
        title = ""


def _scans(count: int) -> str:
    return f"{count} scan" if count == 1 else f"{count} scans"
