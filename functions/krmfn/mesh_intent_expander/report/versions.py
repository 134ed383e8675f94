"""Parts of objects that the version of a cluster's Istio or Gateway API does not have."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from krmfn.mesh_intent_expander.analysis.versions import FIELDS, KINDS, V1, Version, found
from krmfn.mesh_intent_expander.intents.report import TooOld
from krmfn.mesh_intent_expander.report.reaching import named
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import (
    GATEWAY_API,
    ISTIO_NETWORKING,
    ISTIO_SECURITY,
    ISTIO_TELEMETRY,
    ClusterView,
    Fleet,
)
from krmfn.sdk import Resource

_Kind = tuple[str, str]
_GROUPS = (ISTIO_NETWORKING, ISTIO_SECURITY, ISTIO_TELEMETRY)

GATEWAY_KINDS: Mapping[_Kind, Version] = {
    (GATEWAY_API, "GRPCRoute"): (1, 1),
    (GATEWAY_API, "TLSRoute"): (1, 5),
    (GATEWAY_API, "TCPRoute"): (1, 6),
}
GATEWAY_FIELDS: Mapping[_Kind, Mapping[str, Version]] = {
    (GATEWAY_API, "HTTPRoute"): {
        "rules[].timeouts": (1, 2),
        "rules[].filters[].requestMirror.percent": (1, 3),
        "rules[].filters[].requestMirror.fraction": (1, 3),
    },
    (GATEWAY_API, "Gateway"): {"infrastructure.labels": (1, 2)},
}
"""Since when the Gateway API's standard channel has a kind as ``v1``, or a field of one.

Source: the change notes of the Gateway API.
"""


@dataclass(frozen=True, slots=True)
class _Having:
    """What some version has.

    Attributes:
        whose: whose version it is.
    """

    whose: str
    version: Version
    kinds: Mapping[_Kind, Version]
    fields: Mapping[_Kind, Mapping[str, Version]]


def too_old(fleet: Fleet, mesh: Mesh) -> Iterator[TooOld]:
    """Yield what clusters of a known version do not have, of what their objects say."""
    for name, view in fleet.views.items():
        cluster = mesh.clusters.get(name)
        if cluster is not None and cluster.istio_version is not None:
            yield from _older(view, _Having("Istio", cluster.istio_version, KINDS, FIELDS))
        if cluster is not None and (version := cluster.gateway_api_version) is not None:
            having = _Having("Gateway API", version, GATEWAY_KINDS, GATEWAY_FIELDS)
            yield from _older(view, having)


def _older(view: ClusterView, having: _Having) -> Iterator[TooOld]:
    by_need: dict[tuple[str, Version], list[Resource]] = {}
    for resource, what, since in _young(view, having):
        by_need.setdefault((what, since), []).append(resource)
    for (what, since), resources in sorted(by_need.items(), key=lambda each: each[0]):
        yield TooOld(
            cluster=view.name,
            version=f"{having.whose} {_dotted(having.version)}",
            needs=_dotted(since),
            what=what,
            objects=len({id(each) for each in resources}),
            example=named(resources[0]),
        )


def _young(view: ClusterView, having: _Having) -> Iterator[tuple[Resource, str, Version]]:
    """Yield objects with what they have that is younger than a version."""
    have = having.version
    if having.whose == "Istio" and have < V1:
        for resource in view.resources:
            if resource.group in _GROUPS and resource.api_version.endswith("/v1"):
                yield resource, f"`{resource.api_version}`", V1
    for (group, kind), since in having.kinds.items():
        for resource in view.of(kind, group) if have < since else ():
            yield resource, kind, since
    for (group, kind), fields in having.fields.items():
        for path, since in fields.items():
            for resource in view.of(kind, group) if have < since else ():
                if any(found(resource, path)):
                    yield resource, f"`{path}` of {kind}", since


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))
