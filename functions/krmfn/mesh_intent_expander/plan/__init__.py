"""What was decided, as frozen values: emitters give it shape, and look nothing up."""

from dataclasses import dataclass

from krmfn.mesh_intent_expander.plan.destinations import Destination
from krmfn.mesh_intent_expander.plan.discovery import Discovered, Egress, Exposure
from krmfn.mesh_intent_expander.plan.routes import RoutedHost, VersionService
from krmfn.mesh_intent_expander.plan.security import SecurityPlan
from krmfn.mesh_intent_expander.topology import Mesh


@dataclass(frozen=True, slots=True)
class Plan:
    """All that was decided for the mesh."""

    mesh: Mesh
    hosts: tuple[RoutedHost, ...]
    version_services: tuple[VersionService, ...]
    destinations: tuple[Destination, ...]
    discovered: tuple[Discovered, ...]
    exposure: Exposure
    egress: tuple[Egress, ...]
    security: SecurityPlan
