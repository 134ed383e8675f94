"""A resource that stands at many places is written once, and reads as if written at each."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.sdk import Place, Resource, ResourceList
from krmfn.sdk.resource import INDEX, PATH
from krmfn.sdk.wire import read, write

PATHS = ["a.yaml", "clusters/one/a.yaml", "with: colon/a.yaml", "true", "0123", "ü/ä.yaml", "- a"]


def rule(**metadata: object) -> Resource:
    body = {"apiVersion": "v1", "kind": "Rule", "metadata": {"name": "a", **metadata}, "spec": {}}
    return Resource.of(body)


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(rule(), id="no annotations"),
        pytest.param(rule(annotations={}), id="empty annotations"),
        pytest.param(rule(annotations={"b": "c"}), id="annotations"),
        pytest.param(rule(annotations={PATH: "old", "b": "c"}), id="a path of its own"),
        pytest.param(rule(annotations={"b": "path-of-a-copy/mark"}), id="text like our mark"),
        pytest.param(
            rule(annotations={"b": "\n  annotations:\n    c: d\n"}), id="text like annotations"
        ),
        pytest.param(
            Resource.of(
                {
                    "spec": "x\nmetadata:\n  annotations:\n",
                    "apiVersion": "v1",
                    "kind": "Rule",
                    "metadata": {"name": "a", "annotations": {"b": "c"}},
                }
            ),
            id="metadata not first",
        ),
    ],
)
def test_every_copy_has_the_values_of_the_resource_and_its_own_place(made: Resource) -> None:
    copies = [made.at(Place(path, 0)) for path in PATHS]
    for path, found in zip(
        PATHS, read(write(ResourceList(items=tuple(copies)))).items, strict=True
    ):
        place = {PATH: path, INDEX: "0"}
        annotations = {**made.annotations, **place}
        assert found.body == {
            **made.body,
            "metadata": {**made.body["metadata"], "annotations": annotations},
        }


@settings(max_examples=40, deadline=None)
@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1),
    st.integers(0, 9),
)
def test_any_path_is_written_as_text(path: str, index: int) -> None:
    made = rule(annotations={"b": "c"})
    items = (made.at(Place("first", 0)), made.at(Place(path, index)))
    _, found = read(write(ResourceList(items=items))).items
    assert found.annotations == {"b": "c", PATH: path, INDEX: str(index)}
