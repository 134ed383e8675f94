"""How a client and the server at the end of a way take each other."""

from dataclasses import replace

from krmfn.mesh_intent_expander.semantics.authentication import ServerMode
from krmfn.mesh_intent_expander.semantics.outcome import Leg
from krmfn.mesh_intent_expander.semantics.request import Client
from krmfn.mesh_intent_expander.semantics.world import World


def met(world: World, client: Client, identities: tuple[str, ...], leg: Leg) -> Leg:
    """Give a way with how the server at its end takes the connection.

    Args:
        world: the mesh.
        client: who speaks.
        identities: who must answer; anybody of the mesh when empty.
        leg: the way.
    """
    endpoint, workload = leg.endpoint, leg.endpoint.workload
    if leg.problem:
        return leg
    if leg.priority is None:
        text = "the locality setting (`distribute`) gives it nothing"
        return replace(leg, outcome="no-endpoint", problem=text)
    if workload is None:
        return leg
    if endpoint.port is None:
        text = "its pods must have the Service's target port"
        return replace(leg, outcome="no-endpoint", problem=text)
    if endpoint.data_plane == "none":
        problem = _NO_PROXY if leg.client_mode == "mtls" else ""
        return replace(leg, problem=problem, outcome="refused" if problem else "reached")
    peers = world.plane(endpoint.cluster).peers
    server = peers.of_workload(workload.namespace, workload.labels, endpoint.port)
    problem = _refusal(leg, server) or _identity_problem(world, client, identities, leg)
    return replace(
        leg,
        server_mode=server.mode,
        resource=server.resource,
        field=server.field,
        problem=problem,
        outcome="refused" if problem else "reached",
    )


_NO_PROXY = "it has no proxy, but the client speaks mutual TLS"


def _refusal(leg: Leg, server: ServerMode) -> str:
    """Say why a proxy does not take a connection, "" when it does; ztunnel takes what is secure."""
    is_mtls = leg.client_mode == "mtls"
    if server.mode == "STRICT" and not is_mtls:
        return f"it takes mutual TLS only, but the client speaks {leg.client_mode}"
    if server.mode == "DISABLE" and is_mtls and leg.endpoint.data_plane == "sidecar":
        return "it takes plaintext only, but the client speaks mutual TLS"
    return ""


def _identity_problem(world: World, client: Client, identities: tuple[str, ...], leg: Leg) -> str:
    """Say which end does not accept the other's identity, "" when both do."""
    if leg.client_mode != "mtls" or leg.endpoint.workload is None:
        return ""
    domain = world.clusters[client.cluster].trust_domain
    accepted = world.plane(leg.endpoint.cluster).trust_domains
    if domain not in accepted:
        return f'its trust domain "{accepted[0]}" must have "{domain}" as alias'
    workload = leg.endpoint.workload
    own = world.clusters[leg.endpoint.cluster].trust_domain
    identity = f"spiffe://{own}/ns/{workload.namespace}/sa/{workload.service_account}"
    if identities and identity not in identities:
        return f"the client wants another identity than {identity}"
    return ""
