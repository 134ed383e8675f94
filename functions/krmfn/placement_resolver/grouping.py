"""Which intents go to the same clusters, and which to different ones."""

from collections.abc import Iterable
from dataclasses import dataclass

from krmfn.placement_resolver.demand import Workload


@dataclass(frozen=True, slots=True)
class Groups:
    """The labels by whose values intents go together, or apart: those that any intent names."""

    apart: frozenset[str] = frozenset()
    together: frozenset[str] = frozenset()

    @classmethod
    def of(cls, workloads: Iterable[Workload]) -> "Groups":
        """Collect the labels that the intents name."""
        specs = [each.intent.spec for each in workloads]
        rivals = (spec.workload_anti_affinity for spec in specs)
        friends = (spec.workload_affinity for spec in specs)
        return cls(
            frozenset(group.group_by_label_key for group in rivals if group),
            frozenset(group.group_by_label_key for group in friends if group),
        )

    def apart_of(self, workload: Workload) -> frozenset[str]:
        """Give the groups whose members a workload must not meet, as ``label=value``."""
        return _memberships(workload, self.apart)

    def together_of(self, workload: Workload) -> frozenset[str]:
        """Give the groups with whose members a workload goes, as ``label=value``."""
        return _memberships(workload, self.together)


def _memberships(workload: Workload, keys: frozenset[str]) -> frozenset[str]:
    labels = workload.intent.metadata.labels
    return frozenset(f"{key}={labels[key]}" for key in keys if key in labels)
