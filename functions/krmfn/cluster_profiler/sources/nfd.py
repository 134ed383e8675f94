"""Node Feature Discovery's NodeFeature objects."""

from collections.abc import Iterator

from krmfn.cluster_profiler.facts import NodeView
from krmfn.cluster_profiler.nfd import RuleError, features_of
from krmfn.cluster_profiler.nfd.features import NODE_NAME, in_merge_order
from krmfn.cluster_profiler.nfd.publishing import qualified
from krmfn.cluster_profiler.reading import observed_at, texts_at
from krmfn.cluster_profiler.sources.objects import Objects
from krmfn.sdk import Resource, Result, warning


def read(objects: Objects) -> Iterator[NodeView | Result]:
    """Read the NodeFeatures of a cluster, those of one node together."""
    by_node: dict[str, list[Resource]] = {}
    for resource in objects.of("nfd.k8s-sigs.io/NodeFeature"):
        if node := resource.labels.get(NODE_NAME):
            by_node.setdefault(node, []).append(resource)
        else:
            yield warning(
                f"must name its node in the label `{NODE_NAME}`; it is passed over",
                code="node-unnamed",
                at=resource,
                field="metadata.labels",
            )
    for node, resources in by_node.items():
        yield from _of_node(node, resources)


def _of_node(node: str, resources: list[Resource]) -> Iterator[NodeView | Result]:
    readable = []
    for resource in resources:
        try:
            features_of([resource.body])
        except RuleError as wrong:
            yield warning(
                f"{wrong}; it is passed over", code="bad-feature", at=resource, field="spec"
            )
        else:
            readable.append(resource)
    if not readable:
        return
    bodies = [resource.body for resource in readable]
    labels: dict[str, str] = {}
    for body in in_merge_order(bodies):
        labels |= qualified(texts_at(body, "spec.labels"))
    instants = [observed_at(resource) for resource in readable]
    yield NodeView(
        of=readable[0],
        node=node,
        features=features_of(bodies),
        labels=labels,
        observed_at=min(filter(None, instants), default=""),
    )
