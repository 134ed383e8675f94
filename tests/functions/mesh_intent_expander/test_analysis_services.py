"""Analysis of ServiceEntries, DestinationRules, selectors, networks, and Services of a fleet."""

from typing import Any

import pytest

from krmfn.mesh_intent_expander.analysis.checking import analyze
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource

NETWORKING = "networking.istio.io/v1"
V2 = {"app": "cart", "version": "v2"}
CLUSTER, REGION = "topology.istio.io/cluster", "topology.kubernetes.io/region"


def told(code: str, **clusters: list[Resource]) -> list[str]:
    """Give the names of the objects of which a code is told; `one` is a cluster without name."""
    views = [ClusterView("" if name == "one" else name, own) for name, own in clusters.items()]
    return [each.resource.name for each in analyze(Fleet(views)) if each.code.id == code]


def istio(kind: str, name: str = "it", namespace: str = "shop", **spec: Any) -> Resource:
    group = {"AuthorizationPolicy": "security", "Telemetry": "telemetry"}.get(kind, "networking")
    return Resource.new(f"{group}.istio.io/v1", kind, name, namespace=namespace, spec=spec)


def service(name: str = "cart", **spec: Any) -> Resource:
    spec = {"ports": [{"name": "http", "port": 80}], **spec}
    return Resource.new("v1", "Service", name, namespace="shop", spec=spec)


def pod(labels: dict[str, str], namespace: str = "shop", node: str = "") -> Resource:
    spec: dict[str, Any] = {"containers": []} | ({"nodeName": node} if node else {})
    return Resource.new("v1", "Pod", "pod", namespace=namespace, labels=labels, spec=spec)


def deployment(labels: dict[str, str]) -> Resource:
    spec = {"template": {"metadata": {"labels": labels}, "spec": {"containers": []}}}
    return Resource.new("apps/v1", "Deployment", "cart", namespace="shop", spec=spec)


def entry(name: str = "se", protocol: str = "TCP", **spec: Any) -> Resource:
    ports = [{"number": 5432, "name": "db", "protocol": protocol}]
    return istio("ServiceEntry", name, **{"hosts": ["db.example"], "ports": ports, **spec})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(entry(), ["se"], id="tcp"),
        pytest.param(entry(protocol=""), ["se"], id="no protocol"),
        pytest.param(entry(protocol="tcp"), ["se"], id="in lower case"),
        pytest.param(entry(protocol="TLS"), [], id="tls"),
        pytest.param(entry(addresses=["240.1.0.1"]), [], id="with an address"),
    ],
)
def test_an_entry_for_tcp_has_addresses(given: Resource, expected: list[str]) -> None:
    assert told("IST0134", one=[given]) == expected


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        pytest.param("{ISTIO_META_DNS_CAPTURE: 'true'}", ["se"], id="capture alone"),
        pytest.param(
            "{ISTIO_META_DNS_CAPTURE: 'true', ISTIO_META_DNS_AUTO_ALLOCATE: 'true'}",
            [],
            id="allocation",
        ),
    ],
)
def test_proxies_that_allocate_addresses_need_none(switches: str, expected: list[str]) -> None:
    mesh = {"mesh": f"defaultConfig: {{proxyMetadata: {switches}}}"}
    config = Resource.new("v1", "ConfigMap", "istio", namespace="istio-system", data=mesh)
    assert told("IST0134", one=[entry(), config]) == expected


@pytest.mark.parametrize(
    ("other", "is_told"),
    [
        pytest.param(entry("other", "TLS"), True, id="another protocol"),
        pytest.param(entry("other", "tcp"), False, id="the same in lower case"),
        pytest.param(entry("other", "TLS", hosts=["x.example"]), False, id="another host"),
        pytest.param(entry("other", "TLS", exportTo=["ads"]), True, id="for one namespace"),
    ],
)
def test_a_port_of_a_host_has_one_protocol(other: Resource, is_told: bool) -> None:
    assert told("IST0177", one=[entry(), other]) == (["other", "se"] if is_told else [])


def test_entries_for_different_namespaces_may_differ() -> None:
    pair = [entry(exportTo=["."]), entry("other", "TLS", exportTo=["ads"])]
    assert told("IST0177", one=pair) == []


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param("cart", [], id="a Service"),
        pytest.param("db.example", [], id="a ServiceEntry"),
        pytest.param("carts", ["dr"], id="nothing"),
        pytest.param("cart.ads.svc.cluster.local", ["dr"], id="another namespace"),
    ],
)
def test_a_destination_rule_is_for_a_host_that_exists(host: str, expected: list[str]) -> None:
    rule = istio("DestinationRule", "dr", host=host)
    assert told("IST0174", one=[rule, service(), entry()]) == expected


def subset(**labels: str) -> Resource:
    return istio("DestinationRule", "dr", host="cart", subsets=[{"name": "s", "labels": labels}])


NODE = Resource.new("v1", "Node", "n1", labels={REGION: "eu"})
SUBSETS = [
    pytest.param(subset(version="v2"), [pod(V2)], [], id="a pod"),
    pytest.param(subset(version="v2"), [deployment(V2)], [], id="a Deployment's pods"),
    pytest.param(subset(version="v3"), [pod(V2)], ["dr"], id="no pod"),
    pytest.param(subset(version="v2", app="pay"), [pod(V2)], ["dr"], id="one label of two"),
    pytest.param(subset(**{REGION: "eu"}), [pod(V2, node="n1"), NODE], [], id="by its node"),
    pytest.param(
        subset(**{REGION: "us"}), [pod(V2, node="n1"), NODE], ["dr"], id="on no such node"
    ),
    pytest.param(subset(**{REGION: "us"}), [deployment(V2)], [], id="not placed yet"),
    pytest.param(
        subset(site="far"),
        [entry(endpoints=[{"address": "10.0.0.1", "labels": {"site": "far"}}])],
        [],
        id="an endpoint of a ServiceEntry",
    ),
    pytest.param(
        subset(site="far"),
        [istio("WorkloadEntry", address="10.0.0.1", labels={"site": "far"})],
        [],
        id="a WorkloadEntry",
    ),
]


@pytest.mark.parametrize(("rule", "objects", "expected"), SUBSETS)
def test_a_subset_selects_pods(
    rule: Resource, objects: list[Resource], expected: list[str]
) -> None:
    assert told("IST0173", one=[rule, service(), *objects]) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param({CLUSTER: "west"}, [], id="a cluster of the fleet"),
        pytest.param({CLUSTER: "west", "version": "v2"}, [], id="a version there"),
        pytest.param({CLUSTER: "east", "version": "v2"}, ["dr"], id="a version that is elsewhere"),
        pytest.param({CLUSTER: "north"}, ["dr"], id="no cluster of the fleet"),
    ],
)
def test_a_subset_may_be_that_of_a_cluster(wanted: dict[str, str], expected: list[str]) -> None:
    east = [subset(**wanted), service(), pod({"app": "cart"})]
    assert told("IST0173", east=east, west=[service(), pod(V2)]) == expected


def test_a_host_that_another_cluster_has_exists() -> None:
    route = {"route": [{"destination": {"host": "cart", "port": {"number": 80}}}]}
    rule = istio("VirtualService", "vs", hosts=["cart"], http=[route])
    assert told("IST0101", east=[rule], west=[]) == ["vs"]
    assert told("IST0101", east=[rule], west=[service()]) == []
    moved = service(ports=[{"port": 8080}])
    assert told("IST0101", east=[rule], west=[moved]) == ["vs"]


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        pytest.param({}, False, id="the same"),
        pytest.param({"clusterIP": "10.96.0.7"}, False, id="another address"),
        pytest.param({"clusterIP": "None"}, True, id="headless"),
        pytest.param({"type": "LoadBalancer"}, True, id="another type"),
        pytest.param({"type": "ClusterIP"}, False, id="the default type written down"),
        pytest.param({"ports": [{"name": "http", "port": 81}]}, True, id="another port"),
        pytest.param({"ports": [{"name": "web", "port": 80}]}, True, id="another name"),
        pytest.param(
            {"ports": [{"name": "http", "port": 80, "targetPort": 80, "protocol": "TCP"}]},
            False,
            id="defaults written down",
        ),
    ],
)
def test_a_service_is_the_same_in_all_clusters(changes: dict[str, Any], is_told: bool) -> None:
    clusters = {"east": [service()], "north": [], "west": [service(**changes)]}
    assert told("IST0170", **clusters) == (["cart"] if is_told else [])


@pytest.mark.parametrize(
    ("kind", "field", "labels_field"),
    [
        pytest.param("Sidecar", "workloadSelector", "labels", id="Sidecar"),
        pytest.param("Telemetry", "selector", "matchLabels", id="Telemetry"),
    ],
)
@pytest.mark.parametrize(
    ("labels", "namespace", "expected"),
    [
        pytest.param(V2, "shop", [], id="a pod of the namespace"),
        pytest.param(V2, "ads", ["it"], id="a pod of another one"),
        pytest.param({"app": "cart"}, "shop", ["it"], id="a label less"),
    ],
)
def test_a_selector_matches_a_pod_of_the_namespace(
    kind: str,
    field: str,
    labels_field: str,
    labels: dict[str, str],
    namespace: str,
    expected: list[str],
) -> None:
    selecting = istio(kind, **{field: {labels_field: V2}})
    assert told("IST0101", one=[selecting, pod(labels, namespace)]) == expected


@pytest.mark.parametrize("field", ["namespaces", "notNamespaces"])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("ads", [], id="a Namespace"),
        pytest.param("ADS", [], id="in upper case"),
        pytest.param("pay", [], id="one in which an object stands"),
        pytest.param("a*", [], id="a prefix"),
        pytest.param("*ds", [], id="a suffix"),
        pytest.param("*", [], id="any"),
        pytest.param("lost", ["it"], id="no namespace"),
        pytest.param("lo*", ["it"], id="a prefix of none"),
    ],
)
def test_a_policy_names_namespaces_that_exist(field: str, name: str, expected: list[str]) -> None:
    policy = istio("AuthorizationPolicy", rules=[{"from": [{"source": {field: [name]}}]}])
    ads = Resource.new("v1", "Namespace", "ads")
    assert told("IST0101", one=[policy, ads, pod({}, "pay")]) == expected


def networks(registry: str) -> Resource:
    text = f"networks: {{n1: {{endpoints: [{{fromRegistry: {registry}}}]}}}}"
    data = {"meshNetworks": text}
    return Resource.new("v1", "ConfigMap", "istio", namespace="istio-system", data=data)


@pytest.mark.parametrize(
    ("registry", "expected"),
    [
        pytest.param("Kubernetes", [], id="the cluster itself"),
        pytest.param("east", [], id="a cluster of the fleet"),
        pytest.param("far", [], id="a remote secret"),
        pytest.param("kubernetes", ["istio"], id="no cluster"),
    ],
)
def test_networks_name_known_clusters(registry: str, expected: list[str]) -> None:
    remote = Resource.new(
        "v1",
        "Secret",
        "remote",
        namespace="istio-system",
        labels={"istio/multiCluster": "true"},
        data={"far": "eA=="},
    )
    assert told("IST0126", east=[networks(registry), remote]) == expected
