"""Clusters that the intent means: by name, label, property or CEL."""

from collections.abc import Iterator

from krmfn.placement_resolver.filters.check import Ask, Check
from krmfn.placement_resolver.terms import mask_of_terms


def candidates(ask: Ask) -> Iterator[Check]:
    """Leave the clusters that the intent's terms select, names name and nothing excludes."""
    spec, view = ask.workload.intent.spec, ask.view
    if spec.placement_type == "PickFixed":
        yield Check(
            "not-named",
            "is not in `spec.clusterNames`",
            view.mask_of_names(spec.cluster_names),
            lambda _: "not named",
        )
    if spec.cluster_selector_terms:
        yield Check(
            "not-selected",
            "is selected by none of `spec.clusterSelectorTerms`",
            mask_of_terms(spec.cluster_selector_terms, view, ask.judges, ask.workload),
            lambda _: "not selected",
        )
    if spec.exclude:
        mask = view.everything & ~view.mask_of_names(spec.exclude)
        yield Check("excluded", "is in `spec.exclude`", mask, lambda _: "excluded")
    group = ask.group
    if group is not None:
        mask = view.everything & ~view.mask_of_names(group.exclude)
        if group.cluster_selector_terms:
            mask &= mask_of_terms(group.cluster_selector_terms, view, ask.judges, ask.workload)
        yield Check(
            "not-in-group",
            f'is not of the affinity group "{group.name}"',
            mask,
            lambda _: "not in the group",
        )
