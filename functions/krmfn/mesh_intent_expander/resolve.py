"""Every decision, in order: who is found where, what is routed how, what moves, who may call."""

from collections.abc import Sequence

from krmfn.mesh_intent_expander.discovery import (
    destinations,
    discover,
    egress,
    expose,
    subset_problems,
)
from krmfn.mesh_intent_expander.intents import (
    MutualTLS,
    RelocationPlan,
    ServiceAuthorization,
    ServiceDiscovery,
    TrafficRoute,
)
from krmfn.mesh_intent_expander.plan import Plan
from krmfn.mesh_intent_expander.reading import is_own
from krmfn.mesh_intent_expander.routing import route, version_services
from krmfn.mesh_intent_expander.security import secure, with_versions
from krmfn.mesh_intent_expander.steering import steer
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import ISTIO_SECURITY, Fleet
from krmfn.sdk import Package, Result


def resolve(
    mesh: Mesh, fleet: Fleet, package: Package, relocations: Sequence[RelocationPlan]
) -> tuple[Plan, list[Result]]:
    """Decide everything about the mesh.

    Args:
        mesh: the mesh and its clusters.
        fleet: what people's packages put into each cluster.
        package: the package, with the intents.
        relocations: the moves, each at the phase that is to be rendered.

    Returns:
        the plan, and what is wrong with the intents.

    Raises:
        FunctionError: an intent is not valid in itself.
    """
    found, problems = discover(mesh, fleet, package.of(ServiceDiscovery), package)
    routed, wrong = route(mesh, fleet, package.of(TrafficRoute), found)
    hosts, discovered, steered = steer(mesh, fleet, relocations, routed, found)
    exposure, unexposed = expose(mesh, fleet, hosts, discovered)
    versions, unserved = version_services(fleet, hosts, exposure.labelled)
    visible, unseen = egress(mesh, fleet, hosts, discovered)
    security, insecure = secure(
        mesh,
        fleet,
        package.of(MutualTLS),
        package.of(ServiceAuthorization),
        discovered,
        [
            each
            for each in package.select(kind="PeerAuthentication", group=ISTIO_SECURITY)
            if is_own(each)
        ],
    )
    security = with_versions(security, versions)
    treated = destinations(mesh, fleet, hosts, discovered, security.plaintext)
    plan = Plan(mesh, hosts, versions, treated, discovered, exposure, visible, security)
    problems += [*wrong, *steered, *unserved, *unexposed, *unseen, *insecure]
    return plan, [*problems, *subset_problems(hosts, discovered)]
