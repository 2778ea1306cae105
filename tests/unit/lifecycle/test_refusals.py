"""The way out of a refused Pod; the messages are those of Kubernetes 1.35."""

from __future__ import annotations

import pytest

from scanyard.lifecycle.refusals import with_mend

_RAW = (
    'pods "x" is forbidden: violates PodSecurity "restricted:latest": unrestricted capabilities '
    '(container "scanner" must not include "NET_RAW" in securityContext.capabilities.add)'
)
_OTHER = 'pods "x" is forbidden: violates PodSecurity "restricted:latest": hostPath volumes'
_QUOTA = (
    'pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0'
)
_NO_LIMIT = 'pods "x" is forbidden: failed quota: q: must specify limits.cpu for: scanner'
_NO_CLASS = 'pods "x" is forbidden: no PriorityClass with name urgent was found'
_RANGE = 'pods "x" is forbidden: maximum memory usage per Container is 64Mi, but limit is 512Mi'


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (_RAW, ("label namespace team pod-security.kubernetes.io/enforce=privileged", "Connect")),
        (_OTHER, ("relax the label", "team")),
        (_QUOTA, ("raise the quota of namespace team",)),
        (_NO_LIMIT, ("scanner.resources",)),
        (_RANGE, ("scanner.resources", "podTemplate.resources")),
        (_NO_CLASS, ("create that PriorityClass", "podTemplate.priorityClassName")),
    ],
)
def test_the_way_out_follows_the_cause(message: str, words: tuple[str, ...]) -> None:
    told = with_mend(message, "team")
    assert told.startswith(f"{message}; ")
    for word in words:
        assert word in told


def test_an_unknown_policy_speaks_for_itself() -> None:
    message = 'admission webhook "policy.example" denied the request: no scans on Fridays'
    assert with_mend(message, "team") == message
