"""A small mesh, the intents that are about it, and what is decided and written for them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pytest
import yaml

from krmfn.mesh_intent_expander.discovery import discover, expose
from krmfn.mesh_intent_expander.emit.grpc_route import grpc_routes
from krmfn.mesh_intent_expander.emit.http_route import http_routes
from krmfn.mesh_intent_expander.emit.stream_routes import tcp_routes, tls_routes
from krmfn.mesh_intent_expander.emit.version_service import services_of_versions
from krmfn.mesh_intent_expander.emit.virtual_service import virtual_services
from krmfn.mesh_intent_expander.intents import ServiceDiscovery, TrafficRoute
from krmfn.mesh_intent_expander.plan.routes import RoutedHost
from krmfn.mesh_intent_expander.reading import read_fleet
from krmfn.mesh_intent_expander.routing import route, version_services
from krmfn.mesh_intent_expander.topology import read_mesh
from krmfn.sdk import Package, Place, Resource, Result

INTENT = "intent.krmfn.dev/v1alpha1"
BOOKINFO = """
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: bookinfo}
spec:
  selector: {app: reviews}
  ports: [{name: http, port: 9080}]
---
apiVersion: v1
kind: Service
metadata: {name: ratings, namespace: bookinfo}
spec:
  selector: {app: ratings}
  ports:
  - {name: grpc, port: 9090}
  - {name: http-admin, port: 8080}
  - {name: mysql, port: 3306}
  - {name: tls, port: 8443}
  - {name: anything, port: 7000}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{name: http, port: 9080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: reviews-v1, namespace: bookinfo}
spec: {template: {metadata: {labels: {app: reviews, version: v1}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: reviews-v2, namespace: bookinfo}
spec: {template: {metadata: {labels: {app: reviews, version: v2}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ratings-v1, namespace: bookinfo}
spec: {template: {metadata: {labels: {app: ratings, version: v1}}}}
"""

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Routed:
    """What is decided and written."""

    hosts: Sequence[RoutedHost]
    results: Sequence[Result]
    written: Mapping[str, Mapping[Key, Mapping[str, Any]]]

    def spec(self, kind: str, name: str, cluster: str = "edge-a") -> Mapping[str, Any]:
        """Give the spec of the one object of this kind and name in a cluster."""
        (found,) = (
            body["spec"]
            for key, body in self.written[cluster].items()
            if key[0] == kind and key[2] == name
        )
        return found

    def told(self) -> list[tuple[str, str, str]]:
        """Give severity, code and field of all results, in order."""
        return sorted({(str(each.severity), each.code, each.field) for each in self.results})


Route = Callable[..., Routed]


@pytest.fixture(scope="session")
def intent() -> Callable[..., dict[str, Any]]:
    """Make a TrafficRoute about ``bookinfo/reviews`` from the text of its rules and the rest."""

    def made(
        rules: str = "[]", name: str = "reviews", namespace: str = "bookinfo", **spec: Any
    ) -> dict[str, Any]:
        parent = {"service": "reviews", "namespace": "bookinfo"}
        return {
            "apiVersion": INTENT,
            "kind": "TrafficRoute",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"parentRef": parent, "rules": yaml.safe_load(rules), **spec},
        }

    return made


@pytest.fixture(scope="session")
def routed() -> Route:
    """Route a package of some clusters, all of which hold BOOKINFO and what is beside it."""

    def run(
        *intents: Mapping[str, Any],
        clusters: Sequence[Any] = ("edge-a",),
        beside: str = "",
        only_in: Mapping[str, str] | None = None,
        bookinfo_in: Sequence[str] | None = None,
        **topology: Any,
    ) -> Routed:
        listed = [each if isinstance(each, dict) else {"name": each} for each in clusters]
        mesh_spec = {"clusters": listed, **topology}
        head = {"apiVersion": INTENT, "metadata": {"name": "mesh"}}
        resources = [Resource.of({**head, "kind": "MeshTopology", "spec": mesh_spec})]
        resources += [Resource.of(each) for each in intents]
        for cluster in (each["name"] for each in listed):
            texts = [BOOKINFO] if bookinfo_in is None or cluster in bookinfo_in else []
            texts += [beside, (only_in or {}).get(cluster, "")]
            bodies = [body for text in texts for body in yaml.safe_load_all(text) if body]
            resources += [
                Resource.of(body).at(Place(f"clusters/{cluster}/{index}.yaml", 0))
                for index, body in enumerate(bodies)
            ]
        return _decide(Package(resources))

    return run


def _decide(package: Package) -> Routed:
    mesh, _ = read_mesh(package)
    fleet = read_fleet(package, mesh)
    discovered, found = discover(mesh, fleet, package.of(ServiceDiscovery), package)
    assert not [each for each in found if each.severity == "error"]
    hosts, results = route(mesh, fleet, package.of(TrafficRoute), discovered)
    exposure, _ = expose(mesh, fleet, hosts, discovered)
    services, derived = version_services(fleet, hosts, exposure.labelled)
    written: dict[str, dict[Key, Mapping[str, Any]]] = {name: {} for name in mesh.clusters}
    for each in chain(
        virtual_services(hosts, mesh),
        *(emit(hosts, mesh) for emit in (http_routes, grpc_routes, tls_routes, tcp_routes)),
        services_of_versions(services),
    ):
        head = each.body["metadata"]
        key = (each.body["kind"], head["namespace"], head["name"])
        for cluster in each.clusters:
            assert key not in written[cluster], f"{key} is written twice"
            written[cluster][key] = each.body
    return Routed(hosts, [*results, *derived], written)
