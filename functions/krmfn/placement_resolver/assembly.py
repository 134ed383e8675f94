"""A solved problem, with everything that is needed to read its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from krmfn.placement_resolver import solving
from krmfn.placement_resolver.fleet import Cluster
from krmfn.placement_resolver.intents import PlacementPolicySpec
from krmfn.placement_resolver.options import Layout
from krmfn.placement_resolver.plan import Standing

Baseline = Mapping[str, Mapping[str, Standing]]
"""What stood before, by workload and cluster."""

DevicesLeft = dict[tuple[str, str, str], int]
"""How many devices are left by cluster, node group and resource name."""


@dataclass
class Assembly:
    """A solved problem, with everything that is needed to read its answer.

    Attributes:
        names: the clusters of the problem: those that are options, and those that stand.
        devices_left: what is left when devices are handed out.
        short_of: devices that were not there any more, by workload and cluster.
    """

    layout: Layout
    policy: PlacementPolicySpec
    standing: Baseline
    as_of: str
    names: Sequence[str]
    problem: solving.Problem
    solution: solving.Solution
    devices_left: DevicesLeft = field(default_factory=dict)
    short_of: dict[tuple[str, str], str] = field(default_factory=dict)

    def chosen(self, position: int) -> list[str]:
        """Give the names of the clusters of a workload."""
        return [self.names[number] for number in self.solution.chosen[position]]

    def cluster(self, name: str) -> Cluster:
        """Give a cluster of the fleet."""
        view = self.layout.view
        return view.clusters[view.index[name]]
