"""Where resources may stand."""

from pathlib import Path

import pytest

from krmfn.cli.rendering.calls import Answer
from krmfn.cli.rendering.placing import UNNUMBERED, numbered, path_in_root, placed
from krmfn.sdk import Place, Resource

ROOT = Path("/root/pkg")


def item(name: str = "a", place: Place | None = None, *, kind: str = "ConfigMap") -> Resource:
    return Resource.new("v1", kind, name, place=place)


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        (item(), "configmap_a.yaml"),
        (Resource.new("v1", "ConfigMap", "a", namespace="n"), "n/configmap_a.yaml"),
        (item("system:x/y", kind="ClusterRole"), "clusterrole_system:x/y.yaml"),
        (item(place=Place("", 0)), "configmap_a.yaml"),
    ],
)
def test_a_new_resource_gets_the_name_that_kpt_gives_it(resource: Resource, path: str) -> None:
    found = placed(Answer((resource,)), ROOT / "sub", ROOT).items[0]
    assert found.place == Place(path, UNNUMBERED, str(ROOT / "sub"))


def test_a_place_without_a_package_is_in_the_one_that_is_rendered() -> None:
    found = placed(Answer((item(place=Place("x.yaml", 1)),)), ROOT, ROOT).items[0]
    assert found.place == Place("x.yaml", 1, str(ROOT))


@pytest.mark.parametrize(
    ("places", "problem"),
    [
        pytest.param([Place("a", 0), Place("a", 0)], 'path "a" and index "0" already', id="same"),
        pytest.param(
            [Place("a", 0), Place("./a", 0)], 'path "a" and index "0"', id="same, spelled"
        ),
        pytest.param([None, None], 'path "configmap_a.yaml" and index "" already', id="same name"),
        pytest.param([Place("../a", 0)], "resource has path ../a", id="outside"),
        pytest.param([Place("x/../../a", 0)], "resource has path x/../../a", id="outside, spelled"),
        pytest.param([Place("a", 0), Place("a", 1), None], "", id="different"),
        pytest.param([Place("a", 0, "/root/pkg/x"), Place("a", 0)], "", id="another package"),
    ],
)
def test_two_resources_may_not_stand_at_one_place(places: list[Place | None], problem: str) -> None:
    answer = Answer(tuple(item(place=place) for place in places))
    found = placed(answer, ROOT, ROOT).problem
    assert problem in found if problem else found == ""


def test_a_failed_answer_is_left_alone() -> None:
    failed = Answer((item(),), exit_code=1)
    assert placed(failed, ROOT, ROOT) is failed


def test_resources_without_an_index_come_behind_the_others_of_their_file() -> None:
    places = [Place("a", UNNUMBERED), Place("a", 3), Place("b", UNNUMBERED), Place("a", UNNUMBERED)]
    found = numbered(item(place=place) for place in places)
    assert [each.index for each in found] == [4, 3, 0, 5]


@pytest.mark.parametrize(
    ("place", "path"),
    [
        (Place("a.yaml", 0, "/root/pkg"), "a.yaml"),
        (Place("x//a.yaml", 0, "/root/pkg/sub"), "sub/x/a.yaml"),
        (Place("/tmp/a.yaml", 0, "/root/pkg"), "tmp/a.yaml"),
    ],
)
def test_a_path_is_taken_from_the_root_package(place: Place, path: str) -> None:
    assert path_in_root(item(place=place), ROOT) == path


@pytest.mark.parametrize(
    "place", [Place("a..b", 0, "/root/pkg"), Place("a", 0, "/root"), Place("a", 0, "/elsewhere")]
)
def test_a_path_outside_of_the_root_package_is_refused(place: Place) -> None:
    with pytest.raises(ValueError, match="must be"):
        path_in_root(item(place=place), ROOT)
