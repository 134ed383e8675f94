"""For which pods or Services a security object holds."""

from collections.abc import Mapping
from dataclasses import dataclass

from krmfn.mesh_intent_expander.view import labels_in, mapping, mappings, selects, spec_of
from krmfn.sdk import Resource


@dataclass(frozen=True, slots=True, eq=False)
class Selecting:
    """An object with a selector or with targets.

    Attributes:
        selector: labels of the pods; all pods when empty.
        targets: (kind, name) of what it is attached to; then it holds for no sidecar.
    """

    resource: Resource
    selector: Mapping[str, str]
    targets: tuple[tuple[str, str], ...]


def selecting(resource: Resource) -> Selecting:
    """Read what an object is for."""
    spec = spec_of(resource)
    targets = mappings(spec.get("targetRefs")) or mappings([spec.get("targetRef")])
    return Selecting(
        resource=resource,
        selector=labels_in(mapping(spec.get("selector")).get("matchLabels")),
        targets=tuple((str(each.get("kind")), str(each.get("name"))) for each in targets),
    )


def is_selected(selected: Selecting, labels: Mapping[str, str]) -> bool:
    """Say whether an object holds at the pods that have these labels."""
    return not selected.targets and selects(selected.selector, labels)
