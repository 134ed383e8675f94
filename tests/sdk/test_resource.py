"""Resources: a text, the values it means, and copies that differ."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.sdk.edit import same
from krmfn.sdk.head import is_clean
from krmfn.sdk.loader import YamlError, load
from krmfn.sdk.resource import (
    Place,
    Resource,
    ResourceId,
    dedent,
    is_internal,
    merge_patch,
    without_internal,
)

from .strategies import Document, changes, documents, mappings

SOME = settings(max_examples=80, deadline=None)
TEXT = """\
apiVersion: apps/v1 # version
kind: Deployment
metadata:
  name: upf # name
  namespace: ran
  labels: {app: upf}
  annotations:
    note: kept # note
    config.kubernetes.io/local-config: "true"
    config.kubernetes.io/path: 'old.yaml'
    config.kubernetes.io/index: '7'
    internal.config.kubernetes.io/path: 'clusters/waw-1/upf.yaml'
    internal.config.kubernetes.io/index: '3'
    internal.config.kubernetes.io/package-path: '/packages/site'
    internal.config.kubernetes.io/seqindent: 'wide'
    internal.config.kubernetes.io/annotations-migration-resource-id: '1'
    internal.config.kubernetes.io/id: '2'
    internal.config.kubernetes.io/kpt-resource-id: '2'
    internal.config.k8s.io/kpt-resource-id: '2'
    config.k8s.io/id: '2'
spec:
  replicas: 0x2 # two
"""
OLD_PATH = """\
metadata:
  annotations:
    config.kubernetes.io/path: {}
    config.kubernetes.io/index: {}
"""


def resource(text: str, *, clean: bool = True) -> Resource:
    return Resource(raw=text, clean=clean and is_clean(text))


@pytest.mark.parametrize("clean", [True, False])
def test_a_resource_knows_its_head_and_its_place(clean: bool) -> None:
    upf = resource(TEXT.replace("{app: upf}", "\n    app: upf"), clean=clean)
    assert (upf.api_version, upf.group, upf.kind) == ("apps/v1", "apps", "Deployment")
    assert (upf.name, upf.namespace) == ("upf", "ran")
    assert upf.id == ResourceId("apps", "Deployment", "ran", "upf")
    assert str(upf.id) == "apps/Deployment ran/upf"
    assert (upf.path, upf.index) == ("clusters/waw-1/upf.yaml", 3)
    assert (upf.package_path, upf.cluster) == ("/packages/site", "waw-1")
    assert ("body" in vars(upf)) is not clean
    assert upf.labels == {"app": "upf"}
    assert upf.is_local_config


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kind: A\n", ("", "A", "", "", None, None, "")),
        ("apiVersion: v1\nmetadata:\n", ("v1", "", "", "", None, None, "")),
        ("kind: [A]\nmetadata: x\n", ("", "", "", "", None, None, "")),
        ("kind: 5\nmetadata: {name: 0123}\n", ("", "", "0123", "", None, None, "")),
        ("metadata: {name: 1.10, namespace: 1e3}\n", ("", "", "1.10", "1e3", None, None, "")),
        ("metadata: {name: true, namespace: {}}\n", ("", "", "true", "", None, None, "")),
        (OLD_PATH.format("a.yaml", "'2'"), ("", "", "", "", "a.yaml", 2, "")),
        (OLD_PATH.format("''", "x"), ("", "", "", "", None, None, "")),
    ],
)
@pytest.mark.parametrize("clean", [True, False])
def test_what_is_not_there_is_empty(text: str, expected: Any, clean: bool) -> None:
    found = resource(text, clean=clean)
    head = (found.api_version, found.kind, found.name, found.namespace)
    assert (*head, found.path, found.index, found.package_path) == expected
    assert found.cluster == ""
    assert not found.is_local_config


def test_a_place_counts_more_than_annotations() -> None:
    moved = resource(TEXT).at(Place("clusters/krk-1/a.yaml", 0, "/p"))
    assert (moved.path, moved.index, moved.package_path) == ("clusters/krk-1/a.yaml", 0, "/p")
    assert moved.cluster == "krk-1"
    assert moved.text == TEXT


@pytest.mark.parametrize(
    ("identity", "text"),
    [
        (ResourceId("", "Service", "", "a"), "Service a"),
        (ResourceId("", "Service", "n", "a"), "Service n/a"),
        (ResourceId("apps", "Deployment", "", "a"), "apps/Deployment a"),
    ],
)
def test_an_identity_reads_well(identity: ResourceId, text: str) -> None:
    assert str(identity) == text


def test_new_resources_have_their_fields_in_the_usual_order() -> None:
    made = Resource.new(
        "v1",
        "ConfigMap",
        "a",
        namespace="ran",
        labels={"l": "1"},
        annotations={},
        data={"k": "yes"},
    )
    assert made.text == (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: ran\n"
        '  labels:\n    l: "1"\ndata:\n  k: "yes"\n'
    )
    assert made.slot is None


def test_a_replaced_resource_changes_only_where_its_values_do() -> None:
    upf = resource(TEXT)
    body = upf.thawed()
    body["spec"]["replicas"] = 3
    changed = upf.replaced(body)
    assert changed.text == TEXT.replace("0x2", "3")
    assert changed.body["spec"]["replicas"] == 3
    assert upf.body["spec"]["replicas"] == 2
    assert upf.replaced(upf.thawed()) is upf


def test_a_merged_resource_takes_a_merge_patch() -> None:
    patch = {"metadata": {"labels": None}, "spec": {"paused": True}}
    merged = resource(TEXT).merged(patch)
    assert merged.text == TEXT.replace("  labels: {app: upf}\n", "") + "  paused: true\n"
    assert resource(TEXT).merged({}).text == TEXT


def test_a_copy_of_the_values_shares_nothing() -> None:
    parsed = Resource.parse("a: &x {b: [0644]}\nc: *x\n")
    body = parsed.thawed()
    body["a"]["b"].append(1)
    assert body["c"] == {"b": [420]}
    assert parsed.body["a"] == {"b": [420]}
    assert parsed.replaced({**parsed.thawed(), "d": 1}).text == "a: &x {b: [0644]}\nc: *x\nd: 1\n"


def test_a_clone_has_a_name_of_its_own_and_nothing_of_kpt() -> None:
    upf = resource(TEXT)
    clone = upf.clone(name="amf", namespace="core")
    assert clone.id == ResourceId("apps", "Deployment", "core", "amf")
    assert (clone.slot, clone.place, clone.path, clone.package_path) == (None, None, None, "")
    assert clone.text == (
        "apiVersion: apps/v1 # version\nkind: Deployment\nmetadata:\n  name: amf # name\n"
        "  namespace: core\n  labels: {app: upf}\n  annotations:\n    note: kept # note\n"
        '    config.kubernetes.io/local-config: "true"\nspec:\n  replicas: 0x2 # two\n'
    )
    assert upf.text == TEXT


@pytest.mark.parametrize("metadata", ["", "metadata:\n", "metadata: {annotations: null}\n"])
def test_a_clone_of_a_resource_without_metadata_gets_a_name(metadata: str) -> None:
    clone = Resource.parse(f"kind: A\n{metadata}").clone(name="a")
    assert clone.name == "a"


def test_a_clone_loses_annotations_that_were_only_kpt_s() -> None:
    text = "kind: A\nmetadata:\n  annotations:\n    config.k8s.io/id: '1'\n  name: a\n"
    assert Resource.parse(text).clone().text == "kind: A\nmetadata:\n  name: a\n"


@pytest.mark.parametrize(
    ("annotation", "internal"),
    [
        ("internal.config.kubernetes.io/anything", True),
        ("internal.config.k8s.io/kpt-resource-id", True),
        ("internal.config.kubernetes.io/kpt-resource-id", True),
        ("config.k8s.io/id", True),
        ("config.kubernetes.io/path", True),
        ("config.kubernetes.io/index", True),
        ("config.kubernetes.io/local-config", False),
        ("config.kubernetes.io/depends-on", False),
        ("xinternal.config.kubernetes.io/path", False),
        ("kpt.dev/package-path", False),
    ],
)
def test_kpt_s_own_annotations_are_known(annotation: str, internal: bool) -> None:
    assert is_internal(annotation) is internal


def test_sameness_leaves_kpt_s_annotations_aside() -> None:
    upf = resource(TEXT)
    assert upf.same_as(upf.clone())
    assert not upf.same_as(upf.clone(name="amf"))
    assert without_internal(upf.clone().body) == upf.clone().body


@pytest.mark.parametrize(
    ("target", "patch", "merged"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patches_follow_the_appendix_of_rfc_7386(
    target: Any, patch: Any, merged: Any
) -> None:
    assert merge_patch(target, patch) == merged


def test_a_text_moves_to_the_left() -> None:
    text = "  - a: |\n      x\n\n       y\n # c\n"
    assert dedent(text, 4) == "a: |\n  x\n\n   y\n# c\n"
    assert dedent(text, 0) == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", "flow"),
        ("a: 1\n---\nb: 2\n", "another one"),
        ("- a\n", "must be a mapping"),
        ("", "must be a mapping"),
    ],
)
def test_a_text_that_holds_no_resource_is_an_error(text: str, problem: str) -> None:
    with pytest.raises(YamlError, match=problem):
        Resource.parse(text)


@SOME
@given(documents(), st.data())
def test_a_replaced_resource_means_its_new_values(document: Document, data: Any) -> None:
    value: Mapping[str, Any] = data.draw(changes(document.value))
    replaced = Resource.parse(document.text).replaced(value)
    assert same(replaced.body, value)
    assert same(load(replaced.text), value)


@SOME
@given(mappings())
def test_a_resource_made_of_values_means_them(value: dict[str, Any]) -> None:
    made = Resource.of(value)
    assert same(made.body, value)
    assert same(made.thawed(), value)
    assert made.same_as(Resource.parse(made.text))
