"""Whether callers have the identity by which they are judged: a certificate, or a token."""

from collections.abc import Iterable, Iterator, Sequence

from krmfn.kinds.authorization import Rule
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.security import PeerMode
from krmfn.mesh_intent_expander.security.asked import Asked
from krmfn.mesh_intent_expander.security.conditions import uses
from krmfn.mesh_intent_expander.security.inventory import Inventory
from krmfn.mesh_intent_expander.security.membership import named, outside, plaintext_reason
from krmfn.mesh_intent_expander.security.modes import RISING, Modes
from krmfn.mesh_intent_expander.security.targets import Protected
from krmfn.mesh_intent_expander.security.words import in_clusters, split
from krmfn.mesh_intent_expander.view import (
    ISTIO_SECURITY,
    Workload,
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


class Bare:
    """Pods without proxy, and thus without identity, by their accounts."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._by_account: dict[tuple[str, str], list[tuple[str, Workload, str]]] = {}
        for cluster, workload, reason in outside(inventory, ""):
            account = (workload.namespace, workload.service_account)
            self._by_account.setdefault(account, []).append((cluster, workload, reason))

    def callers(self, asked: Asked, rule: Rule) -> Iterator[tuple[int, str, Workload, str, bool]]:
        """Yield those pods that a rule allows to call, and that cannot say who they are.

        Yields:
            number of the caller in the rule, cluster, pods, why they have no proxy, and whether
            the caller is nobody else.
        """
        for index, caller in enumerate(rule.from_):
            if caller.service is not None:
                key = ServiceKey(*split(caller.service, asked.namespace))
                for cluster, workload, reason in self._of_service(key):
                    yield index, cluster, workload, reason, True
            for name in caller.service_accounts:
                account = split(name, asked.namespace)
                found = self._by_account.get(account, ())
                alone = bool(found) and not self._has_member(account)
                for cluster, workload, reason in found:
                    yield index, cluster, workload, reason, alone

    def _of_service(self, key: ServiceKey) -> Iterator[tuple[str, Workload, str]]:
        if not any(namespace == key.namespace for namespace, _ in self._by_account):
            return
        for cluster, view in self._inventory.fleet.views.items():
            for workload in self._inventory.workloads(cluster, key):
                if reason := plaintext_reason(view, workload):
                    yield cluster, workload, reason

    def _has_member(self, account: tuple[str, str]) -> bool:
        """Say whether some pods of an account have a proxy."""
        namespace, name = account
        return any(
            pod.service_account == name and not plaintext_reason(view, pod)
            for cluster, view in self._inventory.fleet.views.items()
            for pod in self._inventory.pods(cluster, namespace)
        )


def without_certificate(
    bare: Bare, modes: Modes, asked: Asked, found: Sequence[Protected]
) -> Iterator[Result]:
    """Yield what becomes of allowed callers without proxy: nothing at a server that is Strict."""
    for number, rule in enumerate(asked.spec.rules):
        callers = [*bare.callers(asked, rule)] if rule.action == "Allow" else []
        strict = bool(callers) and _refuses_plaintext(modes, found)
        for index, cluster, workload, reason, alone in callers:
            does = "refuses plaintext" if strict else "cannot tell it from others"
            yield graded(
                f"must be callers with a proxy, but {named(workload, [cluster])} has none (it "
                f"{reason}), and {asked.wanted} {does}",
                code="plaintext-client",
                fails=strict and alone,
                at=asked.by,
                field=asked.field(f"rules[{number}].from[{index}]"),
            )


def _refuses_plaintext(modes: Modes, found: Iterable[Protected]) -> bool:
    pods = [each for each in found if not each.guarded.waypoint_of]
    return any(modes.weakest(each)[0] == "STRICT" for each in pods)


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
