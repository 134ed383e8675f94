"""One PeerAuthentication for each scope: of several, Istio takes the oldest and no other."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from krmfn.mesh_intent_expander.intents.mutual_tls import MutualTLS
from krmfn.mesh_intent_expander.plan.security import PeerPolicy
from krmfn.mesh_intent_expander.security.inventory import Inventory
from krmfn.mesh_intent_expander.security.membership import named
from krmfn.mesh_intent_expander.security.modes import (
    Modes,
    Standing,
    mode_in,
    standing_of,
    written_by_hand,
)
from krmfn.mesh_intent_expander.security.peers import namespace_of
from krmfn.mesh_intent_expander.security.waves import is_left_to_the_mesh
from krmfn.mesh_intent_expander.security.words import in_clusters, resource_of, told
from krmfn.mesh_intent_expander.view import selects
from krmfn.sdk import Resource, Result, error
from krmfn.sdk.result import graded

_STEP = "; go through Permissive (`migration.wave: permissive`)"


def one_a_scope(policies: Iterable[PeerPolicy]) -> tuple[list[PeerPolicy], list[Result]]:
    """Give the first policy of each scope in each cluster, and an error for others that differ."""
    first: dict[tuple[str, object], PeerPolicy] = {}
    kept: list[PeerPolicy] = []
    results: list[Result] = []
    for policy in policies:
        scope = standing_of(policy).scope
        free = []
        for cluster in policy.clusters:
            other = first.setdefault((cluster, scope), policy)
            if other is policy:
                free.append(cluster)
            elif (other.mode, other.ports) != (policy.mode, policy.ports):
                results.append(_twice(policy, other))
        if free:
            kept.append(replace(policy, clusters=tuple(free)))
    return kept, results


def overlaps(inventory: Inventory, policies: Iterable[PeerPolicy]) -> Iterator[Result]:
    """Yield an error where two policies of different selectors and modes find the same pods."""
    told_of: set[frozenset[int]] = set()
    for (cluster, namespace), standings in _about_workloads(inventory, policies).items():
        if len({(each.mode, tuple(sorted(each.ports.items()))) for each in standings}) == 1:
            continue
        for pod in inventory.pods(cluster, namespace):
            finding = [each for each in standings if selects(each.selector, pod.labels)]
            for one, other in combinations(finding, 2):
                pair = frozenset((id(one.by), id(other.by)))
                differ = (one.mode, one.ports) != (other.mode, other.ports)
                if differ and one.scope != other.scope and pair not in told_of:
                    told_of.add(pair)
                    yield error(
                        f"must not find pods that {told(other.by)} finds as well, such as those "
                        f"of {named(pod, [cluster])}: the older of the two would hold",
                        code="mtls-overlap",
                        at=one.by,
                        field="spec.selector",
                    )


def rivals_by_hand(inventory: Inventory, policies: Iterable[PeerPolicy]) -> Iterator[Result]:
    """Yield what stands in the way: PeerAuthentications that people wrote for the same scope."""
    by_hand = {
        (cluster, each.scope): each
        for cluster in inventory.fleet.clusters
        for each in written_by_hand(inventory, cluster)
    }
    for policy in policies:
        scope = standing_of(policy).scope
        for cluster in policy.clusters:
            other = by_hand.get((cluster, scope))
            if other is not None:
                yield _rivalry(policy, other, cluster)


def disabled_before(
    inventory: Inventory, policies: Iterable[PeerPolicy], previous: Iterable[Resource]
) -> Iterator[Result]:
    """Yield an error where plaintext would be refused by pods that took nothing else so far.

    Args:
        inventory: the fleet.
        policies: those of the plan.
        previous: the PeerAuthentications of the last render.
    """
    were = {
        (each.cluster or inventory.mesh.own, each.namespace, each.name)
        for each in previous
        if mode_in(each) == "DISABLE"
    }
    for policy in policies:
        if policy.mode == "STRICT" and any(
            (cluster, policy.namespace, policy.name) in were for cluster in policy.clusters
        ):
            yield error(
                "must not become Strict at once, since the mode was Disable and clients still send "
                f"plaintext{_STEP}",
                code="mtls-too-fast",
                at=policy.by,
                field="spec.mode",
                current="Strict",
            )


def unsupported(
    inventory: Inventory, intents: Sequence[MutualTLS], modes: Modes
) -> Iterator[Result]:
    """Yield an error where a namespace relies on a mesh that is not strict."""
    for intent in intents:
        if not is_left_to_the_mesh(intent.spec):
            continue
        namespace = namespace_of(intent)
        lax = [
            cluster
            for cluster in inventory.clusters_of(namespace)
            if modes.of(cluster, namespace, {}) != "STRICT"
        ]
        if lax:
            yield error(
                f'must not be "mesh" before the mesh is strict{in_clusters(lax)}: there must be a '
                "MutualTLS of scope `mesh` that refuses plaintext",
                code="mesh-not-strict",
                at=resource_of(intent),
                field="spec.migration.wave",
                current="mesh",
                proposed="strict",
            )


def _twice(policy: PeerPolicy, other: PeerPolicy) -> Result:
    return error(
        f"must agree with {told(other.by)}, which is about the same scope: one says {policy.mode}, "
        f"the other {other.mode}{' with other ports' if policy.ports != other.ports else ''}",
        code="mtls-conflict",
        at=policy.by,
        field="spec.mode",
        current=policy.mode,
        proposed=other.mode,
    )


def _rivalry(policy: PeerPolicy, other: Standing, cluster: str) -> Result:
    differs = (other.mode, other.ports) != (policy.mode, policy.ports)
    step = _STEP if (other.mode, policy.mode) == ("DISABLE", "STRICT") else ""
    return graded(
        f"must be the only one about its scope, but {told(other.by)} of the package is about it "
        f"as well{in_clusters([cluster])} and says {other.mode or 'UNSET'}; of the two only the "
        f"older one holds, so delete that one{step}",
        code="mtls-conflict",
        fails=differs,
        at=policy.by,
        field="spec.scope",
    )


def _about_workloads(
    inventory: Inventory, policies: Iterable[PeerPolicy]
) -> dict[tuple[str, str], list[Standing]]:
    """Give what is about single workloads, by the cluster of the pods and by namespace."""
    written: dict[str, list[Standing]] = {}
    for policy in policies:
        for cluster in policy.clusters:
            written.setdefault(cluster, []).append(standing_of(policy))
    found: dict[tuple[str, str], list[Standing]] = {}
    for name in inventory.fleet.clusters:
        config = inventory.mesh.clusters[name].config_cluster
        by_hand = written_by_hand(inventory, config)
        for each in [*written.get(config, ()), *by_hand]:
            if each.selector:
                found.setdefault((name, each.namespace), []).append(each)
    return found
