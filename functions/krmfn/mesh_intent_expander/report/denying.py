"""Rules of AuthorizationPolicies that allow what a DENY policy refuses in full."""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_interface
from itertools import islice
from typing import Any

from krmfn.mesh_intent_expander.intents.report import Dead
from krmfn.mesh_intent_expander.plan.security import AccessRule, Called, Source, When
from krmfn.mesh_intent_expander.report.reaching import named
from krmfn.mesh_intent_expander.security.shadows import refuses, witness
from krmfn.mesh_intent_expander.semantics.authorization import Policy
from krmfn.mesh_intent_expander.view import (
    mapping,
    mappings,
    namespace_of,
    number,
    spec_of,
    strings,
)

_FIELDS: Mapping[str, frozenset[str]] = {
    "source": frozenset(("principals", "requestPrincipals", "namespaces", "ipBlocks")),
    "operation": frozenset(("methods", "paths", "ports", "hosts")),
}
_Rules = list[tuple[str, AccessRule]]


def refused_rules(policies: Iterable[Policy]) -> Iterator[Dead]:
    """Yield the rules of ALLOW policies all of whose requests one rule of a DENY policy refuses.

    Args:
        policies: some of one cluster; only what holds wherever an ALLOW policy does can refuse it.
    """
    held = [each for each in policies if not each.is_trial]
    denials = [
        (policy, field, rule)
        for policy in held
        if policy.action == "DENY"
        for field, rule in _rules(policy, exactly=True)
    ]
    for policy in held if denials else ():
        for field, rule in _rules(policy, exactly=False) if policy.action == "ALLOW" else ():
            refusing = (
                each
                for each in denials
                if _holds_wherever(each[0], policy) and refuses(each[2], rule)
            )
            for by, where, _ in islice(refusing, 1):
                yield Dead(
                    what="allow-rule",
                    at=named(policy.resource),
                    field=field,
                    why=f"{named(by.resource)} `{where}` denies all that it allows",
                    witness=witness(rule),
                )


def _holds_wherever(denial: Policy, allowing: Policy) -> bool:
    """Say whether one policy is in force at all servers at which another one is."""
    one, other = denial.selecting, allowing.selecting
    namespaces = namespace_of(denial.resource), namespace_of(allowing.resource)
    is_as_wide = namespaces[0] == namespaces[1] and set(one.targets) == set(other.targets)
    return is_as_wide and one.selector.items() <= other.selector.items()


def _rules(policy: Policy, *, exactly: bool) -> _Rules:
    """Give the rules of a policy as values; what they cannot say makes them wider.

    Args:
        policy: the policy.
        exactly: whether rules that would become wider are left out instead.
    """
    found: _Rules = []
    for index, value in enumerate(mappings(spec_of(policy.resource).get("rules"))):
        sources = [mapping(each.get("source")) for each in mappings(value.get("from"))]
        called = [mapping(each.get("operation")) for each in mappings(value.get("to"))]
        is_whole = all(_is_plain(each, "source") for each in sources) and all(
            _is_plain(each, "operation") for each in called
        )
        if is_whole or (not exactly and _are_lists(sources, called)):
            found.append((f"spec.rules[{index}]", _rule(value, sources, called)))
    return found


def _are_lists(*values: Iterable[Mapping[str, Any]]) -> bool:
    """Say whether the fields that are read are as they must be; then others only narrow them."""
    known = _FIELDS["source"] | _FIELDS["operation"]
    read = ({k: v for k, v in each.items() if k in known} for some in values for each in some)
    return all(_is_plain(each, "source") or _is_plain(each, "operation") for each in read)


def _is_plain(value: Mapping[str, Any], what: str) -> bool:
    """Say whether a value can be told in full; what is of a wrong type cannot."""
    listed = all(
        isinstance(each, list) and each and len(strings(each)) == len(each)
        for each in value.values()
    )
    blocks = strings(value.get("ipBlocks"))
    return listed and {str(key) for key in value} <= _FIELDS[what] and all(map(_is_block, blocks))


def _is_block(text: str) -> bool:
    try:
        ip_interface(text)
    except ValueError:
        return False
    return True


def _rule(
    value: Mapping[str, Any],
    sources: Iterable[Mapping[str, Any]],
    called: Iterable[Mapping[str, Any]],
) -> AccessRule:
    return AccessRule(
        sources=tuple(_source(each) for each in sources),
        operations=tuple(_called(each) for each in called),
        conditions=tuple(
            When(
                str(each.get("key")),
                tuple(strings(each.get("values"))),
                tuple(strings(each.get("notValues"))),
            )
            for each in mappings(value.get("when"))
        ),
    )


def _source(value: Mapping[str, Any]) -> Source:
    return Source(
        principals=tuple(strings(value.get("principals"))),
        request_principals=tuple(strings(value.get("requestPrincipals"))),
        namespaces=tuple(strings(value.get("namespaces"))),
        ip_blocks=tuple(strings(value.get("ipBlocks"))),
    )


def _called(value: Mapping[str, Any]) -> Called:
    ports = (number(int(port)) for port in strings(value.get("ports")) if port.isdecimal())
    return Called(
        methods=tuple(strings(value.get("methods"))),
        paths=tuple(strings(value.get("paths"))),
        ports=tuple(port for port in ports if port is not None),
        hosts=tuple(strings(value.get("hosts"))),
    )
