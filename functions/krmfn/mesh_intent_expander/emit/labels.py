"""Labels on resources that people wrote."""

from collections.abc import Iterable, Iterator

from krmfn.mesh_intent_expander.plan.discovery import Labelled
from krmfn.sdk import Resource


def labelled_resources(labelled: Iterable[Labelled]) -> Iterator[Resource]:
    """Yield the resources with their labels; nothing else of them changes."""
    for each in labelled:
        yield each.resource.merged({"metadata": {"labels": dict(each.labels)}})
