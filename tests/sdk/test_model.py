"""Kinds: what they accept, what they keep, and what they give back."""

from types import MappingProxyType
from typing import Any, ClassVar, Literal

import pytest
from pydantic import Field

from krmfn.sdk import Resource, yaml_load
from krmfn.sdk.model import CelRule, DnsLabel, Kind, Metadata, Model


class Chart(Model):
    name: DnsLabel = Field(description="Name.")
    version: str = Field("", description="Version.")


class Options(Model):
    hooks: Literal["Keep", "Drop"] = Field("Keep", description="Hooks.")
    trusted: bool = Field(False, description="Trust.")
    retries: int = Field(3, ge=0, description="Retries.")
    ratio: float = Field(0.5, description="Ratio.")


class ReleaseSpec(Model):
    chart: Chart = Field(description="Chart.")
    release_name: str = Field("", description="Release.")
    options: Options = Field(Options(), description="Options.")
    allow_from: tuple[str, ...] = Field((), description="Callers.")
    ports: list[int] = Field([], description="Ports.")
    target: int | str = Field(0, description="Port by number or name.")
    labels: dict[str, str] = Field({}, description="Labels.")
    values: dict[str, Any] = Field({}, description="Values.")
    from_: str | None = Field(None, description="Source.")

    cel_rules: ClassVar = [
        CelRule(
            "!has(self.from) || has(self.releaseName)",
            "must be set beside `from`",
            lambda spec: spec.from_ is None or spec.release_name != "",
            field="releaseName",
        )
    ]


class Release(Kind, api_version="intent.krmfn.dev/v1alpha1", aliases=("intent.krmfn.dev/v1",)):
    """A release."""

    spec: ReleaseSpec = Field(description="The release.")


class Knob(Kind, api_version="fn.krmfn.dev/v1alpha1", kind="KnobConfig", scope="Cluster"):
    """A configuration without a spec."""

    speed: int = Field(1, description="Speed.")


def release(spec: str, head: str = "") -> dict[str, Any]:
    text = head or "{apiVersion: intent.krmfn.dev/v1alpha1, kind: Release, metadata: {name: upf}}"
    return {**yaml_load(text), "spec": yaml_load(spec)}


def parsed(body: dict[str, Any]) -> Release:
    instance, problems = Release.parse(body)
    assert problems == []
    assert instance is not None
    return instance


def test_a_kind_is_named_after_its_class_and_knows_its_group() -> None:
    assert (Release.kind_name, Release.group, Release.scope) == (
        "Release",
        "intent.krmfn.dev",
        "Namespaced",
    )
    assert (Knob.kind_name, Knob.scope) == ("KnobConfig", "Cluster")


def test_a_derived_kind_keeps_the_api_version_unless_it_has_its_own() -> None:
    class Turbo(Knob):
        """A faster knob."""

    class Other(Knob, api_version="fn.krmfn.dev/v1"):
        """A newer knob."""

    assert (Turbo.api_version, Turbo.kind_name) == ("fn.krmfn.dev/v1alpha1", "Turbo")
    assert Other.api_version == "fn.krmfn.dev/v1"


def test_yaml_is_camel_case_and_python_is_snake_case() -> None:
    spec = parsed(release("{chart: {name: upf}, releaseName: a, allowFrom: [x], from: here}")).spec
    assert (spec.release_name, spec.allow_from, spec.from_) == ("a", ("x",), "here")


def test_a_name_of_python_is_no_field_in_yaml() -> None:
    _, (problem,) = Release.parse(release("{chart: {name: upf}, release_name: a}"))
    assert problem.field == "spec.release_name"
    assert problem.expected == "releaseName"


def test_a_kind_can_be_built_in_code_by_the_names_of_python() -> None:
    spec = ReleaseSpec(chart=Chart(name="upf"), release_name="a")
    built = Release(metadata=Metadata(name="upf"), spec=spec)
    assert built == parsed(release("{chart: {name: upf}, releaseName: a}"))
    assert built.resource is None


def test_a_kind_gives_back_what_it_was_read_from_without_defaults() -> None:
    body = release("{chart: {name: upf}, options: {hooks: Drop, retries: 3}, values: {a: null}}")
    again = parsed(body).to_body()
    assert again == release("{chart: {name: upf}, options: {hooks: Drop}, values: {a: null}}")
    assert parsed(again) == parsed(body)


def test_a_kind_remembers_its_resource_which_takes_no_part_in_equality() -> None:
    body = release("{chart: {name: upf}}")
    resource = Resource.of(body)
    instance, _ = Release.parse(resource.body, resource)
    assert instance is not None
    assert instance.resource is resource
    assert instance == parsed(body)
    assert "resource" not in instance.model_dump()


def test_any_mapping_can_be_parsed() -> None:
    body = release("{chart: {name: upf}}")
    body["spec"] = MappingProxyType({"chart": MappingProxyType(body["spec"]["chart"])})
    assert parsed(body).spec.chart.name == "upf"


def test_further_api_versions_are_read() -> None:
    head = "{apiVersion: intent.krmfn.dev/v1, kind: Release, metadata: {name: upf}}"
    assert parsed(release("{chart: {name: upf}}", head)).spec.chart.name == "upf"


def test_metadata_keeps_what_kubernetes_knows_beyond_it() -> None:
    head = """
      apiVersion: intent.krmfn.dev/v1alpha1
      kind: Release
      metadata: {name: upf, labels: {a: b}, finalizers: [krmfn.dev/x]}
    """
    instance = parsed(release("{chart: {name: upf}}", head))
    assert instance.metadata.labels == {"a": "b"}
    assert instance.to_body()["metadata"]["finalizers"] == ["krmfn.dev/x"]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param("{chart: {name: upf, version: }, options: }", id="with a default"),
        pytest.param("{chart: {name: upf}, from: null, labels: ~}", id="optional"),
    ],
)
def test_a_null_field_counts_as_absent(spec: str) -> None:
    assert parsed(release(spec)) == parsed(release("{chart: {name: upf}}"))


def test_a_null_inside_free_form_values_stays() -> None:
    assert parsed(release("{chart: {name: upf}, values: {a: null}}")).spec.values == {"a": None}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("options: {trusted: %s}", "yes"),
        ("options: {trusted: %s}", '"true"'),
        ("options: {trusted: %s}", "1"),
        ("options: {retries: %s}", '"1"'),
        ("options: {retries: %s}", "1.0"),
        ("options: {retries: %s}", "true"),
        ("options: {ratio: %s}", '"0.5"'),
        ("options: {ratio: %s}", "false"),
        ("releaseName: %s", "1.10"),
        ("releaseName: %s", "true"),
        ("releaseName: %s", "[a]"),
        ("ports: %s", '["80"]'),
        ("labels: %s", "{a: 1}"),
    ],
)
def test_nothing_is_converted(field: str, text: str) -> None:
    instance, problems = Release.parse(release(f"{{chart: {{name: upf}}, {field % text}}}"))
    assert instance is None
    assert len(problems) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("releaseName: yes", "yes", id="a word that YAML 1.1 takes for a boolean"),
        pytest.param("releaseName: 12:30", "12:30", id="a number to base 60 in YAML 1.1"),
        pytest.param("releaseName: 2001-01-01", "2001-01-01", id="a date in YAML 1.1"),
    ],
)
def test_an_ambiguous_plain_scalar_is_an_ordinary_string(field: str, value: str) -> None:
    name = parsed(release(f"{{chart: {{name: upf}}, {field}}}")).spec.release_name
    assert name == value
    assert type(name) is str


def test_an_integer_is_a_number() -> None:
    assert parsed(release("{chart: {name: upf}, options: {ratio: 1}}")).spec.options.ratio == 1


def test_a_rule_over_several_fields_is_checked_and_located() -> None:
    _, problems = Release.parse(release("{chart: {name: upf}, from: here}"))
    assert [(each.field, each.message) for each in problems] == [
        ("spec.releaseName", "must be set beside `from`")
    ]


def test_a_kind_is_frozen() -> None:
    instance = parsed(release("{chart: {name: upf}}"))
    with pytest.raises(ValueError, match="frozen"):
        instance.spec.release_name = "b"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("data", "spec"),
    [
        pytest.param({"chart.name": "upf"}, "{}", id="nested by dots"),
        pytest.param({"chart": "{name: upf}"}, "{}", id="a map as YAML"),
        pytest.param({"chart": "{name: upf}", "chart.version": "1.10"}, "{}", id="both"),
        pytest.param({"options.trusted": "true"}, "{options: {trusted: true}}", id="boolean"),
        pytest.param({"options.retries": " 7 "}, "{options: {retries: 7}}", id="integer"),
        pytest.param({"options.ratio": "1.50"}, "{options: {ratio: 1.5}}", id="number"),
        pytest.param({"options.retries": ""}, "{}", id="an empty number is absent"),
        pytest.param({"releaseName": "1.10"}, '{releaseName: "1.10"}', id="string like a number"),
        pytest.param({"releaseName": "{a"}, '{releaseName: "{a"}', id="string like a map"),
        pytest.param({"target": "80"}, "{target: 80}", id="integer or string: integer"),
        pytest.param({"target": "http"}, "{target: http}", id="integer or string: string"),
        pytest.param({"allowFrom": "a, 1.10,"}, '{allowFrom: [a, "1.10"]}', id="list by commas"),
        pytest.param({"allowFrom": "[a, b]"}, "{allowFrom: [a, b]}", id="list in flow style"),
        pytest.param({"allowFrom": "- a\n- b"}, "{allowFrom: [a, b]}", id="list in block style"),
        pytest.param({"allowFrom": ""}, "{}", id="an empty list"),
        pytest.param({"ports": "1,2"}, "{ports: [1, 2]}", id="list of numbers"),
        pytest.param({"labels.a.b/c": "1"}, '{labels: {a.b/c: "1"}}', id="key with dots"),
        pytest.param({"values.image.tag": "x"}, "{values: {image: {tag: x}}}", id="free form"),
        pytest.param({"values": "a: {b: 1}"}, "{values: {a: {b: 1}}}", id="free form as YAML"),
    ],
)
def test_a_config_map_says_the_same_in_flat_strings(data: dict[str, str], spec: str) -> None:
    instance, problems = Release.from_config_map({"chart.name": "upf", **data})
    assert problems == []
    body = {**release("{chart: {name: upf}}"), "metadata": {"name": "function-input"}}
    version = {"version": "1.10"} if "chart.version" in data else {}
    body["spec"] |= {"chart": {"name": "upf", **version}, **yaml_load(spec)}
    assert instance == parsed(body)


def test_a_config_map_names_the_fields_of_a_kind_without_a_spec() -> None:
    instance, _ = Knob.from_config_map({"speed": "7"}, name="knob")
    assert instance is not None
    assert (instance.speed, instance.metadata.name) == (7, "knob")


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        ({"chart.nam": "upf"}, "data.chart.nam", "did you mean `chart.name`?"),
        ({"zoo": "1"}, "data.zoo", "its fields here are `allowFrom`, `chart`"),
        ({"options.trusted": "yes"}, "data.options.trusted", 'must be true or false, but is "yes"'),
        ({"options": "x"}, "data.options", 'must be a map, but is "x"'),
        ({"options": "x", "options.trusted": "true"}, "data.options", "must be a map"),
        ({"ports": "1,a"}, "data.ports", 'must be an integer, but is "a"'),
        ({"values": "{"}, "data.values", "must be YAML: line "),
        ({"values.a": "["}, "data.values.a", "must be YAML: line "),
        ({"labels.a.b/c": True}, "data.labels.a.b/c", 'must be a string: quote it: "true"'),
        ({"from": "here"}, "data.releaseName", "must be set beside `from`"),
        ({1: "x"}, "data.1", "is not a field of Release"),
    ],
)
def test_what_a_config_map_says_wrongly_is_told_by_its_key(
    data: dict[Any, Any], field: str, message: str
) -> None:
    instance, problems = Release.from_config_map({"chart.name": "upf", **data})
    assert instance is None
    assert [problem.field for problem in problems] == [field]
    assert message in problems[0].message


def test_what_a_config_map_lacks_is_told_as_a_key() -> None:
    _, problems = Release.from_config_map({})
    assert [(each.field, each.message) for each in problems] == [("data.chart", "must be set")]


def test_the_metadata_of_a_kind_cannot_be_said_in_a_config_map() -> None:
    _, problems = Knob.from_config_map({"metadata.name": "x"})
    assert [problem.field for problem in problems] == ["data.metadata.name"]


@pytest.mark.parametrize("data", [[], "x", 1])
def test_the_data_of_a_config_map_must_be_a_map(data: Any) -> None:
    _, problems = Knob.from_config_map(data)
    assert problems[0].field == "data"
    assert problems[0].message.startswith("must be a map")
