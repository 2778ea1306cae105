"""Everything an operator can be told, read once from the environment and checked at start."""

from __future__ import annotations

import ipaddress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from scanyard.errors import InvalidInputError

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

NamespaceName = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
#: The namespaces of an installation, as the API's paths want them: None stands for all.
Scope = tuple[str | None, ...]
EVERYWHERE: Scope = (None,)

#: What no scan may reach whatever a queue says: this host, link-local with the cloud metadata
#: services (169.254.169.254, fd00:ec2::254), multicast, and "no address".
DEFAULT_DENIED_NETWORKS = (
    "0.0.0.0/8,127.0.0.0/8,169.254.0.0/16,224.0.0.0/4,255.255.255.255/32,"
    "::/128,::1/128,fe80::/10,ff00::/8,fd00:ec2::254/128"
)


class LogFormat(StrEnum):
    """How log lines look: JSON for machines, text for people; auto: text only on a terminal."""

    AUTO = "auto"
    JSON = "json"
    TEXT = "text"


def _password_in(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""  # no URL at all: whoever connects says so


def _split(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


class LogSettings(BaseSettings):
    """What must be known before a line can be logged."""

    model_config = SettingsConfigDict(env_prefix="SCANYARD_", frozen=True, extra="ignore")

    pod_name: str = Field("", max_length=253, description="tells the replicas apart")
    log_format: LogFormat = LogFormat.AUTO
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    log_file: Path | None = None
    log_file_max_bytes: int = Field(10_000_000, ge=10_000, description="before a new one is begun")
    log_file_kept: int = Field(3, ge=1, le=100, description="older files beside it")


class Settings(LogSettings):
    """Operator settings; each field is the environment variable SCANYARD_<FIELD>."""

    redis_url: str = "redis://localhost:6379/0"
    redis_username: str | None = None
    redis_password: SecretStr | None = None
    redis_ca_file: Path | None = None
    redis_cert_file: Path | None = None
    redis_key_file: Path | None = None
    redis_sentinels: Annotated[list[str], NoDecode] = []
    redis_sentinel_master: str = "mymaster"
    redis_sentinel_username: str | None = None
    redis_sentinel_password: SecretStr | None = None
    redis_cluster: bool = False
    installation: str = "scanyard/scanyard"
    watch_namespaces: Annotated[list[NamespaceName], NoDecode] = []
    scanner_image: str = "scanyard/scanner:dev"
    scanner_image_pull_policy: str = Field("IfNotPresent", pattern="^(Always|IfNotPresent|Never)$")
    scanner_image_pull_secrets: Annotated[list[str], NoDecode] = []
    denied_networks: Annotated[list[IPNetwork], NoDecode] = Field(
        DEFAULT_DENIED_NETWORKS, validate_default=True
    )
    pod_retention_seconds: int = Field(3600, ge=0)
    max_concurrent_scans: int = Field(0, ge=0, description="0: no installation-wide limit")
    packets_per_second: int = Field(0, ge=0, description="of all scans together; 0: no limit")
    scan_resources: dict[str, Any] = {
        "requests": {"cpu": "50m", "memory": "64Mi"},
        "limits": {"memory": "512Mi"},
    }
    allowed_priority_classes: Annotated[list[str], NoDecode] = []
    network_policy_per_queue: bool = False
    scan_grace_seconds: int = Field(60, ge=60, le=3600)
    lease_seconds: int = Field(15, ge=3, le=300)
    http_port: int = Field(8080, ge=1, le=65535)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must stand in no log line; a password of three characters hides nothing else."""
        given = (self.redis_password, self.redis_sentinel_password)
        words = [secret.get_secret_value() for secret in given if secret is not None]
        quoted = _password_in(self.redis_url)
        return tuple(word for word in (*words, quoted, unquote(quoted)) if len(word) > 3)

    @property
    def scope(self) -> Scope:
        """Where this installation looks for ScanJobs, ScanQueues and their Pods."""
        return tuple(self.watch_namespaces) or EVERYWHERE

    @field_validator("redis_password", "redis_sentinel_password", mode="before")
    @classmethod
    def _without_line_end(cls, value: object) -> object:
        # A Secret made from a file often ends in a newline that nobody meant.
        return value.strip() if isinstance(value, str) else value

    _split_lists = field_validator(
        "scanner_image_pull_secrets",
        "allowed_priority_classes",
        "denied_networks",
        "redis_sentinels",
        "watch_namespaces",
        mode="before",
    )(_split)


def load_log_settings() -> LogSettings:
    """Read the environment; the defaults if it is wrong, so that this can be logged."""
    try:
        return LogSettings()
    except ValidationError:
        return LogSettings.model_construct()


def load_settings() -> Settings:
    """Read the environment; a bad value is one InvalidInputError that names the variable."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "SCANYARD_" + str(first["loc"][0]).upper()
        raise InvalidInputError(name, first["msg"], "correct the operator's environment") from None
