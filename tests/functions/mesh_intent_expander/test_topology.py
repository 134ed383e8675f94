"""What a mesh must be like, and where it is told when it is not."""

from collections.abc import Iterable
from typing import Any

import pytest
import yaml

from krmfn.kinds.mesh import MeshTopology
from krmfn.mesh_intent_expander.expand import expand
from krmfn.mesh_intent_expander.intents import MeshIntentExpander, MeshIntentExpanderSpec
from krmfn.mesh_intent_expander.topology import Mesh, read_mesh
from krmfn.sdk import Package, Place, Resource, Result

LONG = "a" * 64


def topology(*clusters: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": MeshTopology.api_version,
        "kind": "MeshTopology",
        "metadata": {"name": "mesh"},
        "spec": {"clusters": [*clusters], **spec},
    }


def profile(
    name: str, labels: dict[str, str] | None = None, /, **properties: str
) -> dict[str, Any]:
    """Give a ClusterProfile; its properties are named with `_` for `-`."""
    listed = [
        {"name": f"mesh.krmfn.dev/{key.replace('_', '-')}", "value": value}
        for key, value in properties.items()
    ]
    return {
        "apiVersion": "multicluster.x-k8s.io/v1alpha1",
        "kind": "ClusterProfile",
        "metadata": {"name": name, "labels": labels or {}},
        "status": {"properties": listed},
    }


def read(*bodies: dict[str, Any], folders: Iterable[str] = ()) -> tuple[Mesh, list[Result]]:
    items = [Resource.parse(yaml.safe_dump(body)) for body in bodies]
    space = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
    items += [
        Resource.parse(space, place=Place(f"clusters/{folder}/shop.yaml", 0)) for folder in folders
    ]
    return read_mesh(Package(items))


def told(*bodies: dict[str, Any], folders: Iterable[str] = ()) -> list[tuple[str, str, str]]:
    """Give code, field and kind of resource of all that is wrong."""
    _, results = read(*bodies, folders=folders)
    return [
        (each.code, each.field, each.resource.kind if each.resource else "") for each in results
    ]


def refused(*clusters: dict[str, Any], **spec: Any) -> list[tuple[str, str]]:
    """Give field and message of all that a MeshTopology is refused for."""
    _, problems = MeshTopology.parse(topology(*clusters, **spec))
    return [(each.field, each.message) for each in problems]


@pytest.mark.parametrize("field", ["network", "region", "zone"])
@pytest.mark.parametrize("value", ["a b/ö", LONG, "-a", "a.", ""])
def test_what_becomes_a_label_must_be_a_value_of_one(field: str, value: str) -> None:
    ((where, message),) = refused({"name": "a", field: value})
    assert where == f"spec.clusters[0].{field}"
    assert message.startswith("must be the value of a label")
    assert refused({"name": "a", field: "North_1.x"}) == []


@pytest.mark.parametrize("key", ["network", "region", "zone"])
def test_a_profile_with_a_value_that_is_none_of_a_label_is_told(key: str) -> None:
    place = f"status.properties[mesh.krmfn.dev/{key}]"
    mesh = topology({"name": "a", "network": "n"}) if key != "network" else topology({"name": "a"})
    assert told(mesh, profile("a", None, **{key: "a b"})) == [
        ("profile-invalid", place, "ClusterProfile")
    ]


def test_a_label_of_a_profile_is_told_by_its_key() -> None:
    label = "topology.istio.io/network"
    assert told(topology({"name": "a"}), profile("a", {label: LONG})) == [
        ("profile-invalid", f"metadata.labels[{label}]", "ClusterProfile")
    ]


def test_what_the_mesh_overrides_in_a_profile_is_not_told() -> None:
    said = {"name": "a", "network": "n", "eastWestGateway": {"addresses": ["192.0.2.1"]}}
    assert told(topology(said), profile("a", network="a b", east_west_addresses="1.2.3.4:80")) == []


def test_a_profile_of_no_cluster_of_the_mesh_is_not_told() -> None:
    assert told(topology({"name": "a"}), profile("b", network="a b")) == []


@pytest.mark.parametrize(
    ("plane", "message"),
    [
        pytest.param(
            {"type": "primary", "configCluster": "b"},
            "must not be given but for a `remote` cluster: a primary one obeys its own istiod",
            id="primary",
        ),
        pytest.param(
            {"configCluster": "b"},
            "must not be given but for a `remote` cluster: a primary one obeys its own istiod",
            id="primary by default",
        ),
        pytest.param(
            {"type": "remote", "configCluster": "a"}, "must be another cluster", id="itself"
        ),
    ],
)
def test_only_a_remote_cluster_obeys_another_one(plane: dict[str, str], message: str) -> None:
    found = refused({"name": "a", "controlPlane": plane}, {"name": "b"})
    assert found == [("spec.clusters[0].controlPlane.configCluster", message)]


@pytest.mark.parametrize(
    ("second", "there"),
    [
        pytest.param({}, 'there is "b", "c"', id="primaries"),
        pytest.param({"type": "remote", "configCluster": "c"}, 'there is "c"', id="one is remote"),
    ],
)
def test_only_primary_clusters_are_proposed_to_obey(second: dict[str, str], there: str) -> None:
    lost = {"name": "a", "controlPlane": {"type": "remote", "configCluster": "mars"}}
    _, (result,) = read(topology(lost, {"name": "b", "controlPlane": second}, {"name": "c"}))
    assert result.message == f'must be a primary cluster of the mesh, but is "mars"; {there}'


def test_clusters_that_obey_each_other_are_told() -> None:
    one, other = (
        {"name": name, "controlPlane": {"type": "remote", "configCluster": config}}
        for name, config in ("ab", "ba")
    )
    _, results = read(topology(one, other))
    assert [each.field for each in results] == [
        f"spec.clusters[{index}].controlPlane.configCluster" for index in (0, 1)
    ]
    assert all(each.message.endswith("there is none") for each in results)


def test_a_cluster_without_network_among_those_with_one_is_told() -> None:
    found = told(topology({"name": "a", "network": "n"}, {"name": "b"}))
    assert found == [("network-missing", "spec.clusters[1].network", "MeshTopology")]
    assert told(topology({"name": "a"}, {"name": "b"})) == []


def test_a_profile_without_network_among_those_with_one_is_told() -> None:
    label = "topology.istio.io/network"
    assert told(profile("a", {label: "n"}), profile("b")) == [
        ("network-missing", f"metadata.labels[{label}]", "ClusterProfile")
    ]


@pytest.mark.parametrize("version", ["banana", "1", "1.5-rc1", "2.0", "vv1.5"])
def test_a_version_of_the_gateway_api_must_be_one(version: str) -> None:
    ((field, message),) = refused({"name": "a", "gatewayApiVersion": version})
    assert field == "spec.clusters[0].gatewayApiVersion"
    assert message.startswith("must be a version of the Gateway API")


@pytest.mark.parametrize("version", ["1.5", "1.5.1", "v1.5.0"])
def test_a_version_of_the_gateway_api_is_read_in_each_form(version: str) -> None:
    mesh, results = read(topology({"name": "a", "gatewayApiVersion": version}))
    assert (mesh.clusters["a"].gateway_api_version, results) == ((1, 5), [])


def test_the_flavour_of_the_gateway_api_needs_its_first_version() -> None:
    old = {"name": "a", "gatewayApiVersion": "0.8"}
    assert told(topology(old)) == []
    assert told(topology(old, flavor="gateway-api")) == [
        ("version-too-old", "spec.clusters[0].gatewayApiVersion", "MeshTopology")
    ]
    known = profile("a", gateway_api_version="v0.8.1")
    assert told(topology({"name": "a"}, flavor="gateway-api"), known) == [
        ("version-too-old", "status.properties[mesh.krmfn.dev/gateway-api-version]", known["kind"])
    ]


NO_ADDRESS = "must be an IP address or a host name, without a port, but is"
NOT_REACHED = "must be an address that other networks reach, but is"


@pytest.mark.parametrize(
    ("address", "message"),
    [
        *((each, NO_ADDRESS) for each in ("1.2.3.4:80", "300.1.1.1", "a..b", LONG, "https://b")),
        *((each, NO_ADDRESS) for each in ("", "[::2]", "fe80::1%eth0", "a b", "a\n", "b.", "a_b")),
        pytest.param(".".join(["a" * 63] * 4), NO_ADDRESS, id="too long"),
        *((each, NOT_REACHED) for each in ("0.0.0.0", "127.0.0.1", "::1", "::", "224.0.0.1")),
    ],
)
def test_an_address_of_a_gateway_must_be_one_that_is_reached(address: str, message: str) -> None:
    gateway = {"addresses": ["192.0.2.1", address]}
    assert refused({"name": "a", "eastWestGateway": gateway}) == [
        (
            "spec.clusters[0].eastWestGateway.addresses[1]",
            f'{message} "{address}"',
        )
    ]


@pytest.mark.parametrize("address", ["1.2.3.4:80", "300.1.1.1", "a..b", "127.0.0.1"])
def test_a_profile_with_a_wrong_address_of_a_gateway_is_told(address: str) -> None:
    _, (result,) = read(topology({"name": "a"}), profile("a", east_west_addresses=f"b, {address}"))
    assert (result.code, result.current) == ("profile-invalid", address)
    assert result.field == "status.properties[mesh.krmfn.dev/east-west-addresses]"


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "ew.core.example.com", "b", "1a"])
def test_an_ip_address_or_a_host_name_is_an_address_of_a_gateway(address: str) -> None:
    assert refused({"name": "a", "eastWestGateway": {"addresses": [address]}}) == []


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        pytest.param({}, "must not be empty", id="all gateways"),
        pytest.param({"a b": "c"}, 'must be labels, but has "a b: c"', id="key"),
        pytest.param({"a": "c d"}, 'must be labels, but has "a: c d"', id="value"),
        pytest.param({"A_/b": "c"}, 'must be labels, but has "A_/b: c"', id="prefix"),
        pytest.param({"/b": "c"}, 'must be labels, but has "/b: c"', id="empty prefix"),
    ],
)
def test_a_gateway_is_selected_by_labels(selector: dict[str, str], message: str) -> None:
    assert refused({"name": "a", "eastWestGateway": {"selector": selector}}) == [
        ("spec.clusters[0].eastWestGateway.selector", message)
    ]
    good = {"example.org/a_b": "c", "istio": ""}
    assert refused({"name": "a", "eastWestGateway": {"selector": good}}) == []


@pytest.mark.parametrize(
    "text",
    [
        "240.240.0.0/99",
        "240.240.0.1/16",
        "240.240.0.1",
        "240.0.0.0/255.0.0.0",
        "a/8",
        "",
        "::%1/64",
    ],
)
def test_the_range_of_addresses_must_be_a_cidr(text: str) -> None:
    assert refused(vipRange=text) == [
        ("spec.vipRange", f'must be a CIDR such as "240.240.0.0/16", but is "{text}"')
    ]


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("127.0.0.0/8", "127.0.0.0/8"),
        ("127.3.0.0/16", "127.0.0.0/8"),
        ("224.0.0.0/4", "224.0.0.0/4"),
        ("169.254.7.0/24", "169.254.0.0/16"),
        ("0.0.0.0/0", "0.0.0.0/8"),
        ("::/0", "::/128"),
        ("::1/128", "::1/128"),
        ("fe80::/10", "fe80::/10"),
        ("ff02::/16", "ff00::/8"),
    ],
)
def test_a_range_must_hold_no_address_of_special_use(text: str, block: str) -> None:
    ((field, message),) = refused(vipRange=text)
    assert field == "spec.vipRange"
    assert message.startswith(f'must hold no address of "{block}", which ')


def test_a_range_must_not_hold_the_address_of_a_gateway() -> None:
    clusters = [
        {"name": name, "eastWestGateway": {"addresses": [address]}}
        for name, address in (("a", "203.0.113.1"), ("b", "203.0.114.1"), ("c", "ew.example.com"))
    ]
    _, (result,) = read(topology(*clusters, vipRange="203.0.113.0/24"))
    assert (result.code, result.field) == ("vip-range-invalid", "spec.vipRange")
    assert result.message == (
        'must not hold "203.0.113.1", the address of the east-west gateway of cluster "a"'
    )
    assert told(topology(*clusters, vipRange="fd00::/64")) == []


def test_folders_of_clusters_need_clusters() -> None:
    _, (result,) = read(topology(), folders=["b", "a"])
    assert (result.code, result.field) == ("clusters-missing", "spec.clusters")
    assert result.message == (
        'must name the clusters of the mesh; there is "clusters/a", "clusters/b"'
    )
    assert told(topology()) == []


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("ServiceDiscovery", {"service": {"name": "web"}, "exportFrom": ["mars"]}),
        (
            "TrafficRoute",
            {"parentRef": {"service": "web"}, "rules": [{"backends": [{"cluster": "mars"}]}]},
        ),
        (
            "ServiceAuthorization",
            {"target": {"service": "web"}, "rules": [{"from": [{"clusters": ["mars"]}]}]},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_cluster_without_name_is_proposed_to_nobody(kind: str, spec: dict[str, Any]) -> None:
    web = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80}]},
    }
    intent = topology() | {
        "kind": kind,
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": spec,
    }
    items = [Resource.parse(yaml.safe_dump(body)) for body in (topology(), web, intent)]
    made = expand(MeshIntentExpanderSpec(), Package(items))
    messages = [
        each.message for each in made if isinstance(each, Result) and each.code == "cluster-unknown"
    ]
    assert len(messages) == 1
    assert "none" in messages[0]
    assert '""' not in messages[0]


@pytest.mark.parametrize(
    "folder",
    ["../../etc", "..", "a/../b", "/abs", "a//b", "a/", "a\nb", "a\n", "", ".", "a b", "ö", "a\\b"],
)
def test_objects_are_written_below_the_package(folder: str) -> None:
    assert [each.field for each in configured(folder)] == ["spec.folder"]


@pytest.mark.parametrize("folder", ["mesh", "a/b", "made_by-me.v1/x"])
def test_objects_are_written_into_a_folder(folder: str) -> None:
    assert configured(folder) == []


def configured(folder: str) -> list[Any]:
    body = {
        "apiVersion": MeshIntentExpander.api_version,
        "kind": "MeshIntentExpander",
        "metadata": {"name": "config"},
        "spec": {"folder": folder},
    }
    return MeshIntentExpander.parse(body)[1]
