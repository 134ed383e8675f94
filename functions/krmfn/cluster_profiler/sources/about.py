"""SIG Multicluster's ClusterProperty (about.k8s.io): properties that a cluster has of itself."""

from collections.abc import Iterator

from krmfn.cluster_profiler.facts import ClusterView
from krmfn.cluster_profiler.reading import observed_at, text_at
from krmfn.cluster_profiler.sources.objects import Objects
from krmfn.kinds.inventory import Property


def read(objects: Objects) -> Iterator[ClusterView]:
    """Read the ClusterProperties of a cluster."""
    for resource in objects.of("about.k8s.io/ClusterProperty"):
        seen = observed_at(resource)
        value = text_at(resource.body, "spec.value")
        yield ClusterView(
            of=resource,
            properties={resource.name: Property(value, seen)},
            observed_at=seen,
        )
