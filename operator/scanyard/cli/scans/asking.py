"""Asking the operator why a ScanJob waits: an annotation, and the answer in its status."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scanyard.api import names
from scanyard.cli.follow import follow
from scanyard.kube.errors import KubeNotFoundError
from scanyard.kube.resources import SCANJOBS
from scanyard.lifecycle.job import read_job

if TYPE_CHECKING:
    from scanyard.cli.api import Api

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """The ScanJob as it was last seen; `exact`: all that it says was so a moment ago."""

    raw: Json
    exact: bool


def ask(api: Api, raw: Json, *, seconds: float) -> Answer:
    """Wait for the operator's answer, or until the ScanJob waits no more, which needs none.

    Raises KubeNotFoundError if it was deleted, KubeRefusedError if it must not be annotated.
    """
    if not read_job(raw).waits:
        return Answer(raw, exact=True)
    meta, token = raw["metadata"], _token()
    asked = False
    last = raw
    selector = {"fieldSelector": f"metadata.name={meta['name']}"}
    for objects in follow(api, SCANJOBS, meta["namespace"], selector, seconds=seconds):
        seen = objects.get(meta["uid"])
        if seen is None:
            raise KubeNotFoundError(404, f"ScanJob {meta['name']} was deleted meanwhile")
        last = seen
        if _is_answered(last, token) or not read_job(last).waits:
            return Answer(last, exact=True)
        if not asked:
            _annotate(api, last, token)
            asked = True
    return Answer(last, exact=False)


def _annotate(api: Api, raw: Json, token: str) -> None:
    """Of exactly this ScanJob, not of a namesake that has come after it."""
    meta = raw["metadata"]
    notes = {names.ANNOTATION_EXPLAIN: token}
    body: Json = {"metadata": {"uid": meta["uid"], "annotations": notes}}
    api.merge(SCANJOBS, meta["namespace"], meta["name"], body)


def _is_answered(raw: Json, token: str) -> bool:
    answer = (raw.get("status") or {}).get("explanation") or {}
    return bool(answer.get("token") == token)


def _token() -> str:
    """When it is asked, for people; and something that nobody else asks with."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}-{secrets.token_hex(4)}"
