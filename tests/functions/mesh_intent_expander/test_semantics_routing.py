"""Routes mean what Istio's documentation says; each case names the page it comes from."""

from collections.abc import Mapping
from typing import Any

import pytest

from krmfn.mesh_intent_expander.semantics.outcome import Trace
from krmfn.mesh_intent_expander.semantics.request import Client, Request
from krmfn.mesh_intent_expander.semantics.trace import trace
from krmfn.mesh_intent_expander.topology import Cluster, Mesh
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource, yaml_load, yaml_load_all

APPS = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec:
  selector: {app: reviews}
  ports: [{name: http, port: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: ratings, namespace: shop}
spec:
  selector: {app: ratings}
  ports: [{name: http, port: 80}, {name: http-alt, port: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: store, namespace: shop}
spec:
  selector: {app: store}
  ports: [{name: tcp, port: 5432}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews, namespace: shop}
spec:
  host: reviews
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
"""
POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: %(app)s-%(version)s, namespace: shop}
spec:
  template:
    metadata: {labels: {app: %(app)s, version: %(version)s}}
    spec: {containers: [{name: app}]}
"""
MESH = Mesh(clusters={"": Cluster("")})


def _fleet(*texts: str, kept: str = APPS) -> Fleet:
    pods = [
        POD % {"app": app, "version": version}
        for app, version in (
            ("reviews", "v1"),
            ("reviews", "v2"),
            ("ratings", "v1"),
            ("store", "v1"),
        )
    ]
    bodies = [body for text in (kept, *pods, *texts) for body in yaml_load_all(text) if body]
    return Fleet([ClusterView("", [Resource.of(body) for body in bodies])], MESH)


def _ask(*texts: str, labels: Mapping[str, str] | None = None, **asked: Any) -> Trace:
    client = Client("", asked.pop("namespace", "shop"), labels=labels or {})
    host, port = asked.pop("host", "reviews"), asked.pop("port", 80)
    return trace(_fleet(*texts), MESH, Request(client, host, port, **asked))


def _service(http: str, name: str = "reviews", more: str = "", namespace: str = "shop") -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  hosts: [{name}.shop.svc.cluster.local]
  {more}
  http: {http}
"""


def _told(found: Trace) -> str:
    """Give the subsets or the answer to which a request comes, such as ``v1`` or ``404``."""
    if not found.backends:
        return found.reason.partition(":")[0].partition(" ")[0]
    return ",".join(each.subset or each.host.partition(".")[0] for each in found.backends)


V1 = "route: [{destination: {host: reviews, subset: v1}}]"
V2 = V1.replace("v1", "v2")
ONE = "[{match: [%s], " + V2 + "}, {" + V1 + "}]"
ONLY = "[{match: [%s], " + V2 + "}]"

MATCHES = {
    "HTTPMatchRequest.uri-exact": ("{uri: {exact: /api}}", {"path": "/api"}, "v2"),
    "HTTPMatchRequest.uri-exact-is-all-of-it": ("{uri: {exact: /api}}", {"path": "/api/"}, "v1"),
    "HTTPMatchRequest.uri-is-case-sensitive": ("{uri: {exact: /api}}", {"path": "/API"}, "v1"),
    "HTTPMatchRequest.ignoreUriCase-exact": (
        "{uri: {exact: /api}, ignoreUriCase: true}",
        {"path": "/API"},
        "v2",
    ),
    "HTTPMatchRequest.ignoreUriCase-prefix": (
        "{uri: {prefix: /Api}, ignoreUriCase: true}",
        {"path": "/aPI/x"},
        "v2",
    ),
    "HTTPMatchRequest.uri-prefix": ("{uri: {prefix: /api}}", {"path": "/api/x"}, "v2"),
    "HTTPMatchRequest.uri-prefix-ends-anywhere": (
        "{uri: {prefix: /api}}",
        {"path": "/apiary"},
        "v2",
    ),
    "StringMatch.regex-is-of-the-whole": ("{uri: {regex: '/a+'}}", {"path": "/aab"}, "v1"),
    "StringMatch.regex": ("{uri: {regex: '/a+b'}}", {"path": "/aab"}, "v2"),
    "StringMatch.regex-is-RE2": ("{uri: {regex: '(?=x)'}}", {"path": "/x"}, "v1"),
    "HTTPMatchRequest.method": ("{method: {exact: POST}}", {"method": "POST"}, "v2"),
    "HTTPMatchRequest.method-other": ("{method: {exact: POST}}", {"method": "GET"}, "v1"),
    "HTTPMatchRequest.scheme": ("{scheme: {exact: https}}", {}, "v1"),
    "HTTPMatchRequest.authority": ("{authority: {prefix: rev}}", {}, "v2"),
    "HTTPMatchRequest.headers-exact": (
        "{headers: {end-user: {exact: jason}}}",
        {"headers": {"end-user": "jason"}},
        "v2",
    ),
    "HTTPMatchRequest.headers-absent": ("{headers: {end-user: {exact: jason}}}", {}, "v1"),
    "HTTPMatchRequest.headers-presence": (
        "{headers: {end-user: {}}}",
        {"headers": {"end-user": "anyone"}},
        "v2",
    ),
    "HTTPMatchRequest.headers-presence-absent": ("{headers: {end-user: {}}}", {}, "v1"),
    "HTTPMatchRequest.headers-regex": (
        "{headers: {cookie: {regex: '^(.*?;)?(user=jason)(;.*)?$'}}}",
        {"headers": {"cookie": "a=b;user=jason"}},
        "v2",
    ),
    "HTTPMatchRequest.withoutHeaders": ("{withoutHeaders: {x: {exact: a}}}", {}, "v2"),
    "HTTPMatchRequest.withoutHeaders-given": (
        "{withoutHeaders: {x: {exact: a}}}",
        {"headers": {"x": "a"}},
        "v1",
    ),
    "HTTPMatchRequest.withoutHeaders-presence": (
        "{withoutHeaders: {x: {}}}",
        {"headers": {"x": "a"}},
        "v1",
    ),
    "HTTPMatchRequest.queryParams-exact": (
        "{queryParams: {user: {exact: jason}}}",
        {"query": {"user": "jason"}},
        "v2",
    ),
    "HTTPMatchRequest.queryParams-regex-is-of-the-whole": (
        "{queryParams: {user: {regex: '[a-z]'}}}",
        {"query": {"user": "jason"}},
        "v1",
    ),
    "HTTPMatchRequest.queryParams-presence": (
        "{queryParams: {user: {}}}",
        {"query": {"user": ""}},
        "v2",
    ),
    "HTTPMatchRequest.port": ("{port: 8080}", {}, "v1"),
    "HTTPMatchRequest.sourceNamespace": ("{sourceNamespace: shop}", {}, "v2"),
    "HTTPMatchRequest.sourceNamespace-other": (
        "{sourceNamespace: shop}",
        {"namespace": "bar", "host": "reviews.shop"},
        "v1",
    ),
    "HTTPMatchRequest.sourceLabels": (
        "{sourceLabels: {app: web}}",
        {"labels": {"app": "web", "x": "y"}},
        "v2",
    ),
    "HTTPMatchRequest.sourceLabels-other": ("{sourceLabels: {app: web}}", {}, "v1"),
    "HTTPMatchRequest.gateways-without-mesh": ("{gateways: [shop/ingress]}", {}, "v1"),
    "HTTPMatchRequest.gateways-with-mesh": ("{gateways: [shop/ingress, mesh]}", {}, "v2"),
    "HTTPRoute.match-one-of": (
        "{uri: {exact: /a}}, {method: {exact: PUT}}",
        {"method": "PUT"},
        "v2",
    ),
    "HTTPMatchRequest.all-conditions-hold": (
        "{uri: {exact: /a}, method: {exact: PUT}}",
        {"method": "PUT"},
        "v1",
    ),
}


@pytest.mark.parametrize(("match", "asked", "expected"), MATCHES.values(), ids=MATCHES)
def test_a_match_of_a_virtual_service_fits_as_its_reference_says(
    match: str, asked: dict[str, Any], expected: str
) -> None:
    assert _told(_ask(_service(ONE % match), **dict(asked))) == expected


@pytest.mark.parametrize(
    ("http", "asked", "expected"),
    [
        pytest.param(ONLY % "{uri: {exact: /a}}", {}, "404", id="virtual-service.no-rule-fits"),
        pytest.param(
            f"[{{{V1}}}, {{match: [{{uri: {{exact: /}}}}], {V2}}}]",
            {},
            "v1",
            id="virtual-service.first-rule-in-order",
        ),
        pytest.param(
            "[{redirect: {uri: /new, redirectCode: 302}}]", {}, "302", id="HTTPRedirect.code"
        ),
        pytest.param("[{redirect: {authority: new}}]", {}, "301", id="HTTPRedirect.default-code"),
        pytest.param("[{directResponse: {status: 503}}]", {}, "503", id="HTTPDirectResponse"),
        pytest.param(
            "[{fault: {abort: {httpStatus: 500, percentage: {value: 100}}}, " + V1 + "}]",
            {},
            "100",
            id="HTTPFaultInjection.all-are-aborted",
        ),
        pytest.param(
            "[{fault: {abort: {httpStatus: 500, percentage: {value: 50}}}, " + V1 + "}]",
            {},
            "v1",
            id="HTTPFaultInjection.some-are-aborted",
        ),
        pytest.param(
            ONLY % "{sourceLabels: {app: web}}",
            {},
            "reviews",
            id="virtual-service.no-rule-for-client",
        ),
    ],
)
def test_rules_are_applied_as_their_reference_says(
    http: str, asked: dict[str, Any], expected: str
) -> None:
    assert _told(_ask(_service(http), **asked)) == expected


@pytest.mark.parametrize(
    ("weights", "percents"),
    [
        pytest.param((90, 10), [90, 10], id="HTTPRouteDestination.weights-of-100"),
        pytest.param((3, 1), [75, 25], id="HTTPRouteDestination.weights-are-relative"),
        pytest.param((100, 0), [100], id="HTTPRouteDestination.weight-0-gets-nothing"),
    ],
)
def test_weights_are_shares_of_their_sum(weights: tuple[int, int], percents: list[float]) -> None:
    routes = ", ".join(
        f"{{destination: {{host: reviews, subset: v{number}}}, weight: {weight}}}"
        for number, weight in enumerate(weights, 1)
    )
    found = _ask(_service(f"[{{route: [{routes}]}}]"))
    assert [each.percent for each in found.backends] == percents


@pytest.mark.parametrize(
    ("route", "asked", "reason"),
    [
        pytest.param(
            "{host: nothing}", {}, "must be a host of the mesh", id="Destination.host-must-exist"
        ),
        pytest.param(
            "{host: reviews, subset: v9}", {}, "subset", id="Destination.subset-must-exist"
        ),
        pytest.param(
            "{host: ratings, port: {number: 81}}", {}, "port 81", id="Destination.port-must-exist"
        ),
    ],
)
def test_a_destination_that_is_not_there_is_unroutable(
    route: str, asked: dict[str, Any], reason: str
) -> None:
    found = _ask(_service(f"[{{route: [{{destination: {route}}}]}}]"), **asked)
    assert found.outcome == "unroutable"
    assert reason in found.reason


def test_a_destination_without_port_takes_the_called_one_whatever_its_host_has() -> None:
    text = "[{route: [{destination: {host: reviews}}]}]"
    found = _ask(_service(text, "ratings"), host="ratings", port=8080)
    assert (found.outcome, [each.port for each in found.backends]) == ("unroutable", [8080])


def test_a_destination_without_port_takes_the_called_one_of_several() -> None:
    text = "[{route: [{destination: {host: ratings}}]}]"
    found = _ask(_service(text, "ratings"), host="ratings", port=8080)
    assert [each.port for each in found.backends] == [8080]


HOSTS = {
    "Destination.host-short-name-is-of-the-rule's-namespace": (
        _service(f"[{{{V1}}}]", more="exportTo: ['*']"),
        "other",
        "v1",
    ),
    "VirtualService.exportTo-own-namespace": (
        _service(f"[{{{V1}}}]", more="exportTo: ['.']"),
        "other",
        "reviews",
    ),
    "VirtualService.exportTo-named-namespace": (
        _service(f"[{{{V1}}}]", more="exportTo: [other]"),
        "other",
        "v1",
    ),
    "VirtualService.gateways-without-mesh": (
        _service(f"[{{{V1}}}]", more="gateways: [ingress]"),
        "shop",
        "reviews",
    ),
    "VirtualService.gateways-with-mesh": (
        _service(f"[{{{V1}}}]", more="gateways: [ingress, mesh]"),
        "shop",
        "v1",
    ),
}


@pytest.mark.parametrize(("text", "namespace", "expected"), HOSTS.values(), ids=HOSTS)
def test_a_virtual_service_holds_for_whom_its_reference_says(
    text: str, namespace: str, expected: str
) -> None:
    assert _told(_ask(text, namespace=namespace, host="reviews.shop")) == expected


def test_of_two_virtual_services_for_one_host_only_the_oldest_holds() -> None:
    later = _service(f"[{{{V1}}}]").replace("name: reviews,", "name: a,")
    earlier = _service(ONLY % "{uri: {exact: /x}}").replace("name: reviews,", "name: b,")
    dated = later.replace("namespace: shop}", "namespace: shop, creationTimestamp: '2026-01-02'}")
    found = _ask(dated, earlier)
    assert _told(found) == "404"


def test_a_private_virtual_service_goes_before_a_public_one() -> None:
    public = _service(f"[{{{V1}}}]").replace("name: reviews,", "name: a,")
    private = _service(f"[{{{V2}}}]", more="exportTo: ['.']").replace("name: reviews,", "name: b,")
    assert _told(_ask(public, private)) == "v2"


def test_a_virtual_service_exported_to_its_own_namespace_by_name_is_private_there() -> None:
    named = _service(f"[{{{V1}}}]", more="exportTo: [shop, other]").replace("{name: r", "{name: b")
    private = _service(f"[{{{V2}}}]", more="exportTo: ['.']").replace("{name: r", "{name: c")
    assert _told(_ask(named, private)) == "v1"


def test_a_route_that_has_no_rule_for_the_client_leaves_the_host_to_the_next_one() -> None:
    first = _service(ONLY % "{sourceLabels: {app: web}}").replace("{name: r", "{name: a")
    assert _told(_ask(first, _service(f"[{{{V1}}}]"))) == "v1"


def test_of_a_wildcard_only_the_first_route_is_there() -> None:
    wild = _service(f"[{{{V1}}}]").replace("[reviews.shop.svc", "['*.svc").replace("]\n", "']\n", 1)
    first = wild.replace(f"[{{{V1}}}]", ONLY % "{sourceLabels: {app: web}}").replace(
        "{name: r", "{name: a"
    )
    assert _told(_ask(wild)) == "v1"
    assert _told(_ask(first, wild)) == "reviews"


def test_a_host_that_nothing_knows_is_routed_on_the_port_of_http() -> None:
    unknown = _service(f"[{{{V1}}}]").replace("[reviews.shop.svc.cluster.local]", "[shop.example]")
    assert _told(_ask(unknown, host="shop.example")) == "v1"
    assert _ask(unknown, host="shop.example", port=81).outcome == "unroutable"


def test_the_exact_host_goes_before_a_wildcard() -> None:
    wild = (
        _service(f"[{{{V1}}}]").replace("[reviews.shop.svc", "['*.svc").replace("local]", "local']")
    )
    wild = wild.replace("{name: reviews,", "{name: all,")
    assert _told(_ask(wild)) == "v1"
    assert _told(_ask(wild, _service(f"[{{{V2}}}]"))) == "v2"


def test_a_delegate_routes_what_its_root_lets_it() -> None:
    root = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: root, namespace: shop}
spec:
  hosts: [reviews]
  http:
  - match: [{uri: {prefix: /a}}]
    delegate: {name: leaf, namespace: shop}
"""
    leaf = f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: leaf, namespace: shop}}
spec:
  http:
  - match: [{{uri: {{prefix: /b}}}}]
    {V1}
  - match: [{{uri: {{prefix: /a/b}}}}]
    {V2}
"""
    assert _told(_ask(root, leaf, path="/a/b/c")) == "v2"
    assert _told(_ask(root, leaf, path="/b")) == "404"


HTTP_ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: %(name)s, namespace: %(namespace)s}
spec:
  parentRefs: [{group: "", kind: Service, name: reviews, namespace: shop, port: 80}]
  rules:
  - matches: [%(match)s]
    backendRefs: [{name: ratings, namespace: shop, port: 8080}]
  - backendRefs: [{name: reviews, namespace: shop, port: 80}]
"""


def _http_route(match: str, name: str = "r", namespace: str = "shop") -> str:
    return HTTP_ROUTE % {"match": match, "name": name, "namespace": namespace}


GATEWAY_MATCHES = {
    "gateway-api.PathPrefix-is-of-segments": (
        "{path: {value: /foo}}",
        {"path": "/foobar"},
        "reviews",
    ),
    "gateway-api.PathPrefix-itself": ("{path: {value: /foo}}", {"path": "/foo"}, "ratings"),
    "gateway-api.PathPrefix-below": ("{path: {value: /foo/}}", {"path": "/foo/x"}, "ratings"),
    "gateway-api.PathPrefix-slash-at-end": ("{path: {value: /foo/}}", {"path": "/foo"}, "ratings"),
    "gateway-api.Exact": (
        "{path: {type: Exact, value: /foo}}",
        {"path": "/foo/"},
        "reviews",
    ),
    "gateway-api.RegularExpression-yields-to-every-PathPrefix": (
        "{path: {type: RegularExpression, value: '/fo+'}}",
        {"path": "/fooo"},
        "reviews",
    ),
    "gateway-api.method": ("{method: POST}", {"method": "POST"}, "ratings"),
    "gateway-api.header": (
        "{headers: [{name: X-User, value: a}]}",
        {"headers": {"x-user": "a"}},
        "ratings",
    ),
    "gateway-api.query": ("{queryParams: [{name: q, value: a}]}", {"query": {"q": "b"}}, "reviews"),
}


@pytest.mark.parametrize(
    ("match", "asked", "expected"), GATEWAY_MATCHES.values(), ids=GATEWAY_MATCHES
)
def test_a_match_of_an_http_route_fits_as_the_gateway_api_says(
    match: str, asked: dict[str, Any], expected: str
) -> None:
    assert _told(_ask(_http_route(match), **dict(asked))) == expected


SPECIFIC = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: specific, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: reviews}]
  rules: %s
"""


def _backend(name: str) -> str:
    return f"backendRefs: [{{name: {name}, port: {8080 if name == 'ratings' else 80}}}]"


@pytest.mark.parametrize(
    ("loose", "tight"),
    [
        pytest.param("{path: {value: /a/b}}", "{path: {type: Exact, value: /a/b}}", id="exact"),
        pytest.param("{path: {value: /a}}", "{path: {value: /a/b}}", id="longer-prefix"),
        pytest.param("{}", "{method: GET}", id="method"),
        pytest.param("{}", "{headers: [{name: x, value: y}]}", id="more-headers"),
        pytest.param("{}", "{queryParams: [{name: q, value: r}]}", id="more-query-parameters"),
        pytest.param(
            "{queryParams: [{name: q, value: r}]}",
            "{headers: [{name: x, value: y}]}",
            id="headers-before-query-parameters",
        ),
    ],
)
def test_the_more_specific_match_of_a_gateway_route_goes_first(loose: str, tight: str) -> None:
    first = f"{{matches: [{loose}], {_backend('reviews')}}}"
    second = f"{{matches: [{tight}], {_backend('ratings')}}}"
    text = SPECIFIC % f"[{first}, {second}]"
    assert _told(_ask(text, path="/a/b", headers={"x": "y"}, query={"q": "r"})) == "ratings"


@pytest.mark.parametrize(
    ("path", "expected"),
    [pytest.param("/fooo", "ratings", id="whole"), pytest.param("/foox", "404", id="part")],
)
def test_a_regular_expression_of_a_gateway_route_is_of_the_whole_path(
    path: str, expected: str
) -> None:
    match = "{path: {type: RegularExpression, value: '/fo+'}}"
    found = _ask(SPECIFIC % f"[{{matches: [{match}], {_backend('ratings')}}}]", path=path)
    assert _told(found) == expected


def test_a_gateway_route_goes_before_a_virtual_service() -> None:
    found = _ask(_service(f"[{{{V1}}}]"), _http_route("{path: {value: /foo}}"), path="/foo")
    assert _told(found) == "ratings"


def test_a_consumers_route_is_for_its_own_namespace_only() -> None:
    route = _http_route("{path: {value: /}}", namespace="client")
    assert _told(_ask(route, namespace="client", host="reviews.shop")) == "ratings"
    assert _told(_ask(route, namespace="other", host="reviews.shop")) == "reviews"


def test_a_route_of_another_port_does_not_hold() -> None:
    route = _http_route("{path: {value: /}}").replace("port: 80}]\n  rules", "port: 81}]\n  rules")
    assert _told(_ask(route)) == "reviews"


def test_a_backend_that_is_not_there_is_answered_with_500() -> None:
    found = _ask(_http_route("{path: {value: /}}").replace("name: ratings", "name: nobody"))
    assert found.reason.startswith("500")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        pytest.param("{service: s.R, method: Get}", "/s.R/Get", "ratings", id="service-and-method"),
        pytest.param("{service: s.R, method: Get}", "/s.R/Put", "404", id="another-method"),
        pytest.param("{service: s.R}", "/s.R/Put", "ratings", id="all-methods"),
        pytest.param("{service: s.R}", "/s.Rx/Put", "404", id="another-service"),
        pytest.param("{method: Get}", "/any/Get", "ratings", id="method-of-any-service"),
    ],
)
def test_a_grpc_route_matches_services_and_methods(method: str, path: str, expected: str) -> None:
    text = f"[{{matches: [{{method: {method}}}], {_backend('ratings')}}}]"
    route = (SPECIFIC % text).replace("HTTPRoute", "GRPCRoute")
    assert _told(_ask(route, path=path, method="POST")) == expected


TCP = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: store, namespace: shop}
spec:
  hosts: [store]
  http: [{route: [{destination: {host: ratings}}]}]
  tcp: [{match: [{port: %d}], route: [{destination: {host: reviews}}]}]
"""


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        pytest.param(5432, "reviews", id="TCPRoute.port"),
        pytest.param(1, "store", id="TCPRoute.other"),
    ],
)
def test_a_tcp_port_is_routed_by_tcp_rules_only(port: int, expected: str) -> None:
    assert _told(_ask(TCP % port, host="store", port=5432)) == expected


SIDECAR = """
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: %(namespace)s}
spec:
  outboundTrafficPolicy: {mode: %(mode)s}
  egress: [{hosts: [%(hosts)s]}]
"""


@pytest.mark.parametrize(
    ("namespace", "hosts", "mode", "expected"),
    [
        pytest.param("client", "'./*'", "REGISTRY_ONLY", "unroutable", id="own-namespace-only"),
        pytest.param("client", "'shop/*'", "REGISTRY_ONLY", "reached", id="namespace"),
        pytest.param("client", "'*/*'", "REGISTRY_ONLY", "reached", id="all-namespaces"),
        pytest.param(
            "client",
            "'shop/reviews.shop.svc.cluster.local'",
            "REGISTRY_ONLY",
            "reached",
            id="one-host",
        ),
        pytest.param(
            "client",
            "'shop/ratings.shop.svc.cluster.local'",
            "REGISTRY_ONLY",
            "unroutable",
            id="another-host",
        ),
        pytest.param("client", "'~/*'", "REGISTRY_ONLY", "unroutable", id="nothing"),
        pytest.param("client", "'./*'", "ALLOW_ANY", "reached", id="passes-as-plaintext"),
        pytest.param("istio-system", "'./*'", "REGISTRY_ONLY", "unroutable", id="root-namespace"),
        pytest.param("other", "'./*'", "REGISTRY_ONLY", "reached", id="of-another-namespace"),
    ],
)
def test_a_sidecar_lets_its_clients_see_what_its_egress_names(
    namespace: str, hosts: str, mode: str, expected: str
) -> None:
    sidecar = SIDECAR % {"namespace": namespace, "hosts": hosts, "mode": mode}
    found = _ask(sidecar, namespace="client", host="reviews.shop")
    assert found.outcome == expected


def test_the_destination_of_a_seen_route_is_seen_as_well() -> None:
    hosts = {"namespace": "shop", "hosts": "'*/reviews.shop.svc.cluster.local'"}
    sidecar = SIDECAR % {**hosts, "mode": "REGISTRY_ONLY"}
    route = _service("[{route: [{destination: {host: ratings}}]}]")
    assert _told(_ask(sidecar, route)) == "ratings"


def test_a_service_that_is_not_exported_is_not_seen() -> None:
    hidden = APPS.replace(
        "metadata: {name: reviews, namespace: shop}",
        "metadata: {name: reviews, namespace: shop,"
        " annotations: {networking.istio.io/exportTo: '.'}}",
        1,
    )
    request = Request(Client("", "client"), "reviews.shop", 80)
    steps = trace(_fleet(kept=hidden), MESH, request).steps
    assert "does not see" in steps[-1].text


HOSTILE = "[null, 7, {match: 3}, {route: x}, {match: [{uri: 1}], route: [{destination: []}]}]"


def test_wrong_types_anywhere_are_no_routes_and_raise_nothing() -> None:
    assert _ask(_service(HOSTILE)).outcome in {"unroutable", "answered"}


def test_the_worked_example_routes_beta_users_to_v2() -> None:
    http = yaml_load(
        """
- name: beta-users
  match:
  - uri: {exact: /api}
    headers: {x-user-group: {exact: beta}}
  - uri: {prefix: /api/}
    headers: {x-user-group: {exact: beta}}
  route: [{destination: {host: reviews, subset: v2}}]
- name: default
  route:
  - {destination: {host: reviews, subset: v1}, weight: 90}
  - {destination: {host: reviews, subset: v2}, weight: 10}
"""
    )
    body = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "reviews", "namespace": "shop"},
        "spec": {"hosts": ["reviews"], "http": http},
    }
    text = Resource.of(body).text
    beta = _ask(text, path="/api/x", headers={"x-user-group": "beta"})
    assert beta.rule is not None
    assert (beta.rule.name, beta.rule.field) == ("beta-users", "spec.http[0]")
    other = _ask(text, path="/apiary", headers={"x-user-group": "beta"})
    assert [(each.subset, each.percent) for each in other.backends] == [("v1", 90), ("v2", 10)]
