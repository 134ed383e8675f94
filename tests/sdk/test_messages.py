"""What is wrong with a field is said as kpt says it: what must be, what is, and what was meant."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from krmfn.sdk import yaml_load
from krmfn.sdk.messages import Problem, as_text, path_of
from krmfn.sdk.model import DnsLabel, DnsName, Kind, Model, Pattern

HEAD = "{apiVersion: test.krmfn.dev/v1alpha1, kind: Sample, metadata: {name: a}}"


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class ByName(Model):
    type: Literal["Name"] = Field(description="Which one.")
    name: str = Field(description="Name.")


class ByLabel(Model):
    type: Literal["Label"] = Field(description="Which one.")
    label: int = Field(description="Label.")


class Circle(Model):
    radius: int = Field(description="Radius.")


class Box(Model):
    width: int = Field(description="Width.")
    height: int = Field(description="Height.")


class Pair(Model):
    first: str = Field("", description="First.")
    second: str = Field("", description="Second.")

    @model_validator(mode="after")
    def _exclusive(self) -> "Pair":
        if self.first and self.second:
            raise ValueError("only one of `first` and `second` can be set")
        return self


class Odd(Model):
    number: int = Field(0, description="A number.")

    @model_validator(mode="after")
    def _odd(self) -> "Odd":
        if self.number == 13:
            raise PydanticCustomError("unlucky", "must not be unlucky")
        return self


class SampleSpec(Model):
    text: str = Field("", description="Text.")
    flag: bool = Field(False, description="Flag.")
    count: int = Field(0, ge=0, le=9, description="Count.")
    many: int = Field(0, le=1_000_000, description="Many.")
    ratio: float = Field(0.5, gt=0, lt=1, description="Ratio.")
    even: int = Field(0, multiple_of=2, description="Even.")
    finite: float = Field(0, allow_inf_nan=False, description="Finite.")
    mode: Literal["Keep", "Drop", "Convert"] = Field("Keep", description="Mode.")
    level: Literal[1, 2] = Field(1, description="Level.")
    colour: Colour = Field(Colour.RED, description="Colour.")
    short: str = Field("abc", min_length=2, max_length=3, description="Short.")
    code: str = Field("a1", pattern="^[a-z][0-9]$", description="Code.")
    digest: Annotated[str, Pattern("^[0-9a-f]{4}$", "4 hexadecimal digits")] = Field(
        "0000", description="Digest."
    )
    label: DnsLabel = Field("a", description="Label.")
    host: DnsName = Field("a", description="Host.")
    names: tuple[str, ...] = Field(("a",), min_length=1, max_length=2, description="Names.")
    pairs: list[Pair] = Field([], description="Pairs.")
    labels: dict[str, str] = Field({}, description="Labels.")
    at: datetime | None = Field(None, description="When.")
    port: int | str = Field(80, description="Port.")
    one_or_more: str | list[str] = Field("", description="One or more.")
    source: Annotated[ByName | ByLabel, Field(discriminator="type")] | None = Field(
        None, description="Source."
    )
    shape: Circle | Box | None = Field(None, description="Shape.")
    odd: Odd = Field(Odd(), description="Odd.")


class Sample(Kind, api_version="test.krmfn.dev/v1alpha1", aliases=("test.krmfn.dev/v1",)):
    """A sample of every sort of field."""

    spec: SampleSpec = Field(SampleSpec(), description="The fields.")


def problems_with(spec: str) -> list[Problem]:
    _, problems = Sample.parse({**yaml_load(HEAD), "spec": yaml_load(spec)})
    return problems


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        ("text: 1.10", "spec.text", 'must be a string: quote it: "1.10"'),
        ("text: 0x1F", "spec.text", 'must be a string: quote it: "0x1F"'),
        ("text: true", "spec.text", 'must be a string: quote it: "true"'),
        ("text: [a]", "spec.text", "must be a string, but is a list"),
        ("text: {a: 1}", "spec.text", "must be a string, but is a map"),
        ("true: 1", "spec", "must have strings as its keys: quote `true`"),
        ("odd: {7: 1}", "spec.odd", "must have strings as its keys: quote `7`"),
        ("flag: yes", "spec.flag", 'must be true or false, but is "yes"'),
        ("flag: 1", "spec.flag", "must be true or false, but is 1"),
        ('count: "3"', "spec.count", 'must be an integer, but is "3"'),
        ("count: 1.50", "spec.count", "must be an integer, but is 1.50"),
        ("count: true", "spec.count", "must be an integer, but is true"),
        ("count: -1", "spec.count", "must be 0 or more, but is -1"),
        ("count: 10", "spec.count", "must be 9 or less, but is 10"),
        ("many: 1000001", "spec.many", "must be 1000000 or less, but is 1000001"),
        ("ratio: 0", "spec.ratio", "must be more than 0, but is 0"),
        ("ratio: 1.0", "spec.ratio", "must be less than 1, but is 1.0"),
        ("ratio: half", "spec.ratio", 'must be a number, but is "half"'),
        ("even: 3", "spec.even", "must be a multiple of 2, but is 3"),
        ("finite: .inf", "spec.finite", "must be a finite number, but is .inf"),
        ("mode: keep", "spec.mode", 'must be Keep, Drop or Convert, but is "keep"'),
        ("mode: 1", "spec.mode", "must be Keep, Drop or Convert, but is 1"),
        ("level: 3", "spec.level", "must be 1 or 2, but is 3"),
        ("colour: green", "spec.colour", 'must be red or blue, but is "green"'),
        ('short: ""', "spec.short", "must have 2 characters or more"),
        ("short: abcd", "spec.short", "must have 3 characters or fewer, but has 4"),
        ("code: aa", "spec.code", 'must match `^[a-z][0-9]$`, but is "aa"'),
        ("digest: ABCD", "spec.digest", 'must be 4 hexadecimal digits, but is "ABCD"'),
        ('digest: "abcd\\n"', "spec.digest", 'must be 4 hexadecimal digits, but is "abcd\\n"'),
        ("names: []", "spec.names", "must not be empty"),
        ("names: [a, b, c]", "spec.names", "must have 2 items or fewer, but has 3"),
        ("names: a", "spec.names", 'must be a list, but is "a"'),
        ("names: {a: b}", "spec.names", "must be a list, but is a map"),
        ("names: [a, 1]", "spec.names[1]", 'must be a string: quote it: "1"'),
        ("pairs: [a]", "spec.pairs[0]", 'must be a map, but is "a"'),
        ("labels: [a]", "spec.labels", "must be a map, but is a list"),
        ("labels: {a.b/c: 1}", "spec.labels[a.b/c]", 'must be a string: quote it: "1"'),
        ("labels: {1: a}", "spec.labels[1]", "must have a string as its key: quote the key"),
        ("at: noon", "spec.at", 'must be a time such as 2026-01-31T12:00:00Z, but is "noon"'),
        ("port: [80]", "spec.port", "must be an integer or a string, but is a list"),
        ("oneOrMore: {a: b}", "spec.oneOrMore", "must be a string or a list, but is a map"),
        ("oneOrMore: [1]", "spec.oneOrMore[0]", 'must be a string: quote it: "1"'),
        ("source: {name: a}", "spec.source.type", "must be set"),
        ("source: {type: Nam}", "spec.source.type", 'must be Name or Label, but is "Nam"'),
        ("source: {type: Label, label: a}", "spec.source.label", 'must be an integer, but is "a"'),
        ("source: a", "spec.source", 'must be a map, but is "a"'),
        ("shape: 3", "spec.shape", "must be a map, but is 3"),
        ("shape: {width: 1}", "spec.shape.height", "must be set"),
        ("shape: {radius: a}", "spec.shape.radius", 'must be an integer, but is "a"'),
        (
            "pairs: [{first: a, second: b}]",
            "spec.pairs[0]",
            "only one of `first` and `second` can be set",
        ),
        ("odd: {number: 13}", "spec.odd", "must not be unlucky"),
    ],
)
def test_a_wrong_value_is_told_with_its_path_and_what_must_be(
    spec: str, field: str, message: str
) -> None:
    assert [(each.field, each.message) for each in problems_with(f"{{{spec}}}")] == [
        (field, message)
    ]


@pytest.mark.parametrize(
    ("spec", "current", "expected"),
    [
        pytest.param("text: 1.10", "1.10", '"1.10"', id="the quoted spelling"),
        pytest.param("flag: yes", "yes", "true", id="what YAML 1.1 took for true"),
        pytest.param("flag: Off", "Off", "false", id="what YAML 1.1 took for false"),
        pytest.param("flag: perhaps", "perhaps", None, id="nothing plain"),
        pytest.param('count: "3"', "3", "3", id="the number in the quotes"),
        pytest.param("count: three", "three", None, id="no number in the quotes"),
        pytest.param('ratio: "0.5"', "0.5", "0.5", id="the decimal number in the quotes"),
        pytest.param("mode: keep", "keep", "Keep", id="the nearest choice"),
        pytest.param("mode: zzz", "zzz", None, id="no near choice"),
        pytest.param("source: {type: name}", "name", "Name", id="the nearest tag"),
        pytest.param("mod: Keep", "Keep", "mode", id="the nearest field"),
        pytest.param("text: [a]", None, None, id="a list has no text"),
    ],
)
def test_a_problem_carries_the_value_and_what_was_meant_as_plain_text(
    spec: str, current: str | None, expected: str | None
) -> None:
    (problem,) = problems_with(f"{{{spec}}}")
    assert (problem.current, problem.expected) == (current, expected)
    assert {type(problem.current), type(problem.expected)} <= {str, type(None)}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("onOrMore: a", "is not a field of Sample; did you mean `oneOrMore`?"),
        ("one_or_more: a", "is not a field of Sample; did you mean `oneOrMore`?"),
        ("COUNT: 1", "is not a field of Sample; did you mean `count`?"),
        (
            "pairs: [{zzz: 1}]",
            "is not a field of Sample; its fields here are `first` and `second`",
        ),
        ("source: {type: Name, name: a, nam: b}", "is not a field of Sample; did you mean `name`?"),
        ("shape: {radius: 1, radus: 2}", "is not a field of Sample; did you mean `radius`?"),
    ],
)
def test_an_unknown_field_is_told_with_the_one_that_was_meant(spec: str, message: str) -> None:
    assert [problem.message for problem in problems_with(f"{{{spec}}}")] == [message]


@pytest.mark.parametrize(
    ("head", "problems"),
    [
        (
            "{apiVersion: test.krmfn.dev/v2, kind: Sample, metadata: {name: a}}",
            [
                Problem(
                    "apiVersion",
                    "must be test.krmfn.dev/v1alpha1 or test.krmfn.dev/v1, "
                    'but is "test.krmfn.dev/v2"',
                    "test.krmfn.dev/v2",
                    "test.krmfn.dev/v1alpha1",
                )
            ],
        ),
        (
            "{apiVersion: test.krmfn.dev/v1, kind: Simple, metadata: {name: a}}",
            [Problem("kind", 'must be Sample, but is "Simple"', "Simple", "Sample")],
        ),
        (
            "{kind: Sample, metadata: {}}",
            [
                Problem(
                    "apiVersion",
                    "must be test.krmfn.dev/v1alpha1 or test.krmfn.dev/v1",
                    None,
                    "test.krmfn.dev/v1alpha1",
                ),
                Problem("metadata.name", "must be set"),
            ],
        ),
        (
            '{apiVersion: test.krmfn.dev/v1, kind: Sample, metadata: {name: ""}}',
            [Problem("metadata.name", "must not be empty", "")],
        ),
        (
            "{apiVersion: test.krmfn.dev/v1, kind: Sample}",
            [Problem("metadata", "must be set")],
        ),
    ],
)
def test_a_wrong_head_is_told(head: str, problems: list[Problem]) -> None:
    assert Sample.parse(yaml_load(head)) == (None, problems)


def test_all_wrong_fields_are_told_at_once() -> None:
    problems = problems_with("{text: 1, flag: 2, pairs: [{first: 1}, {second: 2}], zzz: 1}")
    assert [problem.field for problem in problems] == [
        "spec.text",
        "spec.flag",
        "spec.pairs[0].first",
        "spec.pairs[1].second",
        "spec.zzz",
    ]


def test_a_list_whose_items_are_wrong_is_not_called_empty() -> None:
    assert [problem.field for problem in problems_with("names: [{}]")] == ["spec.names[0]"]
    assert [problem.field for problem in problems_with("names: []")] == ["spec.names"]


def test_a_long_value_is_shortened() -> None:
    (problem,) = problems_with(f"{{mode: {'x' * 10_000}}}")
    assert len(problem.message) < 200
    assert len(problem.current or "") < 100


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ((), ""),
        (("spec", "items", 0, "name"), "spec.items[0].name"),
        (("metadata", "annotations", "a.b/c"), "metadata.annotations[a.b/c]"),
        ((0, "a"), "[0].a"),
        (("labels", 1), "labels[1]"),
    ],
)
def test_a_path_is_written_as_kubernetes_writes_it(place: tuple[Any, ...], path: str) -> None:
    assert path_of(place) == path


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner)
)


@settings(deadline=None)
@given(values)
def test_any_value_has_a_short_text(value: Any) -> None:
    assert len(as_text(value)) <= 81


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*SampleSpec.model_json_schema()["properties"]]), values))
def test_whatever_a_spec_holds_either_it_is_read_or_its_problems_are_told(
    spec: dict[str, Any],
) -> None:
    instance, problems = Sample.parse({**yaml_load(HEAD), "spec": spec})
    assert (instance is None) == bool(problems)
    assert all(problem.field.startswith("spec") for problem in problems)
    assert all(problem.message for problem in problems)
    assert all("Input should" not in problem.message for problem in problems)
