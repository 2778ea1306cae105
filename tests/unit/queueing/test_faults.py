"""An error that only a person can mend says what to change; any other is waited out."""

from __future__ import annotations

import pytest
from redis import exceptions

from scanyard.queueing.faults import misconfiguration, told

_CONNECTING = "Error 1 connecting to redis.example:6380. "


@pytest.mark.parametrize(
    ("error", "mend"),
    [
        (exceptions.AuthenticationError("invalid username-password pair"), "REDIS_PASSWORD"),
        (exceptions.NoPermissionError("no permissions to run 'hget'"), "docs/production.md"),
        (exceptions.ResponseError("NOAUTH Authentication required."), "REDIS_USERNAME"),
        (exceptions.OutOfMemoryError("command not allowed"), "raise maxmemory"),
        (
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate",
            "SCANYARD_REDIS_CA_FILE",
        ),
        (
            "CERTIFICATE_VERIFY_FAILED: Hostname mismatch, certificate is not valid for 'a'.",
            "does not name the host",
        ),
        ("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert", "SCANYARD_REDIS_CERT_FILE"),
        ("[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca", "SCANYARD_REDIS_CERT_FILE"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", "write redis://"),
    ],
)
def test_the_mend_is_told(error: Exception | str, mend: str) -> None:
    if isinstance(error, str):
        error = exceptions.ConnectionError(_CONNECTING + error)
    said = misconfiguration(error)
    assert said is not None
    assert mend in said
    assert str(error) in said, "what Redis or OpenSSL said is told, too"


@pytest.mark.parametrize(
    "error",
    [
        exceptions.ConnectionError("Error 111 connecting to redis.example:6379."),
        exceptions.TimeoutError("Timeout connecting to server"),
        exceptions.ReadOnlyError("You can't write against a read only replica."),
        exceptions.BusyLoadingError("Redis is loading the dataset in memory"),
        exceptions.ClusterDownError("The cluster is down"),
        exceptions.MovedError("1234 10.0.0.2:6379"),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_waiting_may_help(error: Exception) -> None:
    assert misconfiguration(error) is None
    assert told(error), "an error without a text is told by its name"


@pytest.mark.parametrize(
    ("error", "guess"),
    [
        (exceptions.ConnectionError("Connection closed by server."), "write rediss://"),
        (exceptions.ConnectionError("(104, 'Connection reset by peer')"), "write rediss://"),
        (exceptions.MovedError("1234 10.0.0.2:6379"), "SCANYARD_REDIS_CLUSTER"),
    ],
)
def test_what_is_hard_to_guess_is_told(error: Exception, guess: str) -> None:
    assert guess in told(error)
