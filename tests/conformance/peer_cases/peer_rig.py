"""Ways from what peers write to our answer: import, cluster-profiler, filters, the resolver."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from krmfn.cli.importing.source import Document
from krmfn.cli.importing.translating import translate
from krmfn.cluster_profiler.emit import emit
from krmfn.cluster_profiler.intents import ClusterProfiler
from krmfn.cluster_profiler.resolve import resolve as profile
from krmfn.placement_resolver.demand import Workload
from krmfn.placement_resolver.distances import Distances
from krmfn.placement_resolver.filters import Ask, checks
from krmfn.placement_resolver.fleet import Cluster
from krmfn.placement_resolver.intents import (
    PlacementIntent,
    PlacementPolicySpec,
    PlacementResolver,
)
from krmfn.placement_resolver.judges import Judges
from krmfn.placement_resolver.plan import Standing
from krmfn.placement_resolver.reading import read_facts
from krmfn.placement_resolver.resolve import resolve
from krmfn.placement_resolver.vectors import rows_of, vectors
from krmfn.placement_resolver.view import View
from krmfn.sdk import Package, Resource

Body = Mapping[str, Any]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""The time of all cases."""


def imported(body: Body, *others: Body) -> PlacementIntent:
    """Import one document of a peer.

    Raises:
        CliError: the document is refused as a whole.
        NotImplementedError: something of it cannot be kept.
    """
    documents = [Document("case", each) for each in (body, *others)]
    (_, result), *_ = translate(documents).imported
    if result.losses:
        raise NotImplementedError(f"the import refuses it: {result.losses[0].reason}")
    (made,) = result.intents
    intent, problems = PlacementIntent.parse(made)
    assert intent, problems
    return intent


def fleet(*bodies: Body) -> tuple[Cluster, ...]:
    """Read the clusters that objects of peers tell of, through cluster-profiler."""
    facts, problems = read_facts(profiles(*bodies), PlacementPolicySpec())
    assert not problems
    return facts.clusters


def profiles(*bodies: Body) -> Package:
    """Give the ClusterProfiles that cluster-profiler makes of objects of peers."""
    config = ClusterProfiler.model_validate(
        {"metadata": {"name": "test"}, "spec": {"defaultRules": False}}
    )
    package = Package([Resource.of(each) for each in bodies])
    made, said = profile(config, package)
    assert not [each for each in said if each.severity == "error"], said
    return Package([each.resource for one in made for each in emit(one)])


def eligible(
    intent: PlacementIntent,
    clusters: Sequence[Cluster],
    *,
    previous: Iterable[str] = (),
    group: str = "",
) -> list[str]:
    """Give the names of the clusters that pass our filters."""
    policy = PlacementPolicySpec()
    ask = Ask(
        Workload(intent, (), ()),
        View(tuple(clusters), vectors(len(clusters)), NOW.timestamp()),
        policy,
        Distances([]),
        Judges(policy, Package([])),
        next((each for each in intent.spec.cluster_affinities if each.name == group), None),
        frozenset(previous),
    )
    mask = ask.view.everything
    for check in checks(ask):
        mask &= check.mask
    return [clusters[number].name for number in rows_of(mask)]


def decided(
    intent: PlacementIntent, package: Package, previous: Iterable[str] = ()
) -> tuple[list[str], bool]:
    """Give the clusters that placement-resolver chooses, and whether that is enough."""
    standing = {_key(intent): {name: Standing() for name in previous}}
    whole = Package([*package, Resource.of(intent.to_body())])
    plan, problems = resolve(PlacementResolver.default(), whole, lambda *_: standing)
    assert plan, problems
    (decision,) = plan.decisions
    return sorted(each.cluster.name for each in decision.assignments), not decision.unplaced


def _key(intent: PlacementIntent) -> str:
    return "/".join(filter(None, (intent.metadata.namespace, intent.metadata.name)))


def best(
    scores: Mapping[str, float],
    number: int,
    labels: Mapping[str, Mapping[str, str]] | None = None,
    **spec: Any,
) -> list[str]:
    """Give the clusters that placement-resolver picks by a property alone.

    Args:
        labels: the labels of the clusters by their names.
        spec: further fields of the intent.
    """
    ends = {"minimum": str(min(scores.values())), "maximum": str(max(scores.values()))}
    sorter = {"name": "example.com/score", "sortOrder": "Descending", **ends}
    intent = PlacementIntent.model_validate(
        {
            "metadata": {"name": "pick"},
            "spec": {
                "placementType": "PickN",
                "numberOfClusters": number,
                "requirements": {"resources": "None"},
                "preferences": [{"weight": 100, "propertySorter": sorter}],
                **spec,
            },
        }
    )
    made = [
        {
            "apiVersion": "multicluster.x-k8s.io/v1alpha1",
            "kind": "ClusterProfile",
            "metadata": {"name": name, "labels": (labels or {}).get(name, {})},
            "spec": {"clusterManager": {"name": "test"}},
            "status": {"properties": [{"name": "example.com/score", "value": str(score)}]},
        }
        for name, score in scores.items()
    ]
    return decided(intent, Package([Resource.of(each) for each in made]))[0]
