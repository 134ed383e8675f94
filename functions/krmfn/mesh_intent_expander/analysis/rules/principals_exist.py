"""The identities in AuthorizationPolicies are those of workloads, and are told from all clients.

Source: Istio's API reference, "Authorization Policy": a principal is
``<trust domain>/ns/<namespace>/sa/<account>``, and only mutual TLS tells it.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.planes import governed, plane_of
from krmfn.mesh_intent_expander.analysis.policies import (
    Condition,
    action_of,
    authorization_policies,
    rules_of,
)
from krmfn.mesh_intent_expander.analysis.reading import quoted
from krmfn.mesh_intent_expander.semantics.request import data_plane_of
from krmfn.mesh_intent_expander.semantics.selecting import selecting
from krmfn.mesh_intent_expander.semantics.world import ControlPlane, world_of
from krmfn.mesh_intent_expander.view import GATEWAY_API, ClusterView, Fleet, namespace_of
from krmfn.sdk import Resource

SCHEME = Code(
    "principal-with-scheme",
    Level.WARNING,
    "A principal must be written without `spiffe://`.",
)
DOMAIN = Code(
    "principal-of-unknown-trust-domain",
    Level.WARNING,
    "A principal must be of a trust domain of the mesh.",
)
ACCOUNT = Code(
    "principal-of-unknown-account",
    Level.WARNING,
    "A principal must be that of a workload.",
)
PLAINTEXT = Code(
    "principal-without-strict",
    Level.INFO,
    "Workloads that tell clients by identity should take mutual TLS only.",
)
CODES = (SCHEME, DOMAIN, ACCOUNT, PLAINTEXT)

_SPIFFE = "spiffe://"
_PRINCIPAL = "source.principal"
_IDENTITIES = frozenset(
    (_PRINCIPAL, "source.namespace", "source.serviceAccount", "source.trustDomain")
)


class _Known(NamedTuple):
    """The accounts of a fleet, as (namespace, name), and the namespaces that have workloads."""

    accounts: frozenset[tuple[str, str]]
    namespaces: frozenset[str]


def check(view: ClusterView, fleet: Fleet) -> Iterable[Finding]:
    """Yield principals that nobody has, and policies whose clients may have none."""
    plane = plane_of(view, fleet)
    if plane is None:
        return
    domains = _trust_domains(plane, fleet)
    for resource in authorization_policies(view):
        conditions = [each for rule in rules_of(resource) for each in rule.conditions]
        for each in conditions:
            if each.key == _PRINCIPAL:
                yield from _unknown(resource, each, domains, fleet)
        told = [each for each in conditions if each.key in _IDENTITIES]
        if told and (pods := _permissive(plane, fleet, resource)):
            yield Finding(PLAINTEXT, resource, _doubt(resource, told, pods), told[0].field)


def _trust_domains(plane: ControlPlane, fleet: Fleet) -> frozenset[str]:
    """Give the trust domains of the mesh, none when they are not known."""
    if fleet.mesh is None and not plane.settings.get("trustDomain"):
        return frozenset()
    own = (each.trust_domain for each in world_of(fleet).clusters.values())
    return frozenset(("cluster.local", *plane.trust_domains, *own))


def _unknown(
    resource: Resource, condition: Condition, domains: frozenset[str], fleet: Fleet
) -> Iterator[Finding]:
    for value in condition.values:
        if value.startswith(_SPIFFE):
            message = f'must be written without "{_SPIFFE}", but is "{value}": nobody has it'
            yield Finding(SCHEME, resource, message, condition.field)
            continue
        parts = value.split("/")
        if len(parts) != 5 or (parts[1], parts[3]) != ("ns", "sa") or "*" in value:
            continue
        domain, _, namespace, _, account = parts
        if domains and domain not in domains:
            message = f"must be of a trust domain of the mesh ({quoted(sorted(domains))}), but is "
            yield Finding(DOMAIN, resource, f'{message}"{value}"', condition.field)
        known = fleet.once(_known, fleet)
        if namespace in known.namespaces and (namespace, account) not in known.accounts:
            message = f'must be the identity of a workload, but no pods have "{value}"'
            yield Finding(ACCOUNT, resource, message, condition.field)


def _known(fleet: Fleet) -> _Known:
    """Give what identities there are; the pods of gateways get theirs from Istio."""
    views = fleet.views.values()
    workloads = [each for view in views for each in view.workloads]
    gateways = [each for view in views for each in view.of("Gateway", GATEWAY_API)]
    accounts = [each for view in views for each in view.of("ServiceAccount", "")]
    return _Known(
        accounts=frozenset(
            (
                *((each.namespace, each.service_account) for each in workloads),
                *((namespace_of(each), each.name) for each in (*accounts, *gateways)),
                *(
                    (namespace_of(each), f"{each.name}-{suffix}")
                    for each in gateways
                    for suffix in ("istio", "istio-east-west")
                ),
            )
        ),
        namespaces=frozenset(each.namespace for each in workloads),
    )


def _permissive(plane: ControlPlane, fleet: Fleet, resource: Resource) -> str:
    """Give pods for which a policy holds and that take plaintext, in words; "" for none."""
    chosen = selecting(resource)
    if chosen.targets or namespace_of(resource) == plane.config.root_namespace:
        return ""
    for view in governed(plane, fleet):
        for each in view.selected(namespace_of(resource), chosen.selector):
            mode = plane.peers.of_workload(each.namespace, each.labels, None).mode
            if mode != "STRICT" and data_plane_of(view, each) != "none":
                return f'{each.kind} "{each.namespace}/{each.name}"'
    return ""


def _doubt(resource: Resource, conditions: list[Condition], pods: str) -> str:
    is_open = action_of(resource) == "DENY" or any(each.is_negated for each in conditions)
    effect = "pass" if is_open else "are refused"
    return f"should have {pods} in mode STRICT: clients of plaintext have no identity and {effect}"
