"""What a log line is: the one definition, from which docs/logs.schema.json is written."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

# The runner must know it, too, and may import nothing from here.
from scanyard.runner.own_lines import MAX_MESSAGE

#: Together with MAX_MESSAGE well within MAX_LINE.
MAX_ERROR, MAX_STACK = 1000, 6000

#: A field that is not named here is a mistake.
_CLOSED = with_config(ConfigDict(extra="forbid"))
_TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"

Text = Annotated[str, Field(min_length=1, max_length=253)]


@_CLOSED
class ScanJobField(TypedDict):
    """The ScanJob; of one that is gone perhaps only its uid is known."""

    namespace: NotRequired[Text]
    name: NotRequired[Text]
    uid: Text


@_CLOSED
class QueueField(TypedDict):
    """The ScanQueue."""

    namespace: Text
    name: Text


@_CLOSED
class ErrorField(TypedDict):
    """The error that the line tells of."""

    type: Annotated[Text, Field(description="Its class, such as KubeRefusedError.")]
    message: Annotated[str, Field(max_length=MAX_ERROR)]
    stack: NotRequired[
        Annotated[str, Field(max_length=MAX_STACK, description="Where it is a surprise.")]
    ]


class Fields(TypedDict, total=False):
    """What a line is about, as far as it is about one."""

    scanjob: ScanJobField
    attempt: Annotated[int, Field(ge=0, description="The attempt's number.")]
    pod: Annotated[Text, Field(description="The attempt's Pod, in the ScanJob's namespace.")]
    queue: QueueField
    fence: Annotated[int, Field(ge=0, description="The number of the leadership.")]
    reason: Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9]{0,62}$")]


@_CLOSED
class Line(Fields):
    """One line of the operator, or one that the runner says in a scan's Pod."""

    schema: Annotated[Literal[1], Field(description="The version of this schema.")]
    time: Annotated[str, Field(pattern=_TIME, description="RFC 3339, UTC, with milliseconds.")]
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
    component: Literal["operator", "runner"]
    instance: Annotated[Text, Field(description="The name of the Pod that wrote the line.")]
    logger: Annotated[Text, Field(description="The part of the program.")]
    message: Annotated[str, Field(max_length=MAX_MESSAGE)]
    error: NotRequired[ErrorField]


def json_schema() -> dict[str, Any]:
    """The schema as JSON Schema, draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **TypeAdapter(Line).json_schema(),
    }
