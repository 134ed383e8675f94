"""Which clusters a selector term means."""

from collections.abc import Iterable

from krmfn.placement_resolver.demand import Workload
from krmfn.placement_resolver.fleet import Cluster
from krmfn.placement_resolver.intents.selectors import (
    ClusterSelectorTerm,
    LabelSelector,
    PropertySelector,
)
from krmfn.placement_resolver.judges import Judges
from krmfn.placement_resolver.matching import label_selector_matches, property_matches
from krmfn.placement_resolver.view import View


def mask_of_terms(
    terms: Iterable[ClusterSelectorTerm], view: View, judges: Judges, workload: Workload
) -> int:
    """Mark the clusters that one of the terms selects."""
    mask = 0
    for term in terms:
        mask |= mask_of_term(term, view, judges, workload)
    return mask


def mask_of_term(term: ClusterSelectorTerm, view: View, judges: Judges, workload: Workload) -> int:
    """Mark the clusters for which all of a term holds."""
    mask = view.mask_of_names(term.cluster_names) if term.cluster_names else view.everything
    mask &= mask_of_selectors(term.label_selector, term.property_selector, view)
    for expression in term.cel_expressions:
        mask &= judges.holds(expression, view, workload)
    return mask


def mask_of_selectors(
    labels: LabelSelector | None, properties: PropertySelector | None, view: View
) -> int:
    """Mark the clusters whose labels and properties are as demanded."""
    mask = view.everything
    if labels is not None:
        key = ("labels", labels.model_dump_json())
        mask &= view.mark(key, lambda cluster: label_selector_matches(labels, cluster.labels))
    if properties is not None:
        key = ("properties", properties.model_dump_json())
        mask &= view.mark(key, lambda cluster: _has(properties, cluster))
    return mask


def _has(selector: PropertySelector, cluster: Cluster) -> bool:
    values = {name: known.value for name, known in cluster.properties.items()}
    return all(property_matches(each, values) is True for each in selector.match_expressions)
