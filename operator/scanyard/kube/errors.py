"""What a request to the Kubernetes API can end as, sorted by what the caller may conclude."""

from __future__ import annotations

import re

from scanyard.errors import ScanyardError


class NoClusterError(ScanyardError):
    """No service account and no usable kubeconfig."""


class KubeError(ScanyardError):
    """A request that did not succeed; `message` is the API server's own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class KubeUnavailableError(KubeError):
    """No answer, or one that says nothing about the effect (429, 5xx, 401): ask again.

    The request may or may not have been carried out.
    """

    def __init__(self, status: int, message: str, retry_after_seconds: float = 0) -> None:
        super().__init__(status, message)
        self.retry_after_seconds = retry_after_seconds


class NotServedError(KubeUnavailableError):
    """404 for the whole resource: its CRD is not installed, or not established yet."""


class KubeRefusedError(KubeError):
    """A definite no (4xx): it was not carried out, and the same request would fail again."""


class KubeNotFoundError(KubeRefusedError):
    """404: the object, or its namespace, is not there."""


class KubeConflictError(KubeRefusedError):
    """409: another version, another uid, or the name is taken."""


class KubeExpiredError(KubeRefusedError):
    """410: the list's continuation is too old; list from the start."""


_BY_STATUS = {404: KubeNotFoundError, 409: KubeConflictError, 410: KubeExpiredError}
#: 401 heals when the token is read anew; 408, 425 and 429 say "later".
_RETRYABLE = {401, 408, 425, 429}
#: How the API server tells that RBAC lacks a right; other refusals with 403 read differently.
_NO_RIGHT = re.compile(r'User ".+" cannot \w+ resource ')


def error_for(status: int, message: str, retry_after_seconds: float = 0) -> KubeError:
    """The exception for an HTTP status of 400 or more."""
    if status >= 500 or status in _RETRYABLE:
        return KubeUnavailableError(status, message, retry_after_seconds)
    if status == 403 and _NO_RIGHT.search(message):
        message += (
            "; give the operator's ClusterRole or Role this right (`helm upgrade` restores it)"
        )
    return _BY_STATUS.get(status, KubeRefusedError)(status, message)
