"""Hosts: names, ports, protocols and clusters, and which rules each has."""

from collections.abc import Callable
from typing import Any

import pytest

Routed = Any
GATEWAY = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: public, namespace: bookinfo}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
"""
HOST = "reviews.bookinfo.svc.cluster.local"


def names(spec: Any) -> list[str]:
    return [rule["name"] for rule in spec["http"]]


def on_ratings(port: int) -> dict[str, Any]:
    return {"parentRef": {"service": "ratings", "port": port}}


def test_all_intents_about_one_host_become_one_object(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(
        intent("[{name: a, matches: [{path: {value: /a}}]}]", name="one"),
        intent("[{name: b, matches: [{path: {value: /b/c}}]}]", name="two", namespace="shop"),
    )
    assert list(made.written["edge-a"]) == [("VirtualService", "bookinfo", "reviews")]
    assert names(made.spec("VirtualService", "reviews")) == ["b", "a", "default"]
    assert [by.name for by in made.hosts[0].by] == ["one", "two"]


def test_rules_know_the_intent_and_the_field_that_they_come_from(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(intent("[{matches: [{method: GET}]}, {matches: [{method: PUT}]}]", name="x"))
    told = [(rule.name, rule.by.name, rule.field) for rule in made.hosts[0].rules]
    assert told == [
        ("x-1", "x", "spec.rules[0]"),
        ("x-2", "x", "spec.rules[1]"),
        ("default", "x", ""),
    ]


def test_a_rule_without_match_stands_last_and_is_the_default(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(intent("[{name: all}, {name: some, matches: [{method: GET}]}]"))
    assert names(made.spec("VirtualService", "reviews")) == ["some", "all"]


def test_requests_that_no_rule_matches_go_nowhere_when_an_intent_says_so(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(
        intent("[{name: a, matches: [{path: {value: /a}}]}]", name="one", default="none"),
        intent("[{name: b, matches: [{path: {value: /b}}]}]", name="two"),
    )
    assert names(made.spec("VirtualService", "reviews")) == ["a", "b"]
    assert made.told() == [("info", "route-without-default", "spec.default")]


def test_ports_of_one_host_are_told_apart(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(
        intent("[{matches: [{grpc: {service: r.R}}]}]", name="calls", **on_ratings(9090)),
        intent("[{matches: [{path: {value: /x}}]}]", name="admin", **on_ratings(8080)),
        intent(name="db", **on_ratings(3306)),
        intent(name="secret", **on_ratings(8443)),
    )
    spec = made.spec("VirtualService", "ratings")
    host = "ratings.bookinfo.svc.cluster.local"
    ports = [{match["port"] for match in rule["match"]} for rule in spec["http"]]
    assert ports == [{8080}, {8080}, {9090}, {9090}]
    assert all(
        each["destination"]["port"]["number"] in port
        for rule, port in zip(spec["http"], ports, strict=True)
        for each in rule["route"]
    )
    assert spec["tcp"] == [
        {
            "match": [{"port": 3306}],
            "route": [{"destination": {"host": host, "port": {"number": 3306}}}],
        }
    ]
    assert spec["tls"] == [
        {
            "match": [{"port": 8443, "sniHosts": [host]}],
            "route": [{"destination": {"host": host, "port": {"number": 8443}}}],
        }
    ]


def test_a_port_that_says_no_protocol_is_what_the_intent_says(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(intent(protocol="tcp", name="any", **on_ratings(7000)))
    assert [host.protocol for host in made.hosts] == ["tcp"]


def test_clients_are_matched_each_on_its_own(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    consumers = [{"namespace": "shop"}, {"namespace": "bookinfo"}]
    made = routed(intent("[{name: a, matches: [{method: GET}]}]", **{"from": consumers}))
    first, _ = made.spec("VirtualService", "reviews")["http"]
    assert first["match"] == [
        {"sourceNamespace": "shop", "method": {"exact": "GET"}},
        {"sourceNamespace": "bookinfo", "method": {"exact": "GET"}},
    ]


def test_clients_with_more_marks_come_first(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(
        intent("[{name: everyone, matches: [{path: {value: /a/b/c}}]}]", name="a"),
        intent("[{name: labels}]", name="b", **{"from": [{"labels": {"app": "x"}}]}),
        intent("[{name: namespace}]", name="c", **{"from": [{"namespace": "shop"}]}),
        intent(
            "[{name: both}]", name="d", **{"from": [{"namespace": "shop", "labels": {"app": "x"}}]}
        ),
    )
    found = names(made.spec("VirtualService", "reviews"))
    assert found == ["both", "namespace", "labels", "everyone", "default"]


def test_rules_for_clients_of_a_cluster_are_written_only_there(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(
        intent("[{name: all, matches: [{method: GET}]}]", name="all"),
        intent("[{name: here}]", name="here", **{"from": [{"clusters": ["edge-b"]}]}),
        clusters=("edge-a", "edge-b", "edge-c"),
    )
    assert names(made.spec("VirtualService", "reviews", "edge-a")) == ["all", "default"]
    assert names(made.spec("VirtualService", "reviews", "edge-b")) == ["here"]
    assert {host.clusters for host in made.hosts} == {("edge-a", "edge-c"), ("edge-b",)}


def test_what_a_rule_for_a_cluster_covers_is_left_out_there(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    rule = "[{name: %s, matches: [{method: GET}]}]"
    made = routed(
        intent(rule % "all", name="all"),
        intent(rule % "here", name="here", **{"from": [{"clusters": ["edge-b"]}]}),
        clusters=("edge-a", "edge-b"),
    )
    assert not made.results
    assert names(made.spec("VirtualService", "reviews", "edge-b")) == ["here", "default"]


def test_clusters_that_obey_one_istiod_are_told_apart_by_label(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    remote = {
        "name": "edge-b",
        "controlPlane": {"type": "remote", "configCluster": "edge-a"},
    }
    made = routed(
        intent("[{name: here}]", **{"from": [{"clusters": ["edge-b"]}]}),
        clusters=("edge-a", remote),
    )
    first, last = made.spec("VirtualService", "reviews", "edge-a")["http"]
    assert first["match"] == [{"sourceLabels": {"topology.istio.io/cluster": "edge-b"}}]
    assert last["name"] == "default"
    assert not made.written["edge-b"]
    assert made.hosts[0].clusters == ("edge-a", "edge-b")


def test_clients_in_clusters_without_the_service_have_the_rules_when_they_find_it(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    discovery = {
        "apiVersion": "intent.krmfn.dev/v1alpha1",
        "kind": "ServiceDiscovery",
        "metadata": {"name": "reviews", "namespace": "bookinfo"},
        "spec": {"service": {"name": "reviews"}, "consumers": {"clusters": ["edge-b"]}},
    }
    made = routed(
        intent(), discovery, clusters=("edge-a", "edge-b", "edge-c"), bookinfo_in=["edge-a"]
    )
    assert [name for name in made.written if made.written[name]] == ["edge-a", "edge-b"]


def test_clients_of_a_global_name_have_the_rules_under_that_name(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    clusters = [
        {
            "name": name,
            "network": name,
            "region": name,
            "eastWestGateway": {"addresses": [f"ew.{name}.example.com"]},
        }
        for name in ("edge-a", "edge-b")
    ]
    discovery = {
        "apiVersion": "intent.krmfn.dev/v1alpha1",
        "kind": "ServiceDiscovery",
        "metadata": {"name": "reviews", "namespace": "bookinfo"},
        "spec": {"service": {"name": "reviews"}, "consumers": {"clusters": ["edge-b"]}},
    }
    rules = "[{name: a, matches: [{method: GET}]}]"
    made = routed(
        intent(rules),
        discovery,
        clusters=clusters,
        bookinfo_in=["edge-a"],
        endpointDiscovery=False,
    )
    name = "reviews.bookinfo.mesh.internal"
    spec = made.spec("VirtualService", "reviews-global", "edge-b")
    assert spec["hosts"] == [name]
    assert {rule["route"][0]["destination"]["host"] for rule in spec["http"]} == {name}
    assert made.spec("VirtualService", "reviews", "edge-a")["hosts"] == [HOST]
    split = routed(
        intent("[{backends: [{version: {labels: {version: v1}}}]}]"),
        discovery,
        clusters=clusters,
        bookinfo_in=["edge-a"],
        endpointDiscovery=False,
    )
    assert split.told() == [("error", "version-federated", "spec.rules[0].backends[0].version")]


def test_rules_hold_at_an_ingress_gateway_when_they_are_said_again_there(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    gateway = {"name": "public", "hostnames": ["www.example.com", "example.com"]}
    made = routed(
        intent("[{name: a, matches: [{method: GET}]}]", gateway=gateway),
        clusters=("edge-a", "edge-b"),
        only_in={"edge-a": GATEWAY},
    )
    ingress = made.spec("VirtualService", "public-www.example.com")
    mesh = made.spec("VirtualService", "reviews")
    assert ingress["gateways"] == ["bookinfo/public"]
    assert ingress["hosts"] == ["example.com", "www.example.com"]
    assert ingress["http"] == mesh["http"]
    assert "gateways" not in mesh
    assert len(made.written["edge-b"]) == 1


def test_an_ingress_asks_neither_for_clients_nor_for_the_port_of_the_service(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(
        intent(
            name="admin",
            gateway={"name": "public", "hostnames": ["a.example.com"]},
            **on_ratings(8080),
            **{"from": [{"namespace": "shop"}]},
        ),
        beside=GATEWAY,
    )
    (only,) = made.spec("VirtualService", "public-a.example.com")["http"]
    assert "match" not in only


def test_services_share_the_host_name_of_an_ingress(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    gateway = {"name": "bookinfo/public", "hostnames": ["www.example.com"]}
    rules = "[{name: %s, matches: [{path: {value: /%s}}]}]"
    made = routed(
        intent(rules % ("reviews", "reviews"), name="reviews", gateway=gateway),
        intent(
            rules % ("cart", "cart"),
            name="cart",
            namespace="shop",
            gateway=gateway,
            parentRef={"service": "cart"},
        ),
        beside=GATEWAY,
    )
    assert names(made.spec("VirtualService", "public-www.example.com")) == ["reviews", "cart"]
    assert names(made.spec("VirtualService", "reviews")) == ["reviews", "default"]


@pytest.mark.parametrize(
    ("gateway", "parent", "code", "field"),
    [
        pytest.param(
            {"name": "publc", "hostnames": ["a.example.com"]},
            {"service": "reviews"},
            "gateway-unknown",
            "spec.gateway.name",
            id="an unknown gateway",
        ),
        pytest.param(
            {"name": "public", "hostnames": [HOST]},
            {"service": "reviews"},
            "hostname-invalid",
            "spec.gateway.hostnames[0]",
            id="a name of the mesh",
        ),
        pytest.param(
            {"name": "public", "hostnames": ["a.example.com"]},
            {"service": "ratings", "port": 3306},
            "protocol-mismatch",
            "spec.gateway",
            id="a protocol without host names",
        ),
    ],
)
def test_an_ingress_that_cannot_be_is_told(
    routed: Callable[..., Routed],
    intent: Callable[..., Any],
    gateway: dict[str, Any],
    parent: dict[str, Any],
    code: str,
    field: str,
) -> None:
    made = routed(intent(gateway=gateway, parentRef=parent), beside=GATEWAY)
    assert ("error", code, field) in made.told()


def test_session_affinity_is_handed_on(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(intent(name="a"), intent(name="b", sessionAffinity={"header": "x-user"}))
    (host,) = made.hosts
    assert host.affinity is not None
    assert host.affinity.header == "x-user"


def test_objects_of_any_shape_do_no_harm(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    odd = """
{apiVersion: v1, kind: Service, metadata: {name: odd, namespace: bookinfo}, spec: [1]}
---
apiVersion: v1
kind: Service
metadata: {name: odder, namespace: bookinfo}
spec: {selector: 7, ports: [null, {port: x}, {port: 80, name: 3, appProtocol: [1]}]}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: public}, spec: null}
"""
    made = routed(
        intent(name="a", parentRef={"service": "odd"}),
        intent(
            "[{backends: [{version: {labels: {v: x}}}]}]",
            name="b",
            parentRef={"service": "odder"},
            flavor="gateway-api",
        ),
        beside=odd,
    )
    assert made.told() == [
        ("error", "port-ambiguous", "spec.parentRef.port"),
        ("error", "version-service", "spec.rules[0]"),
    ]
