"""Discovery where each istiod reads the other clusters' endpoints."""

from typing import Any

import pytest

LOCAL = {"preference": "local"}
HOST = "reviews.bookinfo.svc.cluster.local"
RULE = ("DestinationRule", "bookinfo", "reviews")
GATEWAY = ("Gateway", "istio-system", "cross-network-gateway")
SIDECAR = ("Sidecar", "shop", "default")


def locality(spec: dict[str, Any]) -> Any:
    return spec["trafficPolicy"].get("loadBalancer", {}).get("localityLbSetting")


def test_clients_and_servers_get_one_rule_and_servers_let_in_what_they_export(words: Any) -> None:
    world = words.world(
        words.topology("a", "b", "c"),
        words.discovery(loadBalancing=LOCAL),
        a=words.service(),
        b=words.service(),
    )
    assert world.codes() == []
    rules = [world.written(name)[RULE] for name in "abc"]
    assert rules[0] == rules[1] == rules[2]
    assert locality(rules[0])["failoverPriority"] == ["topology.istio.io/cluster"]
    assert rules[0]["trafficPolicy"]["outlierDetection"]["maxEjectionPercent"] == 100
    assert world.written("a")[GATEWAY]["servers"][0]["hosts"] == [HOST]
    assert GATEWAY not in world.written("c")


def test_without_any_discovery_gateways_let_nothing_in(words: Any) -> None:
    both = words.service()
    world = words.world(words.topology("a", "b"), a=both, b=both)
    assert world.written("a") == world.written("b") == {}
    assert world.codes() == ["warning:service-not-exported"]


def test_gateways_let_in_every_service_where_the_mesh_wants_it(words: Any) -> None:
    both = [words.service(), words.service("bookinfo/ratings")]
    world = words.world(
        words.topology("a", "b", "c", exposure="All"), words.discovery(), a=both, b=both
    )
    hosts = [world.written(name)[GATEWAY]["servers"][0]["hosts"] for name in "abc"]
    assert hosts == [["*.cluster.local"]] * 3
    assert world.codes() == []


def test_a_single_network_needs_no_gateway(words: Any) -> None:
    clusters = [words.cluster(name, network="one", eastWestGateway=None) for name in "ab"]
    world = words.world(words.topology(*clusters), words.discovery(), a=words.service())
    assert world.codes() == []
    assert {key[0] for key in world.written("a") | world.written("b")} == {"Service"}


def test_a_mesh_of_one_cluster_emits_nothing_that_crosses_clusters(words: Any) -> None:
    world = words.world(words.topology("a"), words.discovery(), a=words.service())
    assert world.codes() == ["info:single-cluster"]
    assert world.written("a") == {}


def test_no_gateway_is_made_where_the_base_layer_is_the_users(words: Any) -> None:
    topology = words.topology("a", "b", baseLayer=False)
    world = words.world(topology, words.discovery(), a=words.service())
    assert GATEWAY not in world.written("a")


def test_hosts_that_a_gateway_written_by_hand_lets_in_are_left_to_it(words: Any) -> None:
    by_hand = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: mine, namespace: istio-system}
spec:
  selector: {istio: eastwestgateway}
  servers:
  - port: {number: 15443, name: tls, protocol: TLS}
    tls: {mode: AUTO_PASSTHROUGH}
    hosts: ["*.local"]
"""
    world = words.world(
        words.topology("a", "b"), words.discovery(), a=[words.service(), by_hand], b=words.service()
    )
    assert GATEWAY not in world.written("a")
    assert GATEWAY in world.written("b")


def test_a_service_on_two_networks_that_nobody_exports_is_told(words: Any) -> None:
    both = [words.service(), words.service("bookinfo/ratings")]
    world = words.world(words.topology("a", "b"), words.discovery(), a=both, b=both)
    assert world.codes() == ["warning:service-not-exported"]
    assert '"bookinfo/ratings"' in world.told("service-not-exported").message


def test_a_service_that_the_mesh_keeps_in_its_clusters_needs_no_export(words: Any) -> None:
    kept = """
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    serviceSettings:
    - {settings: {clusterLocal: true}, hosts: ["*"]}
    - {settings: {clusterLocal: false}, hosts: ["reviews.bookinfo.svc.cluster.local"]}
"""
    both = [words.service(), words.service("bookinfo/ratings"), kept]
    world = words.world(words.topology("a", "b"), words.discovery(), a=both, b=both)
    assert world.codes() == []


def test_istio_objects_of_a_remote_cluster_go_to_the_one_that_it_obeys(words: Any) -> None:
    remote = words.cluster("b", controlPlane={"type": "remote", "configCluster": "a"})
    consumers = {"namespaces": ["shop"]}
    world = words.world(
        words.topology("a", remote),
        words.discovery(consumers=consumers),
        a=words.service(),
        b=words.namespace("shop"),
    )
    assert {key[0] for key in world.written("b")} == {"Service"}
    assert {GATEWAY, SIDECAR} <= world.written("a").keys()


def test_a_stub_service_has_the_ports_of_the_real_one_and_no_pods(words: Any) -> None:
    captured = words.cluster("c", dnsCapture=True)
    world = words.world(words.topology("a", "b", captured), words.discovery(), a=words.service())
    port = {"name": "http", "port": 9080, "targetPort": 9080, "protocol": "TCP"}
    assert world.written("b")["Service", "bookinfo", "reviews"] == {"ports": [port]}
    assert ("Service", "bookinfo", "reviews") not in world.written("c")


def test_clients_are_only_where_a_namespace_of_theirs_is(words: Any) -> None:
    world = words.world(
        words.topology("a", "b", "c"),
        words.discovery(consumers={"namespaces": ["shop"]}),
        a=words.service(),
        c=[words.namespace("shop"), words.namespace("bookinfo")],
    )
    assert (world.only.servers, world.only.clients) == (("a",), ("c",))
    assert world.written("b") == {}


@pytest.mark.parametrize(
    ("balancing", "expected"),
    [
        pytest.param({}, None, id="any"),
        pytest.param(LOCAL, {"failoverPriority": ["topology.istio.io/cluster"]}, id="local"),
        pytest.param(
            {"preference": "ordered", "order": ["b", "a"]},
            {"failoverPriority": ["topology.istio.io/cluster=b"]},
            id="ordered",
        ),
        pytest.param(
            {"weights": {"a": 1, "b": 2}},
            {"distribute": [{"from": "*", "to": {"region-a": 33, "region-b": 67}}]},
            id="weights",
        ),
        pytest.param(
            LOCAL | {"failover": {"to": "None"}},
            {"distribute": [{"from": "*", "to": {"region-a": 100}}]},
            id="kept local",
        ),
        pytest.param(
            LOCAL | {"failover": {"to": "Only", "clusters": ["b"]}},
            {"failoverPriority": ["topology.istio.io/cluster"]},
            id="all others may take over",
        ),
    ],
)
def test_a_preference_becomes_istios_locality_setting(
    words: Any, balancing: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    world = words.world(
        words.topology("a", "b"),
        words.discovery(loadBalancing=balancing),
        a=words.service(),
        b=words.service(),
    )
    found = locality(world.written("a")[RULE])
    assert found == (expected and {"enabled": True, **expected})
    assert world.codes() == []


def test_one_spare_among_several_comes_next_by_its_region_and_the_rest_is_told(words: Any) -> None:
    balancing = LOCAL | {"failover": {"to": "Only", "clusters": ["c"]}}
    world = words.world(
        words.topology("a", "b", "c"),
        words.discovery(loadBalancing=balancing),
        **dict.fromkeys("abc", words.service()),
    )
    assert locality(world.written("a")[RULE])["failover"] == [
        {"from": "region-a", "to": "region-c"}
    ]
    assert locality(world.written("c")[RULE]) == {
        "enabled": True,
        "distribute": [{"from": "*", "to": {"region-c": 100}}],
    }
    assert world.codes() == ["warning:failover-wider"]


def test_no_failover_and_no_preference_leave_no_endpoint_out(words: Any) -> None:
    balancing = {"policy": "Random", "failover": {"to": "None"}}
    world = words.world(
        words.topology("a", "b"),
        words.discovery(loadBalancing=balancing),
        a=words.service(),
        b=words.service(),
    )
    assert world.written("a")[RULE]["trafficPolicy"] == {"loadBalancer": {"simple": "RANDOM"}}


def test_a_namespace_sees_what_it_is_declared_to_use(words: Any) -> None:
    world = words.world(
        words.topology("a", "b"),
        words.discovery(consumers={"namespaces": ["shop"]}),
        words.discovery("bookinfo/ratings", consumers={"namespaces": ["bank"]}),
        words.discovery("bookinfo/news"),
        a=[words.service(f"bookinfo/{name}") for name in ("reviews", "ratings", "news")],
        b=[words.namespace("shop"), words.namespace("bank"), words.namespace("bookinfo")],
    )
    news = "bookinfo/news.bookinfo.svc.cluster.local"
    expected = ["./*", "istio-system/*", news, f"bookinfo/{HOST}"]
    assert world.written("b")[SIDECAR]["egress"] == [{"hosts": expected}]
    assert SIDECAR not in world.written("a")


def test_a_sidecar_written_by_hand_stays_the_only_one(words: Any) -> None:
    by_hand = """
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: mine, namespace: shop}
spec: {egress: [{hosts: ["./*"]}]}
"""
    world = words.world(
        words.topology("a", "b"),
        words.discovery(consumers={"namespaces": ["shop"]}),
        a=[words.service(), words.namespace("shop"), by_hand],
    )
    assert SIDECAR not in world.written("a")
    assert "warning:egress-by-hand" in world.codes()


def test_the_root_namespace_gets_no_sidecar_since_it_would_hold_for_all(words: Any) -> None:
    world = words.world(
        words.topology("a", "b"),
        words.discovery(consumers={"namespaces": ["istio-system"]}),
        a=[words.service(), words.namespace("istio-system")],
    )
    assert world.egress == ()
    assert "warning:egress-of-root" in world.codes()


def test_the_root_namespace_of_each_cluster_tells_its_network(words: Any) -> None:
    root = words.namespace("istio-system")
    world = words.world(words.topology("a", "b"), words.discovery(), a=[words.service(), root])
    (labelled,) = world.exposure.labelled
    assert labelled.labels == {"topology.istio.io/network": "net-a"}


def test_a_placement_says_where_a_service_runs(words: Any) -> None:
    decision = """
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: PlacementDecision
metadata:
  name: reviews
  labels: {multicluster.x-k8s.io/placement-key: reviews}
decisions:
- clusterProfileRef: {name: b}
- clusterProfileRef: {name: elsewhere}
"""
    service = {"name": "reviews", "namespace": "bookinfo", "ports": [{"number": 80}]}
    intent = words.discovery(service=service, placement="reviews")
    world = words.world(words.topology("a", "b"), decision, intent)
    assert world.only.servers == ("b",)
    assert world.codes() == ["warning:placed-outside"]


def test_multi_cluster_services_are_exported_under_the_name_of_the_cluster_set(words: Any) -> None:
    clusters = [words.cluster(name, mcs={"enabled": True}) for name in "ab"]
    world = words.world(
        words.topology(*clusters), words.discovery(hostname="clusterSet"), a=words.service()
    )
    assert world.written("a")["ServiceExport", "bookinfo", "reviews"] == {}
    hosts = world.written("a")[GATEWAY]["servers"][0]["hosts"]
    assert hosts == ["reviews.bookinfo.svc.clusterset.local"]
    assert "ServiceExport" not in {key[0] for key in world.written("b")}


def test_ambient_services_are_global_behind_a_waypoint_of_their_namespace(words: Any) -> None:
    clusters = [words.cluster(name, dataPlane="ambient") for name in "ab"]
    world = words.world(
        words.topology(*clusters),
        words.discovery(loadBalancing=LOCAL, consumers={"namespaces": ["shop"]}),
        a=words.service(),
        b=[words.service(), words.namespace("shop"), words.namespace("bookinfo")],
    )
    kinds = {(kind, name) for kind, _, name in world.written("b")}
    assert kinds == {
        ("DestinationRule", "reviews"),
        ("Gateway", "istio-eastwestgateway"),
        ("Gateway", "waypoint"),
    }
    wanted = {"istio.io/global": "true", "istio.io/use-waypoint": "waypoint"}
    assert [each.labels for each in world.exposure.labelled] == [wanted, wanted]
