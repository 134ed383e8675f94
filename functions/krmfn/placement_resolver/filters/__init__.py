"""Filters: each says which clusters may take a workload, the cheap ones first."""

from collections.abc import Callable, Iterable, Iterator

from krmfn.placement_resolver.filters.candidates import candidates
from krmfn.placement_resolver.filters.capabilities import capabilities
from krmfn.placement_resolver.filters.check import Ask, Check
from krmfn.placement_resolver.filters.health import health
from krmfn.placement_resolver.filters.judgements import judgements
from krmfn.placement_resolver.filters.latency import latency
from krmfn.placement_resolver.filters.nodes import nodes
from krmfn.placement_resolver.filters.residency import residency
from krmfn.placement_resolver.filters.taints import taints

__all__ = ["FILTERS", "Ask", "Check", "checks"]

Filter = Callable[[Ask], Iterable[Check]]

FILTERS: tuple[Filter, ...] = (
    candidates,
    health,
    taints,
    residency,
    capabilities,
    latency,
    nodes,
    judgements,
)


def checks(ask: Ask) -> Iterator[Check]:
    """Yield the verdicts of all filters, in the order in which they count."""
    for each in FILTERS:
        yield from each(ask)
