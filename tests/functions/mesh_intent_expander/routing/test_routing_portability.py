"""What a flavor cannot say, and what stands in for subsets where there are none."""

from collections.abc import Callable
from typing import Any

import pytest

Routed = Any
V1 = "[{backends: [{version: {labels: {version: v1}}}]}]"
GRPC = {"parentRef": {"service": "ratings", "port": 9090}}


@pytest.mark.parametrize(
    ("spec", "severity", "field"),
    [
        pytest.param({"rules": "[{fault: {abort: 500}}]"}, "error", "rules[0].fault", id="fault"),
        pytest.param({"from": [{"namespace": "shop"}]}, "error", "from", id="clients"),
        pytest.param(
            {"sessionAffinity": {"sourceIp": True}}, "error", "sessionAffinity", id="affinity"
        ),
        pytest.param(
            {"rules": "[{retry: {attempts: 1}}]"}, "warning", "rules[0].retry", id="retry"
        ),
        pytest.param(
            {"rules": "[{timeouts: {backendRequest: 1s}}]"},
            "warning",
            "rules[0].timeouts.backendRequest",
            id="limit of a try",
        ),
        pytest.param(
            {"rules": "[{matches: [{headers: [{name: a, type: Present}]}]}]"},
            "info",
            "rules[0].matches[0]",
            id="presence of a header",
        ),
        pytest.param(
            {"rules": "[{matches: [{method: PURGE}]}]"},
            "error",
            "rules[0].matches[0].method",
            id="a method of its own",
        ),
        pytest.param(
            {"rules": "[{matches: [{path: {type: RegularExpression, value: /a.*}}]}]"},
            "error",
            "rules[0].matches",
            id="an expression before a default",
        ),
        pytest.param(
            {"rules": "[{timeouts: {request: 1s}}]", **GRPC},
            "error",
            "rules[0].timeouts",
            id="time of a gRPC call",
        ),
        pytest.param(
            {"rules": "[{matches: [{path: {value: /a}}]}]", **GRPC},
            "error",
            "rules[0].matches[0]",
            id="path of a gRPC call",
        ),
    ],
)
def test_what_the_gateway_api_cannot_say_is_told_at_its_field(
    routed: Callable[..., Routed],
    intent: Callable[..., Any],
    spec: dict[str, Any],
    severity: str,
    field: str,
) -> None:
    made = routed(intent(**{"flavor": "gateway-api", **spec}))
    assert made.told() == [(severity, "not-portable", f"spec.{field}")]
    assert not routed(intent(**{"flavor": "istio", **spec})).results


def test_an_expression_may_be_matched_where_nothing_else_takes_the_rest(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    rules = "[{matches: [{path: {type: RegularExpression, value: /a.*}}]}]"
    made = routed(intent(rules, flavor="gateway-api", default="none"))
    assert made.told() == [("info", "route-without-default", "spec.default")]


@pytest.mark.parametrize(
    ("version", "spec", "is_told"),
    [
        pytest.param("1.2", {"rules": "[{mirror: {percent: 5.0}}]"}, True, id="copies before 1.3"),
        pytest.param("1.3", {"rules": "[{mirror: {percent: 5.0}}]"}, False, id="copies since 1.3"),
        pytest.param("1.2", {"rules": "[{mirror: {}}]"}, False, id="all copies at any time"),
        pytest.param(
            "1.5",
            {"parentRef": {"service": "ratings", "port": 3306}},
            True,
            id="TCPRoute before 1.6",
        ),
        pytest.param(
            "1.5",
            {"parentRef": {"service": "ratings", "port": 8443}},
            False,
            id="TLSRoute since 1.5",
        ),
    ],
)
def test_what_a_clusters_gateway_api_is_too_old_for_is_told(
    routed: Callable[..., Routed],
    intent: Callable[..., Any],
    version: str,
    spec: dict[str, Any],
    is_told: bool,
) -> None:
    clusters = [{"name": "edge-a", "gatewayApiVersion": version}]
    made = routed(intent(flavor="gateway-api", **spec), clusters=clusters)
    assert bool(made.results) == is_told
    assert all(f"a cluster of the service has {version}" in each.message for each in made.results)


def test_virtual_services_are_advised_against_in_ambient(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(
        intent(**{"from": [{"namespace": "shop"}]}),
        clusters=[{"name": "edge-a", "dataPlane": "ambient"}],
    )
    assert made.told() == [
        ("error", "not-portable", "spec.from"),
        ("warning", "ambient-flavor", "spec.flavor"),
    ]


def test_a_version_has_a_service_in_every_cluster_that_routes_to_it(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(intent(V1, flavor="gateway-api"), clusters=("edge-a", "edge-b"))
    expected = {
        "selector": {"app": "reviews", "version": "v1"},
        "ports": [{"name": "http", "port": 9080}],
    }
    assert made.spec("Service", "reviews-v1", "edge-a") == expected
    assert made.spec("Service", "reviews-v1", "edge-b") == expected


def test_the_version_of_a_global_service_is_global_too_and_behind_its_waypoint(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    finds = {
        "apiVersion": "intent.krmfn.dev/v1alpha1",
        "kind": "ServiceDiscovery",
        "metadata": {"name": "reviews", "namespace": "bookinfo"},
        "spec": {"service": {"name": "reviews"}},
    }
    ambient = [{"name": name, "dataPlane": "ambient"} for name in ("edge-a", "edge-b")]
    made = routed(intent(V1, flavor="gateway-api"), finds, clusters=ambient)
    labels = {"istio.io/global": "true", "istio.io/use-waypoint": "waypoint"}
    for cluster in ("edge-a", "edge-b"):
        version = made.written[cluster]["Service", "bookinfo", "reviews-v1"]
        assert version["metadata"]["labels"] == labels


def test_a_cluster_has_a_service_that_selects_pods_only_there(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(
        intent("[{backends: [{cluster: edge-b}]}]", flavor="gateway-api"),
        clusters=("edge-a", "edge-b"),
    )
    ports = [{"name": "http", "port": 9080}]
    assert made.spec("Service", "reviews-edge-b", "edge-a") == {"ports": ports}
    assert made.spec("Service", "reviews-edge-b", "edge-b") == {
        "selector": {"app": "reviews"},
        "ports": ports,
    }


def test_a_service_for_a_version_that_people_wrote_is_taken(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    theirs = """
    apiVersion: v1
    kind: Service
    metadata: {name: reviews-v1, namespace: bookinfo}
    spec: {selector: {app: %s, version: v1}, ports: [{port: 9080}]}
    """
    made = routed(intent(V1, flavor="gateway-api"), beside=theirs % "reviews")
    assert not made.results
    assert [kind for kind, _, _ in made.written["edge-a"]] == ["HTTPRoute"]
    other = routed(intent(V1, flavor="gateway-api"), beside=theirs % "other")
    assert other.told() == [("error", "version-service", "spec.rules[0]")]


def test_parts_of_two_services_cannot_have_one_name(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    beside = """
apiVersion: v1
kind: Service
metadata: {name: reviews-a, namespace: bookinfo}
spec: {selector: {app: reviews-a}, ports: [{name: http, port: 9080}]}
"""
    rules = "[{backends: [{version: {name: %s, labels: {version: v1}}}]}]"
    made = routed(
        intent(rules % "a-b", flavor="gateway-api"),
        intent(rules % "b", name="other", flavor="gateway-api", parentRef={"service": "reviews-a"}),
        beside=beside,
    )
    (told,) = made.results
    assert (told.code, told.field) == ("version-service", "spec.rules[0]")
    assert all(f'"bookinfo/{name}"' in told.message for name in ("reviews", "reviews-a"))


def test_the_kind_that_lacks_something_is_that_of_the_ports_protocol(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(intent("[{fault: {abort: 500}}]", flavor="gateway-api", **GRPC))
    assert made.results[0].message.endswith("a GRPCRoute has no fault injection")
