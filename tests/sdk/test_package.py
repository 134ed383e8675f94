"""Packages: what they hold, and which Kptfile is theirs."""

from itertools import permutations

import pytest

from krmfn.sdk import FunctionError, Package, Place, Resource, ResourceId

from .greeter.intents import Greeting


def kptfile(name: str, path: str, package_path: str = "") -> Resource:
    return Resource.new("kpt.dev/v1", "Kptfile", name, place=Place(path, 0, package_path))


def greeting(name: str, text: str) -> Resource:
    return Resource.parse(
        f"apiVersion: test.krmfn.dev/v1\nkind: Greeting\nmetadata:\n  name: {name}\nspec:\n{text}",
        place=Place(f"{name}.yaml", 0),
    )


A = Resource.new("v1", "ConfigMap", "a")
B = Resource.new("apps/v1", "Deployment", "b", namespace="n")
C = Resource.new("extensions/v1", "Deployment", "c")


def test_a_package_is_looked_up_by_kind_and_identity() -> None:
    package = Package([A, B, C])
    assert list(package) == [A, B, C]
    assert len(package) == 3
    assert package.get(ResourceId("apps", "Deployment", "n", "b")) is B
    assert package.get(ResourceId("apps", "Deployment", "", "b")) is None
    assert A.id in package
    assert ResourceId("", "ConfigMap", "n", "a") not in package
    assert package.select(kind="Deployment") == [B, C]
    assert package.select(kind="Deployment", group="apps") == [B]
    assert package.select(kind="ConfigMap", group="") == [A]
    assert package.select(kind="Service") == []


def test_an_ambiguous_identity_is_an_error_that_names_all() -> None:
    twice = [A.at(Place("one.yaml", 0)), A.at(Place("two.yaml", 0))]
    with pytest.raises(FunctionError, match="the only ConfigMap a") as caught:
        Package([*twice, B]).get(A.id)
    assert [(each.code, each.path) for each in caught.value.results] == [
        ("ambiguous-identity", "one.yaml"),
        ("ambiguous-identity", "two.yaml"),
    ]
    assert A.id in Package(twice)


@pytest.mark.parametrize(
    "places",
    [
        [("root", "Kptfile", "")],
        [("root", "Kptfile", ""), ("a", "a/Kptfile", ""), ("b", "a/b/Kptfile", "")],
        [("root", "Kptfile", "/p"), ("a", "Kptfile", "/p/a"), ("b", "Kptfile", "/p/a/b")],
        [("root", "Kptfile", "/p/zz"), ("a", "Kptfile", "/p/zz/a"), ("z", "Kptfile", "/p/zz/b/c")],
        [("root", "top/Kptfile", ""), ("a", "top/a/Kptfile", "")],
    ],
    ids=["alone", "by path", "by package path", "by length", "below a folder"],
)
def test_the_root_kptfile_is_found_in_any_order(places: list[tuple[str, str, str]]) -> None:
    for order in permutations(places):
        found = Package([A, *(kptfile(*place) for place in order), B]).kptfile
        assert found is not None
        assert found.name == "root"


def test_a_package_without_a_kptfile_has_none() -> None:
    other = Resource.new("example.com/v1", "Kptfile", "x")
    assert Package([A, other]).kptfile is None


def test_declared_kinds_are_read_once() -> None:
    package = Package([A, greeting("x", "  names: [a, b]\n")])
    (found,) = package.of(Greeting)
    assert found.spec.names == ("a", "b")
    assert found.resource is list(package)[1]
    assert package.of(Greeting)[0] is found


def test_all_wrong_fields_of_all_resources_are_reported_together() -> None:
    package = Package(
        [
            greeting("x", "  names: a\n  txt: b\n"),
            greeting("good", "  names: [a]\n"),
            greeting("y", "  text: 5\n"),
        ]
    )
    with pytest.raises(FunctionError) as caught:
        package.of(Greeting)
    found = {(each.path, each.field, each.code) for each in caught.value.results}
    assert found == {
        ("x.yaml", "spec.names", "invalid-field"),
        ("x.yaml", "spec.txt", "invalid-field"),
        ("y.yaml", "spec.text", "invalid-field"),
    }
    instances, problems = package.parsed(Greeting)
    assert [each.metadata.name for each in instances] == ["good"]
    assert len(problems) == 3
