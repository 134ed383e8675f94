"""The clusters as a plan will have them, by which what is written for its phase is to be judged."""

from collections.abc import Iterable

from krmfn.kinds.relocation import RelocationPlan
from krmfn.mesh_intent_expander.plan.discovery import Discovered
from krmfn.mesh_intent_expander.steering.moves import service_of
from krmfn.mesh_intent_expander.steering.population import Population
from krmfn.mesh_intent_expander.steering.presence import running_in
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import Fleet


def planned(
    mesh: Mesh, fleet: Fleet, plans: Iterable[RelocationPlan], discovered: Iterable[Discovered]
) -> Fleet:
    """Give the clusters with each moving service wherever it may run in its phase, or runs now.

    Args:
        mesh: the mesh.
        fleet: the clusters as they are, what is written for this phase included.
        plans: the moves.
        discovered: how services are found.
    """
    found = {each.service: each for each in discovered}
    for plan in plans:
        service, ends = found.get(service_of(plan)), (plan.spec.from_, plan.spec.to)
        if service is None:
            continue
        population = Population(mesh, fleet, service, ends)
        if population.is_known:
            allowed = frozenset.union(*running_in(plan.spec.current, *ends))
            fleet = population.fleet(allowed | {each for each in ends if population.runs_now(each)})
    return fleet
