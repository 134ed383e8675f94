"""The values by which an AuthorizationPolicy tells requests.

Source: Istio's ``pkg/config/security``.
"""

import re
from collections.abc import Sequence

from krmfn.mesh_intent_expander.analysis.validation.addresses import ip_or_cidr
from krmfn.mesh_intent_expander.analysis.validation.faults import Fault, Faults, Spec, refuse

_PORT = re.compile(r"[0-9]{1,10}")
_HIGHEST_PORT = 65535
_SEGMENT = re.compile(r"[a-zA-Z0-9\-._~%!$&'()+,;:@=]+")
_ONE, _ANY = "{*}", "{**}"
_MOST_ACCOUNTS, _LONGEST_ACCOUNT = 16, 320
_WITH_NAME = ("request.headers", "request.auth.claims", "experimental.envoy.filters.")
_PLAIN = frozenset(
    {
        *("source.namespace", "source.principal", "request.auth.principal"),
        *("request.auth.audiences", "request.auth.presenter", "connection.sni"),
    }
)


def filled(path: str, values: Sequence[str]) -> Faults:
    """Check that no value is empty."""
    for number, value in enumerate(values):
        if not value:
            yield Fault(f"{path}[{number}]", "must not be empty")


def ip_blocks(path: str, values: Sequence[str]) -> Faults:
    """Check addresses and CIDR blocks."""
    for number, value in enumerate(values):
        yield from refuse(f"{path}[{number}]", ip_or_cidr(value))


def ports(path: str, values: Sequence[str]) -> Faults:
    """Check ports, which are texts."""
    for number, value in enumerate(values):
        if value and not (_PORT.fullmatch(value) and int(value) <= _HIGHEST_PORT):
            said = f'must be a port from 0 to {_HIGHEST_PORT}, but is "{value}"'
            yield Fault(f"{path}[{number}]", said)


def service_accounts(path: str, values: Sequence[str]) -> Faults:
    """Check service accounts: ``name`` or ``namespace/name``."""
    if len(values) > _MOST_ACCOUNTS:
        yield Fault(path, f"must have at most {_MOST_ACCOUNTS} values, but has {len(values)}")
    for number, value in enumerate(values):
        parts = value.split("/")
        is_named = len(parts) <= 2 and all(parts) and "*" not in value
        if not is_named or len(value) > _LONGEST_ACCOUNT:
            said = f'must be as in "name" or "namespace/name", but is "{value}"'
            yield Fault(f"{path}[{number}]", said)


def wildcards(path: str, values: Sequence[str]) -> Faults:
    """Check texts with at most one wildcard, which begins or ends them."""
    for number, value in enumerate(values):
        if not value or "*" in value[1:-1] or (len(value) > 1 and value[0] == value[-1] == "*"):
            said = f'must have "*" only where it begins or ends, but is "{value}"'
            yield Fault(f"{path}[{number}]", said)


def trust_domains(path: str, values: Sequence[str]) -> Faults:
    """Check trust domains."""
    yield from wildcards(path, values)
    for number, value in enumerate(values):
        if "/" in value:
            yield Fault(f"{path}[{number}]", f'must be a trust domain, but is "{value}"')


def path_templates(path: str, values: Sequence[str]) -> Faults:
    """Check paths with templates: ``{*}`` is one segment, ``{**}`` all that follow."""
    for number, value in enumerate(values):
        is_template = _ONE in value or _ANY in value
        segments = value.strip("/").split("/")
        closed = segments.index(_ANY) + 1 if _ANY in segments else len(segments)
        late = segments[closed:]
        literals = [each for each in segments if each not in (_ONE, _ANY)]
        if (
            any(each in (_ONE, _ANY) for each in late)
            or any("{" in each or "}" in each for each in literals)
            or (is_template and not all(map(_SEGMENT.fullmatch, literals)))
        ):
            said = 'must have "{*}" and "{**}" as whole segments, and the last one at the end'
            yield Fault(f"{path}[{number}]", f'{said}, but is "{value}"')


def condition(path: str, given: Spec) -> Faults:
    """Check one condition of a rule."""
    key = given.get("key") or ""
    if not key:
        yield Fault(f"{path}.key", "must be given")
        return
    fields = [field for field in ("values", "notValues") if field in given]
    if not fields:
        yield Fault(path, "must have `values` or `notValues`")
    for field in fields:
        yield from filled(f"{path}.{field}", given[field])
    if fields:
        yield from _attribute(path, key, {field: given[field] for field in fields})


def _attribute(path: str, key: str, values: Spec) -> Faults:
    if key.startswith(_WITH_NAME):
        name = key.partition("[")[2]
        if not key.endswith("]") or len(name) < 2:
            yield Fault(f"{path}.key", f'must be as in "name[key]", but is "{key}"')
        return
    check = {
        "source.ip": ip_blocks,
        "remote.ip": ip_blocks,
        "destination.ip": ip_blocks,
        "destination.port": ports,
        "source.serviceAccount": service_accounts,
        "source.trustDomain": wildcards,
    }.get(key)
    if check is None and key not in _PLAIN:
        yield Fault(f"{path}.key", f'must be an attribute of requests, but is "{key}"')
    for field, given in values.items() if check else ():
        yield from check(f"{path}.{field}", given) if check else ()
