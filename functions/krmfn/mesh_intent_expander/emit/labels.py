"""Labels on resources that people wrote: set where they are needed, and taken back."""

from collections.abc import Collection, Iterable, Iterator

from krmfn.mesh_intent_expander.plan.discovery import Labelled
from krmfn.sdk import Resource

LABELLED = "mesh.krmfn.dev/labelled"
"""The annotation that names the labels which are not people's own."""


def labelled_resources(labelled: Iterable[Labelled]) -> Iterator[Resource]:
    """Yield the resources with their labels; nothing else of them changes."""
    for each in labelled:
        resource = each.resource
        changed = {key for key, text in each.labels.items() if resource.labels.get(key) != text}
        ours = changed | (each.labels.keys() & _ours(resource))
        note = {"annotations": {LABELLED: ",".join(sorted(ours))}} if ours else {}
        yield resource.merged({"metadata": {**note, "labels": dict(each.labels)}})


def unlabelled_resources(
    items: Iterable[Resource], labelled: Collection[Labelled]
) -> Iterator[Resource]:
    """Yield the resources that have labels of an earlier render, without them."""
    still = {id(each.resource) for each in labelled}
    for item in items:
        if LABELLED in item.raw and id(item) not in still:
            gone = dict.fromkeys(_ours(item))
            annotations = {LABELLED: None}
            yield item.merged({"metadata": {"labels": gone, "annotations": annotations}})


def _ours(resource: Resource) -> set[str]:
    return {*filter(None, resource.annotations.get(LABELLED, "").split(","))}
