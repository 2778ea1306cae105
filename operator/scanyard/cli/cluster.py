"""The API server as commands see it: a few synchronous requests, errors of one family."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import kubernetes.client
import urllib3
import urllib3.exceptions
from kubernetes.client.exceptions import ApiException

from scanyard.cli.output import print_progress
from scanyard.kube.connection import connect
from scanyard.kube.errors import KubeRefusedError, KubeUnavailableError, error_for

T = TypeVar("T")

#: How long --wait waits for an API server or CRDs that are not there yet.
WAIT_SECONDS: Final = 120.0
REQUEST_TIMEOUT_SECONDS: Final = 10.0
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 8.0


class NotServedError(KubeUnavailableError):
    """404 for the whole resource: its CRD is not installed, or not established yet."""


class MissingRightError(KubeRefusedError):
    """403: the caller's account may not do this."""


def api_client() -> kubernetes.client.ApiClient:
    """A client for the Pod's service account, else for the kubeconfig (KUBECONFIG honoured)."""
    configuration = connect().configuration
    # `patiently` repeats requests; urllib3 would do so too, three times and with a warning each.
    configuration.retries = False
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    # Whoever has written insecure-skip-tls-verify need not be told at each request.
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return kubernetes.client.ApiClient(configuration)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn what the client library raises into KubeError subclasses."""
    try:
        yield
    except ApiException as error:
        raise _translate(error) from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        reason = str(error).rsplit(": ", maxsplit=1)[-1]
        raise KubeUnavailableError(
            0, f"the Kubernetes API does not answer ({reason}): check KUBECONFIG and the network"
        ) from error


def _translate(error: ApiException) -> Exception:
    status = error.status or 0
    body = status_of(error)
    if status == 404 and "kind" not in body:
        # An object or namespace that is missing comes as a Status; an unknown path as plain text.
        return NotServedError(
            status,
            "the API server does not know Scanyard's resources: install the CRDs "
            "(crds.enabled in the chart), or wait until they are established",
        )
    message = str(body.get("message") or error.reason or "no reason given")
    if status == 403:
        return MissingRightError(
            status, f"{message}: give this account the verb, or use another account"
        )
    return error_for(status, message) if status else KubeUnavailableError(0, message)


def status_of(error: ApiException) -> dict[str, Any]:
    """The Status object in an error answer; {} if the answer is something else."""
    try:
        body = json.loads(error.body or "")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def patiently(
    action: Callable[[], T],
    *,
    wait_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    jitter: Callable[[], float] = random.random,
) -> T:
    """Do it again, ever more slowly, while the API server or the CRD is not there yet.

    Raises the last KubeUnavailableError when wait_seconds are over; 0 means one try.
    """
    deadline = clock() + wait_seconds
    longest = _FIRST_PAUSE_SECONDS
    said = ""
    while True:
        try:
            return action()
        except KubeUnavailableError as error:
            pause = longest * (0.5 + jitter() / 2)
            if clock() + pause > deadline:
                raise
            if error.message != said:
                said = error.message
                print_progress(f"Waiting up to {wait_seconds:.0f} s: {said}")
        sleep(pause)
        longest = min(longest * 2, _LONGEST_PAUSE_SECONDS)
