"""A CRD is named, versioned and scoped as its kind is."""

import pytest
from pydantic import Field

from krmfn.sdk.model import Kind
from krmfn.sdk.schema import crd, plural

ALIASES = ("test.krmfn.dev/v1alpha1", "other.krmfn.dev/v1")


class Sample(Kind, api_version="test.krmfn.dev/v1beta1", aliases=ALIASES):
    """A sample."""

    spec: int = Field(description="A number.")


class Site(Kind, api_version="test.krmfn.dev/v1", kind="EdgeSite", scope="Cluster"):
    """A site."""


def test_a_crd_names_its_resource() -> None:
    made = crd(Sample)
    assert made["metadata"]["name"] == "samples.test.krmfn.dev"
    assert made["spec"]["group"] == "test.krmfn.dev"
    assert made["spec"]["names"] == {
        "kind": "Sample",
        "listKind": "SampleList",
        "plural": "samples",
        "singular": "sample",
        "categories": ["krmfn"],
    }


def test_a_crd_has_the_scope_and_the_name_of_its_kind() -> None:
    assert crd(Sample)["spec"]["scope"] == "Namespaced"
    assert crd(Site)["spec"]["scope"] == "Cluster"
    assert crd(Site)["metadata"]["name"] == "edgesites.test.krmfn.dev"


def test_a_crd_stores_the_api_version_and_serves_the_aliases_in_its_group() -> None:
    versions = crd(Sample)["spec"]["versions"]
    assert [(each["name"], each["served"], each["storage"]) for each in versions] == [
        ("v1beta1", True, True),
        ("v1alpha1", True, False),
    ]


def test_a_crd_leaves_metadata_to_kubernetes() -> None:
    schema = crd(Sample)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert schema["properties"]["metadata"] == {"type": "object"}
    assert schema["required"] == ["metadata", "spec"]
    assert schema["description"] == "A sample."


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("HelmChart", "helmcharts"),
        ("PlacementPolicy", "placementpolicies"),
        ("Gateway", "gateways"),
        ("HelmValues", "helmvalues"),
        ("MutualTLS", "mutualtls"),
        ("Ingress", "ingresses"),
        ("Mesh", "meshes"),
    ],
)
def test_a_resource_is_called_by_the_plural_of_its_kind(name: str, resource: str) -> None:
    assert plural(name) == resource
