"""What the API server's refusals mean to the caller."""

from __future__ import annotations

import pytest

from scanyard.kube.errors import (
    KubeConflictError,
    KubeNotFoundError,
    KubeRefusedError,
    KubeUnavailableError,
    error_for,
)

_USER = 'User "system:serviceaccount:s:scanyard"'


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, KubeUnavailableError),
        (403, KubeRefusedError),
        (404, KubeNotFoundError),
        (409, KubeConflictError),
        (422, KubeRefusedError),
        (429, KubeUnavailableError),
        (503, KubeUnavailableError),
    ],
)
def test_only_a_definite_no_is_a_refusal(status: int, kind: type[Exception]) -> None:
    assert type(error_for(status, "told")) is kind


def test_a_missing_right_comes_with_its_mend() -> None:
    message = f'pods is forbidden: {_USER} cannot list resource "pods" in API group ""'
    told = str(error_for(403, message))
    assert told.startswith(message)
    assert "ClusterRole" in told


def test_other_refusals_speak_for_themselves() -> None:
    message = 'pods "x" is forbidden: exceeded quota: q'
    assert str(error_for(403, message)) == message
