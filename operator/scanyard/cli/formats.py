"""The flag -o: tables for people, raw objects for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import click
import yaml

from scanyard.cli.output import print_lines, table_width
from scanyard.cli.table import Column, Row, laid_out

Json = dict[str, Any]

TABLE: Final = "table"
WIDE: Final = "wide"
_RAW: Final = ("json", "yaml", "name")


def output_option(*people: str) -> Callable[[Any], Any]:
    """`-o`, whose first choice is what people get: TABLE and WIDE, or "" for a sentence."""
    choices = [choice for choice in people if choice] + list(_RAW)
    return click.option(
        "--output",
        "-o",
        type=click.Choice(choices),
        default=people[0] or None,
        help="; ".join(_HELP[choice] for choice in choices if choice in _HELP) + ".",
    )


def document_option(command: Any) -> Any:
    """`-o` of commands that show no objects but figures of their own."""
    return click.option(
        "--output",
        "-o",
        type=click.Choice([TABLE, "json", "yaml"]),
        default=TABLE,
        help="json, yaml: the same as one document.",
    )(command)


_HELP: Final = {
    WIDE: "wide: more columns",
    "json": "json, yaml: the raw objects",
    "name": "name: one a line",
}


def is_raw(output: str | None) -> bool:
    """Whether a program reads it."""
    return output in _RAW


def print_object(raw: Json, output: str) -> None:
    """One object."""
    _print_raw(_shown(raw), output)


def print_list(items: Sequence[Json], output: str) -> None:
    """A List, also of one or none, so that a program need not tell them apart."""
    shown = [_shown(item) for item in items]
    whole = {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": shown}
    if output == "name":
        for item in items:
            sys.stdout.write(f"{reference(item)}\n")
    else:
        _print_raw(whole, output)


def print_table(columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """On standard output; within the terminal's width, or whole where there is none."""
    print_lines(laid_out(columns, rows, table_width()))


def print_document(whole: Json, output: str) -> None:
    """Figures of the command's own, as JSON or YAML."""
    _print_raw(whole, output)


def reference(raw: Json) -> str:
    """What kubectl takes as a name: scanjob.scanyard.dev/web."""
    group = raw["apiVersion"].rpartition("/")[0]
    kind = raw["kind"].lower() + (f".{group}" if group else "")
    return f"{kind}/{raw['metadata']['name']}"


def _print_raw(whole: Json, output: str) -> None:
    if output == "name":
        sys.stdout.write(f"{reference(whole)}\n")
    elif output == "yaml":
        yaml.safe_dump(whole, sys.stdout, sort_keys=True, allow_unicode=True)
    else:
        json.dump(whole, sys.stdout, indent=2, sort_keys=True, ensure_ascii=False)
        sys.stdout.write("\n")


def _shown(raw: Json) -> Json:
    """Without the bookkeeping of who wrote which field, as kubectl does."""
    metadata = {key: value for key, value in raw["metadata"].items() if key != "managedFields"}
    return {**raw, "metadata": metadata}
