"""The Istio of a cluster has what the cluster's objects say."""

from collections.abc import Iterable, Iterator

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.planes import plane_of
from krmfn.mesh_intent_expander.analysis.versions import FIELDS, KINDS, V1, Version, found
from krmfn.mesh_intent_expander.semantics.world import world_of
from krmfn.mesh_intent_expander.view import (
    ISTIO_NETWORKING,
    ISTIO_SECURITY,
    ISTIO_TELEMETRY,
    ClusterView,
    Fleet,
)
from krmfn.sdk import Resource

TOO_OLD = Code(
    "istio-too-old",
    Level.ERROR,
    "The Istio of a cluster must have what the cluster's objects say.",
)
CODES = (TOO_OLD,)

_V1 = frozenset(f"{group}/v1" for group in (ISTIO_NETWORKING, ISTIO_SECURITY, ISTIO_TELEMETRY))


def check(view: ClusterView, fleet: Fleet) -> Iterable[Finding]:
    """Yield what a cluster's version of Istio does not have, where the version is known."""
    have = world_of(fleet).clusters[view.name].istio_version
    if have is None or plane_of(view, fleet) is None:
        return
    for resource, field, since in _young(view, have):
        first, own = (".".join(map(str, version)) for version in (since, have))
        message = (
            f'must be left out: Istio has it since {first}, and cluster "{view.name}" has {own}'
        )
        yield Finding(TOO_OLD, resource, message, field)


def _young(view: ClusterView, have: Version) -> Iterator[tuple[Resource, str, Version]]:
    """Yield what is younger than a version."""
    for resource in view.resources if have < V1 else ():
        if resource.body.get("apiVersion") in _V1:
            yield resource, "apiVersion", V1
    for (group, kind), since in KINDS.items():
        for resource in view.of(kind, group) if have < since else ():
            yield resource, "kind", since
    for (group, kind), fields in FIELDS.items():
        young = [(path, since) for path, since in fields.items() if have < since]
        for resource in view.of(kind, group) if young else ():
            for path, since in young:
                for field in found(resource, path):
                    yield resource, field, since
