"""Clusters whose control plane answers."""

from collections.abc import Iterator

from krmfn.placement_resolver.filters.check import Ask, Check


def health(ask: Ask) -> Iterator[Check]:
    """Leave the clusters of which nothing says that they are not healthy."""
    yield Check(
        "not-healthy",
        "has the condition ControlPlaneHealthy, and it is not True",
        ask.view.mark("healthy", lambda cluster: cluster.healthy),
        lambda _: "ControlPlaneHealthy is not True",
    )
