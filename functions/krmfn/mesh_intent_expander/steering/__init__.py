"""Relocation: clients are led from one cluster to another, and none is ever without a service."""

from krmfn.mesh_intent_expander.steering.course import Course, follow
from krmfn.mesh_intent_expander.steering.moves import service_of
from krmfn.mesh_intent_expander.steering.planned import planned
from krmfn.mesh_intent_expander.steering.stages import Render
from krmfn.mesh_intent_expander.steering.steer import steer

__all__ = ["Course", "Render", "follow", "planned", "service_of", "steer"]
