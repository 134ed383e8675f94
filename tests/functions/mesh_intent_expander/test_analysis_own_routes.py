"""Checks that istioctl has not: routes, what Sidecars show of them, and versions of Istio."""

from textwrap import dedent

import pytest

from krmfn.mesh_intent_expander.analysis import versions
from krmfn.mesh_intent_expander.analysis.finding import Finding
from krmfn.mesh_intent_expander.analysis.rules import (
    RULES,
    retries_fit_timeouts,
    routes_do_not_hide,
    routes_fit_protocols,
    sidecars_show_enough,
    versions_have_it,
    weights_share_all,
)
from krmfn.mesh_intent_expander.topology import Cluster, Mesh
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource, yaml_load_all

OWN = (
    retries_fit_timeouts,
    routes_do_not_hide,
    routes_fit_protocols,
    sidecars_show_enough,
    versions_have_it,
    weights_share_all,
)


def objects(*texts: str) -> list[Resource]:
    return [Resource.of(body) for text in texts for body in yaml_load_all(dedent(text)) if body]


def found(*texts: str, mesh: Mesh | None = None) -> list[Finding]:
    view = ClusterView("one", objects(*texts))
    fleet = Fleet([view], mesh)
    return [each for rule in OWN for each in rule.check(view, fleet)]


def told(*texts: str, mesh: Mesh | None = None) -> list[str]:
    return [
        f"{each.code.id} {each.resource.name} {each.field}" for each in found(*texts, mesh=mesh)
    ]


def service(name: str, *ports: str, more: str = "") -> str:
    listed = ", ".join(ports) or "{name: http, port: 80}"
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop, {more}}}
spec: {{ports: [{listed}]}}
"""


def route(rule: str, host: str = "cart", kind: str = "http", more: str = "") -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: vs, namespace: shop}}
spec: {{hosts: [{host}], {kind}: [{{{rule}}}], {more}}}
"""


def shares(*weights: str) -> str:
    listed = (f"{{destination: {{host: cart}}{each and f', weight: {each}'}}}" for each in weights)
    return f"route: [{', '.join(listed)}]"


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        pytest.param(("90", "10"), [], id="a hundred"),
        pytest.param(("9", "1"), ["weights-not-100 vs spec.http[0].route"], id="ten"),
        pytest.param(("",), [], id="a single one without"),
        pytest.param(("100",), [], id="a single one with all"),
        pytest.param(("50",), ["weight-of-one vs spec.http[0].route[0].weight"], id="a half"),
        pytest.param(
            ("100", ""), ["weight-zero vs spec.http[0].route[1].weight"], id="one without"
        ),
        pytest.param(("100", "0"), ["weight-zero vs spec.http[0].route[1].weight"], id="one of 0"),
        pytest.param(("", ""), [], id="two without"),
    ],
)
def test_weights_are_shares_of_a_hundred(weights: tuple[str, ...], expected: list[str]) -> None:
    assert told(route(shares(*weights))) == expected


def test_the_real_shares_are_told() -> None:
    (finding,) = found(route(shares("2", "1")))
    assert "66.7 %, 33.3 %" in finding.message


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param("timeout: 6s, retries: {attempts: 2, perTryTimeout: 2s}", "", id="they fit"),
        pytest.param(
            "timeout: 5s, retries: {attempts: 2, perTryTimeout: 2s}",
            "retries-exceed-timeout vs spec.http[0].retries.perTryTimeout",
            id="they do not",
        ),
        pytest.param("retries: {attempts: 2, perTryTimeout: 2s}", "", id="no timeout"),
        pytest.param("timeout: 0s, retries: {attempts: 2, perTryTimeout: 2s}", "", id="none at 0"),
        pytest.param(
            "timeout: 5s, fault: {delay: {fixedDelay: 1s}}",
            "fault-without-timeout vs spec.http[0].timeout",
            id="a fault",
        ),
    ],
)
def test_tries_fit_into_the_timeout(rule: str, expected: str) -> None:
    assert told(route(rule)) == [expected] * bool(expected)


HTTP_ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: route, namespace: shop}
spec: {parentRefs: [{group: '', kind: Service, name: cart}]}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(route(shares("")), True, id="in the mesh"),
        pytest.param(route(shares(""), more="gateways: [gw]"), False, id="at a gateway"),
        pytest.param(route(shares(""), host="pay"), False, id="of another host"),
    ],
)
def test_a_route_of_the_gateway_api_hides_a_virtual_service(text: str, expected: bool) -> None:
    assert told(text, HTTP_ROUTE) == ["route-hidden-by-gateway-api vs spec.hosts[0]"] * expected


@pytest.mark.parametrize(
    ("prefix", "rewrite", "expected"),
    [
        pytest.param("/cart/", "", "", id="with a slash"),
        pytest.param("/", "", "", id="everything"),
        pytest.param(
            "/cart", "", "prefix-matches-siblings vs spec.http[0].match[0].uri.prefix", id="without"
        ),
        pytest.param("/cart", "/", "prefix-rewrite-slash vs spec.http[0].rewrite.uri", id="two"),
        pytest.param("/cart/", "/v2", "prefix-rewrite-slash vs spec.http[0].rewrite.uri", id="no"),
        pytest.param("/cart/", "/v2/", "", id="both with a slash"),
    ],
)
def test_a_prefix_ends_with_a_slash(prefix: str, rewrite: str, expected: str) -> None:
    rule = f"match: [{{uri: {{prefix: {prefix}}}}}]"
    rule += f", rewrite: {{uri: {rewrite}}}" if rewrite else ""
    assert told(route(rule)) == [expected] * bool(expected)


def test_the_doubled_slash_is_shown() -> None:
    (finding,) = found(route("match: [{uri: {prefix: /foo}}], rewrite: {uri: /}"))
    assert '"/foo/x" becomes "//x"' in finding.message


HTTP, TCP = "{name: http, port: 80}", "{name: tcp-db, port: 5432}"
SNIFFED = "{name: db, port: 5432}"


@pytest.mark.parametrize(
    ("ports", "rule", "expected"),
    [
        pytest.param((TCP,), "name: a", "spec.http", id="no port for HTTP"),
        pytest.param((TCP, HTTP), "name: a", "", id="one of two"),
        pytest.param((SNIFFED,), "name: a", "", id="a port that is sniffed"),
        pytest.param(
            (TCP, HTTP), "match: [{port: 5432}]", "spec.http[0].match[0].port", id="the other port"
        ),
    ],
)
def test_rules_for_http_are_about_ports_for_http(
    ports: tuple[str, ...], rule: str, expected: str
) -> None:
    cart = service("cart", *ports)
    assert told(cart, route(rule)) == [f"http-rules-on-tcp vs {expected}"] * bool(expected)
    assert told(cart, route(rule, more="gateways: [gw]")) == []
    assert told(cart, route(rule, host="unknown")) == []


def sidecar(*hosts: str, namespace: str = "front") -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {{name: default, namespace: {namespace}}}
spec: {{egress: [{{hosts: {list(hosts)}}}]}}
"""


CART = "cart.shop.svc.cluster.local"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param(f"shop/{CART}", False, id="as it is"),
        pytest.param(f"store/{CART}", True, id="of another namespace"),
        pytest.param("shop/crat.shop.svc.cluster.local", True, id="nobody"),
        pytest.param(f"*/{CART}", False, id="of any namespace"),
        pytest.param("shop/cart.shop.svc.clusterset.local", False, id="by its name in a set"),
        pytest.param("store/*", False, id="all of a namespace"),
        pytest.param("shop/virtual.example", False, id="of a route"),
    ],
)
def test_a_sidecar_shows_hosts_that_are_there(host: str, expected: bool) -> None:
    virtual = route(shares(""), host="virtual.example")
    assert told(service("cart"), virtual, sidecar("./*", host)) == (
        ["sidecar-host-unknown default spec.egress[0].hosts[1]"] * expected
    )


FOREIGN = route(shares(""), host=CART).replace("namespace: shop", "namespace: routes")


@pytest.mark.parametrize(
    ("shown", "routes", "expected"),
    [
        pytest.param(f"shop/{CART}", FOREIGN, True, id="the host only"),
        pytest.param(f"*/{CART}", FOREIGN, False, id="host and route"),
        pytest.param("shop/*", route(shares(""), host=CART), False, id="a route beside its host"),
        pytest.param("./*", FOREIGN, False, id="neither"),
        pytest.param(
            f"shop/{CART}",
            FOREIGN.replace("spec: {", "spec: {exportTo: [routes], "),
            False,
            id="a route that is not for the client",
        ),
    ],
)
def test_a_sidecar_that_shows_a_host_shows_its_route(
    shown: str, routes: str, expected: bool
) -> None:
    assert told(service("cart"), routes, sidecar(shown)) == (
        ["sidecar-hides-route default spec.egress"] * expected
    )


def private(to: str) -> str:
    return f"annotations: {{networking.istio.io/exportTo: '{to}'}}"


TO_V2 = "route: [{destination: {host: cart-v2}}]"


@pytest.mark.parametrize(
    ("host", "target", "expected"),
    [
        pytest.param("", private("."), True, id="for all, to one that is private"),
        pytest.param(private("."), private("."), False, id="both private"),
        pytest.param(private(".,front"), private(".,back"), True, id="for others"),
        pytest.param(private("."), "", False, id="to one that is public"),
    ],
)
def test_a_route_leads_to_what_its_clients_see(host: str, target: str, expected: bool) -> None:
    services = service("cart", more=host), service("cart-v2", more=target)
    assert told(*services, route(TO_V2)) == (
        ["destination-not-visible vs spec.http[0].route[0].destination.host"] * expected
    )


def test_a_wildcard_does_not_make_a_host_known() -> None:
    entry = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: all}\n"
    entry += "spec: {hosts: ['*'], ports: [{number: 80, name: http, protocol: HTTP}]}\n"
    assert told(entry, service("cart-v2", more=private(".")), route(TO_V2)) == []


def of_version(version: tuple[int, int] | None) -> Mesh:
    cluster = Cluster("one", config_cluster="one", istio_version=version)
    return Mesh(clusters={"one": cluster})


BACKOFF = "retries: {attempts: 1, backoff: 1s}"


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        pytest.param((1, 25), ["istio-too-old vs spec.http[0].retries.backoff"], id="too old"),
        pytest.param((1, 26), [], id="new enough"),
        pytest.param(None, [], id="not known"),
        pytest.param(
            (1, 21),
            ["istio-too-old vs apiVersion", "istio-too-old vs spec.http[0].retries.backoff"],
            id="without the API's version",
        ),
    ],
)
def test_the_cluster_s_istio_has_what_its_objects_say(
    version: tuple[int, int] | None, expected: list[str]
) -> None:
    assert told(route(BACKOFF), mesh=of_version(version)) == expected


def test_a_value_may_be_younger_than_its_field() -> None:
    entry = Resource.new("v1", "ServiceEntry", "se", spec={"resolution": "DYNAMIC_DNS"})
    assert list(versions.found(entry, "resolution=DYNAMIC_DNS")) == ["spec.resolution"]
    assert list(versions.found(entry, "resolution=DNS")) == []


HOSTILE: list[object] = [None, 7, "text", True, [], {}, [7], [[]], [{}], {"a": None}, [None]]


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_wrong_types_anywhere_are_no_reason_to_fail(value: object) -> None:
    fields = """
    hosts http tcp tls gateways exportTo host subsets trafficPolicy egress workloadSelector mtls
    portLevelMtls selector rules action provider tracing metrics accessLogging parentRefs servers
    endpoints ports resolution template targetRefs gatewayClassName infrastructure
    """.split()
    inner = dict.fromkeys(("match", "route", "from", "to", "when", "hosts", "distribute"), value)
    bodies = [
        dict.fromkeys(fields, value),
        {name: [inner, value] for name in fields},
        {"host": "cart", "subsets": [{"name": "a", "trafficPolicy": value, "labels": value}]},
        {"host": "cart", "trafficPolicy": {"loadBalancer": {"localityLbSetting": inner}}},
    ]
    kinds = {
        *versions.FIELDS,
        ("security.istio.io", "PeerAuthentication"),
        ("", "Service"),
        ("apps", "Job"),
    }
    kinds |= {("gateway.networking.k8s.io", "HTTPRoute"), ("gateway.networking.k8s.io", "Gateway")}
    view = ClusterView(
        "one",
        [
            Resource.new(f"{group}/v1" if group else "v1", kind, f"x{index}", spec=body)
            for group, kind in sorted(kinds)
            for index, body in enumerate(bodies)
        ],
    )
    fleet = Fleet([view], of_version((1, 20)))
    for rule in RULES:
        assert all(each.message for each in rule.check(view, fleet))
