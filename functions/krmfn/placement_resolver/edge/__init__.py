"""What evaluates Rego; nothing else of placement starts a tool."""

from collections.abc import Sequence
from typing import Any

from krmfn.placement_resolver.judges import RegoEngine, RegoQuery

__all__ = ["opa_engine"]


def opa_engine() -> RegoEngine:
    """Give the engine that runs `opa`; it is looked for when it is asked for the first time."""
    return _by_opa


def _by_opa(query: RegoQuery) -> Sequence[Any]:
    from krmfn.placement_resolver.edge.opa import evaluate

    return evaluate(query)
