"""A digest of everything that a placement is decided upon, but the previous decision."""

import hashlib
import json
from collections.abc import Iterable

from krmfn.placement_resolver.demand import Workload
from krmfn.placement_resolver.intents import PlacementPolicySpec
from krmfn.placement_resolver.reading import Facts
from krmfn.sdk import Package, Resource
from krmfn.sdk.resource import without_internal

_OWN_KINDS = ("ClusterCapacity", "ClusterTopology", "PlacementIntent", "PlacementPolicy")


def digest_of(
    package: Package, workloads: Iterable[Workload], facts: Facts, policy: PlacementPolicySpec
) -> str:
    """Give the SHA-256 of the intents, the policy, its Rego, the facts and the placed resources."""
    deciding: list[Resource] = []
    for kind in _OWN_KINDS:
        deciding += package.select(kind=kind, group="intent.krmfn.dev")
    if policy.rego:
        name = policy.rego.config_map
        maps = package.select(kind="ConfigMap", group="")
        deciding += [each for each in maps if each.name == name]
    deciding += [resource for workload in workloads for resource in workload.resources]
    whole = hashlib.sha256(f"{facts.as_of} {facts.digest}".encode())
    for line in sorted(_canonical(resource) for resource in deciding):
        whole.update(line.encode())
    return f"sha256:{whole.hexdigest()}"


def _canonical(resource: Resource) -> str:
    return json.dumps(without_internal(resource.body), sort_keys=True, default=str)
