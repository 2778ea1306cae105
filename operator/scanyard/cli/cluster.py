"""The API server as commands see it: a few synchronous requests, errors of one family."""

from __future__ import annotations

import json
import logging
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import kubernetes.client
import urllib3
import urllib3.exceptions
from kubernetes.client.exceptions import ApiException

from scanyard.cli.output import print_progress
from scanyard.kube.connection import connect
from scanyard.kube.errors import (
    KubeError,
    KubeRefusedError,
    KubeUnavailableError,
    NotServedError,
    error_for,
)

T = TypeVar("T")

#: How long --wait waits for an API server or CRDs that are not there yet.
WAIT_SECONDS: Final = 120.0
REQUEST_TIMEOUT_SECONDS: Final = 10.0
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 8.0
#: How the API server begins what it says of a field, at times with the value that it refuses.
_INVALID_VALUE: Final = re.compile(
    r'^Invalid value: (?:(?:"(?:[^"\\]|\\.)*"|-?[0-9]+|null): )?(?:\S+ in body )?'
)


class MissingRightError(KubeRefusedError):
    """403: the caller's account may not do this."""


def api_client() -> kubernetes.client.ApiClient:
    """A client for the Pod's service account, else for the kubeconfig (KUBECONFIG honoured)."""
    return kubernetes.client.ApiClient(quietly(connect().configuration))


def quietly(configuration: kubernetes.client.Configuration) -> kubernetes.client.Configuration:
    """The same, without the HTTP library's own attempts and warnings."""
    # `patiently` repeats requests; urllib3 would do so too, three times and with a warning each.
    configuration.retries = False
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    # Whoever has written insecure-skip-tls-verify need not be told at each request.
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return configuration


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn what the client library raises into KubeError subclasses."""
    try:
        yield
    except ApiException as error:
        raise refusal(error.status or 0, error.body or "", error.reason or "") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        reason = str(error).rsplit(": ", maxsplit=1)[-1]
        raise KubeUnavailableError(
            0, f"the Kubernetes API does not answer ({reason}): check KUBECONFIG and the network"
        ) from error


def refusal(status: int, text: str, reason: str) -> KubeError:
    """What an answer that is an error means to the caller."""
    body = _decoded(text)
    if status == 404 and "kind" not in body:
        # An object or namespace that is missing comes as a Status; an unknown path as plain text.
        return NotServedError(
            status,
            "the API server does not know Scanyard's resources: install the CRDs "
            "(crds.enabled in the chart), or wait until they are established",
        )
    message = trimmed(body) or reason or "no reason given"
    if status == 401:
        return KubeUnavailableError(
            status, f"the API server does not take these credentials ({message}): log in again"
        )
    if status == 403:
        return MissingRightError(
            status, f"{message}: give this account the verb, or use another account"
        )
    return error_for(status, message) if status else KubeUnavailableError(0, message)


def trimmed(body: Mapping[str, Any]) -> str:
    """The message of a Status; of an invalid object only its fields and what is wrong with each.

    The whole one also repeats the object's kind and the refused value, which for a rule on a spec
    is no more than the word "object".
    """
    causes = (body.get("details") or {}).get("causes") or ()
    if body.get("reason") != "Invalid" or not causes:
        return str(body.get("message") or "")
    told = (f"{cause.get('field')}: {_problem(str(cause.get('message')))}" for cause in causes)
    return "; ".join(dict.fromkeys(told))


def _problem(message: str) -> str:
    return _INVALID_VALUE.sub("", message, count=1)


def status_of(error: ApiException) -> dict[str, Any]:
    """The Status object in an error answer; {} if the answer is something else."""
    return _decoded(error.body or "")


def _decoded(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
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
