"""NodeResourceTopology (topology.node.k8s.io v1alpha1 and v1alpha2): NUMA zones and policies."""

from collections.abc import Iterator, Mapping
from typing import Any

from krmfn.cluster_profiler.facts import NodeView, Zone
from krmfn.cluster_profiler.nfd import Features
from krmfn.cluster_profiler.reading import maps_at, observed_at, read_amounts, text_at, value_at
from krmfn.cluster_profiler.sources.objects import Objects
from krmfn.sdk import Resource, Result

POLICIES = ("single-numa-node", "restricted", "best-effort", "none")


def read(objects: Objects) -> Iterator[NodeView | Result]:
    """Read the NodeResourceTopologies of a cluster; their names are those of the nodes."""
    for resource in objects.of("topology.node.k8s.io/NodeResourceTopology"):
        attributes = {
            text_at(each, "name"): text_at(each, "value")
            for each in maps_at(resource.body, "attributes")
        }
        policy = attributes.get("topologyManagerPolicy", "") or _deprecated_policy(resource)
        zones = []
        for number, each in enumerate(maps_at(resource.body, "zones")):
            if text_at(each, "type") == "Node":
                zone, wrong = _zone(each, resource, f"zones[{number}].resources")
                zones.append(zone)
                yield from wrong
        yield NodeView(
            of=resource,
            node=resource.name,
            features=Features(attributes={"topology.manager": attributes}),
            topology_policy=policy if policy in POLICIES else "",
            zones=tuple(sorted(zones, key=lambda zone: zone.name)),
            observed_at=observed_at(resource),
        )


def _zone(zone: Mapping[str, Any], resource: Resource, path: str) -> tuple[Zone, list[Result]]:
    listed = maps_at(zone, "resources")

    def given(field: str) -> Mapping[str, Any]:
        return {
            text_at(each, "name"): each[field] for each in listed if each.get(field) is not None
        }

    allocatable, wrong = read_amounts(given("allocatable"), resource, path)
    available, also_wrong = read_amounts(given("available"), resource, path)
    free = available or None
    return Zone(text_at(zone, "name"), allocatable, free), [*wrong, *also_wrong]


def _deprecated_policy(resource: Resource) -> str:
    """Read `topologyPolicies`, whose words name the policy and its scope in one."""
    listed = value_at(resource.body, "topologyPolicies")
    words = str(listed[0]).lower() if isinstance(listed, list) and listed else ""
    known = {policy.replace("-", ""): policy for policy in POLICIES}
    return next((known[name] for name in known if words.startswith(name)), "")
