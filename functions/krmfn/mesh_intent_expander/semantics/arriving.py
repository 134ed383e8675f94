"""What a server, or a waypoint before it, does with a request that has come to it."""

from collections.abc import Mapping

from krmfn.mesh_intent_expander.semantics.authentication import checked
from krmfn.mesh_intent_expander.semantics.authorization import Policy, Verdict, authorize
from krmfn.mesh_intent_expander.semantics.conditions import Facts
from krmfn.mesh_intent_expander.semantics.outcome import Arrival, Leg, Outcome
from krmfn.mesh_intent_expander.semantics.request import Client, Request
from krmfn.mesh_intent_expander.semantics.world import World
from krmfn.mesh_intent_expander.view import Workload
from krmfn.sdk import Resource

_Held = tuple[tuple[Policy, ...], tuple[Resource, ...]]


def identity(world: World, client: Client) -> str:
    """Give the identity of a client, without ``spiffe://``."""
    domain = world.clusters[client.cluster].trust_domain
    return f"{domain}/ns/{client.namespace}/sa/{client.service_account}"


def facts(
    request: Request, principal: str, claims: Mapping[str, object], *, port: int, http: bool
) -> Facts:
    """Give what a server knows of a request."""
    return Facts(
        principal=principal,
        address=request.client.address,
        port=port,
        server_name=request.host,
        http=http,
        method=request.method,
        path=request.path,
        authority=request.authority,
        headers=request.headers,
        claims=claims,
    )


class Servers:
    """The servers of a mesh, each with the policies that hold at it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._held: dict[tuple[str, int], _Held] = {}

    def arrive(self, request: Request, leg: Leg, principal: str, *, http: bool) -> Arrival:
        """Say what happens at the end of a way.

        Args:
            request: the request.
            leg: the way.
            principal: who comes there: the client, or the waypoint on the way.
            http: whether the request is read as HTTP on the way.
        """
        workload = leg.endpoint.workload
        if leg.outcome != "reached":
            return _of_leg(leg, leg.problem)
        if workload is None:
            return _of_leg(leg, "it leaves the mesh")
        if leg.endpoint.data_plane == "none":
            return _of_leg(leg, "no proxy stands before it")
        policies, tokens = self._held_at(leg.endpoint.cluster, workload)
        reads = http and leg.endpoint.data_plane == "sidecar"
        token = checked(request.claims if reads else {}, tokens)
        if token.problem:
            return Arrival(leg, "denied", token.problem, None, token.resource, "spec.jwtRules")
        who = principal if leg.client_mode == "mtls" else ""
        known = facts(request, who, token.claims, port=leg.endpoint.port or 0, http=reads)
        verdict = authorize(policies, known, self._providers(leg))
        return _judged(leg, verdict)

    def _providers(self, leg: Leg) -> frozenset[str] | None:
        return self._world.plane(leg.endpoint.cluster).policies.providers

    def _held_at(self, cluster: str, workload: Workload) -> _Held:
        """Give the policies and the RequestAuthentications that hold at pods."""
        key = (cluster, id(workload))
        if key not in self._held:
            plane, labels = self._world.plane(cluster), workload.labels
            self._held[key] = (
                plane.policies.of_pods(workload.namespace, labels),
                plane.tokens.of(workload.namespace, labels),
            )
        return self._held[key]


def _of_leg(leg: Leg, reason: str) -> Arrival:
    return Arrival(leg, leg.outcome, reason, None, leg.resource, leg.field)


def _judged(leg: Leg, verdict: Verdict) -> Arrival:
    reason = verdict.reason
    if verdict.allowed and verdict.asks:
        reason = f"{', '.join(verdict.asks)} is asked; then {reason}"
    outcome: Outcome = "reached" if verdict.allowed else "denied"
    return Arrival(leg, outcome, reason, verdict, verdict.resource, verdict.field)
