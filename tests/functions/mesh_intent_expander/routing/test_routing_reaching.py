"""Backends that some clients cannot reach: the other intent that keeps them away is named."""

from collections.abc import Callable
from typing import Any

import pytest

Routed = Any
CLUSTERS = [
    {
        "name": name,
        "network": name,
        "region": f"pl-{name}",
        "eastWestGateway": {"addresses": [f"203.0.113.{number}"]},
    }
    for number, name in enumerate(("edge-a", "edge-b", "core"), 1)
]
EDGES = ("edge-a", "edge-b")
TO_A = "[{matches: [{path: {value: /x}}], backends: [{cluster: edge-a}]}]"
V2 = "[{backends: [{version: {name: v2, labels: {version: v2}}}]}]"
ONLY_V1 = """
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: bookinfo}
spec: {selector: {app: reviews}, ports: [{name: http, port: 9080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: reviews-v1, namespace: bookinfo}
spec: {template: {metadata: {labels: {app: reviews, version: v1}}}}
"""
STAYS = {"preference": "local", "failover": {"to": "None"}}


def found(*clients: str, **balancing: Any) -> dict[str, Any]:
    """Make the ServiceDiscovery of ``bookinfo/reviews`` for some clusters' clients."""
    return {
        "apiVersion": "intent.krmfn.dev/v1alpha1",
        "kind": "ServiceDiscovery",
        "metadata": {"name": "reviews", "namespace": "bookinfo"},
        "spec": {
            "service": {"name": "reviews"},
            "consumers": {"clusters": [*clients]},
            "loadBalancing": balancing,
        },
    }


def unreached(made: Routed) -> list[tuple[str, str]]:
    """Give field and message of what clients cannot reach."""
    return [(each.field, each.message) for each in made.results if each.code == "backend-unreached"]


def test_a_cluster_that_a_discovery_keeps_clients_from_is_no_backend(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(intent(TO_A), found(*EDGES, **STAYS), clusters=CLUSTERS, bookinfo_in=EDGES)
    assert unreached(made) == [
        (
            "spec.rules[0].backends[0].cluster",
            (
                'must be reached by all clients, but ServiceDiscovery "bookinfo/reviews" keeps '
                "those of edge-b from edge-a; `from` with `clusters` can leave them out"
            ),
        )
    ]


def test_a_version_that_runs_only_where_clients_are_not_sent_is_no_backend(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(
        intent(V2),
        found(*EDGES, **STAYS),
        clusters=CLUSTERS,
        bookinfo_in=["edge-a"],
        only_in={"edge-b": ONLY_V1},
    )
    ((field, message),) = unreached(made)
    assert field == "spec.rules[0].backends[0].version"
    assert "keeps those of edge-b from edge-a" in message
    assert all(each.code != "version-missing" for each in made.results)


@pytest.mark.parametrize(
    "balancing",
    [
        pytest.param({}, id="no preference"),
        pytest.param({"preference": "local"}, id="a preference that fails over"),
        pytest.param({"weights": {"edge-a": 1, "edge-b": 9}}, id="a weight"),
    ],
)
def test_a_cluster_that_clients_may_use_is_a_backend(
    routed: Callable[..., Routed], intent: Callable[..., Any], balancing: dict[str, Any]
) -> None:
    made = routed(intent(TO_A), found("core", **balancing), clusters=CLUSTERS, bookinfo_in=EDGES)
    assert not unreached(made)


def test_a_cluster_without_weight_is_no_backend(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    balanced = found("core", weights={"edge-a": 0, "edge-b": 1})
    made = routed(intent(TO_A), balanced, clusters=CLUSTERS, bookinfo_in=EDGES)
    ((_, message),) = unreached(made)
    assert "keeps those of core, edge-a and edge-b from edge-a" in message


@pytest.mark.parametrize(
    ("said", "balancing", "kept"),
    [
        pytest.param({}, {}, "without endpoint discovery", id="clients of the Service's own name"),
        pytest.param({"from": [{"clusters": ["core"]}]}, {}, "", id="clients of the global name"),
        pytest.param(
            {"from": [{"clusters": ["core"]}]},
            {"preference": "ordered", "order": ["edge-b"], "failover": {"to": "None"}},
            'ServiceDiscovery "bookinfo/reviews" keeps those of core from edge-a',
            id="clients that are told of no other endpoint",
        ),
    ],
)
def test_without_endpoint_discovery_a_cluster_is_reached_by_the_global_name_alone(
    routed: Callable[..., Routed],
    intent: Callable[..., Any],
    said: dict[str, Any],
    balancing: dict[str, Any],
    kept: str,
) -> None:
    made = routed(
        intent(TO_A, **said),
        found("core", **balancing),
        clusters=CLUSTERS,
        bookinfo_in=EDGES,
        endpointDiscovery=False,
    )
    assert bool(unreached(made)) == bool(kept)
    assert all(kept in message for _, message in unreached(made))


def test_a_route_of_the_gateway_api_is_about_no_name_without_a_service(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(
        intent("[{timeouts: {request: 1s}}]", flavor="gateway-api"),
        found("core"),
        clusters=CLUSTERS,
        bookinfo_in=EDGES,
        endpointDiscovery=False,
    )
    assert made.told() == [("error", "not-portable", "spec.flavor")]
    assert '"reviews.bookinfo.mesh.internal"' in made.results[0].message
