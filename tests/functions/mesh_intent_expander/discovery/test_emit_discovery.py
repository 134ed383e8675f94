"""Plan values become objects; shares become subsets."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.mesh_intent_expander.discovery import destinations, egress, subset_problems
from krmfn.mesh_intent_expander.discovery.localities import percents_of
from krmfn.mesh_intent_expander.emit.destination_rule import destination_rules
from krmfn.mesh_intent_expander.emit.labels import labelled_resources
from krmfn.mesh_intent_expander.emit.stub_service import stub_services
from krmfn.mesh_intent_expander.intents.treatment import SessionAffinity
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.destinations import (
    Destination,
    TrafficPolicy,
    as_label,
    shortened,
    subset_of,
)
from krmfn.mesh_intent_expander.plan.discovery import Labelled, StubService
from krmfn.mesh_intent_expander.plan.routes import RoutedHost, RoutedRule, Share
from krmfn.mesh_intent_expander.plan.security import Plaintext
from krmfn.mesh_intent_expander.view import Port
from krmfn.sdk import Resource

REVIEWS = ServiceKey("bookinfo", "reviews")
HOST = "reviews.bookinfo.svc.cluster.local"
INTENT = Resource.new("intent.krmfn.dev/v1alpha1", "TrafficRoute", "reviews")


def share(host: str = HOST, **fields: Any) -> Share:
    return Share(REVIEWS, host, 9080, **fields)


def routed(*shares: Share, **fields: Any) -> RoutedHost:
    rule = RoutedRule("default", (), shares, INTENT)
    clusters = fields.pop("clusters", ("a",))
    hosts = fields.pop("hosts", (HOST,))
    flavor = fields.pop("flavor", "istio")
    return RoutedHost(REVIEWS, hosts, "http", flavor, (rule,), clusters, (INTENT,), **fields)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        pytest.param(share(), "", id="all endpoints"),
        pytest.param(share(version={"version": "v1"}), "v1", id="version"),
        pytest.param(share(version={"version": "v1"}, cluster="edge-a"), "v1-edge-a", id="both"),
        pytest.param(share(cluster="edge-a"), "edge-a", id="cluster"),
        pytest.param(share(version={"app.io/track": "x"}), "track-x", id="another label"),
        pytest.param(share(version={"version": "v1"}, version_name="old"), "old", id="named"),
    ],
)
def test_a_subset_is_named_after_version_and_cluster(given: Share, name: str) -> None:
    assert subset_of(given) == name


@given(st.text(max_size=90))
@settings(max_examples=60)
def test_any_text_becomes_a_label(text: str) -> None:
    label = as_label(text)
    assert len(label) <= 63
    assert not set(label) - set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert label == label.strip("-")


def test_long_names_that_differ_at_the_end_stay_different() -> None:
    one, other = (shortened("a" * 80 + end) for end in "xy")
    assert one != other
    assert len(one) == len(other) == 63


@given(st.dictionaries(st.text(max_size=4), st.integers(1, 10**6), min_size=1, max_size=100))
@settings(max_examples=60)
def test_percents_add_up_and_leave_nobody_out(weights: dict[str, int]) -> None:
    found = percents_of(weights)
    assert sum(found.values()) == 100
    assert found.keys() == weights.keys()
    assert min(found.values()) >= 1


def test_routes_and_discovery_of_one_host_share_one_rule_in_all_clusters(words: Any) -> None:
    world = words.world(
        words.topology("a", "b", "c"),
        words.discovery(loadBalancing={"preference": "local"}),
        hosts=[routed(share(version={"version": "v1"}), share(cluster="b"))],
        a=words.service(),
        b=words.service(),
    )
    (found,) = world.destinations
    assert found.clusters == ("a", "b", "c")
    assert [(subset.name, dict(subset.labels)) for subset in found.subsets] == [
        ("b", {"topology.istio.io/cluster": "b"}),
        ("v1", {"version": "v1"}),
    ]
    assert found.policy.failover_priority == ("topology.istio.io/cluster",)


def test_services_of_versions_are_treated_and_let_in_as_the_service_itself(words: Any) -> None:
    affinity = SessionAffinity(header="x-session")
    shares = (share(version={"version": "v1"}), share(version={"version": "v2"}, cluster="b"))
    world = words.world(
        words.topology("a", "b", "c"),
        words.discovery(loadBalancing={"preference": "local"}),
        hosts=[routed(*shares, flavor="gateway-api", affinity=affinity)],
        a=words.service(),
        b=words.service(),
    )
    host = "reviews{}.bookinfo.svc.cluster.local".format
    assert [(each.name, each.host) for each in world.destinations] == [
        ("reviews-v1", host("-v1")),
        ("reviews-v2-b", host("-v2-b")),
        ("reviews", host("")),
    ]
    policies = [(each.policy, each.clusters, each.subsets) for each in world.destinations]
    assert policies == [policies[0]] * 3
    assert policies[0][0].affinity == affinity
    gateway = ("Gateway", "istio-system", "cross-network-gateway")
    let_in = [set(world.written(name)[gateway]["servers"][0]["hosts"]) for name in "ab"]
    assert let_in == [{host(""), host("-v1")}, {host(""), host("-v1"), host("-v2-b")}]


def test_a_discovery_of_the_service_of_a_version_goes_over_that_of_the_whole(words: Any) -> None:
    world = words.world(
        words.topology("a", "b"),
        words.discovery(loadBalancing={"preference": "local"}),
        words.discovery("bookinfo/reviews-v1", loadBalancing={"policy": "Random"}),
        hosts=[routed(share(version={"version": "v1"}), flavor="gateway-api")],
        a=[words.service(), words.service("bookinfo/reviews-v1")],
    )
    assert [each.policy.balancer for each in world.destinations] == ["RANDOM"]


def test_a_version_of_what_takes_plaintext_takes_it_as_well(words: Any) -> None:
    hosts = [routed(share(version={"version": "v1"}), flavor="gateway-api")]
    world = words.world(words.topology("a", "b"), hosts=hosts, a=words.service())
    plain = {HOST: Plaintext(REVIEWS, INTENT)}
    found = destinations(world.mesh, world.fleet, hosts, (), plain)
    assert {(each.name, each.policy.tls) for each in found} == {
        ("reviews", "DISABLE"),
        ("reviews-v1", "DISABLE"),
    }


def test_servers_know_the_subsets_that_clients_elsewhere_ask_for(words: Any) -> None:
    world = words.world(
        words.topology("a", "b"), hosts=[routed(share(cluster="b"))], b=words.service()
    )
    assert [each.clusters for each in world.destinations] == [("a", "b")]


def test_gateways_of_federated_servers_know_the_subsets_of_clusters(words: Any) -> None:
    host = "reviews.bookinfo.mesh.internal"
    world = words.world(
        words.topology("a", "b", endpointDiscovery=False),
        words.discovery(),
        hosts=[routed(share(host, cluster="b"))],
        a=words.service(),
        b=words.service(),
    )
    at_gateway = [each for each in world.destinations if each.export_to]
    assert [each.clusters for each in at_gateway] == [("a",), ("b",)]
    for each in at_gateway:
        assert [dict(s.labels) for s in each.subsets] == [{"mesh.internal/cluster": "b"}]


def test_a_version_of_what_is_behind_a_gateway_is_refused(words: Any) -> None:
    world = words.world(
        words.topology("a", "b", endpointDiscovery=False), words.discovery(), a=words.service()
    )
    hosts = [routed(share("reviews.bookinfo.mesh.internal", version={"version": "v1"}))]
    problems = subset_problems(hosts, world.discovered)
    assert [each.code for each in problems] == ["version-not-federated"]


def test_two_versions_of_one_name_are_refused() -> None:
    one, other = ({"version": "v1"}, {"version": "v2"})
    hosts = [routed(*(share(version=v, version_name="old") for v in (one, other)))]
    assert [each.code for each in subset_problems(hosts, [])] == ["subset-ambiguous"]


def test_a_plaintext_service_has_its_tls_switched_off(words: Any) -> None:
    world = words.world(words.topology("a", "b"), a=words.service())
    plain = {HOST: Plaintext(REVIEWS, INTENT)}
    (found,) = destinations(world.mesh, world.fleet, (), (), plain)
    assert (found.clusters, found.policy.tls) == (("a",), "DISABLE")


def test_a_route_without_subsets_needs_no_rule(words: Any) -> None:
    world = words.world(words.topology("a", "b"), hosts=[routed(share())], a=words.service())
    assert world.destinations == ()


def test_a_namespace_sees_where_the_routes_of_what_it_uses_lead(words: Any) -> None:
    world = words.world(
        words.topology("a", "b"),
        words.discovery(consumers={"namespaces": ["shop"]}),
        a=[words.service(), words.namespace("shop")],
    )
    other = Share(ServiceKey("next", "reviews"), "reviews.next.svc.cluster.local", 9080)
    (found,), _ = egress(world.mesh, world.fleet, [routed(share(), other)], world.discovered)
    assert "next/reviews.next.svc.cluster.local" in found.hosts


@pytest.mark.parametrize(
    ("affinity", "expected"),
    [
        pytest.param(
            {"cookie": "c", "ttl": "1h"}, {"httpCookie": {"name": "c", "ttl": "3600s"}}, id="cookie"
        ),
        pytest.param({"header": "x-user"}, {"httpHeaderName": "x-user"}, id="header"),
        pytest.param({"source_ip": True}, {"useSourceIp": True}, id="address"),
    ],
)
def test_session_affinity_is_a_consistent_hash(
    affinity: dict[str, Any], expected: dict[str, Any]
) -> None:
    policy = TrafficPolicy(balancer="RANDOM", affinity=SessionAffinity(**affinity))
    (emitted,) = destination_rules([Destination("h", "n", "ns", ("a",), INTENT, policy)])
    balancer = emitted.body["spec"]["trafficPolicy"]["loadBalancer"]
    assert balancer == {"consistentHash": expected}


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        pytest.param(Port(80, "http", "http", "web"), {"name": "http"}, id="told by its name"),
        pytest.param(
            Port(80, "web", "grpc", "web"), {"name": "web", "appProtocol": "grpc"}, id="told"
        ),
        pytest.param(Port(80, "", "", "web"), {}, id="sniffed"),
    ],
)
def test_a_stub_speaks_the_protocol_of_the_real_service(
    port: Port, expected: dict[str, Any]
) -> None:
    stub = StubService(REVIEWS, (port,), headless=True, clusters=("a",), by=INTENT)
    (emitted,) = stub_services([stub])
    common = {"port": 80, "targetPort": "web", "protocol": "TCP"}
    assert emitted.body["spec"] == {"clusterIP": "None", "ports": [common | expected]}


def test_labels_leave_the_rest_of_a_resource_as_it_was() -> None:
    text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: x # mine\nspec: {ports: []}\n"
    (found,) = labelled_resources([Labelled(Resource.parse(text), {"istio.io/global": "true"})])
    assert found.labels == {"istio.io/global": "true"}
    assert "name: x # mine" in found.text
