"""Rules that never count, since others refuse all that they allow."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_interface

from krmfn.mesh_intent_expander.plan.security import AccessRule, Called, Guarded, Source
from krmfn.mesh_intent_expander.security.lowering import Draft
from krmfn.mesh_intent_expander.security.patterns import covers, sample
from krmfn.mesh_intent_expander.security.targets import Protected
from krmfn.mesh_intent_expander.security.words import told
from krmfn.mesh_intent_expander.view import L7
from krmfn.sdk import Resource, Result, warning


@dataclass(frozen=True, slots=True)
class _Standing:
    """A rule, and the intent that it comes from."""

    rule: AccessRule
    by: Resource


def shadowed(drafts: Iterable[Draft]) -> Iterator[Result]:
    """Yield a warning, with a request that shows it, for each rule that is refused in full.

    Only rules of one target are compared. A rule is taken as refused in full when a single other
    rule refuses all of it, or of each part into which it was taken apart.
    """
    found: dict[tuple[Guarded, str], dict[str, list[_Standing]]] = {}
    for draft in drafts:
        key = (draft.protected.guarded, draft.protected.clusters[0])
        standing = [
            _Standing(_with_ports(rule, draft.protected), draft.asked.by) for rule in draft.rules
        ]
        found.setdefault(key, {}).setdefault(draft.effect, []).extend(standing)
    told_of: set[tuple[int, str]] = set()
    for by_effect in found.values():
        denials = by_effect.get("deny", ())
        for known, parts in _by_rule(by_effect.get("allow", ())).items() if denials else ():
            refusing = [_refusing(denials, part) for part in parts]
            if known not in told_of and refusing[0] is not None and None not in refusing:
                told_of.add(known)
                yield _dead(parts[0], refusing[0])


def _by_rule(standings: Iterable[_Standing]) -> dict[tuple[int, str], list[_Standing]]:
    """Give the parts into which each rule of an intent was taken apart."""
    found: dict[tuple[int, str], list[_Standing]] = {}
    for each in standings:
        found.setdefault((id(each.by), each.rule.field), []).append(each)
    return found


def _refusing(denials: Iterable[_Standing], allowed: _Standing) -> _Standing | None:
    return next((each for each in denials if refuses(each.rule, allowed.rule)), None)


def refuses(denial: AccessRule, allowed: AccessRule) -> bool:
    """Say whether a rule that denies is about all requests that another one allows."""
    return (
        {*denial.conditions} <= {*allowed.conditions}
        and all(
            any(_caller_covered(one, other) for one in denial.sources or (Source(),))
            for other in allowed.sources or (Source(),)
        )
        and all(
            any(_operation_covered(one, other) for one in denial.operations or (Called(),))
            for other in allowed.operations or (Called(),)
        )
    )


def witness(rule: AccessRule) -> str:
    """Describe a request that a rule is about."""
    called = rule.operations[0] if rule.operations else Called()
    source = rule.sources[0] if rule.sources else Source()
    method = called.methods[0] if called.methods else "GET"
    path = sample(called.paths[0]) if called.paths else "/"
    text = f"{method} {path if path.startswith('/') else '/' + path}"
    text += f" of {sample(called.hosts[0])}" if called.hosts else ""
    text += f" on port {called.ports[0]}" if called.ports else ""
    return f"{text} from {_caller(source)}"


def _dead(allowed: _Standing, denial: _Standing) -> Result:
    whole = refuses(allowed.rule, denial.rule)
    does = "says the opposite of" if whole else "is refused in full by"
    return warning(
        f"should allow something, but {does} `{denial.rule.field}` of {told(denial.by)}, which "
        f"goes over it: {witness(allowed.rule)} is refused",
        code="rule-contradicted" if whole else "rule-shadowed",
        at=allowed.by,
        field=allowed.rule.field,
    )


def _caller_covered(denial: Source, allowed: Source) -> bool:
    """Say whether a source of a rule that denies is about all callers of another one."""
    return (
        _covered(denial.principals, allowed.principals)
        and _covered(denial.request_principals, allowed.request_principals)
        and (
            _covered(denial.namespaces, allowed.namespaces)
            or _covered(denial.namespaces, [*map(_namespace_of, allowed.principals)])
        )
        and (not denial.ip_blocks or _within(denial.ip_blocks, allowed.ip_blocks))
    )


def _operation_covered(denial: Called, allowed: Called) -> bool:
    """Say whether an operation of a rule that denies is about all that another one is about."""
    return (
        _covered(denial.methods, allowed.methods)
        and _covered(denial.paths, allowed.paths)
        and _covered(denial.hosts, allowed.hosts)
        and (not denial.ports or (bool(allowed.ports) and {*allowed.ports} <= {*denial.ports}))
    )


def _covered(denied: Sequence[str], allowed: Sequence[str]) -> bool:
    """Say whether values that are denied, all when there are none, cover those allowed."""
    return not denied or (bool(allowed) and covers(denied, allowed))


def _namespace_of(principal: str) -> str:
    """Give the namespace of a principal, "*" when it may be any."""
    parts = principal.split("/")
    return parts[2] if len(parts) == 5 else "*"


def _within(outer: Iterable[str], inner: Sequence[str]) -> bool:
    """Say whether all addresses of some blocks are in others."""
    wide = [ip_interface(block).network for block in outer]
    narrow = [ip_interface(block).network for block in inner]
    return bool(narrow) and all(
        any(one.version == other.version and one.subnet_of(other) for other in wide)  # type: ignore[arg-type]
        for one in narrow
    )


def _with_ports(rule: AccessRule, protected: Protected) -> AccessRule:
    """Give a rule that allows with the ports at which it can be true."""
    http = {t for port in protected.ports if port.protocol in L7 for t in port.targets}
    every = {target for port in protected.ports for target in port.targets}
    operations = tuple(
        replace(
            called,
            ports=called.ports
            or tuple(sorted(http if called.methods or called.paths or called.hosts else every)),
        )
        for called in rule.operations or (Called(),)
    )
    return replace(rule, operations=operations)


def _caller(source: Source) -> str:
    if source.principals:
        return sample(source.principals[0], "cluster.local/ns/default/sa/x")
    if source.namespaces:
        return f'a pod of namespace "{source.namespaces[0]}"'
    if source.ip_blocks:
        return str(ip_interface(source.ip_blocks[0]).ip)
    return "anyone"
