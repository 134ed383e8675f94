"""The PTP operator's NodePtpDevice: which network devices of a node have a hardware clock."""

from collections.abc import Iterator

from krmfn.cluster_profiler.facts import NodeView
from krmfn.cluster_profiler.nfd import Features
from krmfn.cluster_profiler.reading import maps_at, observed_at, text_at
from krmfn.cluster_profiler.sources.objects import Objects


def read(objects: Objects) -> Iterator[NodeView]:
    """Read the NodePtpDevices of a cluster; their names are those of the nodes."""
    for resource in objects.of("ptp.openshift.io/NodePtpDevice"):
        names = [text_at(each, "name") for each in maps_at(resource.body, "status.devices")]
        yield NodeView(
            of=resource,
            node=resource.name,
            features=Features(
                instances={"ptp.device": tuple({"name": name} for name in sorted(names) if name)}
            ),
            observed_at=observed_at(resource),
        )
