"""A mesh of three clusters on two networks, a service that moves, and what is written for it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pytest

from krmfn.kinds.relocation import RelocationPlan
from krmfn.mesh_intent_expander.emit import emit
from krmfn.mesh_intent_expander.emit.labels import labelled_resources
from krmfn.mesh_intent_expander.plan import Plan
from krmfn.mesh_intent_expander.plan.common import Emitted, ServiceKey
from krmfn.mesh_intent_expander.reading import read_fleet
from krmfn.mesh_intent_expander.resolve import resolve
from krmfn.mesh_intent_expander.steering import Course, follow
from krmfn.mesh_intent_expander.steering.probes import Probe, probes
from krmfn.mesh_intent_expander.steering.slicing import sliced_package
from krmfn.mesh_intent_expander.topology import read_mesh
from krmfn.mesh_intent_expander.view import Fleet
from krmfn.sdk import Package, Place, Resource, Result

INTENT = "intent.krmfn.dev/v1alpha1"
HOST = "api.shop.svc.cluster.local"

Change = Callable[[RelocationPlan | None, Emitted], Emitted]


def intent(kind: str, name: str, namespace: str = "shop", **spec: Any) -> Resource:
    """Give an intent, which never reaches a cluster."""
    local = {"config.kubernetes.io/local-config": "true"}
    return Resource.new(INTENT, kind, name, namespace=namespace, annotations=local, spec=spec)


def topology(**spec: Any) -> Resource:
    """Give clusters a and c on one network, b on another; each has a gateway."""
    clusters = [
        {
            "name": name,
            "network": network,
            "region": name,
            "zone": f"{name}1",
            "eastWestGateway": {"addresses": [f"198.51.100.{number}"]},
        }
        for number, (name, network) in enumerate((("a", "one"), ("b", "two"), ("c", "one")), 1)
    ]
    return intent("MeshTopology", "mesh", "", **{"clusters": clusters, **spec})


def inside(cluster: str, *resources: Resource) -> list[Resource]:
    """Put resources into a cluster."""
    return [
        each.at(Place(f"clusters/{cluster}/{each.kind}-{each.name}.yaml", 0)) for each in resources
    ]


def namespace(name: str, **labels: str) -> Resource:
    """Give a Namespace whose pods get sidecars, unless its labels say otherwise."""
    return Resource.new("v1", "Namespace", name, labels=labels or {"istio-injection": "enabled"})


def service(*ports: tuple[int, str], **spec: Any) -> Resource:
    """Give the Service that moves."""
    listed = [{"port": number, "name": name} for number, name in ports or ((80, "http"),)]
    body = {"selector": {"app": "api"}, "ports": listed, **spec}
    return Resource.new("v1", "Service", "api", namespace="shop", spec=body)


def workload(name: str = "api", namespace: str = "shop", **labels: str) -> Resource:
    """Give a Deployment; its pods have an account of its name."""
    pods = {"app": name, **labels}
    template = {
        "metadata": {"labels": pods},
        "spec": {"serviceAccountName": name, "containers": [{"name": "app", "image": "app:1"}]},
    }
    spec = {"selector": {"matchLabels": pods}, "template": template}
    return Resource.new("apps/v1", "Deployment", name, namespace=namespace, spec=spec)


def running(cluster: str) -> list[Resource]:
    """Give the service as it runs in a cluster."""
    return inside(cluster, namespace("shop"), service(), workload())


def web(cluster: str) -> list[Resource]:
    """Give a client in a cluster."""
    return inside(cluster, namespace("web"), workload("web", "web"))


def discovery(**spec: Any) -> Resource:
    """Give the ServiceDiscovery of the service."""
    said = {"service": {"name": "api"}, "consumers": {"namespaces": ["web"]}, **spec}
    return intent("ServiceDiscovery", "api", **said)


def plan(*phases: Mapping[str, Any], at: str | None = None, **spec: Any) -> Resource:
    """Give a RelocationPlan from a to b, with its own phases or the usual ones."""
    said = {"service": "api", "from": "a", "to": "b", **spec}
    said |= {"phases": list(phases)} if phases else {}
    return intent("RelocationPlan", "move", **said, **({"phase": at} if at else {}))


@dataclass
class World:
    """A package, and what is decided and written for it.

    Attributes:
        own: the cluster whose own package it is, "" for a package of all.
    """

    resources: Sequence[Resource]
    own: str = ""

    def __post_init__(self) -> None:
        self.package = Package(self.resources)
        self.mesh, self.problems = read_mesh(self.package, self.own)
        self.fleet = read_fleet(self.package, self.mesh)
        self.plans = self.package.of(RelocationPlan)

    @property
    def plan(self) -> RelocationPlan:
        (only,) = self.plans
        return only

    def resolved(
        self, plans: Sequence[RelocationPlan], fleet: Fleet | None = None
    ) -> tuple[Plan, list[Result]]:
        return resolve(self.mesh, fleet or self.fleet, self.package, plans)

    def at(self, phase: str) -> Plan:
        """Give what is decided with the plan at a phase."""
        return self.resolved([self.plan.at(phase)])[0]

    @property
    def results(self) -> list[Result]:
        return self.resolved(self.plans)[1]

    def told(self, code: str) -> Result:
        """Give the one result of a code."""
        (only,) = [each for each in self.results if each.code == code]
        return only

    def render(self, moving: RelocationPlan | None, fleet: Fleet) -> Iterable[Emitted]:
        """Give all objects that are written with the plan at its phase, or without it."""
        decided, _ = self.resolved([moving] if moving else [], fleet)
        yield from emit(decided)
        for each in labelled_resources(decided.exposure.labelled):
            yield Emitted(each.body, (each.cluster,), "exposure", each)

    def followed(self, change: Change = lambda _, each: each) -> tuple[Course, list[Result]]:
        """Follow the move, with objects as a change leaves them."""
        (found,) = self.resolved(self.plans)[0].discovered

        def render(moving: RelocationPlan | None, fleet: Fleet) -> Iterable[Emitted]:
            return (change(moving, each) for each in self.render(moving, fleet))

        return follow(self.mesh, self.fleet, self.plan, found, render)


def world(*resources: Resource, top: Resource | None = None, clients: str = "abc") -> World:
    """Give a world with clients in these clusters; the usual service when no other one is said."""
    callers = chain.from_iterable(web(cluster) for cluster in clients)
    said = {(each.kind, each.cluster) for each in resources}
    usual = [] if "Service" in {kind for kind, _ in said} else [*running("a"), *running("b")]
    usual += [] if ("ServiceDiscovery", "") in said else [discovery()]
    return World([top or topology(), *usual, *callers, *resources])


class Words:
    """The words that tests tell a move by."""

    host = HOST
    of = World
    world = staticmethod(world)
    intent = staticmethod(intent)
    topology = staticmethod(topology)
    discovery = staticmethod(discovery)
    plan = staticmethod(plan)
    inside = staticmethod(inside)
    namespace = staticmethod(namespace)
    service = staticmethod(service)
    workload = staticmethod(workload)
    running = staticmethod(running)
    web = staticmethod(web)

    @staticmethod
    def sliced(resources: Sequence[Resource], namespace: str, name: str) -> list[Resource]:
        """Give what has to do with a service."""
        return list(sliced_package(Package(resources), ServiceKey(namespace, name)))

    probe = Probe

    @staticmethod
    def probes(resources: Sequence[Resource]) -> list[Probe]:
        """Give the requests to try for these objects."""
        return probes(resources, "shop", HOST)

    @staticmethod
    def phase(step: str, weight: int | None = None) -> dict[str, Any]:
        """Give a phase that is named after its step and weight."""
        if weight is None:
            return {"name": step.lower(), "step": step}
        return {"name": f"shift-{weight}", "step": step, "weight": weight}


@pytest.fixture(scope="session")
def words() -> type[Words]:
    return Words
