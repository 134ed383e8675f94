"""Whether a server lets a request in: AuthorizationPolicies.

Source: Istio's API reference, "Authorization Policy", and ``pilot/pkg/security/authz``: CUSTOM asks
somebody else, then DENY, then ALLOW; a server with an ALLOW policy lets in only what one allows.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from krmfn.mesh_intent_expander.semantics.conditions import (
    Facts,
    Test,
    UnknownConditionError,
    is_http_only,
    test_of,
)
from krmfn.mesh_intent_expander.semantics.ordering import age
from krmfn.mesh_intent_expander.semantics.selecting import Selecting, is_selected, selecting
from krmfn.mesh_intent_expander.view import (
    ISTIO_SECURITY,
    ClusterView,
    mapping,
    mappings,
    namespace_of,
    spec_of,
)
from krmfn.sdk import Resource

_DRY_RUN = "istio.io/dry-run"
_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
SOURCE_KEYS = {
    "principals": "source.principal",
    "serviceAccounts": "source.serviceAccount",
    "namespaces": "source.namespace",
    "trustDomains": "source.trustDomain",
    "ipBlocks": "source.ip",
    "remoteIpBlocks": "remote.ip",
    "requestPrincipals": "request.auth.principal",
}
OPERATION_KEYS = {
    "hosts": "host",
    "methods": "method",
    "paths": "path",
    "ports": "destination.port",
}
"""Fields of a rule's sources and operations, with the keys that say the same in ``when``."""

_PRINCIPAL_PARTS = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a server lets a request in.

    Attributes:
        reason: why, in words.
        resource: the policy that decides; None where there is none.
        field: the rule that decides.
        asks: names of the external authorisers that have their say first.
        shadows: what policies on trial would have done, in words.
    """

    allowed: bool
    reason: str
    resource: Resource | None = None
    field: str = ""
    asks: tuple[str, ...] = ()
    shadows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Condition:
    """Some values of which one must hold, and some of which none may."""

    key: str
    wanted: tuple[Test | None, ...]
    refused: tuple[Test | None, ...]

    def holds(self, facts: Facts) -> bool:
        """Say whether it holds; a value that Istio does not take counts as absent."""
        if not facts.http and is_http_only(self.key):
            return True
        wanted = [test for test in self.wanted if test is not None]
        if wanted and not any(test(facts) for test in wanted):
            return False
        return not any(test is not None and test(facts) for test in self.refused)

    @property
    def is_broken(self) -> bool:
        """Whether it has a value that Istio does not take."""
        return None in self.wanted or None in self.refused


_Clause = tuple[_Condition, ...]


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """A rule: one of `sources`, one of `operations` and all of `conditions` must hold."""

    field: str
    sources: tuple[_Clause, ...]
    operations: tuple[_Clause, ...]
    conditions: _Clause

    def holds(self, facts: Facts, *, for_allow: bool) -> bool:
        """Say whether a request is as the rule says.

        What cannot be told, as HTTP's fields of TCP, makes an ALLOW narrower and a DENY wider.
        """
        if for_allow and not self._is_decidable(facts):
            return False
        if not all(each.holds(facts) for each in self.conditions):
            return False
        return all(
            not clauses or any(all(each.holds(facts) for each in clause) for clause in clauses)
            for clauses in (self.sources, self.operations)
        )

    def _is_decidable(self, facts: Facts) -> bool:
        clauses = (*self.sources, *self.operations, self.conditions)
        return not any(
            each.is_broken or (not facts.http and is_http_only(each.key))
            for clause in clauses
            for each in clause
        )


@dataclass(frozen=True)
class Policy:
    """An AuthorizationPolicy."""

    selecting: Selecting
    action: str
    provider: str
    is_trial: bool
    trust_domains: tuple[str, ...]

    @property
    def resource(self) -> Resource:
        """The object."""
        return self.selecting.resource

    @cached_property
    def rules(self) -> tuple[PolicyRule, ...]:
        """Its rules; one with a condition that Istio does not know is left out."""
        return tuple(_rules(self.resource, self.trust_domains))

    def matching(self, facts: Facts) -> PolicyRule | None:
        """Give the first rule that a request is as."""
        allows = self.action == "ALLOW"
        return next((rule for rule in self.rules if rule.holds(facts, for_allow=allows)), None)


class Policies:
    """The AuthorizationPolicies of a control plane.

    Args:
        config: its objects.
        trust_domains: the mesh's own, and its aliases.
        providers: the external authorisers that it knows, None when that is not known.
    """

    def __init__(
        self,
        config: ClusterView,
        trust_domains: tuple[str, ...],
        providers: frozenset[str] | None,
    ) -> None:
        self._root, self.providers = config.root_namespace, providers
        self._by_namespace: dict[str, list[Policy]] = {}
        for resource in sorted(config.of("AuthorizationPolicy", ISTIO_SECURITY), key=age):
            policy = _policy(resource, trust_domains)
            self._by_namespace.setdefault(namespace_of(resource), []).append(policy)

    def of_pods(self, namespace: str, labels: Mapping[str, str]) -> tuple[Policy, ...]:
        """Give the policies that hold at pods."""
        return tuple(each for each in self._of(namespace) if is_selected(each.selecting, labels))

    def of_waypoint(
        self, waypoint: tuple[str, str], service: tuple[str, str]
    ) -> tuple[Policy, ...]:
        """Give the policies that a waypoint enforces for a Service, both by (namespace, name).

        Source: ``ShouldAttachPolicy`` of Istio's ``pilot/pkg/model/policyattachment.go``.
        """
        wanted = {
            (self._root, "GatewayClass", "istio-waypoint"),
            (waypoint[0], "Gateway", waypoint[1]),
            (service[0], "Service", service[1]),
        }
        return tuple(
            policy
            for place in dict.fromkeys((self._root, waypoint[0], service[0]))
            for policy in self._by_namespace.get(place, ())
            if wanted & {(place, *target) for target in policy.selecting.targets}
        )

    def _of(self, namespace: str) -> Iterator[Policy]:
        for place in dict.fromkeys((self._root, namespace)):
            yield from self._by_namespace.get(place, ())


def authorize(
    policies: Iterable[Policy], facts: Facts, providers: frozenset[str] | None = None
) -> Verdict:
    """Say whether policies let a request in."""
    held = [each for each in policies if not each.is_trial]
    shadows = tuple(_shadows(policies, facts))
    asks = [
        (each, rule) for each in held if each.action == "CUSTOM" if (rule := each.matching(facts))
    ]
    names = tuple(dict.fromkeys(policy.provider for policy, _ in asks))
    if asks and (problem := _unaskable(held, names, providers)):
        policy, rule = asks[0]
        return Verdict(False, problem, policy.resource, rule.field, names, shadows)
    for policy in held:
        if policy.action == "DENY" and (rule := policy.matching(facts)):
            return Verdict(
                False, "a DENY policy matches", policy.resource, rule.field, names, shadows
            )
    allowing = [each for each in held if each.action == "ALLOW"]
    for policy in allowing:
        if rule := policy.matching(facts):
            return Verdict(
                True, "an ALLOW policy matches", policy.resource, rule.field, names, shadows
            )
    if allowing:
        reason = "there are ALLOW policies, and none of them matches"
        return Verdict(False, reason, allowing[0].resource, "spec.rules", names, shadows)
    return Verdict(True, "no ALLOW policy is there", asks=names, shadows=shadows)


def _unaskable(
    policies: Iterable[Policy], names: tuple[str, ...], providers: frozenset[str] | None
) -> str:
    """Say why a request that must be asked about is refused, "" when it can be asked about."""
    if len({each.provider for each in policies if each.action == "CUSTOM"}) > 1:
        return "a workload must have one external authoriser, but has several"
    if providers is not None and not set(names) <= providers:
        return f'"{names[0]}" must be an extension provider of the mesh'
    return ""


def _shadows(policies: Iterable[Policy], facts: Facts) -> Iterator[str]:
    for policy in policies:
        if policy.is_trial and policy.action in ("ALLOW", "DENY") and policy.matching(facts):
            would = "deny" if policy.action == "DENY" else "allow"
            yield f"{policy.resource.name} on trial would {would} it"


def _policy(resource: Resource, trust_domains: tuple[str, ...]) -> Policy:
    spec = spec_of(resource)
    action = spec.get("action")
    return Policy(
        selecting=selecting(resource),
        action=action if isinstance(action, str) else "ALLOW",
        provider=str(mapping(spec.get("provider")).get("name") or ""),
        is_trial=resource.annotations.get(_DRY_RUN, "") in _TRUE,
        trust_domains=trust_domains,
    )


def _rules(resource: Resource, domains: tuple[str, ...]) -> Iterator[PolicyRule]:
    namespace = namespace_of(resource)
    for index, value in enumerate(mappings(spec_of(resource).get("rules"))):
        try:
            yield PolicyRule(
                field=f"spec.rules[{index}]",
                sources=tuple(
                    tuple(_clause(mapping(each.get("source")), SOURCE_KEYS, namespace, domains))
                    for each in mappings(value.get("from"))
                ),
                operations=tuple(
                    tuple(
                        _clause(mapping(each.get("operation")), OPERATION_KEYS, namespace, domains)
                    )
                    for each in mappings(value.get("to"))
                ),
                conditions=tuple(
                    _condition(
                        str(each.get("key")), each, ("values", "notValues"), namespace, domains
                    )
                    for each in mappings(value.get("when"))
                ),
            )
        except UnknownConditionError:
            continue


def _clause(
    value: Mapping[str, Any], keys: Mapping[str, str], namespace: str, domains: tuple[str, ...]
) -> Iterator[_Condition]:
    for name, key in keys.items():
        fields = (name, f"not{name[0].upper()}{name[1:]}")
        if any(_texts(value.get(field)) for field in fields):
            yield _condition(key, value, fields, namespace, domains)


def _condition(
    key: str,
    value: Mapping[str, Any],
    fields: tuple[str, str],
    namespace: str,
    domains: tuple[str, ...],
) -> _Condition:
    wanted, refused = (
        tuple(
            _test(key, each, namespace) for each in _aliased(key, _texts(value.get(field)), domains)
        )
        for field in fields
    )
    return _Condition(key, wanted, refused)


def _texts(value: Any) -> list[str]:
    """Give the texts of a list; a number counts as its digits, so that no ALLOW becomes wider."""
    listed = value if isinstance(value, list) else []
    return [str(each) for each in listed if isinstance(each, str | int)]


def _test(key: str, value: str, namespace: str) -> Test | None:
    """Give the test of a value, None for a value that Istio does not take.

    Raises:
        UnknownConditionError: the key is wrong.
    """
    try:
        return test_of(key, value, namespace)
    except UnknownConditionError as error:
        if str(error) == key:
            raise
        return None


def _aliased(key: str, values: list[str], domains: tuple[str, ...]) -> list[str]:
    """Put the aliases of a trust domain beside it; ``cluster.local`` stands for the mesh's own."""
    if key == "source.trustDomain":
        expanded = (domains if value in domains else (value,) for value in values)
        return list(dict.fromkeys(each for some in expanded for each in some))
    if key != "source.principal":
        return values
    found: dict[str, None] = {}
    for value in values:
        domain, _, rest = value.partition("/")
        known = domain == "cluster.local" or _is_of(domain, domains)
        if value.count("/") == _PRINCIPAL_PARTS - 1 and domain != "*" and known:
            found.update(
                (value if _is_of(domain, (each,)) else f"{each}/{rest}", None) for each in domains
            )
        else:
            found[value] = None
    return list(found)


def _is_of(domain: str, domains: tuple[str, ...]) -> bool:
    """Say whether one of the trust domains is meant by a name, which may begin with ``*``."""
    if domain.startswith("*"):
        return any(each.endswith(domain[1:]) for each in domains)
    return domain in domains
