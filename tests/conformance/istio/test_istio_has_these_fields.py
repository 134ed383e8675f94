"""The shapes have the fields, enumerations and limits of Istio's CustomResourceDefinitions."""

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from krmfn.mesh_intent_expander.analysis.validation import KINDS
from krmfn.mesh_intent_expander.analysis.validation.decoding import TOKEN
from krmfn.mesh_intent_expander.analysis.validation.scalars import SCALARS
from krmfn.mesh_intent_expander.analysis.validation.shapes import ENUMS, MESSAGES
from krmfn.sdk import yaml_load_all

pytestmark = pytest.mark.conformance

MODULE = "istio.io/api@v1.31.0"
FILE = "kubernetes/customresourcedefinitions.gen.yaml"
TYPES = {
    "string": {"str", "text", "duration", "bytes"},
    "boolean": {"bool"},
    "integer": {"int32", "uint32", "uint64"},
    "number": {"double"},
    "object": {"struct"},
}
TWICE = {"jwks_uri", "mirror_percent"}
"""Fields that the schemas have under a second name."""

CHECKED_BY_HAND = {
    ".lua.inlineCode",
    ".rules.from.source.serviceAccounts",
    ".rules.from.source.notServiceAccounts",
}
"""Limits that are not in the shapes, because Istio itself refuses what is beyond them."""


@cache
def schemas() -> dict[str, dict[str, Any]]:
    """The schemas of the specs by kind, those of the first version."""
    asked = ["go", "mod", "download", "-json", MODULE]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, cwd="/", check=False)
    except FileNotFoundError:
        pytest.skip("needs go on PATH")
    if done.returncode:
        pytest.skip(f"{MODULE} must be at hand: {done.stdout.strip()}")
    text = (Path(json.loads(done.stdout)["Dir"]) / FILE).read_text()
    return {
        crd["spec"]["names"]["kind"]: crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"][
            "properties"
        ]["spec"]
        for crd in yaml_load_all(text)
        if crd
    }


def differences(message: str, schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield where a message is not as its schema."""
    tokens = MESSAGES[message].replace("|", " ").split()
    fields = {match[1]: match for match in map(TOKEN.fullmatch, tokens) if match}
    known = schema.get("properties", {})
    if odd := set(fields) ^ (set(known) - TWICE):
        yield f"{path}: {odd}"
    for name in set(fields) & set(known):
        _, required, bracket, kind, filled, limit = fields[name].groups()
        here, part = f"{path}.{name}", known[name]
        if bool(required) != (name in schema.get("required", ())):
            yield f"{here}: required"
        most = part.get("maxItems", part.get("maxLength", part.get("maxProperties")))
        if str(most) != str(limit) and here not in CHECKED_BY_HAND:
            yield f"{here}: at most {most}"
        if bool(filled) != bool(part.get("minItems", part.get("minProperties"))):
            yield f"{here}: empty"
        nested = {
            "": lambda s: s,
            "[": lambda s: s["items"],
            "{": lambda s: s["additionalProperties"],
        }
        yield from type_differences(kind, nested[bracket](part), here)


def type_differences(kind: str, schema: dict[str, Any], path: str) -> Iterator[str]:
    if kind in MESSAGES:
        yield from differences(kind, schema, path)
    elif kind in ENUMS:
        if set(schema["enum"]) != set(ENUMS[kind]):
            yield f"{path}: {schema['enum']}"
    elif kind not in TYPES[schema["type"]] or kind not in SCALARS:
        yield f"{path}: {schema['type']}"
    elif (kind == "text") != bool(schema.get("minLength")):
        yield f"{path}: empty"


@pytest.mark.parametrize("kind", sorted(kind for _, kind in KINDS))
def test_a_kind_has_the_fields_of_its_schema(kind: str) -> None:
    assert list(differences(kind, schemas()[kind])) == []
