"""A Service that stands in several clusters is the same in all of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.reading import quoted
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, mappings, spec_of
from krmfn.sdk import Resource

INCONSISTENT = Code(
    "IST0170",
    Level.WARNING,
    "A Service must be the same in all clusters.",
    "MultiClusterInconsistentService",
)
CODES = (INCONSISTENT,)


def check(view: ClusterView, fleet: Fleet) -> Iterable[Finding]:
    """Yield Services that differ between clusters, told in the first cluster that has them."""
    for (namespace, name), service in view.services.items():
        clusters = fleet.clusters_with(namespace, name)
        if service.resource is None or len(clusters) == 1 or clusters[0] != view.name:
            continue
        others = {
            cluster: other
            for cluster in clusters[1:]
            if (other := fleet[cluster].services[namespace, name].resource) is not None
        }
        if differing := _differing(service.resource, others):
            message = (
                f"must be the same in clusters {quoted((view.name, *clusters[1:]))}, "
                f"but differs in {' and '.join(differing)}"
            )
            rest = tuple(others.values())
            yield Finding(INCONSISTENT, service.resource, message, "spec", rest)


def _differing(service: Resource, others: Mapping[str, Resource]) -> list[str]:
    """Name what of a Service is not the same everywhere."""
    known = [_traits(spec_of(each)) for each in (service, *others.values())]
    return [trait for trait in known[0] if any(each[trait] != known[0][trait] for each in known)]


def _traits(spec: Mapping[str, Any]) -> dict[str, Any]:
    ports = sorted(mappings(spec.get("ports")), key=lambda port: str(port.get("name") or ""))
    return {
        "being headless": spec.get("clusterIP") == "None",
        "`type`": spec.get("type") or "ClusterIP",
        "`ports`": [_port(port) for port in ports],
    }


def _port(port: Mapping[str, Any]) -> dict[str, Any]:
    """Give a port as the API server completes it."""
    defaults = {"protocol": "TCP", "targetPort": port.get("port")}
    return defaults | {key: value for key, value in port.items() if value not in (None, "")}
