"""PeerAuthentication and RequestAuthentication.

Source: Istio's ``ValidatePeerAuthentication`` and ``ValidateRequestAuthentication``.
"""

from krmfn.mesh_intent_expander.analysis.validation.durations import durations
from krmfn.mesh_intent_expander.analysis.validation.faults import (
    ADMISSION,
    Fault,
    Faults,
    Spec,
    at_most_one,
    refuse,
)
from krmfn.mesh_intent_expander.analysis.validation.headers import strict_name
from krmfn.mesh_intent_expander.analysis.validation.key_sets import key_set
from krmfn.mesh_intent_expander.analysis.validation.labels import selector
from krmfn.mesh_intent_expander.analysis.validation.ports import port_number
from krmfn.mesh_intent_expander.analysis.validation.targets import attachment
from krmfn.mesh_intent_expander.analysis.validation.urls import scheme_of
from krmfn.sdk import Resource


def check_peer(spec: Spec, _resource: Resource) -> Faults:
    """Check one PeerAuthentication."""
    ports = spec.get("portLevelMtls") or {}
    if ports and not (spec.get("selector") or {}).get("matchLabels"):
        yield Fault("spec.portLevelMtls", "must stand beside a `selector` with labels")
    for port in ports:
        yield from refuse("spec.portLevelMtls", port_number(port))
    yield from selector("spec.selector", spec.get("selector"), "matchLabels")


def check_request(spec: Spec, _resource: Resource) -> Faults:
    """Check one RequestAuthentication."""
    yield from attachment("spec", spec)
    for number, rule in enumerate(spec.get("jwtRules") or ()):
        yield from _jwt_rule(f"spec.jwtRules[{number}]", rule)


def _jwt_rule(path: str, rule: Spec) -> Faults:
    for field in ("audiences", "fromParams", "fromCookies"):
        for number, each in enumerate(rule.get(field) or ()):
            if not each:
                yield Fault(f"{path}.{field}[{number}]", "must not be empty")
    yield from _sources(path, rule)
    for number, header in enumerate(rule.get("fromHeaders") or ()):
        if not header.get("name"):
            yield Fault(f"{path}.fromHeaders[{number}].name", "must be given")
    for number, output in enumerate(rule.get("outputClaimToHeaders") or ()):
        here, header = f"{path}.outputClaimToHeaders[{number}]", output.get("header")
        if not header or not output.get("claim"):
            yield Fault(here, "must have `header` and `claim`")
        else:
            yield from refuse(f"{here}.header", strict_name(header))
    yield from durations(path, rule, "timeout")


def _sources(path: str, rule: Spec) -> Faults:
    if not (rule.get("issuer") or rule.get("jwksUri")):
        yield Fault(f"{path}.issuer", "must be given, or `jwksUri`")
    if (uri := rule.get("jwksUri")) and scheme_of(uri) not in ("http", "https"):
        yield Fault(f"{path}.jwksUri", f'must be a URL of http or https, but is "{uri}"')
    yield from at_most_one(path, rule, "jwksUri jwks", ADMISSION)
    if keys := rule.get("jwks"):
        yield from key_set(f"{path}.jwks", keys)
