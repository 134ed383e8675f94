"""Analysis of VirtualServices: what they lead to, where they hold, and which rules get requests."""

from typing import Any

import pytest

from krmfn.mesh_intent_expander.analysis.checking import analyze
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource

NETWORKING = "networking.istio.io/v1"
TO_CART = {"route": [{"destination": {"host": "cart"}}]}


def told(code: str, *objects: Resource) -> list[str]:
    """Give the names of the objects of which a code is told."""
    found = analyze(Fleet([ClusterView("", objects)]))
    return [
        f"{each.resource.namespace}/{each.resource.name}" for each in found if each.code.id == code
    ]


def virtual_service(name: str = "vs", namespace: str = "shop", **spec: Any) -> Resource:
    spec = {"hosts": ["cart"], "http": [TO_CART], **spec}
    return Resource.new(NETWORKING, "VirtualService", name, namespace=namespace, spec=spec)


def service(name: str, *ports: int, exported: str = "") -> Resource:
    return Resource.new(
        "v1",
        "Service",
        name,
        namespace="shop",
        annotations={"networking.istio.io/exportTo": exported} if exported else None,
        spec={"ports": [{"name": f"http-{port}", "port": port} for port in ports]},
    )


def service_entry(*hosts: str, **spec: Any) -> Resource:
    spec = {"hosts": list(hosts), "ports": [{"number": 443, "protocol": "TLS"}], **spec}
    return Resource.new(NETWORKING, "ServiceEntry", "se", namespace="egress", spec=spec)


def gateway(*hosts: str, name: str = "gw", namespace: str = "edge") -> Resource:
    spec = {
        "selector": {"istio": "ingressgateway"},
        "servers": [{"port": {"number": 80, "protocol": "HTTP"}, "hosts": list(hosts)}],
    }
    return Resource.new(NETWORKING, "Gateway", name, namespace=namespace, spec=spec)


def to(host: str, port: int | None = None, subset: str = "") -> dict[str, Any]:
    destination: dict[str, Any] = {"host": host}
    if port is not None:
        destination["port"] = {"number": port}
    return {"destination": destination | ({"subset": subset} if subset else {})}


CART = service("cart", 8080)
DESTINATIONS = [
    pytest.param(CART, to("cart"), False, id="a Service of its own namespace"),
    pytest.param(CART, to("cart.shop.svc.cluster.local"), False, id="a full name"),
    pytest.param(CART, to("cart.store.svc.cluster.local"), True, id="another namespace"),
    pytest.param(CART, to("carts"), True, id="no such Service"),
    pytest.param(CART, {}, True, id="no destination"),
    pytest.param(CART, to("cart", 8080), False, id="a port of the Service"),
    pytest.param(CART, to("cart", 80), True, id="a port that it has not"),
    pytest.param(service("cart", 80, exported="."), to("cart"), False, id="exported to it"),
    pytest.param(service("cart", 80, exported="ads, ~"), to("cart"), True, id="not exported to it"),
    pytest.param(service_entry("pay.example"), to("pay.example"), False, id="a ServiceEntry"),
    pytest.param(service_entry("*.example"), to("pay.example"), False, id="a wildcard entry"),
    pytest.param(service_entry("*.example"), to("pay.examples"), True, id="outside the wildcard"),
    pytest.param(
        service_entry("pay.example", exportTo=["."]), to("pay.example"), True, id="a private entry"
    ),
    pytest.param(
        service_entry("pay.example", exportTo=["ads", "shop"]),
        to("pay.example"),
        False,
        id="an entry for this namespace",
    ),
]


@pytest.mark.parametrize(("target", "route", "is_told"), DESTINATIONS)
@pytest.mark.parametrize("field", ["route", "mirror", "mirrors"])
def test_a_destination_must_exist(
    target: Resource, route: dict[str, Any], is_told: bool, field: str
) -> None:
    rule = {"route": [to("home")], field: [route]}
    if field == "mirror":
        rule["mirror"] = route.get("destination", {})
    routed = virtual_service(hosts=["home"], http=[rule])
    assert told("IST0101", routed, service("home", 80), target) == ["shop/vs"] * is_told


def test_tcp_and_tls_routes_need_their_destinations_too() -> None:
    lost = {"route": [to("lost")]}
    sni = {"match": [{"sniHosts": ["cart"]}], **lost}
    assert told("IST0101", virtual_service(http=[], tcp=[lost], tls=[sni])) == ["shop/vs"] * 2


@pytest.mark.parametrize(
    ("ports", "route", "expected"),
    [
        pytest.param((80, 90), to("cart"), ["shop/vs"], id="two ports and none named"),
        pytest.param((80, 90), to("cart", 90), [], id="two ports and one named"),
        pytest.param((80,), to("cart"), [], id="one port"),
    ],
)
def test_a_destination_with_several_ports_must_name_one(
    ports: tuple[int, ...], route: dict[str, Any], expected: list[str]
) -> None:
    rule = virtual_service(http=[{"route": [route]}])
    assert told("IST0112", rule, service("cart", *ports)) == expected


@pytest.mark.parametrize(
    ("host", "namespace", "expected"),
    [
        pytest.param("cart", "shop", [], id="the rule of the Service"),
        pytest.param("cart.shop.svc.cluster.local", "ops", [], id="a rule elsewhere, full name"),
        pytest.param("cart", "ops", ["shop/vs"], id="a rule for another Service"),
    ],
)
def test_a_subset_must_be_that_of_a_destination_rule(
    host: str, namespace: str, expected: list[str]
) -> None:
    spec = {"host": host, "subsets": [{"name": "v2", "labels": {"version": "v2"}}]}
    rule = Resource.new(NETWORKING, "DestinationRule", "dr", namespace=namespace, spec=spec)
    routed = virtual_service(http=[{"route": [to("cart", subset="v2")]}])
    assert told("IST0101", routed, CART, rule) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("edge/gw", [], id="a Gateway elsewhere"),
        pytest.param("mesh", [], id="the mesh"),
        pytest.param("gw", ["shop/vs"], id="a Gateway of another namespace without it"),
    ],
)
def test_a_gateway_must_exist(written: str, expected: list[str]) -> None:
    rule = virtual_service(gateways=[written])
    assert told("IST0101", rule, CART, gateway("*")) == expected


@pytest.mark.parametrize(
    ("served", "expected"),
    [
        pytest.param("cart.example", [], id="the host itself"),
        pytest.param("*.example", [], id="a wildcard"),
        pytest.param("shop/*.example", [], id="for its namespace"),
        pytest.param("*/cart.example", [], id="for all namespaces"),
        pytest.param("ads/cart.example", ["shop/vs"], id="for another namespace"),
        pytest.param("./cart.example", ["shop/vs"], id="for the Gateway's own namespace"),
        pytest.param("pay.example", ["shop/vs"], id="another host"),
    ],
)
def test_a_gateway_must_serve_a_host(served: str, expected: list[str]) -> None:
    rule = virtual_service(hosts=["cart.example", "other.test"], gateways=["edge/gw"])
    assert told("IST0132", rule, CART, gateway(served)) == expected


def test_a_generated_gateway_must_not_be_named() -> None:
    generated = "edge/web~istio-autogenerated-k8s-gateway~http"
    assert told("IST0165", virtual_service(gateways=[generated])) == ["shop/vs"]
    assert told("IST0165", virtual_service(gateways=["edge/web"])) == []


MESH_HOSTS = [
    pytest.param({}, {}, True, id="the same host"),
    pytest.param({}, {"hosts": ["pay"]}, False, id="different hosts"),
    pytest.param({}, {"gateways": ["edge/gw"]}, False, id="one at a gateway only"),
    pytest.param(
        {}, {"gateways": ["edge/gw", "mesh"]}, True, id="one at a gateway and in the mesh"
    ),
    pytest.param({"exportTo": ["."]}, {"exportTo": ["ads"]}, False, id="for different namespaces"),
    pytest.param({"exportTo": ["."]}, {"exportTo": ["shop"]}, True, id="for the same namespace"),
    pytest.param({"exportTo": ["."]}, {}, True, id="one for a namespace, one for all"),
    pytest.param(
        {"exportTo": ["."], "hosts": ["cart.example"]}, {"hosts": ["*.example"]}, True, id="covered"
    ),
    pytest.param({"hosts": ["cart.example"]}, {"hosts": ["*.example"]}, False, id="more specific"),
]


@pytest.mark.parametrize(("one", "other", "is_told"), MESH_HOSTS)
def test_a_host_of_the_mesh_has_one_virtual_service(
    one: dict[str, Any], other: dict[str, Any], is_told: bool
) -> None:
    found = told("IST0109", virtual_service("one", **one), virtual_service("other", **other), CART)
    assert found == (["shop/one", "shop/other"] if is_told else [])


def by_prefix(prefix: str, **match: Any) -> dict[str, Any]:
    return {**TO_CART, "match": [{"uri": {"prefix": prefix}, **match}]}


RULES = [
    pytest.param([TO_CART, by_prefix("/a")], ["IST0130"], id="behind a rule without match"),
    pytest.param([by_prefix("/a"), TO_CART], [], id="before the rule without match"),
    pytest.param([TO_CART, TO_CART], ["IST0130"], id="two without match"),
    pytest.param([by_prefix("/a"), by_prefix("/a")], ["IST0130", "IST0131"], id="the same match"),
    pytest.param(
        [by_prefix("/a"), by_prefix("/a", name="again", port=0)],
        ["IST0130", "IST0131"],
        id="the same but for its name",
    ),
    pytest.param([by_prefix("/a"), by_prefix("/a", port=90)], [], id="the same on another port"),
    pytest.param([by_prefix("/a"), by_prefix("/a/b")], ["IST0131"], id="a longer prefix behind"),
    pytest.param([by_prefix("/a/b"), by_prefix("/a")], [], id="a longer prefix before"),
    pytest.param(
        [by_prefix("/a", headers={"x": {"exact": "1"}}), by_prefix("/a/b")], [], id="one by header"
    ),
    pytest.param(
        [by_prefix("/a", headers={"x": {"exact": "1"}}), by_prefix("/ab", headers={"x": {}})],
        ["IST0131"],
        id="a header that may have any value, as istioctl sees it",
    ),
    pytest.param(
        [by_prefix("/a", method={"exact": "POST"}), by_prefix("/a/b")], [], id="by method"
    ),
    pytest.param([{**TO_CART, "match": [{}]}, by_prefix("/a")], [], id="an empty match"),
]


@pytest.mark.parametrize(("rules", "expected"), RULES)
def test_a_rule_must_get_requests(rules: list[dict[str, Any]], expected: list[str]) -> None:
    routed = virtual_service(http=rules)
    assert [code for code in ("IST0130", "IST0131") if told(code, routed, CART)] == expected


@pytest.mark.parametrize("kind", ["tcp", "tls"])
def test_rules_of_all_kinds_must_get_connections(kind: str) -> None:
    match = {"port": 443, "sniHosts": ["cart"]} if kind == "tls" else {"port": 443}
    rule = {**TO_CART, "match": [match]}
    assert told("IST0131", virtual_service(http=[], **{kind: [rule, rule]}), CART) == ["shop/vs"]
    other = {**TO_CART, "match": [{**match, "port": 444}]}
    assert told("IST0131", virtual_service(http=[], **{kind: [rule, other]}), CART) == []


@pytest.mark.parametrize(
    ("subset", "host", "expected"),
    [
        pytest.param("", "cart", ["shop/edge"], id="without subset"),
        pytest.param("v1", "cart", [], id="with subset"),
        pytest.param("", "cart.shop.svc.cluster.local", [], id="under another name"),
    ],
)
def test_a_route_of_a_gateway_names_its_subset(subset: str, host: str, expected: list[str]) -> None:
    inner = virtual_service("inner", http=[{"route": [to("cart", subset="v1")]}])
    route = {"route": [to(host, subset=subset)]}
    edge = virtual_service("edge", hosts=["cart.example"], gateways=["edge/gw"], http=[route])
    assert told("IST0140", inner, edge, CART, gateway("*")) == expected


def authentication(namespace: str, labels: dict[str, str]) -> Resource:
    spec = {"selector": {"matchLabels": labels}, "jwtRules": [{"issuer": "https://id.example"}]}
    return Resource.new(
        "security.istio.io/v1", "RequestAuthentication", "ra", namespace=namespace, spec=spec
    )


@pytest.mark.parametrize(
    ("header", "given", "expected"),
    [
        pytest.param("@request.auth.claims.group", [], ["shop/vs"], id="a claim"),
        pytest.param("@request.auth.claims[a][b]", [], ["shop/vs"], id="a nested claim"),
        pytest.param("@request.auth.claimsx", [], [], id="no claim"),
        pytest.param("x-group", [], [], id="a header"),
        pytest.param(
            "@request.auth.claims.group",
            [authentication("istio-system", {"istio": "ingressgateway"})],
            [],
            id="validated at the gateway",
        ),
        pytest.param(
            "@request.auth.claims.group",
            [authentication("shop", {"istio": "ingressgateway"})],
            ["shop/vs"],
            id="validated elsewhere",
        ),
    ],
)
def test_a_route_by_claim_stands_behind_a_gateway_that_validates(
    header: str, given: list[Resource], expected: list[str]
) -> None:
    rule = by_prefix("/", headers={header: {"exact": "staff"}})
    routed = virtual_service(gateways=["edge/gw"], http=[rule])
    assert told("IST0149", routed, CART, gateway("*"), *given) == expected
