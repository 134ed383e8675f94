"""A mesh in few words, and what is decided and written for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any

import pytest
import yaml

from krmfn.mesh_intent_expander.discovery import destinations, discover, egress, expose
from krmfn.mesh_intent_expander.emit.ambient import east_west_gateways, waypoint_gateways
from krmfn.mesh_intent_expander.emit.destination_rule import destination_rules
from krmfn.mesh_intent_expander.emit.gateway import gateways
from krmfn.mesh_intent_expander.emit.service_entry import service_entries
from krmfn.mesh_intent_expander.emit.service_export import service_exports
from krmfn.mesh_intent_expander.emit.sidecar import sidecars
from krmfn.mesh_intent_expander.emit.stub_service import stub_services
from krmfn.mesh_intent_expander.intents import ServiceDiscovery
from krmfn.mesh_intent_expander.plan.discovery import Discovered
from krmfn.mesh_intent_expander.plan.routes import RoutedHost
from krmfn.mesh_intent_expander.reading import read_fleet
from krmfn.mesh_intent_expander.topology import read_mesh
from krmfn.sdk import Package, Place, Resource, Result

INTENT = "intent.krmfn.dev/v1alpha1"


@dataclass
class World:
    """A package and what is decided for it."""

    resources: Sequence[Resource]
    hosts: Sequence[RoutedHost] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        package = Package(self.resources)
        self.mesh, told = read_mesh(package)
        self.fleet = read_fleet(package, self.mesh)
        self.discovered, found = discover(
            self.mesh, self.fleet, package.of(ServiceDiscovery), package
        )
        self.exposure, exposed = expose(self.mesh, self.fleet, self.hosts, self.discovered)
        self.egress, seen = egress(self.mesh, self.fleet, self.hosts, self.discovered)
        self.results: list[Result] = [*told, *found, *exposed, *seen]

    @property
    def only(self) -> Discovered:
        (found,) = self.discovered
        return found

    @cached_property
    def destinations(self) -> Any:
        return destinations(self.mesh, self.fleet, self.hosts, self.discovered, {})

    def codes(self) -> list[str]:
        return sorted({f"{each.severity}:{each.code}" for each in self.results})

    def told(self, code: str) -> Result:
        return next(each for each in self.results if each.code == code)

    def written(self, cluster: str) -> dict[tuple[str, str, str], dict[str, Any]]:
        """Give the specs that are written for a cluster, by kind, namespace and name."""
        emitted = chain(
            destination_rules(self.destinations),
            service_entries(self.discovered),
            gateways(self.exposure.gateways),
            waypoint_gateways(self.exposure.waypoints),
            east_west_gateways(self.exposure.hbone_gateways),
            stub_services(self.exposure.stubs),
            service_exports(self.discovered),
            sidecars(self.egress),
        )
        found: dict[tuple[str, str, str], dict[str, Any]] = {}
        for each in emitted:
            head = each.body["metadata"]
            key = (each.body["kind"], head["namespace"], head["name"])
            if cluster in each.clusters:
                assert key not in found, f"{key} is written twice"
                found[key] = each.body.get("spec", {})
        return found


def cluster(name: str, **fields: Any) -> dict[str, Any]:
    """Give a cluster with a network, a locality and a gateway of its own."""
    return {
        "name": name,
        "network": f"net-{name}",
        "region": f"region-{name}",
        "eastWestGateway": {"addresses": [f"ew.{name}.example.com"]},
        "istioVersion": "1.30",
    } | fields


def topology(*clusters: Any, **spec: Any) -> str:
    listed = [cluster(each) if isinstance(each, str) else each for each in clusters]
    body = {
        "apiVersion": INTENT,
        "kind": "MeshTopology",
        "metadata": {"name": "mesh"},
        "spec": {"clusters": listed, **spec},
    }
    return yaml.safe_dump(body)


def discovery(key: str = "bookinfo/reviews", /, **spec: Any) -> str:
    namespace, name = key.split("/")
    body = {
        "apiVersion": INTENT,
        "kind": "ServiceDiscovery",
        "metadata": {"name": f"{namespace}-{name}"},
        "spec": {"service": {"name": name, "namespace": namespace}, **spec},
    }
    return yaml.safe_dump(body)


def service(key: str = "bookinfo/reviews", *, port: int = 9080, account: str = "reviews") -> str:
    """Give a Service with its Deployment."""
    namespace, name = key.split("/")
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  selector: {{app: {name}}}
  ports: [{{name: http, port: {port}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      serviceAccountName: {account}
      containers: [{{name: app, image: "app:1"}}]
"""


def namespace(name: str, **labels: str) -> str:
    """Give a Namespace, injected unless its labels say otherwise."""
    body = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": labels or {"istio-injection": "enabled"}},
    }
    return yaml.safe_dump(body)


def world(*root: str, hosts: Sequence[RoutedHost] = (), **clusters: str | Sequence[str]) -> World:
    """Give what is decided for texts at the package's root, and for those of clusters.

    Args:
        root: YAML of the intents.
        hosts: what is routed.
        clusters: YAML of each cluster, by its name.
    """
    texts = [("mesh.yaml", text) for text in root]
    texts += [
        (f"clusters/{name}/objects.yaml", text)
        for name, given in clusters.items()
        for text in ([given] if isinstance(given, str) else given)
    ]
    resources = [
        Resource.parse(document, place=Place(path, index))
        for index, (path, text) in enumerate(texts)
        for document in text.split("\n---\n")
    ]
    return World(resources, hosts)


class Words:
    """The words that tests tell a mesh by."""

    of = World

    world = staticmethod(world)
    cluster = staticmethod(cluster)
    topology = staticmethod(topology)
    discovery = staticmethod(discovery)
    service = staticmethod(service)
    namespace = staticmethod(namespace)


@pytest.fixture(scope="session")
def words() -> type[Words]:
    return Words
