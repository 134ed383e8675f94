"""How services are found and reached across clusters."""

from krmfn.mesh_intent_expander.discovery.destinations import destinations, subset_problems
from krmfn.mesh_intent_expander.discovery.discovering import discover
from krmfn.mesh_intent_expander.discovery.egress import egress
from krmfn.mesh_intent_expander.discovery.exposure import expose

__all__ = ["destinations", "discover", "egress", "expose", "subset_problems"]
