"""From ServiceAuthorization to AuthorizationPolicy and RequestAuthentication."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.security import AccessPolicy, Guarded, TokenPolicy
from krmfn.mesh_intent_expander.security.asked import Asked
from krmfn.mesh_intent_expander.security.callers import Callers, Reader
from krmfn.mesh_intent_expander.security.conditions import problems as condition_problems
from krmfn.mesh_intent_expander.security.inventory import Inventory
from krmfn.mesh_intent_expander.security.lowering import Draft, Effect, drafts, wishes
from krmfn.mesh_intent_expander.security.naming import Named, names, variants
from krmfn.mesh_intent_expander.security.operations import is_about_http, translated
from krmfn.mesh_intent_expander.security.operations import problems as operation_problems
from krmfn.mesh_intent_expander.security.targets import Missing, Protected, find
from krmfn.mesh_intent_expander.security.words import in_clusters, told
from krmfn.sdk import Result, info

_ACTIONS: Mapping[Effect, Literal["ALLOW", "DENY", "CUSTOM"]] = {
    "allow": "ALLOW",
    "deny": "DENY",
    "shadow-deny": "DENY",
    "external": "CUSTOM",
}
_WAYPOINT = "istio.io/use-waypoint"


@dataclass(frozen=True, slots=True)
class Placed:
    """What is asked for, at the pods that it is about.

    Attributes:
        variants: what tells the pods' objects apart, for each of `found`.
        drafts: the rules, for all of `found`.
    """

    asked: Asked
    found: tuple[Protected, ...]
    variants: tuple[str, ...]
    drafts: tuple[Draft, ...]


def place(inventory: Inventory, asked: Asked) -> tuple[Placed | None, list[Result]]:
    """Find the pods that an intent is about, and say what is wrong with it there."""
    found = find(inventory, asked.wanted, waypoints=True)
    if isinstance(found, Missing):
        code = "target-empty" if asked.wanted.service is None else "service-unknown"
        path = f"target.{found.field}"
        return None, [asked.wrong(found.message, code, path, found.current, found.proposed)]
    callers, results = _callers(inventory, asked)
    results += [*_without_effect(asked), *_unenforced(inventory, asked, found)]
    for protected in found:
        for wish in wishes(asked):
            results += operation_problems(asked, wish, protected)
    results += _translations(asked, found)
    drafted = [draft for each in found for draft in drafts(asked, each, callers)]
    told_apart = tuple(variants(inventory, found))
    return Placed(asked, found, told_apart, tuple(drafted)), results


def access_policies(inventory: Inventory, placed: Sequence[Placed]) -> Iterator[AccessPolicy]:
    """Yield a policy for each intent and effect, and for each kind of pods that it finds."""
    named = {
        id(draft): _name(each, draft.protected, draft.effect)
        for each in placed
        for draft in each.drafts
    }
    given = names(named.values())
    for each in placed:
        for draft in each.drafts:
            external = each.asked.spec.external if draft.effect == "external" else None
            yield AccessPolicy(
                name=given[named[id(draft)]],
                target=draft.protected.guarded,
                action=_ACTIONS[draft.effect],
                rules=draft.rules,
                clusters=inventory.written(draft.protected.clusters),
                by=each.asked.by,
                dry_run=draft.effect == "shadow-deny",
                provider=external.provider if external else "",
            )


def token_policies(inventory: Inventory, placed: Sequence[Placed]) -> Iterator[TokenPolicy]:
    """Yield a policy for each intent that tells of issuers, and each kind of pods it finds."""
    wanted = [(each, pods) for each in placed if each.asked.spec.jwt for pods in each.found]
    named = [_name(each, pods, "jwt") for each, pods in wanted]
    given = names(named)
    for (each, pods), name in zip(wanted, named, strict=True):
        clusters = inventory.written(pods.clusters)
        issuers = each.asked.spec.jwt
        yield TokenPolicy(given[name], pods.guarded, issuers, clusters, each.asked.by)


def opposite_defaults(placed: Iterable[Placed]) -> Iterator[Result]:
    """Yield an error where one intent refuses by default what another one allows by default."""
    first: dict[tuple[object, str], Placed] = {}
    for each in placed:
        for pods in each.found:
            for cluster in pods.clusters:
                other = first.setdefault((pods.guarded, cluster), each)
                if other.asked.spec.default != each.asked.spec.default:
                    yield each.asked.wrong(
                        f'must be "{other.asked.spec.default}", as {told(other.asked.by)} says of '
                        "the same pods: what is refused by default to one is to all",
                        "default-conflict",
                        "default",
                        each.asked.spec.default,
                        other.asked.spec.default,
                    )


def _callers(inventory: Inventory, asked: Asked) -> tuple[list[tuple[Callers, ...]], list[Result]]:
    """Give the callers of each rule, none for one whose conditions are wrong, and what is wrong."""
    reader = Reader(inventory, asked)
    callers, wrong = [], []
    for number, rule in enumerate(asked.spec.rules):
        read = reader.read(rule, number)
        conditions = [*condition_problems(inventory.mesh, asked, number)]
        callers.append(() if conditions else read)
        wrong += conditions
    return callers, [*reader.problems, *wrong]


def _name(placed: Placed, pods: Protected, what: str) -> Named:
    asked, variant = placed.asked, placed.variants[placed.found.index(pods)]
    suffix = "consumers" if asked.is_derived else what
    return Named.of(asked.by, pods.guarded.namespace, suffix, variant)


def _without_effect(asked: Asked) -> Iterator[Result]:
    """Yield a warning for rules that allow where everything is allowed anyway."""
    for number, rule in enumerate(asked.spec.rules):
        if asked.spec.default == "Allow" and rule.action == "Allow" and rule.condition is None:
            yield asked.doubtful(
                "should be Deny or ShadowDeny, since `default` allows everything anyway",
                "rule-without-effect",
                f"rules[{number}].action",
                "Allow",
            )


def _unenforced(inventory: Inventory, asked: Asked, found: Sequence[Protected]) -> Iterator[Result]:
    """Yield what is wrong where ztunnel or a waypoint of ambient is to apply the rules."""
    planes = inventory.mesh.clusters
    is_beyond = asked.spec.external is not None or any(map(is_about_http, wishes(asked)))
    for pods in found:
        clusters = [c for c in pods.clusters if planes[c].data_plane == "ambient"]
        if pods.guarded.waypoint_of:
            lacking = [c for c in clusters if not _has_waypoint(inventory, c, pods.guarded)]
            if lacking:
                yield asked.doubtful(
                    f"should be a Service with a waypoint (label `{_WAYPOINT}`), which would apply "
                    f"the rules{in_clusters(lacking)}",
                    "waypoint-missing",
                    "target.service",
                    asked.wanted.service,
                )
        elif clusters and is_beyond:
            yield asked.wrong(
                "must be a Service (`target.service`), whose waypoint applies what ztunnel does "
                f"not understand: HTTP and external authorisers{in_clusters(clusters)}",
                "rule-beyond-ztunnel",
                "target.selector",
                None,
            )


def _has_waypoint(inventory: Inventory, cluster: str, guarded: Guarded) -> bool:
    """Say whether a Service names a waypoint, or gets one since it is found across clusters."""
    key = ServiceKey(guarded.namespace, guarded.waypoint_of)
    view = inventory.fleet[cluster]
    labels = (view.services[key].labels, view.namespaces.get(key.namespace, {}))
    uses = inventory.uses(key)
    return any(_WAYPOINT in each for each in labels) or any(each.how == "global" for each in uses)


def _translations(asked: Asked, found: Sequence[Protected]) -> Iterator[Result]:
    """Yield what ports became, since Istio's rules go by those of the pods."""
    places: dict[tuple[int, tuple[int, ...]], list[str]] = {}
    for pods in found:
        for wish in wishes(asked):
            for change in translated(wish, pods).items():
                places.setdefault(change, []).extend(pods.clusters)
    if places:
        ports = ", ".join(
            f"{port} is {' and '.join(map(str, targets))}{in_clusters(clusters)}"
            for (port, targets), clusters in sorted(places.items())
        )
        message = f"goes by the ports of the Service, and Istio by those of the pods: {ports}"
        yield info(message, code="port-translated", at=asked.by, field=asked.field("rules"))
