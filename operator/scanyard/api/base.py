"""What all API models share: camelCase aliases, immutability, how strict they read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from scanyard.errors import InvalidInputError

# A condition message by the convention of Kubernetes (metav1.Condition).
MAX_CONDITION_MESSAGE = 32768
MAX_REASON = 1024


class SpecModel(BaseModel):
    """A part of a spec. A field that this version does not know is refused.

    The API server prunes unknown fields, so one that arrives here belongs to a newer CRD. To run
    a scan while not understanding what the user asked for (a scope, say) would be worse than to
    refuse it.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
    )


class StatusModel(BaseModel):
    """A part of a status: unknown fields are ignored, since a newer operator may have written."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
    )


class Metadata(StatusModel):
    """The object metadata that Scanyard reads."""

    name: str
    namespace: str
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class Resource(StatusModel):
    """A whole custom resource as the API server returns it."""

    metadata: Metadata

    @property
    def key(self) -> str:
        """The key "namespace/name"."""
        return f"{self.metadata.namespace}/{self.metadata.name}"

    @classmethod
    def from_raw(cls, raw: dict[str, Any]) -> Self:
        """Read an object as decoded from JSON.

        Raises InvalidInputError that names the first field which this version cannot read.
        """
        try:
            return cls.model_validate(raw)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or cls.__name__
            raise InvalidInputError(
                field,
                first["msg"],
                "let the CRDs and the operator be of the same version, or correct the field",
            ) from error


Int32 = Annotated[int, Field(json_schema_extra={"format": "int32"})]
Int64 = Annotated[int, Field(json_schema_extra={"format": "int64"})]
