"""A mesh of two clusters on two networks, written as people write it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import pytest

from krmfn.mesh_intent_expander.emit import emit
from krmfn.mesh_intent_expander.emit.labels import labelled_resources
from krmfn.mesh_intent_expander.emit.placing import place
from krmfn.mesh_intent_expander.intents import MeshIntentExpanderSpec
from krmfn.mesh_intent_expander.intents.report import MeshReportStatus, Reach
from krmfn.mesh_intent_expander.plan import Plan
from krmfn.mesh_intent_expander.reading import read_fleet
from krmfn.mesh_intent_expander.report.reporting import report_of
from krmfn.mesh_intent_expander.report.targets import targets
from krmfn.mesh_intent_expander.resolve import resolve
from krmfn.mesh_intent_expander.semantics.trace import Tracer
from krmfn.mesh_intent_expander.topology import Mesh, read_mesh
from krmfn.mesh_intent_expander.view import Fleet
from krmfn.sdk import Package, Place, Resource, Result, yaml_load_all

TOPOLOGY = """
apiVersion: intent.krmfn.dev/v1alpha1
kind: MeshTopology
metadata: {name: mesh, annotations: {config.kubernetes.io/local-config: "true"}}
spec:
  clusters:
  - {name: east, network: one, eastWestGateway: {addresses: [198.51.100.1]}, istioVersion: "1.20"}
  - {name: west, network: two, eastWestGateway: {addresses: [198.51.100.2]}}
"""
NAMESPACES = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Namespace
metadata: {name: web, labels: {istio-injection: enabled}}
"""
WORKLOAD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: %(name)s, namespace: %(namespace)s}
spec:
  selector: {matchLabels: {app: %(name)s}}
  template:
    metadata: {labels: {app: %(name)s}}
    spec:
      serviceAccountName: %(name)s
      containers: [{name: app, image: registry.example.com/app, ports: [{containerPort: 8080}]}]
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: %(name)s, namespace: %(namespace)s}
spec:
  selector: {app: %(name)s}
  ports: [{name: http, port: 80, targetPort: 8080}]
"""
DISCOVERY = """
apiVersion: intent.krmfn.dev/v1alpha1
kind: ServiceDiscovery
metadata: {name: api, namespace: shop, annotations: {config.kubernetes.io/local-config: "true"}}
spec:
  service: {name: api}
  consumers: {clusters: [west], namespaces: [web]}
"""


def workload(name: str, namespace: str) -> str:
    """Give a Deployment of one account, both of this name."""
    return WORKLOAD % {"name": name, "namespace": namespace}


def served(name: str, namespace: str) -> str:
    """Give a Deployment and its Service."""
    return workload(name, namespace) + "---" + SERVICE % {"name": name, "namespace": namespace}


BASE: Mapping[str, Iterable[str]] = {
    "": (TOPOLOGY, DISCOVERY),
    "east": (NAMESPACES, served("api", "shop")),
    "west": (NAMESPACES, workload("portal", "web")),
}
"""Service shop/api on east, and its consumer web/portal on west."""


@dataclass(frozen=True)
class Rendered:
    """A package with all that is made for it.

    Attributes:
        people: what people wrote, by cluster; "" for what is no cluster's.
    """

    people: Mapping[str, Iterable[str]]

    @cached_property
    def package(self) -> Package:
        return Package(
            Resource.of(body).at(Place(f"{folder}{number}.yaml", 0))
            for cluster, texts in self.people.items()
            for folder in (f"clusters/{cluster}/" if cluster else "",)
            for number, body in enumerate(body for text in texts for body in yaml_load_all(text))
        )

    @cached_property
    def mesh(self) -> Mesh:
        return read_mesh(self.package)[0]

    @cached_property
    def resolved(self) -> tuple[Plan, list[Result]]:
        return resolve(self.mesh, read_fleet(self.package, self.mesh), self.package, [])

    @cached_property
    def fleet(self) -> Fleet:
        plan, _ = self.resolved
        made = [each.resource for each in place(emit(plan), self.mesh, MeshIntentExpanderSpec())]
        changed = list(labelled_resources(plan.exposure.labelled))
        return read_fleet([*self.package, *changed, *made], self.mesh, rendered=True)

    @cached_property
    def status(self) -> MeshReportStatus:
        plan, results = self.resolved
        return report_of(self.fleet, plan, self.package, results).status

    def side(self) -> "tuple[Tracer, list[object]]":
        return Tracer(self.fleet, self.mesh), list(targets(self.fleet, self.resolved[0].discovered))

    def row(self, client: str, on: str, service: str = "shop/api", to: str = "east") -> Reach:
        """Give the row of a client to a service in a cluster, or in none."""
        return next(
            row
            for row in self.status.reachability
            if row.service == service
            and client in row.from_.get(on, ())
            and (to in row.clusters or (not to and not row.clusters))
        )


Render = Callable[..., Rendered]


@pytest.fixture
def render() -> Render:
    """Render the mesh, with more in its clusters."""

    def call(*, base: Mapping[str, Iterable[str]] = BASE, **more: str | Iterable[str]) -> Rendered:
        people = {cluster: [*texts] for cluster, texts in base.items()}
        for cluster, texts in more.items():
            name = "" if cluster == "intents" else cluster
            people.setdefault(name, []).extend([texts] if isinstance(texts, str) else texts)
        return Rendered(people)

    return call
