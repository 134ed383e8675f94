"""The fleet's own rules in CEL and Rego, applied to clusters."""

from krmfn.placement_resolver.judges.engine import RegoEngine, RegoError, RegoFault, RegoQuery
from krmfn.placement_resolver.judges.judges import Judges
from krmfn.placement_resolver.judges.verdicts import RegoVerdict

__all__ = ["Judges", "RegoEngine", "RegoError", "RegoFault", "RegoQuery", "RegoVerdict"]
