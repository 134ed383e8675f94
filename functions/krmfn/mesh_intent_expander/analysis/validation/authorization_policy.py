"""AuthorizationPolicy.

Source: Istio's ``ValidateAuthorizationPolicy`` and ``pkg/config/security``, and the rules of its
CustomResourceDefinition.
"""

from krmfn.mesh_intent_expander.analysis.validation.authorization_values import (
    condition,
    filled,
    ip_blocks,
    path_templates,
    ports,
    service_accounts,
    trust_domains,
)
from krmfn.mesh_intent_expander.analysis.validation.faults import (
    ADMISSION,
    WARNING,
    Fault,
    Faults,
    Spec,
)
from krmfn.mesh_intent_expander.analysis.validation.targets import attachment
from krmfn.sdk import Resource

_DRY_RUN = "istio.io/dry-run"
_TRUTHS = frozenset("1 t T TRUE true True 0 f F FALSE false False".split())
_IDENTITIES = ("principals", "notPrincipals", "namespaces", "notNamespaces")
_ACCOUNTS = ("serviceAccounts", "notServiceAccounts")
_ADDRESSES = ("ipBlocks", "notIpBlocks", "remoteIpBlocks", "notRemoteIpBlocks")
_OF_TCP = frozenset({*_IDENTITIES, *_ACCOUNTS, *_ADDRESSES})
"""Fields of a source that can be told without HTTP."""

_OF_PEERS = frozenset(
    {
        *_IDENTITIES,
        *_ACCOUNTS,
        *("trustDomains", "notTrustDomains", "requestPrincipals", "notRequestPrincipals"),
    }
)
"""Fields of a source that a policy with the action CUSTOM must not have."""

_KEYS_OF_PEERS = frozenset(
    {"source.namespace", "source.serviceAccount", "source.trustDomain", "source.principal"}
)


def check(spec: Spec, resource: Resource) -> Faults:
    """Check one AuthorizationPolicy."""
    action, rules = spec.get("action") or "ALLOW", spec.get("rules") or ()
    yield from _dry_run(resource, action)
    yield from attachment("spec", spec)
    if action in ("CUSTOM", "DENY") and not rules:
        said = f"must be given for the action {action}; the rule {{}} takes every request"
        yield Fault("spec.rules", said)
    provider = spec.get("provider")
    if provider is not None and action != "CUSTOM":
        yield Fault("spec.provider", f"must be left out for the action {action}")
    elif action == "CUSTOM" and rules and not (provider or {}).get("name"):
        yield Fault("spec.provider.name", "must be given for the action CUSTOM")
    for number, rule in enumerate(rules):
        yield from _rule(f"spec.rules[{number}]", rule, action)


def _dry_run(resource: Resource, action: str) -> Faults:
    said = resource.annotations.get(_DRY_RUN)
    path = f'metadata.annotations["{_DRY_RUN}"]'
    if said is not None and action not in ("ALLOW", "DENY"):
        yield Fault(path, f"must be left out for the action {action}", ADMISSION)
    elif said is not None and said not in _TRUTHS:
        yield Fault(path, f'must be "true" or "false", but is "{said}"', ADMISSION)


def _rule(path: str, rule: Spec, action: str) -> Faults:
    sources, operations = rule.get("from") or (), rule.get("to") or ()
    for number, each in enumerate(sources):
        yield from _source(f"{path}.from[{number}].source", each.get("source"), action)
    for number, each in enumerate(operations):
        yield from _operation(f"{path}.to[{number}].operation", each.get("operation"))
    for number, each in enumerate(rule.get("when") or ()):
        here = f"{path}.when[{number}]"
        key = each.get("key") or ""
        if action == "CUSTOM" and (key in _KEYS_OF_PEERS or key.startswith("request.auth.")):
            said = f'must be no key of identities for the action CUSTOM, but is "{key}"'
            yield Fault(f"{here}.key", said)
        yield from condition(here, each)
    if action == "DENY" and _denies_all_tcp(rule):
        yield Fault(path, "must have ports, or it denies all traffic that is not HTTP", WARNING)


def _denies_all_tcp(rule: Spec) -> bool:
    sources = [each["source"] for each in rule.get("from") or () if "source" in each]
    operations = [each["operation"] for each in rule.get("to") or () if "operation" in each]
    if operations:
        return not any("ports" in each or "notPorts" in each for each in operations)
    return bool(sources) and not any(_OF_TCP & each.keys() for each in sources)


def _source(path: str, source: Spec | None, action: str) -> Faults:
    if not source:
        yield Fault(path, "must have at least one field")
        return
    for field in _OF_PEERS & source.keys() if action == "CUSTOM" else ():
        yield Fault(f"{path}.{field}", "must be left out for the action CUSTOM")
    if any(field in source for field in _IDENTITIES) and any(each in source for each in _ACCOUNTS):
        yield Fault(path, "must not have service accounts beside principals or namespaces")
    for field, values in source.items():
        here = f"{path}.{field}"
        if field in _ADDRESSES:
            yield from ip_blocks(here, values)
        elif field in _ACCOUNTS:
            yield from service_accounts(here, values)
        elif field.lower().endswith("trustdomains"):
            yield from trust_domains(here, values)
        else:
            yield from filled(here, values)


def _operation(path: str, operation: Spec | None) -> Faults:
    if not operation:
        yield Fault(path, "must have at least one field")
        return
    for field, values in operation.items():
        here = f"{path}.{field}"
        yield from filled(here, values)
        if field in ("ports", "notPorts"):
            yield from ports(here, values)
        elif field in ("paths", "notPaths"):
            yield from path_templates(here, values)
