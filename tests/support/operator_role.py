"""The operator's rights, to be taken away one at a time, and certainly given back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from tests.support.installation import OPERATOR, RELEASE
from tests.support.kube import MERGE_PATCH, Cluster, eventually

_ROLE: Final = f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{RELEASE}-operator"
_REVIEWS: Final = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
#: Holds the whole rules while one is missing, so that a killed test run can be put right.
_WHOLE: Final = "scanyard.dev/test-whole-rules"


class OperatorRole:
    """The ClusterRole of the installed operator."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def heal(self) -> None:
        """Give back what was taken away."""
        whole = (self._read()["metadata"].get("annotations") or {}).get(_WHOLE)
        if whole is not None:
            self._write(json.loads(whole), note=None)

    @contextmanager
    def without(self, resource: str, verb: str) -> Iterator[None]:
        """One verb less on one resource, such as "pods" or "scanjobs/status"."""
        rules = self._read()["rules"]
        less = [_without(rule, verb) if resource in rule["resources"] else rule for rule in rules]
        assert less != rules, f"the role has no {verb} {resource}"
        try:
            self._write([rule for rule in less if rule["verbs"]], note=json.dumps(rules))
            # The API server's authorizer hears of a changed role a moment later.
            eventually(lambda: self._may(resource, verb), lambda may: not may, seconds=30)
            yield
        finally:
            self.heal()

    def _may(self, resource: str, verb: str) -> bool:
        """Whether the API server would let the operator do it now."""
        kind, _, subresource = resource.partition("/")
        wish = {
            "group": "scanyard.dev" if kind.startswith("scan") else "",
            "resource": kind,
            "subresource": subresource,
            "verb": verb,
        }
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": OPERATOR, "resourceAttributes": wish},
        }
        told = self._cluster.request("POST", _REVIEWS, review).expect()
        return bool(told["status"]["allowed"])

    def _read(self) -> dict[str, Any]:
        return self._cluster.request("GET", _ROLE).expect()

    def _write(self, rules: list[dict[str, Any]], *, note: str | None) -> None:
        body = {"metadata": {"annotations": {_WHOLE: note}}, "rules": rules}
        self._cluster.request("PATCH", _ROLE, body, content_type=MERGE_PATCH).expect()


def _without(rule: Mapping[str, Any], verb: str) -> dict[str, Any]:
    return {**rule, "verbs": [item for item in rule["verbs"] if item != verb]}
