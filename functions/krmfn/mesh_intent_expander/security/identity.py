"""Whether rules by identity can be relied on: by certificates, and by tokens."""

from collections.abc import Iterable, Iterator, Sequence

from krmfn.kinds.authorization import Rule
from krmfn.mesh_intent_expander.plan.security import PeerMode
from krmfn.mesh_intent_expander.security.asked import Asked
from krmfn.mesh_intent_expander.security.conditions import uses
from krmfn.mesh_intent_expander.security.inventory import Inventory
from krmfn.mesh_intent_expander.security.modes import RISING, Modes
from krmfn.mesh_intent_expander.security.targets import Protected
from krmfn.mesh_intent_expander.security.words import in_clusters
from krmfn.mesh_intent_expander.view import (
    ISTIO_SECURITY,
    labels_in,
    mapping,
    namespace_of,
    selects,
    spec_of,
)
from krmfn.sdk import Result
from krmfn.sdk.result import graded

_WORDS: dict[PeerMode, str] = {
    "STRICT": "Strict",
    "PERMISSIVE": "Permissive",
    "DISABLE": "Disable",
}


def unproven(modes: Modes, asked: Asked, found: Sequence[Protected]) -> Iterator[Result]:
    """Yield what is wrong with rules about certificates where plaintext is taken as well.

    Where it is taken, those who send it have no name: what is refused to a name is allowed to
    them, and what is allowed to a name refused. Where nothing else is taken, nobody has a name.
    """
    for number, rule in enumerate(asked.spec.rules):
        if rule.action == "ShadowDeny" or not _rests_on_certificates(rule):
            continue
        mode, clusters = _weakest(modes, rule, found)
        if mode == "STRICT":
            continue
        what = "is evaded by" if rule.action == "Deny" else "refuses"
        who = "those who send plaintext" if mode == "PERMISSIVE" else "everybody"
        yield graded(
            f"must be at pods that refuse plaintext, but those of {asked.wanted} are "
            f"{_WORDS[mode]}{in_clusters(clusters)}: callers are known by their certificates, so "
            f"the rule {what} {who}",
            code="identity-without-mtls",
            fails=rule.action == "Deny" or mode == "DISABLE",
            at=asked.by,
            field=asked.field(f"rules[{number}].from"),
        )


def _weakest(modes: Modes, rule: Rule, found: Sequence[Protected]) -> tuple[PeerMode, list[str]]:
    """Give the mode that protects the pods of a rule least, and where it holds.

    Waypoints are reached by mutual TLS, whatever the mode of the pods behind them.
    """
    clusters: dict[PeerMode, list[str]] = {"STRICT": []}
    for pods in found:
        if not pods.guarded.waypoint_of:
            mode, where = modes.weakest(pods, _ports_of(rule, pods))
            clusters.setdefault(mode, []).extend(where)
    weakest = min(clusters, key=RISING.index)
    return weakest, clusters[weakest]


def _ports_of(rule: Rule, pods: Protected) -> frozenset[int]:
    """Give the ports of pods that a rule names, none when it is about all of them."""
    if not all(operation.ports for operation in rule.to):
        return frozenset()
    named = {port for operation in rule.to for port in operation.ports}
    return frozenset(target for port in named for target in pods.targets(port) or ())


def without_issuer(
    inventory: Inventory, asked: Asked, found: Sequence[Protected]
) -> Iterator[Result]:
    """Yield what is wrong between rules about tokens and those who issue them."""
    resting = [n for n, rule in enumerate(asked.spec.rules) if _rests_on_tokens(rule)]
    if asked.spec.jwt and not resting:
        yield asked.doubtful(
            "should be asked for by a rule with `requestPrincipals` or a key of `request.auth`: a "
            "wrong token is refused, but a request without one is not",
            "token-not-required",
            "jwt",
            None,
        )
    if resting and not asked.spec.jwt and not _verified_by_hand(inventory, found):
        yield asked.wrong(
            "must have an issuer in `jwt`, since the rule goes by tokens and nobody verifies them",
            "token-without-issuer",
            f"rules[{resting[0]}]",
            None,
        )


def _rests_on_certificates(rule: Rule) -> bool:
    return uses(rule.when, "peer") or any(
        caller.service
        or caller.service_accounts
        or caller.principals
        or caller.namespaces
        or caller.clusters
        for caller in rule.from_
    )


def _rests_on_tokens(rule: Rule) -> bool:
    return uses(rule.when, "token") or any(caller.request_principals for caller in rule.from_)


def _verified_by_hand(inventory: Inventory, found: Iterable[Protected]) -> bool:
    """Say whether a RequestAuthentication of the package is about the protected pods."""
    return any(
        selects(
            labels_in(mapping(spec_of(resource).get("selector")).get("matchLabels")),
            dict(protected.guarded.selector),
        )
        for protected in found
        for cluster in inventory.written(protected.clusters)
        for resource in inventory.fleet[cluster].of("RequestAuthentication", ISTIO_SECURITY)
        if namespace_of(resource) in (protected.guarded.namespace, inventory.mesh.root_namespace)
    )
