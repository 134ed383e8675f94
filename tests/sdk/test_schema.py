"""CRDs and JSON schemas say what the kinds say."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

import celpy
import celpy.adapter
import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from krmfn.cli.library.catalog import OWN_GROUPS, owners_of_kinds
from krmfn.sdk import yaml_dump, yaml_load
from krmfn.sdk.model import CelRule, DnsLabel, Kind, Model
from krmfn.sdk.schema import crd, json_schema

CEL = celpy.Environment()
FREE_FORM = "x-kubernetes-preserve-unknown-fields"


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class ByName(Model):
    type: Literal["Name"] = Field(description="Which one.")
    name: str = Field(description="Name.")
    weight: int = Field(1, description="Weight.")


class ByLabel(Model):
    type: Literal["Label"] = Field(description="Which one.")
    label: str = Field(description="Label.")
    weight: str = Field("1", description="Weight.")


class Tree(Model):
    children: "list[Tree]" = Field([], description="Trees inside the tree.")


class Port(Model):
    name: str = Field(description="Name.")
    number: int = Field(80, ge=1, le=65535, description="Number.")


class Pair(Model):
    first: str | None = Field(None, description="First.")
    second: str | None = Field(None, description="Second.")
    count: int = Field(1, description="How many.")

    cel_rules: ClassVar = [
        CelRule(
            "has(self.first) != has(self.second)",
            "exactly one of `first` and `second` must be set",
            lambda pair: (pair.first is None) != (pair.second is None),
        ),
        CelRule(
            "self.count < 3 || has(self.first)",
            "must be less than 3 without `first`",
            lambda pair: pair.count < 3 or pair.first is not None,
            field="count",
        ),
    ]


PROGRAMS = {rule.message: CEL.program(CEL.compile(rule.rule)) for rule in Pair.cel_rules}


class SampleSpec(Model):
    """Every sort of field."""

    text: str = Field(description="Text | with a bar.")
    empty: str = Field("", description="Text that may be empty.")
    flag: bool = Field(False, description="Flag.")
    count: int = Field(3, ge=0, lt=9, description="Count.")
    ratio: float = Field(0.5, gt=0, le=1, multiple_of=0.5, description="Ratio.")
    mode: Literal["Keep", "Drop"] = Field("Keep", description="Mode.")
    only: Literal["This"] = Field("This", description="The one choice.")
    level: Literal[1, 2] = Field(1, description="Level.")
    colour: Colour = Field(Colour.RED, description="Colour.")
    short: str = Field("abc", min_length=1, max_length=3, description="Short.")
    label: DnsLabel = Field("a", description="Label.")
    names: tuple[DnsLabel, ...] = Field((), max_length=2, description="Names.")
    unique: frozenset[str] = Field(frozenset(), description="Unique.")
    ports: list[Port] = Field(
        [],
        description="Ports.",
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
        },
    )
    labels: dict[str, str] = Field({}, description="Labels.")
    by_name: dict[str, list[Port]] = Field({}, description="Ports by name.")
    values: dict[str, Any] = Field({}, description="Values.")
    anything: Any = Field(None, description="Anything.")
    things: list[Any] = Field([], description="Things.")
    port: int | str = Field(80, description="Port.")
    code: Literal["auto"] | Annotated[str, Field(pattern="^[0-9]+$")] = Field(
        "auto", description="Code."
    )
    one_or_more: str | list[str] = Field("", description="One or more.")
    note: str | None = Field(None, description="Note.")
    source: Annotated[ByName | ByLabel, Field(discriminator="type")] | None = Field(
        None, description="Source."
    )
    pair: Pair = Field(Pair(first="a"), description="Pair.")
    plain_pair: Pair | None = Field(None, description="Pair.")
    tree: Tree = Field(Tree(), description="Tree.")


class Sample(Kind, api_version="test.krmfn.dev/v1alpha1"):
    """A sample of every sort of field."""

    spec: SampleSpec = Field(description="The fields.")


def spec_schema() -> dict[str, Any]:
    version = crd(Sample)["spec"]["versions"][0]
    found: dict[str, Any] = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return found


def body(spec: str) -> dict[str, Any]:
    head = "{apiVersion: test.krmfn.dev/v1alpha1, kind: Sample, metadata: {name: a}}"
    return {**yaml_load(head), "spec": {"text": "a", **yaml_load(spec)}}


SPECS = [
    "{}",
    "{zoo: 1}",
    "{flag: yes}",
    "{flag: true, count: 8, ratio: 1.0, mode: Drop, level: 2, colour: blue}",
    "{count: 9}",
    "{ratio: 0.3}",
    "{level: 3}",
    "{short: ''}",
    "{names: [a, b]}",
    "{names: [A]}",
    "{ports: [{name: a, number: 0}]}",
    "{byName: {a: [{name: b}]}}",
    "{byName: {a: [{}]}}",
    "{anything: {a: [1]}, values: {b: {c: null}}, things: [1, a]}",
    "{port: http}",
    "{port: [1]}",
    "{code: '12'}",
    "{code: a}",
    "{oneOrMore: [a]}",
    "{note: null}",
    "{source: {type: Name, name: a}}",
    "{source: {type: Nothing}}",
    "{tree: {children: [{children: []}, {}]}}",
]
SPECS_BEYOND_STRUCTURAL_SCHEMAS = [
    "{oneOrMore: [1]}",
    "{source: {type: Label, name: a}}",
    "{tree: {children: [{child: []}]}}",
]
SPECS_BEYOND_JSON_SCHEMAS = [
    "{pair: {first: a, second: b}}",
    "{pair: {count: 1}}",
    "{pair: {second: a, count: 3}}",
    "{pair: {first: a, count: 3}}",
    "{plainPair: {}}",
    "{plainPair: }",
    "{flag: , values: , pair: , names: }",
]
NODE = {"description", "type", "nullable", "default", "items", "properties", "required"}
NODE |= {"additionalProperties", "anyOf", "x-kubernetes-int-or-string", FREE_FORM}
NODE |= {"x-kubernetes-validations", "x-kubernetes-list-type", "x-kubernetes-list-map-keys"}
CHECKS = {"enum", "pattern", "minLength", "maxLength", "minimum", "exclusiveMinimum", "maximum"}
CHECKS |= {"exclusiveMaximum", "multipleOf", "minItems", "maxItems", "minProperties", "format"}


def faults(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield what breaks the rules of structural schemas (apiextensions v1)."""
    yield from (f"{path}: {fault}" for fault, found in faults_here(schema).items() if found)
    for name, inner in schema.get("properties", {}).items():
        yield from faults(inner, f"{path}.{name}")
    for key in {"items", "additionalProperties"} & set(schema):
        yield from faults(schema[key], f"{path}[]")


def faults_here(schema: dict[str, Any]) -> dict[str, bool]:
    keys = set(schema)
    list_keys = schema.get("x-kubernetes-list-map-keys", ())
    return {
        f"has {keys - NODE - CHECKS}": not keys <= NODE | CHECKS,
        "has no type": not keys & {"type", FREE_FORM, "x-kubernetes-int-or-string"},
        "has fields of two sorts": {"properties", "additionalProperties"} <= keys,
        "has items, or is an array, alone": (schema.get("type") == "array") != ("items" in keys),
        "requires what it has not": not {*schema.get("required", ())}
        <= {*schema.get("properties", ())},
        "has a branch with more than checks": any(
            not set(branch) <= CHECKS for branch in schema.get("anyOf", ())
        ),
        "has an optional key of a list": any(
            key not in schema["items"].get("required", ()) for key in list_keys
        ),
    }


def test_the_schema_of_a_crd_is_structural() -> None:
    (version,) = crd(Sample)["spec"]["versions"]
    assert [*faults(version["schema"]["openAPIV3Schema"])] == []


@pytest.mark.parametrize(
    ("field", "schema"),
    [
        ("empty", "{type: string}"),
        ("flag", "{type: boolean, default: false}"),
        ("count", "{type: integer, default: 3, minimum: 0, maximum: 9, exclusiveMaximum: true}"),
        (
            "ratio",
            """{type: number, default: 0.5, minimum: 0, exclusiveMinimum: true, maximum: 1,
            multipleOf: 0.5}""",
        ),
        ("mode", "{type: string, default: Keep, enum: [Keep, Drop]}"),
        ("only", "{type: string, default: This, enum: [This]}"),
        ("level", "{type: integer, default: 1, enum: [1, 2]}"),
        ("colour", "{type: string, default: red, enum: [red, blue]}"),
        ("short", "{type: string, default: abc, minLength: 1, maxLength: 3}"),
        (
            "names",
            """{type: array, maxItems: 2, items: {type: string, maxLength: 63,
            pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'}}""",
        ),
        ("unique", "{type: array, x-kubernetes-list-type: set, items: {type: string}}"),
        ("labels", "{type: object, additionalProperties: {type: string}}"),
        ("values", "{type: object, x-kubernetes-preserve-unknown-fields: true}"),
        ("anything", "{x-kubernetes-preserve-unknown-fields: true}"),
        ("things", "{type: array, items: {x-kubernetes-preserve-unknown-fields: true}}"),
        ("port", "{x-kubernetes-int-or-string: true, default: 80}"),
        ("code", "{type: string, default: auto, anyOf: [{enum: [auto]}, {pattern: '^[0-9]+$'}]}"),
        ("oneOrMore", "{x-kubernetes-preserve-unknown-fields: true}"),
        ("note", "{type: string, nullable: true}"),
        (
            "tree",
            """{type: object, default: {}, properties: {children: {type: array,
            description: Trees inside the tree., items: {type: object,
            x-kubernetes-preserve-unknown-fields: true}}}}""",
        ),
    ],
)
def test_each_sort_of_field_has_its_structural_schema(field: str, schema: str) -> None:
    found = dict(spec_schema()["properties"][field])
    assert found.pop("description")
    assert found == yaml_load(schema)


def test_a_union_of_models_has_the_fields_of_all_and_requires_what_all_require() -> None:
    source = spec_schema()["properties"]["source"]
    assert (source["type"], source["nullable"], source["required"]) == ("object", True, ["type"])
    assert source["properties"] == {
        "type": {"type": "string", "enum": ["Name", "Label"], "description": "Which one."},
        "name": {"type": "string", "description": "Name."},
        "weight": {"x-kubernetes-int-or-string": True, "description": "Weight."},
        "label": {"type": "string", "description": "Label."},
    }


def test_the_default_of_a_model_says_only_what_its_fields_do_not() -> None:
    assert spec_schema()["properties"]["pair"]["default"] == {"first": "a"}
    assert spec_schema()["properties"]["tree"]["default"] == {}


def test_rules_over_several_fields_are_in_the_crd() -> None:
    assert spec_schema()["properties"]["pair"]["x-kubernetes-validations"] == [
        {
            "rule": "has(self.first) != has(self.second)",
            "message": "exactly one of `first` and `second` must be set",
        },
        {
            "rule": "self.count < 3 || has(self.first)",
            "message": "must be less than 3 without `first`",
            "fieldPath": ".count",
        },
    ]


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {"count": st.integers(0, 5)}, optional={"first": st.text(), "second": st.text()}
    )
)
def test_a_rule_gives_the_same_verdict_in_cel_and_in_python(pair: dict[str, Any]) -> None:
    _, problems = Sample.parse(body(yaml_dump({"pair": pair})))
    broken = {problem.message for problem in problems}
    for message, program in PROGRAMS.items():
        holds = bool(program.evaluate({"self": celpy.adapter.json_to_cel(pair)}))
        assert holds == (message not in broken)


def test_the_same_kind_gives_the_same_bytes() -> None:
    assert yaml_dump(crd(Sample)) == yaml_dump(crd(Sample))
    assert yaml_dump(json_schema(Sample)) == yaml_dump(json_schema(Sample))


def test_the_json_schema_is_one_itself() -> None:
    jsonschema.Draft7Validator.check_schema(json_schema(Sample))


@pytest.mark.parametrize("spec", [*SPECS, *SPECS_BEYOND_STRUCTURAL_SCHEMAS])
def test_the_json_schema_accepts_what_the_kind_accepts(spec: str) -> None:
    document = body(spec)
    instance, _ = Sample.parse(document)
    validator = jsonschema.Draft7Validator(json_schema(Sample))
    assert validator.is_valid(document) == (instance is not None)


@pytest.mark.parametrize(
    "change",
    [
        {"apiVersion": "test.krmfn.dev/v9"},
        {"kind": "Simple"},
        {"metadata": {}},
        {"status": {}},
    ],
)
def test_the_json_schema_is_of_the_whole_document(change: dict[str, Any]) -> None:
    validator = jsonschema.Draft7Validator(json_schema(Sample))
    assert validator.is_valid(body("{}"))
    assert not validator.is_valid({**body("{}"), **change})


OWN_KINDS: list[type[Kind]] = [
    Sample,
    *(kind for kind in owners_of_kinds() if kind.group in OWN_GROUPS),
]


@pytest.fixture(scope="session")
def api_server() -> Callable[..., dict[str, Any]]:
    """The API server's own code: what it has against the CRD of a kind, and against documents."""
    if not (command := shutil.which("crdcheck")):
        pytest.skip("`make peers` must have built crdcheck")

    def judged(kind: type[Kind], *documents: dict[str, Any]) -> dict[str, Any]:
        question = json.dumps([{"crd": crd(kind), "objects": documents}])
        done = subprocess.run(command, input=question, capture_output=True, text=True, check=True)
        (answer,) = json.loads(done.stdout)
        return dict(answer)

    return judged


@pytest.mark.conformance
@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, id=kind.kind_name) for kind in OWN_KINDS],
)
def test_the_api_server_takes_the_crd(
    kind: type[Kind], api_server: Callable[..., dict[str, Any]]
) -> None:
    assert api_server(kind)["crd"] == []


@pytest.mark.conformance
@pytest.mark.parametrize("spec", [*SPECS, *SPECS_BEYOND_JSON_SCHEMAS])
def test_the_api_server_accepts_what_the_kind_accepts(
    spec: str, api_server: Callable[..., dict[str, Any]]
) -> None:
    _, problems = Sample.parse(body(spec))
    (errors,) = api_server(Sample, body(spec))["objects"]
    assert bool(errors) == bool(problems), errors
