"""The course of a move: its steps in order, and the proof that no client loses the service."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from krmfn.kinds.relocation import RelocationPlan
from krmfn.mesh_intent_expander.plan.discovery import Discovered
from krmfn.mesh_intent_expander.semantics.outcome import Trace
from krmfn.mesh_intent_expander.semantics.request import Client, Request
from krmfn.mesh_intent_expander.semantics.trace import Tracer
from krmfn.mesh_intent_expander.steering.population import Population
from krmfn.mesh_intent_expander.steering.probes import probes
from krmfn.mesh_intent_expander.steering.proof import Moment, Proof, prove
from krmfn.mesh_intent_expander.steering.slicing import sliced_fleet
from krmfn.mesh_intent_expander.steering.stages import Cast, Render, Stages
from krmfn.mesh_intent_expander.steering.steps import Step, steps
from krmfn.mesh_intent_expander.steering.telling import Caller, tell, too_many, unproven
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import Fleet
from krmfn.sdk import Result

_MOST = 1_000
_WELL = ("reached", "answered")


@dataclass(frozen=True, slots=True)
class Course:
    """What is done in a move, and whether it is safe.

    Attributes:
        proof: None where the package does not hold the pods of the service.
    """

    plan: RelocationPlan
    steps: tuple[Step, ...]
    proof: Proof[Caller] | None


def follow(
    mesh: Mesh, fleet: Fleet, plan: RelocationPlan, found: Discovered, render: Render
) -> tuple[Course, list[Result]]:
    """Follow a move from before it to after it, as the objects have it that are rendered for it.

    Whoever reaches the service before the move must reach it at every moment, with all requests
    that got there before.

    Args:
        mesh: the mesh and its clusters.
        fleet: what people's packages put into each cluster.
        plan: the move, at any phase.
        found: how the service is found.
        render: gives what is written at a phase.
    """
    ends = (plan.spec.from_, plan.spec.to)
    cast = _cast(mesh, fleet, found, frozenset(ends))
    population = Population(mesh, sliced_fleet(fleet, mesh, cast.namespaces), found, ends)
    stages = Stages(mesh, plan, population, render, cast)
    order = steps(stages, found.hostname)
    if not population.is_known:
        return Course(plan, order, None), [unproven(plan)]
    lost = _Judge(stages, found)
    before = Moment(0, frozenset(), frozenset(), frozenset((plan.spec.from_,)))
    everyone = _callers(fleet, found, stages)
    callers = [each for each in islice(everyone, _MOST) if not lost(each, before)]
    rest = any(True for _ in everyone)
    proof = prove(callers, stages.stages, lost)
    told = list(tell(plan, stages, proof, callers))
    return Course(plan, order, proof), [*told, *([too_many(plan, _MOST)] if rest else [])]


class _Judge:
    """Says what happens to a caller's requests where some of them are lost."""

    def __init__(self, stages: Stages, found: Discovered) -> None:
        self._stages, self._host = stages, found.hostname
        self._tracers: dict[tuple[int, ...], Tracer] = {}
        self._mesh = stages.mesh

    def __call__(self, caller: Caller, moment: Moment) -> str:
        fleet = self._stages.fleet(caller.client.cluster, moment)
        key = tuple(id(view) for view in fleet.views.values())
        if key not in self._tracers:
            self._tracers[key] = Tracer(fleet, self._mesh)
        request = Request(
            client=caller.client,
            host=self._host,
            port=caller.port,
            method=caller.probe.method,
            path=caller.probe.path,
            headers=caller.probe.headers,
        )
        return _lost(self._tracers[key].trace(request))


def _lost(trace: Trace) -> str:
    """Say what happens to the requests that do not get to a server, "" when all do."""
    if trace.outcome not in _WELL:
        return trace.reason
    for backend in trace.backends:
        if not backend.percent:
            continue
        if backend.outcome not in _WELL:
            return f"{backend.percent:g} % of its requests are lost: {backend.reason}"
        for arrival in backend.served:
            if arrival.outcome not in _WELL:
                return f'in cluster "{arrival.cluster}" it is turned away: {arrival.reason}'
    return ""


def _cast(mesh: Mesh, fleet: Fleet, found: Discovered, ends: frozenset[str]) -> Cast:
    gateways = {each.gateway.namespace for each in mesh.clusters.values() if each.gateway}
    clients = frozenset(found.clients)
    namespaces = {found.service.namespace, mesh.root_namespace, *gateways}
    namespaces |= {
        each.namespace
        for name in clients
        for each in fleet[name].workloads
        if found.is_used_from(each.namespace)
    }
    return Cast(mesh, ends | frozenset(found.servers), clients, frozenset(namespaces))


def _callers(fleet: Fleet, found: Discovered, stages: Stages) -> Iterator[Caller]:
    """Yield who may call the service, and how."""
    own = stages.objects(0, stages.source)
    asked = probes([*own, *fleet[stages.source].resources], found.service.namespace, found.hostname)
    for cluster in found.clients:
        for client in _clients(fleet, found, cluster):
            for port in found.ports:
                for probe in asked:
                    yield Caller(client, port.number, probe)


def _clients(fleet: Fleet, found: Discovered, cluster: str) -> Iterable[Client]:
    """Give the clients of a cluster, those of equal identity once."""
    view = fleet[cluster]
    clients: dict[tuple[str, ...], Client] = {}
    for workload in view.workloads:
        account = f"{workload.namespace}/{workload.service_account}"
        if found.is_used_from(workload.namespace) and (
            not found.accounts
            or account in found.accounts
            or workload.namespace in found.namespaces
        ):
            client = Client.of(view, workload)
            clients.setdefault((account, client.data_plane), client)
    return clients.values()
