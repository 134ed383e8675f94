"""The fields of a kind as rows for readers."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from krmfn.sdk import shapes
from krmfn.sdk.model import Kind, Metadata
from krmfn.sdk.schema.structural import (
    FREE_FORM,
    INT_OR_STRING,
    PATTERN_WORDS,
    RULES,
    Schema,
    worded,
)

_HEADER = {"apiVersion", "kind", "metadata"}
_LIMITS = {
    "minimum": "{} or more",
    "maximum": "{} or less",
    "multipleOf": "a multiple of {}",
    "minLength": "{} characters or more",
    "maxLength": "{} characters or fewer",
    "minItems": "{} items or more",
    "maxItems": "{} items or fewer",
    "minProperties": "{} entries or more",
    "maxProperties": "{} entries or fewer",
}
_COUNTS = {"minLength", "minItems", "minProperties"}
_EXCLUSIVE_LIMITS = {"minimum": "more than {}", "maximum": "less than {}"}


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field, as Markdown.

    Attributes:
        path: dotted, with ``[]`` after a list and ``.*`` after a map: ``spec.charts[].name``.
        type: in Go's notation, as ``[]string``.
        default: the default as JSON, or "".
        constraint: what must hold beyond the type, or "".
        description: what the field is for.
    """

    path: str
    type: str
    default: str
    constraint: str
    description: str


def field_rows(kind: type[Kind]) -> list[FieldRow]:
    """Give the fields of a kind, each followed by the fields inside it; without its header."""
    return [*_rows("", worded(kind), _HEADER)]


def field_table(kind: type[Kind]) -> str:
    """Give the fields of a kind as a Markdown table."""
    rows = [
        (f"`{row.path}`", row.type, row.default, row.constraint, row.description)
        for row in field_rows(kind)
    ]
    return markdown_table(("Field", "Type", "Default", "Constraint", "Description"), rows)


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a Markdown table; a cell is one line, and may hold a bar."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|") or " "


def undescribed(kind: type[Kind]) -> list[str]:
    """Give the paths of the fields of a kind that have no description."""
    return [*_undescribed("", kind, ())]


def _undescribed(path: str, shape: Any, within: tuple[Any, ...]) -> Iterator[str]:
    inner = shapes.element(shape) or shapes.value(shape)
    if inner is not None:
        for each in shapes.alternatives(inner):
            yield from _undescribed(path, each, within)
    if shape in within or shape is Metadata:
        return
    for name, field in getattr(shape, "model_fields", {}).items():
        inside = f"{path}.{field.alias or name}".lstrip(".")
        if not field.description:
            yield inside
        for each in shapes.alternatives(field.annotation):
            yield from _undescribed(inside, each, (*within, shape))


def _rows(path: str, schema: Schema, hidden: set[str]) -> Iterator[FieldRow]:
    required = schema.get("required", ())
    for name, inner in schema.get("properties", {}).items():
        if name not in hidden:
            inside = f"{path}.{name}".lstrip(".")
            yield _row(inside, inner, required=name in required)
            yield from _rows(*_contents(inside, inner), set())


def _contents(path: str, schema: Schema) -> tuple[str, Schema]:
    """Go through lists and maps to the schema of what they hold at last."""
    if "items" in schema:
        return _contents(f"{path}[]", schema["items"])
    if "additionalProperties" in schema:
        return _contents(f"{path}.*", schema["additionalProperties"])
    return path, schema


def _row(path: str, schema: Schema, *, required: bool) -> FieldRow:
    constraints = [*(["required"] if required else []), *_constraints(schema)]
    return FieldRow(
        path=path,
        type=_type(schema),
        default=_default(schema),
        constraint="; ".join(constraints),
        description=schema.get("description", ""),
    )


def _default(schema: Schema) -> str:
    if "default" not in schema or "properties" in schema:
        return ""
    default = schema["default"]
    return _code(default if isinstance(default, str) else json.dumps(default))


def _type(schema: Schema) -> str:
    if schema.get(INT_OR_STRING):
        return "integer or string"
    if "items" in schema:
        return f"[]{_type(schema['items'])}"
    if "additionalProperties" in schema:
        return f"map[string]{_type(schema['additionalProperties'])}"
    if schema.get("type") == "object" and "properties" not in schema and FREE_FORM in schema:
        return "map[string]any"
    return str(schema.get("type", "any"))


def _constraints(schema: Schema) -> Iterator[str]:
    if "enum" in schema:
        yield f"one of {', '.join(_code(str(choice)) for choice in schema['enum'])}"
    if PATTERN_WORDS in schema:
        yield schema[PATTERN_WORDS].removeprefix("must be ")
    elif "pattern" in schema:
        yield f"matches {_code(schema['pattern'])}"
    for key, words in _LIMITS.items():
        if schema.get(key) == 1 and key in _COUNTS:
            yield "not empty"
        elif key in schema:
            exclusive = schema.get(f"exclusive{key.capitalize()}")
            yield (_EXCLUSIVE_LIMITS[key] if exclusive else words).format(schema[key])
    for rule in schema.get(RULES, ()):
        yield ": ".join(filter(None, (_inner(rule), rule["message"])))
    if "items" in schema:
        yield from (f"each {words}" for words in _constraints(schema["items"]))


def _inner(rule: dict[str, str]) -> str:
    return f"`{rule['fieldPath'].lstrip('.')}`" if "fieldPath" in rule else ""


def _code(text: str) -> str:
    return f"`{text}`"
