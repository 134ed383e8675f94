"""What filters work with, and what they give."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from krmfn.placement_resolver.demand import Workload
from krmfn.placement_resolver.distances import Distances
from krmfn.placement_resolver.fleet import Cluster
from krmfn.placement_resolver.intents import PlacementPolicySpec
from krmfn.placement_resolver.intents.intent import AffinityGroup
from krmfn.placement_resolver.judges import Judges
from krmfn.placement_resolver.load import is_counted
from krmfn.placement_resolver.plan import Standing
from krmfn.placement_resolver.view import View


@dataclass(frozen=True, slots=True)
class Ask:
    """One workload that looks for clusters.

    Attributes:
        group: the affinity group whose turn it is.
        previous: what stands of it, by cluster.
        held: whether it stays there, since this run does not decide on it.
    """

    workload: Workload
    view: View
    policy: PlacementPolicySpec
    distances: Distances
    judges: Judges
    group: AffinityGroup | None = None
    previous: Mapping[str, Standing] = field(default_factory=dict)
    held: bool = False

    def is_counted(self, cluster: Cluster) -> bool:
        """Say whether it runs on a cluster already, and the cluster's facts have counted it."""
        return is_counted(self.previous.get(cluster.name), cluster)

    @property
    def counted(self) -> int:
        """The mask of the clusters whose facts have counted it."""
        index = self.view.index
        return self.view.mask_of_names(
            name
            for name in self.previous
            if name in index and self.is_counted(self.view.clusters[index[name]])
        )


@dataclass(frozen=True, slots=True)
class Check:
    """The verdict of one filter over all clusters.

    Attributes:
        reason: stable name of the filter.
        text: what must be, in words.
        mask: the clusters that pass.
        found: gives what is the case on a cluster that does not.
        unknown: whether a failure means that a fact is not known.
    """

    reason: str
    text: str
    mask: int
    found: Callable[[int], str]
    unknown: Callable[[int], bool] = lambda _: False
