"""Where intents and policies hold CEL expressions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from krmfn.placement_resolver.intents import PlacementIntent, PlacementPolicy
from krmfn.placement_resolver.intents.intent import PlacementIntentSpec
from krmfn.placement_resolver.intents.selectors import ClusterSelectorTerm, Preference

Use = Literal["holds", "rates"]
"""Whether an expression must give a boolean, or a boolean or number that rates a cluster."""


@dataclass(frozen=True, slots=True)
class Place:
    """An expression, what it is for, and the field of a resource that holds it."""

    text: str
    use: Use
    owner: PlacementIntent | PlacementPolicy
    field: str


def places(intents: Iterable[PlacementIntent], policy: PlacementPolicy | None) -> Iterator[Place]:
    """Yield every expression of some intents and of the policy."""
    for intent in sorted(intents, key=lambda each: (each.metadata.namespace, each.metadata.name)):
        for path, term in _terms(intent.spec):
            for number, text in enumerate(term.cel_expressions):
                yield Place(text, "holds", intent, f"{path}.celExpressions[{number}]")
        yield from _wishes(intent, intent.spec.preferences)
    if policy is not None:
        for number, text in enumerate(policy.spec.cel_requirements):
            yield Place(text, "holds", policy, f"spec.celRequirements[{number}]")
        yield from _wishes(policy, policy.spec.preferences)


def _terms(spec: PlacementIntentSpec) -> Iterator[tuple[str, ClusterSelectorTerm]]:
    for number, term in enumerate(spec.cluster_selector_terms):
        yield f"spec.clusterSelectorTerms[{number}]", term
    for position, group in enumerate(spec.cluster_affinities):
        for number, term in enumerate(group.cluster_selector_terms):
            yield f"spec.clusterAffinities[{position}].clusterSelectorTerms[{number}]", term
    weights = spec.replica_scheduling.weight_preference.static_weight_list
    for number, weight in enumerate(weights):
        path = f"spec.replicaScheduling.weightPreference.staticWeightList[{number}]"
        yield f"{path}.targetClusters", weight.target_clusters
    for number, override in enumerate(spec.overrides):
        if override.clusters is not None:
            yield f"spec.overrides[{number}].clusters", override.clusters


def _wishes(
    owner: PlacementIntent | PlacementPolicy, preferences: Iterable[Preference]
) -> Iterator[Place]:
    for number, wish in enumerate(preferences):
        if wish.cel_expression is not None:
            path = f"spec.preferences[{number}].celExpression"
            yield Place(wish.cel_expression, "rates", owner, path)
