"""What is generated from kinds: CRDs, JSON schemas for editors, field tables for readers."""

from typing import Any

from krmfn.sdk.model import Kind
from krmfn.sdk.schema.structural import structural
from krmfn.sdk.schema.table import FieldRow, field_rows, field_table, markdown_table, undescribed

__all__ = [
    "FieldRow",
    "crd",
    "field_rows",
    "field_table",
    "json_schema",
    "markdown_table",
    "plural",
    "undescribed",
]

_DRAFT = "http://json-schema.org/draft-07/schema#"
_DEFINITIONS = "#/definitions/{model}"
_OF_NO_USE_TO_EDITORS = ("title", "discriminator", "x-kubernetes-")
_NAMED_SCHEMAS = {"properties", "definitions"}
_VALUES = {"default", "enum", "const", "required"}


def crd(kind: type[Kind]) -> dict[str, Any]:
    """Give the CustomResourceDefinition of a kind, with a structural schema.

    The aliases of the kind's apiVersion that lie in its group are served as further versions.
    """
    names = {
        "kind": kind.kind_name,
        "listKind": f"{kind.kind_name}List",
        "plural": plural(kind.kind_name),
        "singular": kind.kind_name.lower(),
        "categories": ["krmfn"],
    }
    schema = {"openAPIV3Schema": structural(kind)}
    version_names = [
        version.rpartition("/")[2]
        for version in (kind.api_version, *kind.aliases)
        if version.rpartition("/")[0] == kind.group
    ]
    versions = [
        {"name": name, "served": True, "storage": number == 0, "schema": schema}
        for number, name in enumerate(version_names)
    ]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names['plural']}.{kind.group}"},
        "spec": {"group": kind.group, "names": names, "scope": kind.scope, "versions": versions},
    }


def json_schema(kind: type[Kind]) -> dict[str, Any]:
    """Give the JSON schema (draft 7) of a whole document of a kind, for editors."""
    schema = kind.model_json_schema(ref_template=_DEFINITIONS)
    properties = {
        "apiVersion": {"type": "string", "enum": [kind.api_version, *kind.aliases]},
        "kind": {"type": "string", "const": kind.kind_name},
    }
    definitions = schema.pop("$defs", {})
    schema["properties"] = properties | schema["properties"]
    schema["required"] = [*properties, *schema["required"]]
    return {"$schema": _DRAFT, **_for_editors(schema | {"definitions": definitions})}


def plural(name: str) -> str:
    """Give the plural of a kind's name as its resource is called: ``helmcharts``."""
    word = name.lower()
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ies"
    if word.endswith(("ss", "x", "z", "ch", "sh")):
        return f"{word}es"
    return word if word.endswith("s") else f"{word}s"


def _for_editors(schema: dict[str, Any]) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    for key, value in schema.items():
        if key.startswith(_OF_NO_USE_TO_EDITORS):
            continue
        if key in _NAMED_SCHEMAS:
            cleaned[key] = {name: _for_editors(inner) for name, inner in value.items()}
        elif isinstance(value, dict) and key not in _VALUES:
            cleaned[key] = _for_editors(value)
        elif isinstance(value, list) and key not in _VALUES:
            cleaned[key] = [_for_editors(inner) for inner in value]
        else:
            cleaned[key] = value
    return cleaned
