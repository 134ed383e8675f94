"""What is used across networks is reached through the gateways there.

A gateway between networks leads on by the name that a client sends: of a host, a port and a subset.
It knows those of its own control plane only, and has only endpoints that speak mutual TLS.
Source: ``builtAutoPassthroughFilterChains`` of Istio's ``pilot/pkg/networking/core/gateway.go``.
"""

from collections.abc import Iterable, Iterator

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.planes import governed, plane_of
from krmfn.mesh_intent_expander.analysis.uses import Use, uses
from krmfn.mesh_intent_expander.semantics.crossing import exposes, speaks_mtls
from krmfn.mesh_intent_expander.semantics.destinations import NO_POLICY
from krmfn.mesh_intent_expander.semantics.endpoints import Endpoint, endpoints_in
from krmfn.mesh_intent_expander.semantics.registry import Host
from krmfn.mesh_intent_expander.semantics.world import ControlPlane, Entrance, World, world_of
from krmfn.mesh_intent_expander.topology import Gateway
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, selects

NO_GATEWAY = Code(
    "network-without-gateway",
    Level.ERROR,
    "A network that others use must have an east-west gateway.",
)
HIDDEN = Code(
    "host-not-exposed",
    Level.ERROR,
    "The gateway of a network must expose the hosts that other networks use.",
)
NO_SUBSET = Code(
    "subset-unknown-to-server",
    Level.ERROR,
    "A subset that other networks use must be in a DestinationRule of the server's cluster.",
)
NO_MTLS = Code(
    "remote-endpoint-without-mtls",
    Level.WARNING,
    "What other networks use must speak mutual TLS.",
)
CODES = (NO_GATEWAY, HIDDEN, NO_SUBSET, NO_MTLS)
