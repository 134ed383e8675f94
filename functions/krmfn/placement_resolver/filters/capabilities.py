"""Capabilities that CapabilityRules decided."""

from collections.abc import Iterator

from krmfn.placement_resolver.filters.check import Ask, Check
from krmfn.placement_resolver.fleet import CAPACITY, Capability, Cluster
from krmfn.placement_resolver.view import View

UNDECIDED = Capability("Unknown", missing=("no CapabilityRule decided it",))
OUTDATED = Capability("Unknown", missing=("the facts are too old, or of unknown age",))


def capabilities(ask: Ask) -> Iterator[Check]:
    """Leave the clusters that have every mandatory capability; unknown is not enough."""
    for each in ask.workload.intent.spec.requirements.capabilities:
        if each.support_mandatory:
            yield _check(ask.view, each.name)


def verdict(cluster: Cluster, name: str) -> Capability:
    """Give what is known of a capability of a cluster."""
    return cluster.capabilities.get(name, OUTDATED if CAPACITY in cluster.stale else UNDECIDED)


def with_capability(view: View, name: str) -> int:
    """Mark the clusters that have a capability."""
    return view.mark(("capability", name), lambda cluster: verdict(cluster, name).status == "True")


def _check(view: View, name: str) -> Check:
    def found(number: int) -> str:
        known = verdict(view.clusters[number], name)
        said = known.missing if known.status == "Unknown" else known.evidence
        return f"{known.status}{': ' if said else ''}{'; '.join(said[:2])}"

    return Check(
        "capability",
        f"does not have the capability `{name}`",
        with_capability(view, name),
        found,
        lambda number: verdict(view.clusters[number], name).status == "Unknown",
    )
