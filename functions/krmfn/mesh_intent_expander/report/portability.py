"""What the same intents would lose as the Gateway API, or as Multi-Cluster Services."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from krmfn.mesh_intent_expander.intents import ServiceDiscovery, TrafficRoute
from krmfn.mesh_intent_expander.intents.report import NotPortable
from krmfn.mesh_intent_expander.plan.discovery import Discovered
from krmfn.mesh_intent_expander.report.reaching import named
from krmfn.mesh_intent_expander.routing.directory import Directory
from krmfn.mesh_intent_expander.routing.reading import read_routes
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import Fleet
from krmfn.sdk import Resource

MOST_INTENTS = 100
"""How many intents of a kind are looked at."""

_PREFERENCE = (
    "Multi-Cluster Services has no preference among clusters: only Istio's DestinationRule holds it"
)
_AUDIENCE = "a ServiceExport offers the service to all clusters and namespaces of its set"


def not_portable(
    mesh: Mesh,
    fleet: Fleet,
    discovered: Sequence[Discovered],
    routes: Iterable[TrafficRoute],
    discoveries: Iterable[ServiceDiscovery],
) -> Iterator[NotPortable]:
    """Yield the fields that the flavours cannot say which the intents are not written in."""
    looked_at = sorted(routes, key=_name)[:MOST_INTENTS]
    changed = [_as_gateway_api(each) for each in looked_at if _is_istio(each, mesh)]
    _, results = read_routes(changed, Directory(mesh, fleet, discovered))
    for result in results:
        if result.code == "not-portable" and result.resource is not None:
            what = result.message.partition(": ")[2] or result.message
            yield _lost(result.resource, result.field, "gateway-api", what)
    for each in sorted(discoveries, key=_name)[:MOST_INTENTS]:
        if each.spec.hostname != "clusterSet" and each.resource is not None:
            for field, what in _of_discovery(each):
                yield _lost(each.resource, f"spec.{field}", "mcs", what)


def _name(intent: TrafficRoute | ServiceDiscovery) -> tuple[str, str]:
    return intent.metadata.namespace, intent.metadata.name


def _lost(
    at: Resource, field: str, flavor: Literal["gateway-api", "mcs"], what: str
) -> NotPortable:
    return NotPortable(at=named(at), field=field, flavor=flavor, what=what)


def _is_istio(route: TrafficRoute, mesh: Mesh) -> bool:
    return (route.spec.flavor or mesh.flavor) == "istio"


def _as_gateway_api(route: TrafficRoute) -> TrafficRoute:
    spec = route.spec.model_copy(update={"flavor": "gateway-api"})
    return route.model_copy(update={"spec": spec})


def _of_discovery(intent: ServiceDiscovery) -> Iterator[tuple[str, str]]:
    consumers, balancing = intent.spec.consumers, intent.spec.load_balancing
    for field, value in (
        ("consumers.clusters", consumers.clusters),
        ("consumers.namespaces", consumers.namespaces),
        ("consumers.serviceAccounts", consumers.service_accounts),
    ):
        if value:
            yield field, _AUDIENCE
    if balancing.preference != "any":
        yield "loadBalancing.preference", _PREFERENCE
    if balancing.weights:
        yield "loadBalancing.weights", _PREFERENCE
    if balancing.failover is not None:
        yield "loadBalancing.failover", _PREFERENCE
