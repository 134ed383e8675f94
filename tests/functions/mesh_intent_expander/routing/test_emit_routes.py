"""What routes look like when they are written, in each flavor."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

Routed = Any
REVIEWS = """
- backends:
  - {version: {labels: {version: v1}}, weight: 90}
  - {version: {labels: {version: v2}}, weight: 10}
  name: default
- name: beta-users
  matches:
  - path: {value: /api}
    headers: [{name: X-User-Group, value: beta}]
  backends: [{version: {labels: {version: v2}}}]
  timeouts: {request: 3s, backendRequest: 1s}
"""
VIRTUAL_SERVICE = """
hosts: [reviews.bookinfo.svc.cluster.local]
http:
- name: beta-users
  match:
  - uri: {exact: /api}
    headers: {x-user-group: {exact: beta}}
  - uri: {prefix: /api/}
    headers: {x-user-group: {exact: beta}}
  route:
  - destination: {host: reviews.bookinfo.svc.cluster.local, subset: v2, port: {number: 9080}}
  timeout: 3s
  retries:
    attempts: 2
    perTryTimeout: 1s
    retryOn: connect-failure,refused-stream,unavailable,cancelled
- name: default
  route:
  - destination: {host: reviews.bookinfo.svc.cluster.local, subset: v1, port: {number: 9080}}
    weight: 90
  - destination: {host: reviews.bookinfo.svc.cluster.local, subset: v2, port: {number: 9080}}
    weight: 10
"""
HTTP_ROUTE = """
parentRefs: [{group: "", kind: Service, name: reviews, port: 9080}]
rules:
- name: beta-users
  matches:
  - path: {type: PathPrefix, value: /api}
    headers: [{type: Exact, name: x-user-group, value: beta}]
  backendRefs: [{group: "", kind: Service, name: reviews-v2, port: 9080}]
  timeouts: {request: 3s, backendRequest: 1s}
- name: default
  backendRefs:
  - {group: "", kind: Service, name: reviews-v1, port: 9080, weight: 90}
  - {group: "", kind: Service, name: reviews-v2, port: 9080, weight: 10}
"""


def only_rule(routed: Callable[..., Routed], made: dict[str, Any]) -> dict[str, Any]:
    """Give what the one rule of an intent becomes in a VirtualService, less name and route."""
    first, *_ = routed(made).spec("VirtualService", "reviews")["http"]
    return {key: value for key, value in first.items() if key not in ("name", "route")}


def test_versions_and_prefixes_in_istios_own_terms(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(intent(REVIEWS))
    assert made.spec("VirtualService", "reviews") == yaml.safe_load(VIRTUAL_SERVICE)


def test_versions_and_prefixes_in_the_gateway_api(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(intent(REVIEWS), flavor="gateway-api")
    assert made.spec("HTTPRoute", "reviews") == yaml.safe_load(HTTP_ROUTE)
    assert made.spec("Service", "reviews-v2") == {
        "selector": {"app": "reviews", "version": "v2"},
        "ports": [{"name": "http", "port": 9080}],
    }


def test_methods_of_grpc_in_the_gateway_api(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    rules = """
    - matches: [{grpc: {service: ratings.v1.Ratings, method: Get}}]
      backends: [{version: {labels: {version: v1}}}]
    """
    parent = {"service": "ratings", "port": 9090}
    made = routed(intent(rules, name="ratings", flavor="gateway-api", parentRef=parent))
    assert made.spec("GRPCRoute", "ratings") == {
        "parentRefs": [{"group": "", "kind": "Service", "name": "ratings", "port": 9090}],
        "rules": [
            {
                "name": "ratings-1",
                "matches": [
                    {"method": {"type": "Exact", "service": "ratings.v1.Ratings", "method": "Get"}}
                ],
                "backendRefs": [
                    {"group": "", "kind": "Service", "name": "ratings-v1", "port": 9090}
                ],
            },
            {
                "name": "default",
                "backendRefs": [{"group": "", "kind": "Service", "name": "ratings", "port": 9090}],
            },
        ],
    }


@pytest.mark.parametrize(
    ("rule", "written"),
    [
        pytest.param(
            "{matches: [{headers: [{name: A, type: Present}, {name: B, type: Prefix, value: x},"
            " {name: C, type: RegularExpression, value: 'x.*'}]}]}",
            "{match: [{headers: {a: {}, b: {prefix: x}, c: {regex: 'x.*'}}}]}",
            id="headers",
        ),
        pytest.param(
            "{matches: [{queryParams: [{name: A, type: Prefix, value: a.b},"
            " {name: b, value: c}]}]}",
            r"{match: [{queryParams: {A: {regex: 'a\.b.*'}, b: {exact: c}}}]}",
            id="parameters",
        ),
        pytest.param(
            "{matches: [{path: {type: RegularExpression, value: '/a[0-9]'}}]}",
            "{match: [{uri: {regex: '/a[0-9]'}}]}",
            id="an expression",
        ),
        pytest.param("{matches: [{path: {value: /}}]}", "{}", id="the prefix of everything"),
        pytest.param(
            "{redirect: {scheme: https, hostname: a.example.com, statusCode: 301}}",
            "{redirect: {authority: a.example.com, scheme: https, redirectCode: 301,"
            " derivePort: FROM_PROTOCOL_DEFAULT}}",
            id="a redirect to another scheme",
        ),
        pytest.param(
            "{redirect: {path: /b}}",
            "{redirect: {uri: /b, redirectCode: 302, derivePort: FROM_REQUEST_PORT}}",
            id="a redirect to the same port",
        ),
        pytest.param(
            "{redirect: {port: 8443}}",
            "{redirect: {port: 8443, redirectCode: 302}}",
            id="a redirect to another port",
        ),
        pytest.param(
            "{rewrite: {path: /b, hostname: a.example.com}}",
            "{rewrite: {authority: a.example.com, uriRegexRewrite: {match: '^/.*$', rewrite: /b}}}",
            id="the whole path",
        ),
        pytest.param(
            "{mirror: {version: {labels: {version: v2}}, percent: 12.5}}",
            "{mirror: {host: reviews.bookinfo.svc.cluster.local, subset: v2, port: {number: 9080}},"
            " mirrorPercentage: {value: 12.5}}",
            id="copies",
        ),
        pytest.param(
            "{fault: {delay: 2s, delayPercent: 10.0, abort: 503}}",
            "{fault: {delay: {fixedDelay: 2s, percentage: {value: 10}},"
            " abort: {httpStatus: 503, percentage: {value: 100}}}}",
            id="faults",
        ),
        pytest.param(
            "{requestHeaders: {set: {B: x, A: y}, remove: [C]}, responseHeaders: {add: {D: z}}}",
            "{headers: {request: {set: {a: y, b: x}, remove: [c]}, response: {add: {d: z}}}}",
            id="headers changed",
        ),
        pytest.param("{retry: {attempts: 0}}", "{retries: {attempts: 0}}", id="no retries"),
        pytest.param(
            "{retry: {attempts: 3, 'on': [5xx, '503'], perTryTimeout: 250ms}}",
            "{retries: {attempts: 3, perTryTimeout: 250ms, retryOn: '5xx,503'}}",
            id="retries",
        ),
        pytest.param("{timeouts: {request: 0s}}", "{}", id="no limit"),
        pytest.param(
            "{timeouts: {request: 9s, backendRequest: 2s}, retry: {attempts: 0}}",
            "{timeout: 2s, retries: {attempts: 0}}",
            id="the limit of the only try",
        ),
    ],
)
def test_a_rule_in_istios_own_terms(
    routed: Callable[..., Routed], intent: Callable[..., Any], rule: str, written: str
) -> None:
    assert only_rule(routed, intent(f"[{rule}]")) == yaml.safe_load(written)


@pytest.mark.parametrize(
    ("match", "uri"),
    [
        pytest.param("{service: a.B}", {"prefix": "/a.B/"}, id="all methods of a service"),
        pytest.param("{method: Get}", {"regex": "/[^/]+/Get"}, id="a method of any service"),
        pytest.param("{service: a.B, method: Get}", {"exact": "/a.B/Get"}, id="a method"),
    ],
)
def test_calls_of_grpc_are_paths_in_istios_own_terms(
    routed: Callable[..., Routed], intent: Callable[..., Any], match: str, uri: dict[str, str]
) -> None:
    parent = {"service": "ratings", "port": 9090}
    made = routed(intent(f"[{{matches: [{{grpc: {match}}}]}}]", parentRef=parent))
    first, _ = made.spec("VirtualService", "ratings")["http"]
    assert first["match"] == [{"port": 9090, "uri": uri}]


@pytest.mark.parametrize(
    ("rule", "timeout", "retries"),
    [
        pytest.param("{}", "5s", 1, id="where the intent says nothing"),
        pytest.param("{timeouts: {request: 0s}}", None, 1, id="no limit goes over it"),
        pytest.param("{retry: {attempts: 0}}", "5s", 0, id="no retries goes over it"),
        pytest.param("{timeouts: {request: 7s}}", "7s", 1, id="another limit goes over it"),
    ],
)
def test_the_mesh_has_defaults(
    routed: Callable[..., Routed],
    intent: Callable[..., Any],
    rule: str,
    timeout: str | None,
    retries: int,
) -> None:
    defaults = {"timeout": "5s", "retries": 1}
    made = routed(
        intent(f"[{rule[:-1]}, matches: [{{method: GET}}]}}]".replace("{,", "{")), defaults=defaults
    )
    first, last = made.spec("VirtualService", "reviews")["http"]
    assert (first.get("timeout"), first["retries"]["attempts"]) == (timeout, retries)
    assert (last["timeout"], last["retries"]["attempts"]) == ("5s", 1)


@pytest.mark.parametrize(
    ("path", "prefix", "expected"),
    [
        pytest.param(
            "/foo", "/", [({"exact": "/foo"}, "/"), ({"prefix": "/foo/"}, "/")], id="to the root"
        ),
        pytest.param(
            "/foo/",
            "/bar/",
            [({"exact": "/foo"}, "/bar"), ({"prefix": "/foo/"}, "/bar/")],
            id="to another one",
        ),
        pytest.param("/", "/bar", [(None, "/bar/")], id="from the root"),
    ],
)
def test_another_prefix_is_put_without_slashes_lost_or_doubled(
    routed: Callable[..., Routed],
    intent: Callable[..., Any],
    path: str,
    prefix: str,
    expected: list[tuple[Any, str]],
) -> None:
    rule = f"[{{name: r, matches: [{{path: {{value: {path}}}}}], rewrite: {{prefix: {prefix}}}}}]"
    rules = [
        each
        for each in routed(intent(rule)).spec("VirtualService", "reviews")["http"]
        if "rewrite" in each
    ]
    found = [(each.get("match", [{}])[0].get("uri"), each["rewrite"]["uri"]) for each in rules]
    assert found == expected


def test_a_weight_of_0_is_left_out_but_a_cluster_of_0_is_seen(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    version = "{version: {labels: {version: %s}}, weight: %d}"
    made = routed(intent(f"[{{backends: [{version % ('v1', 3)}, {version % ('v2', 0)}]}}]"))
    (only,) = made.spec("VirtualService", "reviews")["http"]
    assert [each["destination"]["subset"] for each in only["route"]] == ["v1"]
    assert "weight" not in only["route"][0]
    assert [share.weight for share in made.hosts[0].rules[0].shares] == [100, 0]
    seen = routed(
        intent("[{backends: [{cluster: edge-a, weight: 5}, {cluster: edge-b, weight: 0}]}]"),
        clusters=("edge-a", "edge-b"),
    )
    (only,) = seen.spec("VirtualService", "reviews")["http"]
    assert [(e["destination"]["subset"], e["weight"]) for e in only["route"]] == [
        ("edge-a", 100),
        ("edge-b", 0),
    ]


def test_filters_of_the_gateway_api(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    rules = """
    - name: a
      matches: [{path: {value: /foo}}, {headers: [{name: B, type: Prefix, value: a.b}]}]
      rewrite: {prefix: /bar, hostname: x.example.com}
      requestHeaders: {set: {B: x}, remove: [C]}
      responseHeaders: {add: {D: z}}
      mirror: {service: cart, namespace: shop, percent: 12.5}
    - matches: [{path: {type: Exact, value: /old}}]
      redirect: {scheme: https, hostname: y.example.com, path: /new, port: 8443}
    """
    made = routed(intent(rules, flavor="gateway-api"))
    redirect, first, second, _ = made.spec("HTTPRoute", "reviews")["rules"]
    assert redirect["filters"] == [
        {
            "type": "RequestRedirect",
            "requestRedirect": {
                "scheme": "https",
                "hostname": "y.example.com",
                "path": {"type": "ReplaceFullPath", "replaceFullPath": "/new"},
                "port": 8443,
                "statusCode": 302,
            },
        }
    ]
    assert [each["matches"] for each in (first, second)] == [
        [{"path": {"type": "PathPrefix", "value": "/foo"}}],
        [
            {
                "path": {"type": "PathPrefix", "value": "/"},
                "headers": [{"type": "RegularExpression", "name": "b", "value": r"a\.b.*"}],
            }
        ],
    ]
    assert first["filters"] == second["filters"]
    assert first["filters"] == [
        {
            "type": "RequestHeaderModifier",
            "requestHeaderModifier": {"set": [{"name": "b", "value": "x"}], "remove": ["c"]},
        },
        {
            "type": "ResponseHeaderModifier",
            "responseHeaderModifier": {"add": [{"name": "d", "value": "z"}]},
        },
        {
            "type": "RequestMirror",
            "requestMirror": {
                "backendRef": {
                    "group": "",
                    "kind": "Service",
                    "name": "cart",
                    "namespace": "shop",
                    "port": 9080,
                },
                "fraction": {"numerator": 125_000, "denominator": 1_000_000},
            },
        },
        {
            "type": "URLRewrite",
            "urlRewrite": {
                "hostname": "x.example.com",
                "path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/bar"},
            },
        },
    ]


def test_a_backend_in_another_namespace_is_granted_there(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    rules = "[{backends: [{service: cart, namespace: shop}]}]"
    made = routed(intent(rules, flavor="gateway-api"))
    assert ("ReferenceGrant", "shop", "bookinfo-reviews-http") in made.written["edge-a"]
    assert made.spec("ReferenceGrant", "bookinfo-reviews-http") == {
        "from": [
            {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "bookinfo"}
        ],
        "to": [{"group": "", "kind": "Service", "name": "cart"}],
    }


def test_more_rules_than_a_route_may_have_go_on_in_a_second_one(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    rules = ", ".join(f"{{matches: [{{path: {{value: /p{n:02}}}}}]}}" for n in range(20))
    made = routed(intent(f"[{rules}]", flavor="gateway-api"))
    assert len(made.spec("HTTPRoute", "reviews")["rules"]) == 16
    assert len(made.spec("HTTPRoute", "reviews-2")["rules"]) == 5


def test_connections_in_the_gateway_api(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(
        intent(name="db", parentRef={"service": "ratings", "port": 3306}),
        intent(name="secret", parentRef={"service": "ratings", "port": 8443}),
        flavor="gateway-api",
    )
    tls = made.spec("TLSRoute", "ratings")
    assert tls["hostnames"] == ["ratings.bookinfo.svc.cluster.local"]
    assert tls["parentRefs"][0]["port"] == 8443
    tcp = made.spec("TCPRoute", "ratings")
    assert "hostnames" not in tcp
    assert tcp["rules"] == [
        {
            "name": "default",
            "backendRefs": [{"group": "", "kind": "Service", "name": "ratings", "port": 3306}],
        }
    ]


def test_an_ingress_of_the_gateway_api_has_host_names(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    gateway = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "public", "namespace": "infra"},
    }
    made = routed(
        intent(gateway={"name": "infra/public", "hostnames": ["www.example.com"]}),
        flavor="gateway-api",
        beside=yaml.safe_dump(gateway),
    )
    ingress = made.spec("HTTPRoute", "public-www.example.com")
    assert ingress["hostnames"] == ["www.example.com"]
    assert ingress["parentRefs"] == [
        {
            "group": "gateway.networking.k8s.io",
            "kind": "Gateway",
            "namespace": "infra",
            "name": "public",
        }
    ]
    assert "hostnames" not in made.spec("HTTPRoute", "reviews")
