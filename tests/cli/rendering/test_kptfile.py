"""The pipeline of a Kptfile."""

import pytest

from krmfn.cli.errors import CliError
from krmfn.cli.rendering.kptfile import Kptfile, Selector, read_kptfile
from krmfn.sdk import Resource

HEAD = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: pkg\n"
MAP = Resource.new(
    "v1", "ConfigMap", "a", namespace="n", labels={"tier": "front"}, annotations={"by": "hand"}
)


def pipeline(text: str) -> Kptfile:
    return read_kptfile(f"{HEAD}pipeline: {text}\n", "Kptfile")


def test_a_pipeline_is_its_mutators_and_validators() -> None:
    read = pipeline("{mutators: [{image: a/b:v1}, {exec: cat -n}], validators: [{image: c/d}]}")
    assert [step.name for step in read.mutators] == ["a/b:v1", "cat -n"]
    assert [step.name for step in read.validators] == ["c/d"]
    assert [step.field for step in read.steps] == [
        "pipeline.mutators[0]",
        "pipeline.mutators[1]",
        "pipeline.validators[0]",
    ]


@pytest.mark.parametrize("text", ["", "pipeline:\n", "pipeline: {mutators: }\n"])
def test_a_pipeline_may_be_empty(text: str) -> None:
    assert read_kptfile(HEAD + text, "Kptfile").steps == ()


def test_what_other_versions_of_kpt_write_is_ignored() -> None:
    newer = "status: {renderStatus: {mutationSteps: []}}\nupstream: {git: {repo: x}}\n"
    assert read_kptfile(HEAD + newer, "Kptfile") == Kptfile()
    assert pipeline("{mutators: [{image: a/b, tag: '>=1', name: x}]}").mutators[0].image == "a/b"


def test_a_config_map_holds_the_scalars_as_they_are_spelled() -> None:
    read = pipeline(
        "{mutators: [{exec: cat, configMap: {a: 1.10, b: true, c: 0644, d: ~, e: yes, f: 'x'}}]}"
    )
    config = read.mutators[0].config
    assert config is not None
    assert config.id.name == "function-input"
    assert config.body["data"] == {
        "a": "1.10",
        "b": "true",
        "c": "0644",
        "d": "",
        "e": "yes",
        "f": "x",
    }


def test_an_empty_config_map_is_none() -> None:
    assert pipeline("{mutators: [{exec: cat, configMap: {}}]}").mutators[0].config is None


def test_the_path_of_a_configuration_is_made_plain() -> None:
    assert pipeline("{mutators: [{exec: cat, configPath: ./a//b.yaml}]}").mutators[
        0
    ].config_path == ("a/b.yaml")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", "`pipeline` must be a mapping"),
        ("{mutator: []}", "`pipeline.mutator` is not a field that kpt knows"),
        ("{mutators: {}}", "`pipeline.mutators` must be a list"),
        ("{mutators: [cat]}", "`pipeline.mutators[0]` must be a mapping"),
        ("{mutators: [{}]}", "must specify either `image` or `exec`"),
        ("{mutators: [{image: a, exec: b}]}", "must specify either `image` or `exec`"),
        ("{mutators: [{image: a/B}]}", 'must be the name of an image, but is "a/B"'),
        ("{mutators: [{image: 'a:'}]}", 'must be the name of an image, but is "a:"'),
        ("{mutators: [{exec: [a]}]}", "`pipeline.mutators[0].exec` must be a string"),
        ("{mutators: [{exec: a, when: 'true'}]}", "`pipeline.mutators[0].when` is not supported"),
        ("{mutators: [{exec: a, config: {}}]}", "is not a field that kpt knows"),
        ("{mutators: [{exec: a, configMap: {a: {}}}]}", "configMap.a` must be a string"),
        ("{mutators: [{exec: a, configMap: {a: b}, configPath: c}]}", "must not specify both"),
        ("{mutators: [{exec: a, configPath: ''}]}", "must be a path within the package"),
        ("{mutators: [{exec: a, configPath: /b}]}", 'within the package, but is "/b"'),
        ("{validators: [{exec: a, configPath: ../b}]}", "`pipeline.validators[0].configPath` must"),
        ("{mutators: [{exec: a, selectors: [{kinds: b}]}]}", "selectors[0].kinds` is not a field"),
        ("{mutators: [{exec: a, exclude: {}}]}", "`pipeline.mutators[0].exclude` must be a list"),
        ("{mutators: [{exec: a, exclude: [{labels: b}]}]}", "exclude[0].labels` must be a mapping"),
    ],
)
def test_a_wrong_field_is_named(text: str, problem: str) -> None:
    with pytest.raises(CliError) as caught:
        pipeline(text)
    assert str(caught.value).startswith("Kptfile: `pipeline")
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", "sub/Kptfile: line "),
        ("[]", "sub/Kptfile: "),
        ("apiVersion: kpt.dev/v1alpha2\nkind: Kptfile\n", "must be a kpt.dev/v1 Kptfile"),
        ("apiVersion: v1\nkind: List\n", "must be a kpt.dev/v1 Kptfile, but is a v1 List"),
    ],
)
def test_what_is_no_kptfile_is_refused(text: str, problem: str) -> None:
    with pytest.raises(CliError) as caught:
        read_kptfile(text, "sub/Kptfile")
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("value", "top_down"), [('"true"', True), ("'True'", True), ("'no'", False)]
)
def test_an_annotation_turns_the_order_of_packages(value: str, top_down: bool) -> None:
    text = f"{HEAD}  annotations:\n    kpt.dev/bfs-rendering: {value}\n"
    assert read_kptfile(text, "Kptfile").top_down is top_down


@pytest.mark.parametrize(
    "image",
    [
        "a",
        "a/b:v1.2",
        "ghcr.io/a-b/c_d/e:latest",
        "localhost:5000/a@sha256:" + "0" * 64,
        "a:v1@sha256:" + "a" * 64,
    ],
)
def test_images_are_named_as_in_kpt(image: str) -> None:
    assert pipeline(f"{{mutators: [{{image: '{image}'}}]}}").mutators[0].image == image


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        (Selector(), True),
        (Selector("v1", "ConfigMap", "a", "n", {"tier": "front"}, {"by": "hand"}), True),
        (Selector(api_version="v2"), False),
        (Selector(kind="Secret"), False),
        (Selector(name="b"), False),
        (Selector(namespace="m"), False),
        (Selector(labels={"tier": "back"}), False),
        (Selector(kind="ConfigMap", annotations={"made": "up"}), False),
    ],
)
def test_a_selector_matches_what_is_all_that_it_says(selector: Selector, matches: bool) -> None:
    assert selector.matches(MAP) is matches
