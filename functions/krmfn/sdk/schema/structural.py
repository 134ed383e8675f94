"""From pydantic's JSON schema to the structural schema that a CRD must have."""

from collections.abc import Mapping, Sequence
from typing import Any

from krmfn.sdk.model import Kind

Schema = dict[str, Any]

FREE_FORM = "x-kubernetes-preserve-unknown-fields"
INT_OR_STRING = "x-kubernetes-int-or-string"
RULES = "x-kubernetes-validations"
PATTERN_WORDS = "patternErrorMessage"
_CHECKS = [
    *("format", "enum", "pattern", "minLength", "maxLength", "minimum", "exclusiveMinimum"),
    *("maximum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems"),
    *("minProperties", "maxProperties"),
]
_LIST_TYPES = ["x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type"]
_ANNOTATIONS = ["description", "default", PATTERN_WORDS, *_LIST_TYPES, RULES]
_ORDER = [
    *("description", "type", "nullable", INT_OR_STRING, "default", *_CHECKS, PATTERN_WORDS),
    *("anyOf", *_LIST_TYPES, "items", "additionalProperties", "required", "properties"),
    *(FREE_FORM, RULES),
]
_SCALARS = {"string", "integer", "number", "boolean"}


def structural(kind: type[Kind]) -> Schema:
    """Give the structural schema (apiextensions v1) of a kind, the same for the same kind.

    References are inlined, null becomes ``nullable``, and what a structural schema cannot say (a
    union of unlike types, a model within itself) keeps its fields unchecked. An empty default is
    left out, as Go's ``omitempty`` does, so that CEL's ``has`` sees what people wrote.
    """
    return _without(PATTERN_WORDS, worded(kind))


def worded(kind: type[Kind]) -> Schema:
    """Give the structural schema of a kind with patterns in words, as `patternErrorMessage`."""
    schema = kind.model_json_schema()
    top = _structural(schema, schema.get("$defs", {}), ())
    own = {name: inner for name, inner in top["properties"].items() if name != "metadata"}
    head = {
        "apiVersion": {"type": "string", "description": "The version of this schema."},
        "kind": {"type": "string", "description": "The kind of this resource."},
        "metadata": {"type": "object"},
    }
    return top | {"properties": {name: _ordered(each) for name, each in head.items()} | own}


def _structural(node: Schema, definitions: Mapping[str, Schema], within: tuple[str, ...]) -> Schema:
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        target = {"type": "object", "additionalProperties": True}
        target = target if name in within else definitions[name]
        beside = {key: value for key, value in node.items() if key != "$ref"}
        return _structural({**target, **beside}, definitions, (*within, name))
    branches = node.get("anyOf") or node.get("oneOf")
    if branches is None:
        return _ordered(_plain(node, definitions, within))
    values = [
        _structural(branch, definitions, within)
        for branch in branches
        if branch.get("type") != "null"
    ]
    nullable = {"nullable": True} if len(values) < len(branches) else {}
    schema = _either(values) | nullable | {key: node[key] for key in _ANNOTATIONS if key in node}
    return _ordered(_with_default(schema))


def _plain(node: Schema, definitions: Mapping[str, Schema], within: tuple[str, ...]) -> Schema:
    schema = {key: node[key] for key in ("type", *_ANNOTATIONS, *_CHECKS) if key in node}
    if "const" in node:
        schema["enum"] = [node["const"]]
    for bound in ("minimum", "maximum"):
        exclusive = f"exclusive{bound.capitalize()}"
        if exclusive in node:
            schema |= {bound: node[exclusive], exclusive: True}
    if node.get("uniqueItems"):
        schema.setdefault("x-kubernetes-list-type", "set")
    if schema.get("type") == "array":
        schema["items"] = _structural(node.get("items", {}), definitions, within)
    if "properties" in node:
        schema["properties"] = {
            name: _structural(inner, definitions, within)
            for name, inner in node["properties"].items()
        }
        if required := node.get("required"):
            schema["required"] = required
    others = node.get("additionalProperties")
    if others is True or others == {} or "type" not in schema:
        schema[FREE_FORM] = True
    elif isinstance(others, dict):
        schema["additionalProperties"] = _structural(others, definitions, within)
    return _with_default(schema)


def _either(schemas: Sequence[Schema]) -> Schema:
    """Give the schema of a value that any of these structural schemas describes."""
    first, *others = schemas
    if all(each == first for each in others):
        return first
    found = {each.get("type") for each in schemas}
    if found == {"integer", "string"}:
        return {INT_OR_STRING: True}
    if len(found) == 1 and found <= _SCALARS:
        return {"type": first["type"], **_either_validation(schemas)}
    if found == {"object"} and all("properties" in each for each in schemas):
        return {"type": "object", **_either_properties(schemas)}
    return {"type": "number"} if found == {"integer", "number"} else {FREE_FORM: True}


def _either_validation(schemas: Sequence[Schema]) -> Schema:
    if all("enum" in each for each in schemas):
        return {"enum": [*dict.fromkeys(choice for each in schemas for choice in each["enum"])]}
    checks = [{key: each[key] for key in _CHECKS if key in each} for each in schemas]
    return {"anyOf": checks} if all(checks) else {}


def _either_properties(schemas: Sequence[Schema]) -> Schema:
    by_name: dict[str, list[Schema]] = {}
    for each in schemas:
        for name, inner in each["properties"].items():
            by_name.setdefault(name, []).append(inner)
    properties = {
        name: _ordered(
            _either(found) | {key: found[0][key] for key in ("description",) if key in found[0]}
        )
        for name, found in by_name.items()
    }
    required = set.intersection(*(set(each.get("required", ())) for each in schemas))
    return {
        "properties": properties,
        **({"required": [name for name in properties if name in required]} if required else {}),
    }


def _with_default(schema: Schema) -> Schema:
    rest = {key: value for key, value in schema.items() if key != "default"}
    if "default" not in schema:
        return rest
    default = _default(schema["default"], schema)
    is_model = "properties" in schema and default is not None
    return rest | {"default": default} if is_model or not _is_empty(default) else rest


def _default(value: Any, schema: Schema) -> Any:
    """Leave out of a default what the defaults of its fields say already."""
    properties = schema.get("properties")
    if not properties or not isinstance(value, dict):
        return value
    kept = {name: _default(inner, properties.get(name, {})) for name, inner in value.items()}
    return {
        name: inner
        for name, inner in kept.items()
        if not _is_empty(inner) and inner != properties.get(name, {}).get("default")
    }


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _without(key: str, schema: Schema) -> Schema:
    """Leave a key out of a schema and the schemas inside it."""
    kept = {name: value for name, value in schema.items() if name != key}
    for name in {"items", "additionalProperties"} & set(kept):
        kept[name] = _without(key, kept[name])
    if "properties" in kept:
        inner = kept["properties"].items()
        kept["properties"] = {name: _without(key, each) for name, each in inner}
    return kept


def _ordered(schema: Schema) -> Schema:
    return {key: schema[key] for key in _ORDER if key in schema}
