"""Routes and mirrors name subsets that some DestinationRule of the host has."""

from collections.abc import Iterable

from krmfn.mesh_intent_expander.analysis.finding import Finding
from krmfn.mesh_intent_expander.analysis.hosts import service_name
from krmfn.mesh_intent_expander.analysis.reading import quoted, text
from krmfn.mesh_intent_expander.analysis.references import NOT_FOUND
from krmfn.mesh_intent_expander.analysis.virtual_services import destinations, virtual_services
from krmfn.mesh_intent_expander.view import (
    ISTIO_NETWORKING,
    ClusterView,
    Fleet,
    mappings,
    namespace_of,
    spec_of,
)

CODES = (NOT_FOUND,)


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield destinations whose subset is in no DestinationRule of their host."""
    known = _subsets(view)
    for resource in virtual_services(view):
        for each in destinations(resource):
            name = service_name(each.host, namespace_of(resource), view.domain)
            subsets = known.get(name, {})
            if each.subset and each.subset not in subsets:
                there = f"there are {quoted(subsets)}" if subsets else "there is none"
                message = (
                    f'must be a subset of a DestinationRule for "{each.host}" ({there}), '
                    f'but is "{each.subset}"'
                )
                yield Finding(NOT_FOUND, resource, message, f"{each.field}.subset")


def _subsets(view: ClusterView) -> dict[tuple[str, str], dict[str, None]]:
    """Give the names of subsets by namespace and name of their Service, in order."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for rule in view.of("DestinationRule", ISTIO_NETWORKING):
        spec = spec_of(rule)
        name = service_name(text(spec.get("host")), namespace_of(rule), view.domain)
        for subset in mappings(spec.get("subsets")):
            found.setdefault(name, {})[text(subset.get("name"))] = None
    return found
