"""What a ScanQueue may say about the Pods of its scans: where they run, and with how much.

An allow-list: no volumes, service accounts, namespaces of the host, nor a security context. What a
scan's Pod must not do is the installation's to say.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from scanyard.api.base import Int32, SpecModel
from scanyard.api.rules import rule, validations
from scanyard.api.scanjob import MAX_TIMEOUT_SECONDS

MAX_NODE_LABELS: Final = 16
MAX_TOLERATIONS: Final = 16
MAX_PULL_SECRETS: Final = 16

_LABEL_KEY = (
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
    r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"
)
_LABEL_VALUE = r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"
_OBJECT_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"

#: As Kubernetes writes them, without sign and exponent.
Quantity = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if isinstance(value, int) else value),
    WithJsonSchema(
        {
            "x-kubernetes-int-or-string": True,
            "maxLength": 32,
            "minimum": 0,
            "pattern": r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$",
        }
    ),
]
LabelKey = Annotated[str, Field(min_length=1, max_length=316, pattern=_LABEL_KEY)]
LabelValue = Annotated[str, Field(max_length=63, pattern=_LABEL_VALUE)]
ObjectName = Annotated[str, Field(min_length=1, max_length=253, pattern=_OBJECT_NAME)]


class Amounts(SpecModel):
    """CPU, memory and disk."""

    cpu: Quantity | None = None
    """Cores, such as 2 or 100m."""
    memory: Quantity | None = None
    """Bytes, such as 512Mi."""
    ephemeral_storage: Annotated[Quantity | None, Field(alias="ephemeral-storage")] = None
    """Bytes of the node's disk, such as 1Gi."""


def _within_limit(name: str) -> dict[str, str]:
    field = name.replace("-", "__dash__")
    one, most = f"self.requests.{field}", f"self.limits.{field}"
    there = f"has(self.requests) && has(self.limits) && has({one}) && has({most})"
    return rule(
        f"!({there}) || quantity(string({one})).compareTo(quantity(string({most}))) <= 0",
        f"requests.{name} is more than limits.{name}, and no node takes such a Pod: lower the "
        "request, or raise the limit",
        field_path=".requests",
    )


class Resources(SpecModel):
    """What a scan's container asks for, and the most that it gets."""

    model_config = ConfigDict(
        json_schema_extra=validations(
            _within_limit("cpu"), _within_limit("memory"), _within_limit("ephemeral-storage")
        )
    )

    requests: Amounts | None = None
    """What a node must have free."""
    limits: Amounts | None = None
    """The most that it gets; a scan that needs more memory fails."""


_TOLERATION_RULES = [
    rule(
        "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
        "without a key operator must be Exists, which tolerates every taint",
        field_path=".operator",
    ),
    rule(
        "!has(self.value) || !has(self.operator) || self.operator == 'Equal'",
        "operator Exists takes no value: remove value, or use Equal",
        field_path=".value",
    ),
    rule(
        "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
        "tolerationSeconds needs the effect NoExecute",
        field_path=".tolerationSeconds",
    ),
]


class Toleration(SpecModel):
    """A taint of nodes that does not keep scans away."""

    model_config = ConfigDict(json_schema_extra=validations(*_TOLERATION_RULES))

    key: LabelKey | None = None
    """The taint's key; without it any."""
    # No default: within a list it would make every client-side apply a change.
    operator: Literal["Equal", "Exists"] | None = None
    """Equal, which is meant without it, or Exists."""
    value: LabelValue | None = None
    """The taint's value."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """The taint's effect; without it any."""
    toleration_seconds: Annotated[Int32, Field(ge=0, le=MAX_TIMEOUT_SECONDS)] | None = None
    """How long a scan stays after a NoExecute taint came."""


class PullSecret(SpecModel):
    """A Secret in the ScanJob's namespace."""

    name: ObjectName
    """Its name."""


def _list_by(key: str) -> dict[str, Any]:
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


class PodTemplate(SpecModel):
    """Where the Pods of its scans run, and with how much."""

    resources: Resources | None = None
    """In place of the installation's, as a whole."""
    node_selector: Annotated[dict[str, LabelValue], Field(max_length=MAX_NODE_LABELS)] | None = None
    """Labels that a node must have."""
    tolerations: Annotated[
        tuple[Toleration, ...],
        Field(max_length=MAX_TOLERATIONS, json_schema_extra={"x-kubernetes-list-type": "atomic"}),
    ] = ()
    """Taints that do not keep its scans away."""
    priority_class_name: ObjectName | None = None
    """One of those that the installation allows."""
    image_pull_secrets: Annotated[
        tuple[PullSecret, ...],
        Field(max_length=MAX_PULL_SECRETS, json_schema_extra=_list_by("name")),
    ] = ()
    """Secrets for the scanner's image, beside those of the installation."""
