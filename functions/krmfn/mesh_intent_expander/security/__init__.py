"""Security: mutual TLS, and who may call whom.

A few readings that Istio's vocabulary leaves open:

- Istio's rules know ports of pods; intents speak of ports of Services, which are translated in
  each cluster.
- Of two intents about one target both hold, each in objects of its own: what one denies is
  refused, and what either allows is allowed.
- A rule with `condition` is decided by the external authoriser: see `lowering.drafts`.
- Where a ServiceDiscovery names the accounts of its consumers and no ServiceAuthorization speaks
  of the service, exactly these accounts may call it: see `asked.asked_by`.
"""

from collections.abc import Iterator, Sequence

from krmfn.kinds.authorization import ServiceAuthorization
from krmfn.mesh_intent_expander.intents.mutual_tls import MutualTLS
from krmfn.mesh_intent_expander.plan.discovery import Discovered
from krmfn.mesh_intent_expander.plan.security import AccessPolicy, PeerPolicy, SecurityPlan
from krmfn.mesh_intent_expander.security import edges, plaintext, scopes, trust
from krmfn.mesh_intent_expander.security.access import (
    Placed,
    access_policies,
    opposite_defaults,
    place,
    token_policies,
)
from krmfn.mesh_intent_expander.security.asked import asked_by
from krmfn.mesh_intent_expander.security.external import Providers, rivals
from krmfn.mesh_intent_expander.security.identity import unproven, without_issuer
from krmfn.mesh_intent_expander.security.inventory import Inventory
from krmfn.mesh_intent_expander.security.modes import Modes
from krmfn.mesh_intent_expander.security.peers import Peers
from krmfn.mesh_intent_expander.security.shadows import shadowed
from krmfn.mesh_intent_expander.security.unmeshed import (
    Bare,
    consumers_without_certificate,
    without_certificate,
)
from krmfn.mesh_intent_expander.security.versions import with_versions
from krmfn.mesh_intent_expander.security.waves import next_wave
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import Fleet
from krmfn.sdk import Resource, Result

__all__ = ["secure", "with_versions"]


def secure(
    mesh: Mesh,
    fleet: Fleet,
    mutual_tls: Sequence[MutualTLS],
    authorizations: Sequence[ServiceAuthorization],
    discovered: Sequence[Discovered],
    previous: Sequence[Resource] = (),
) -> tuple[SecurityPlan, list[Result]]:
    """Decide who must use mutual TLS, who may call whom, and whose tokens count.

    Args:
        mesh: the mesh and its clusters.
        fleet: what people's packages put into each cluster.
        mutual_tls: where plaintext is refused.
        authorizations: who may call whom.
        discovered: services that are used across clusters.
        previous: the PeerAuthentications of the last render, by which too large a step is seen.

    Returns:
        the plan, and all that is wrong with the intents.
    """
    inventory = Inventory(mesh, fleet, discovered)
    peers = Peers(inventory, mutual_tls)
    policies, conflicts = scopes.one_a_scope(peers.policies)
    modes = Modes(inventory, policies)
    exceptions = plaintext.Exceptions(inventory, modes, mutual_tls)
    results = [*peers.problems, *conflicts, *exceptions.problems]
    results += trust.problems(inventory, mutual_tls)
    results += scopes.disabled_before(inventory, policies, previous)
    results += _about_peers(inventory, policies, modes, mutual_tls)
    results += plaintext.left_outside(inventory, policies, exceptions.by_host)
    placed: list[Placed] = []
    for asked in asked_by(authorizations, discovered):
        found, wrong = place(inventory, asked)
        placed += [found] if found else []
        results += wrong
    accesses = tuple(access_policies(inventory, placed))
    results += _about_access(inventory, placed, accesses, modes)
    tokens = tuple(token_policies(inventory, placed))
    return SecurityPlan(tuple(policies), accesses, tokens, exceptions.by_host), results


def _about_peers(
    inventory: Inventory,
    policies: Sequence[PeerPolicy],
    modes: Modes,
    intents: Sequence[MutualTLS],
) -> Iterator[Result]:
    yield from scopes.overlaps(inventory, policies)
    yield from scopes.rivals_by_hand(inventory, policies)
    yield from scopes.unsupported(inventory, intents, modes)
    yield from plaintext.disabled_across_networks(inventory, modes)
    for intent in intents:
        yield from next_wave(inventory, intent)


def _about_access(
    inventory: Inventory, placed: Sequence[Placed], accesses: Sequence[AccessPolicy], modes: Modes
) -> Iterator[Result]:
    drafts = [draft for each in placed for draft in each.drafts]
    providers, bare = Providers(inventory), Bare(inventory)
    for each in placed:
        yield from without_certificate(inventory, bare, modes, each.asked, each.found)
        yield from unproven(modes, each.asked, each.found)
        yield from without_issuer(inventory, each.asked, each.found)
        yield from providers.problems(each.asked, each.found)
    derived = {id(each.asked.by) for each in placed if each.asked.is_derived}
    for use in inventory.discovered:
        judged = id(use.by) in derived
        yield from consumers_without_certificate(inventory, bare, modes, use, is_derived=judged)
    yield from rivals(inventory.fleet, accesses)
    yield from opposite_defaults(placed)
    yield from shadowed(drafts)
    yield from edges.refused(inventory, inventory.discovered, drafts)
