"""Whether those that discovery lets find a service may call it as well."""

from collections.abc import Iterable, Iterator, Sequence

from krmfn.mesh_intent_expander.plan.discovery import Discovered
from krmfn.mesh_intent_expander.plan.security import AccessRule, Source
from krmfn.mesh_intent_expander.security.asked import CONSUMERS, consuming_accounts
from krmfn.mesh_intent_expander.security.inventory import Inventory
from krmfn.mesh_intent_expander.security.lowering import Draft
from krmfn.mesh_intent_expander.security.patterns import covers
from krmfn.mesh_intent_expander.security.shadows import refuses
from krmfn.mesh_intent_expander.security.words import listed, split, told
from krmfn.sdk import Resource, Result, warning

_NAMESPACES = "spec.consumers.namespaces"


def refused(
    inventory: Inventory, discovered: Iterable[Discovered], drafts: Iterable[Draft]
) -> Iterator[Result]:
    """Yield a warning for consumers whom no rule allows anything, or whom a rule refuses all."""
    by_service: dict[tuple[str, str | None], dict[str, list[Draft]]] = {}
    for draft in drafts:
        wanted = draft.asked.wanted
        by_effect = by_service.setdefault((wanted.namespace, wanted.service), {})
        by_effect.setdefault(draft.effect, []).append(draft)
    for each in discovered:
        by_effect = by_service.get((each.service.namespace, each.service.name), {})
        if "allow" in by_effect or "deny" in by_effect:
            allowing = by_effect.get("allow", [])
            yield from _refused(inventory, each, allowing, by_effect.get("deny", []))


def _refused(
    inventory: Inventory, use: Discovered, allowing: Sequence[Draft], denying: Sequence[Draft]
) -> Iterator[Result]:
    allowed = [rule for draft in allowing for rule in draft.rules]
    denied = [rule for draft in denying for rule in draft.rules]
    by = [draft.asked.by for draft in (*allowing, *denying)]
    domains = sorted({cluster.trust_domain for cluster in inventory.mesh.clusters.values()})
    own = use.by.namespace or "default"
    for name in consuming_accounts(use):
        namespace, account = split(name, own)
        callers = Source(principals=tuple(f"{d}/ns/{namespace}/sa/{account}" for d in domains))
        if not _may_call(callers, namespace, allowed if allowing else None, denied):
            yield _told(use, CONSUMERS, name, by)
    for namespace in use.namespaces:
        callers = Source(namespaces=(namespace,))
        if not _may_call(callers, namespace, allowed if allowing else None, denied):
            yield _told(use, _NAMESPACES, namespace, by)


def _may_call(
    callers: Source,
    namespace: str,
    allowed: Sequence[AccessRule] | None,
    denied: Sequence[AccessRule],
) -> bool:
    """Say whether callers may call anything; `allowed` is None where all is that is not denied."""
    if any(refuses(denial, AccessRule(sources=(callers,))) for denial in denied):
        return False
    return allowed is None or any(
        not rule.sources or any(_speaks_of(source, callers, namespace) for source in rule.sources)
        for rule in allowed
    )


def _speaks_of(source: Source, callers: Source, namespace: str) -> bool:
    """Say whether a source is about some of the callers."""
    if source.namespaces and namespace not in source.namespaces:
        return False
    if not source.principals:
        return True
    if callers.principals:
        return any(covers(source.principals, (principal,)) for principal in callers.principals)
    return any(
        f"/ns/{namespace}/" in principal or "*" in principal for principal in source.principals
    )


def _told(use: Discovered, field: str, name: str, by: Iterable[Resource]) -> Result:
    names = " and ".join(sorted({told(each) for each in by}))
    return warning(
        f"should be callers that may call, but {names} allows {listed([name])} nothing",
        code="consumer-refused",
        at=use.by,
        field=field,
        current=name,
    )
