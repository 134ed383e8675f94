"""Discovery where no cluster reads another one's endpoints."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

SERVICES = ("bookinfo/reviews", "bookinfo/ratings", "shop/reviews")
HOST = "reviews.bookinfo.mesh.internal"
ENTRY = ("ServiceEntry", "bookinfo", "reviews-global")
RULE = ("DestinationRule", "bookinfo", "reviews-global")
AT_GATEWAY = ("ServiceEntry", "istio-system", "reviews.bookinfo")
GATEWAY = ("Gateway", "istio-system", "cross-network-gateway")
OUTSIDE = {"istio-injection": "disabled"}
DNS = "warning:dns-capture-missing"


def reached(world: Any, client: str) -> list[str]:
    return [endpoint["address"] for endpoint in world.written(client)[ENTRY]["endpoints"]]


@pytest.fixture
def federation(words: Any) -> Any:
    """Give a maker of federated meshes of three clusters, of which some run the service."""

    def make(servers: str, **spec: Any) -> Any:
        return words.world(
            words.topology("a", "b", "c", endpointDiscovery=False),
            words.discovery(**spec),
            **{name: words.service() for name in servers},
        )

    return make


def test_two_remote_clients_reach_the_gateway_of_the_server(federation: Any) -> None:
    world = federation("a")
    assert world.codes() == [DNS]
    assert reached(world, "b") == reached(world, "c") == ["ew.a.example.com"]
    assert world.written("a")[GATEWAY]["servers"][0]["hosts"] == [HOST]
    assert world.written("a")[AT_GATEWAY]["exportTo"] == ["."]


def test_a_client_of_two_servers_reaches_each_by_its_own_gateway(federation: Any) -> None:
    world = federation("ab")
    assert reached(world, "c") == ["ew.a.example.com", "ew.b.example.com"]
    entry = world.written("c")[ENTRY]
    assert [e["labels"]["mesh.internal/cluster"] for e in entry["endpoints"]] == ["a", "b"]
    assert [e["locality"] for e in entry["endpoints"]] == ["region-a", "region-b"]


def test_a_client_on_a_server_cluster_uses_the_service_there_and_falls_back(
    federation: Any,
) -> None:
    world = federation("ab", loadBalancing={"preference": "local"})
    assert reached(world, "a") == ["reviews.bookinfo.svc.cluster.local", "ew.b.example.com"]
    balancer = world.written("a")[RULE]["trafficPolicy"]["loadBalancer"]
    assert balancer["localityLbSetting"]["failoverPriority"] == ["mesh.internal/cluster=a"]


def test_a_cluster_that_no_other_one_reaches_offers_nothing(federation: Any) -> None:
    world = federation("a", consumers={"clusters": ["a"]})
    assert GATEWAY not in world.written("a")
    assert AT_GATEWAY not in world.written("a")


def test_a_missing_gateway_matters_only_to_clients_elsewhere(words: Any) -> None:
    topology = words.topology(
        words.cluster("a", eastWestGateway=None), "b", endpointDiscovery=False
    )
    local = words.discovery(consumers={"clusters": ["a"]})
    assert words.world(topology, local, a=words.service()).codes() == [DNS]
    world = words.world(topology, words.discovery(), a=words.service())
    assert world.told("gateway-without-address").field == (
        "spec.clusters[0].eastWestGateway.addresses"
    )


def test_both_sides_speak_mutual_tls_and_know_who_must_answer(federation: Any) -> None:
    world = federation("a")
    sans = ["spiffe://cluster.local/ns/bookinfo/sa/reviews"]
    assert world.written("b")[ENTRY]["subjectAltNames"] == sans
    tls = {"mode": "ISTIO_MUTUAL", "subjectAltNames": sans}
    assert world.written("b")[RULE]["trafficPolicy"]["tls"] == tls
    at_gateway = world.written("a")["DestinationRule", "istio-system", "reviews.bookinfo"]
    assert at_gateway["trafficPolicy"]["tls"] == tls
    for endpoint in world.written("a")[AT_GATEWAY]["endpoints"]:
        assert endpoint["labels"]["security.istio.io/tlsMode"] == "istio"


def test_answers_of_the_application_do_not_put_a_whole_cluster_out(federation: Any) -> None:
    found = federation("ab").written("c")[RULE]["trafficPolicy"]["outlierDetection"]
    assert (found["consecutive5xxErrors"], found["consecutiveGatewayErrors"]) == (0, 5)


@pytest.mark.parametrize(
    ("balancing", "client", "clusters"),
    [
        pytest.param({"to": "Only", "clusters": ["b"]}, "a", "ab", id="only"),
        pytest.param({"to": "AnyExcept", "clusters": ["b"]}, "a", "ac", id="any except"),
        pytest.param({"to": "None"}, "a", "a", id="none"),
        pytest.param({"to": "Any"}, "a", "abc", id="any"),
    ],
)
def test_a_failover_is_exact_since_other_endpoints_are_not_told(
    federation: Any, balancing: dict[str, Any], client: str, clusters: str
) -> None:
    world = federation("abc", loadBalancing={"preference": "local", "failover": balancing})
    endpoints = world.written(client)[ENTRY]["endpoints"]
    assert "".join(e["labels"]["mesh.internal/cluster"] for e in endpoints) == clusters
    assert world.codes() == [DNS]


def test_a_whole_order_is_kept_by_labels_of_its_places(federation: Any) -> None:
    world = federation("abc", loadBalancing={"preference": "ordered", "order": ["b", "a"]})
    setting = world.written("c")[RULE]["trafficPolicy"]["loadBalancer"]["localityLbSetting"]
    wanted = [each.split("=") for each in setting["failoverPriority"]]
    priorities = {}
    for endpoint in world.written("c")[ENTRY]["endpoints"]:
        labels = endpoint["labels"]
        misses = [index for index, (key, text) in enumerate(wanted) if labels.get(key) != text]
        priorities[labels["mesh.internal/cluster"]] = len(wanted) - misses[0] if misses else 0
    assert priorities == {"b": 0, "a": 1, "c": 2}


def test_services_of_two_tenants_with_one_name_do_not_meet(words: Any) -> None:
    world = words.world(
        words.topology("a", "b", endpointDiscovery=False),
        words.discovery("red/api"),
        words.discovery("blue/api"),
        a=[words.service("red/api"), words.service("blue/api")],
    )
    names = {name for kind, namespace, name in world.written("a") if namespace == "istio-system"}
    assert names == {"api.red", "api.blue", "cross-network-gateway"}
    assert len({each.vip for each in world.discovered}) == 2


def test_one_wrong_intent_does_not_keep_the_others_from_their_places(words: Any) -> None:
    world = words.world(
        words.topology("a", "b", endpointDiscovery=False),
        words.discovery("bookinfo/missing"),
        words.discovery(),
        a=words.service(),
    )
    assert [each.service.name for each in world.discovered] == ["reviews"]
    assert "error:service-unknown" in world.codes()


@pytest.mark.parametrize("endpoint_discovery", [True, False], ids=["native", "federated"])
def test_a_service_without_any_proxy_is_not_offered_to_other_networks(
    words: Any, endpoint_discovery: Any
) -> None:
    world = words.world(
        words.topology("a", "b", endpointDiscovery=endpoint_discovery),
        words.discovery(),
        a=[words.service(), words.namespace("bookinfo", **OUTSIDE)],
    )
    told = world.told("server-without-proxy")
    assert (told.severity, told.field) == ("error", "spec.service.name")
    assert 'Service "bookinfo/reviews"' in told.message
    assert 'Deployment "bookinfo/reviews" in cluster "a"' in told.message


def test_pods_outside_of_the_mesh_beside_others_are_told(words: Any) -> None:
    world = words.world(
        words.topology("a", "b"),
        words.discovery(),
        a=[words.service(), words.namespace("bookinfo", **OUTSIDE)],
        b=[words.service(), words.namespace("bookinfo")],
    )
    assert "warning:server-without-proxy" in world.codes()
    assert 'cluster "b"' not in world.told("server-without-proxy").message


def test_gateways_with_addresses_alone_make_static_endpoints(words: Any) -> None:
    gateway = {"addresses": ["192.0.2.1", "2001:db8::1"], "port": 32001}
    world = words.world(
        words.topology(words.cluster("a", eastWestGateway=gateway), "b", endpointDiscovery=False),
        words.discovery(),
        a=words.service(),
    )
    entry = world.written("b")[ENTRY]
    assert entry["resolution"] == "STATIC"
    assert [e["ports"] for e in entry["endpoints"]] == [{"http": 32001}] * 2
    assert world.written("a")[GATEWAY]["servers"][0]["port"]["number"] == 15443


def test_a_global_name_is_federated_though_endpoints_are_discovered(words: Any) -> None:
    world = words.world(
        words.topology("a", "b"), words.discovery(hostname="global"), a=words.service()
    )
    assert (world.only.how, world.only.hostname) == ("federated", HOST)


@given(st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_the_order_of_a_packages_items_does_not_matter(words: Any, random: Random) -> None:
    world = words.world(
        words.topology("a", "b", endpointDiscovery=False),
        *(words.discovery(key, loadBalancing={"preference": "local"}) for key in SERVICES),
        a=[words.service(key) for key in SERVICES],
        b=[words.service(key) for key in SERVICES[:2]],
    )
    shuffled = [*world.resources]
    random.shuffle(shuffled)
    other = words.of(shuffled)
    for cluster in "ab":
        assert list(other.written(cluster).items()) == list(world.written(cluster).items())


def test_a_second_render_gives_the_addresses_of_the_first(words: Any) -> None:
    topology = words.topology("a", "b", endpointDiscovery=False)
    head = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata:\n  name: x\n"
    owner = "  annotations: {krmfn.dev/owner: mesh-intent-expander/ServiceDiscovery/x}\n"
    made = f"{head}{owner}spec: {{hosts: [{HOST}], addresses: [240.240.1.2]}}\n"
    world = words.world(topology, words.discovery(), a=words.service(), b=made)
    assert world.written("b")[ENTRY]["addresses"] == ["240.240.1.2"]
