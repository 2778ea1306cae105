"""What an error of the Redis client means for the ledger: waiting helps, or a person must."""

from __future__ import annotations

import re

from redis import exceptions

#: What the ledger's user needs stands in docs/production.md, one right for each command.
_ACCESS_MEND = (
    "set the operator's Redis user and password (SCANYARD_REDIS_USERNAME, SCANYARD_REDIS_PASSWORD; "
    "externalRedis.username, externalRedis.existingSecret) to those of the server, and allow that "
    "user EVAL, EVALSHA, CONFIG GET or INFO, the commands that docs/production.md lists, and the "
    "keys {scanyard:*"
)
_DENIED = (
    exceptions.AuthenticationError,
    exceptions.AuthenticationWrongNumberOfArgsError,
    exceptions.AuthorizationError,
    exceptions.NoPermissionError,
)
#: Part of what OpenSSL says, and what to do about it; the first that is found counts.
_TLS_MENDS = {
    "mismatch, certificate is not valid for": (
        "the certificate of Redis does not name the host that it is reached by; issue one that "
        "does, or change the host in SCANYARD_REDIS_URL (externalRedis.url), or what Sentinel or "
        "the cluster announces"
    ),
    "CERTIFICATE_VERIFY_FAILED": (
        "the certificate of Redis is not trusted; give the operator the CA that issued it "
        "(SCANYARD_REDIS_CA_FILE, externalRedis.tls.caSecret), or renew the certificate"
    ),
    "CERTIFICATE_REQUIRED": (
        "Redis wants a client certificate; set SCANYARD_REDIS_CERT_FILE and "
        "SCANYARD_REDIS_KEY_FILE (externalRedis.tls.certificateSecret)"
    ),
    "ALERT_UNKNOWN_CA": (
        "Redis does not trust the operator's client certificate; issue it by the CA that Redis "
        "knows (SCANYARD_REDIS_CERT_FILE, externalRedis.tls.certificateSecret)"
    ),
    "WRONG_VERSION_NUMBER": (
        "Redis does not speak TLS on this port; write redis:// in SCANYARD_REDIS_URL "
        "(externalRedis.url), or the port for TLS"
    ),
}


#: What a server that speaks TLS does when it is spoken to in plain text.
_HUNG_UP = re.compile(r"closed by server|reset by peer")


def misconfiguration(error: Exception, access_mend: str = _ACCESS_MEND) -> str | None:
    """What a person has to change, with the error; None if waiting may help.

    `access_mend` says what to do where a user, a password or a right is wrong.
    """
    text = str(error)
    if isinstance(error, exceptions.OutOfMemoryError):
        return f"Redis is at its maxmemory and takes nothing more ({text}); raise maxmemory"
    if isinstance(error, _DENIED) or text.startswith(("NOAUTH", "WRONGPASS", "NOPERM")):
        return f"Redis refuses the operator ({text}); {access_mend}"
    for sign, mend in _TLS_MENDS.items():
        if sign in text:
            return f"no TLS connection with Redis ({text}): {mend}"
    return None


def told(error: Exception) -> str:
    """The error's text, with what may be behind it where that is hard to guess."""
    text = str(error) or type(error).__name__
    if isinstance(error, exceptions.MovedError):
        text += (
            " (the key's slot is on another node: for a Redis Cluster set SCANYARD_REDIS_CLUSTER, "
            "externalRedis.cluster)"
        )
    elif isinstance(error, exceptions.ConnectionError) and _HUNG_UP.search(text):
        text += (
            " (if Redis speaks TLS on this port, write rediss:// in SCANYARD_REDIS_URL, "
            "externalRedis.url)"
        )
    return text
