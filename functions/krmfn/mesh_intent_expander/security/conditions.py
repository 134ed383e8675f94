"""What Istio's conditions may speak of.

Source: Istio's reference "Authorization Policy Conditions", and what its webhook accepts.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_interface
from typing import Literal

from krmfn.kinds.authorization import Condition
from krmfn.mesh_intent_expander.security.asked import Asked
from krmfn.mesh_intent_expander.security.words import in_clusters, nearest
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.sdk import Result


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a request or a connection.

    Attributes:
        is_http: whether only requests have it, and not connections.
        identity: whose word it is: that of the peer's certificate, or that of a token.
        has_key: whether a key in brackets follows, as in ``request.headers[x-user]``.
        since: the first version of Istio that has it, None for all that are in use.
    """

    name: str
    is_http: bool = False
    identity: Literal["", "peer", "token"] = ""
    values: Literal["text", "address", "port"] = "text"
    has_key: bool = False
    since: tuple[int, int] | None = None


_ALL = (
    Attribute("source.ip", values="address"),
    Attribute("remote.ip", values="address"),
    Attribute("source.namespace", identity="peer"),
    Attribute("source.principal", identity="peer"),
    Attribute("source.serviceAccount", identity="peer"),
    Attribute("source.trustDomain", identity="peer", since=(1, 30)),
    Attribute("request.headers", is_http=True, has_key=True),
    Attribute("request.auth.principal", is_http=True, identity="token"),
    Attribute("request.auth.audiences", is_http=True, identity="token"),
    Attribute("request.auth.presenter", is_http=True, identity="token"),
    Attribute("request.auth.claims", is_http=True, identity="token", has_key=True),
    Attribute("destination.ip", values="address"),
    Attribute("destination.port", values="port"),
    Attribute("connection.sni"),
)
ATTRIBUTES = {attribute.name: attribute for attribute in _ALL}
_FILTERS = "experimental.envoy.filters."


def attribute_of(key: str) -> Attribute | None:
    """Give the attribute that a condition's key names, None when there is none."""
    name, bracket, rest = key.partition("[")
    if name.startswith(_FILTERS):
        known: Attribute | None = Attribute(name, has_key=True)
    else:
        known = ATTRIBUTES.get(name)
    is_keyed = bool(bracket) and rest.endswith("]") and len(rest) > 1
    return known if known and (is_keyed if known.has_key else not bracket) else None


def problems(mesh: Mesh, asked: Asked, number: int) -> Iterator[Result]:
    """Yield what is wrong with the conditions of one of an intent's rules."""
    for index, condition in enumerate(asked.spec.rules[number].when):
        field = f"rules[{number}].when[{index}]"
        attribute = attribute_of(condition.key)
        if attribute is None:
            message = f'must be an attribute that Istio knows, but is "{condition.key}"'
            at, proposed = f"{field}.key", _proposed_for(condition.key)
            yield asked.wrong(message, "condition-unknown", at, condition.key, proposed)
        else:
            yield from _wrong_values(asked, condition, attribute, field)
            yield from _too_old(mesh, asked, attribute, f"{field}.key")


def _wrong_values(
    asked: Asked, condition: Condition, attribute: Attribute, field: str
) -> Iterator[Result]:
    for name, values in (("values", condition.values), ("notValues", condition.not_values)):
        for value in values:
            if not _CHECKS[attribute.values](value):
                message = f'must be {_WORDS[attribute.values]}, but is "{value}"'
                yield asked.wrong(message, "condition-value", f"{field}.{name}", value)


def _too_old(mesh: Mesh, asked: Asked, attribute: Attribute, field: str) -> Iterator[Result]:
    since = attribute.since
    old = [
        cluster.name
        for cluster in mesh.clusters.values()
        if since and cluster.istio_version and cluster.istio_version < since
    ]
    if since and old:
        version = ".".join(map(str, since))
        message = f"must be known to every Istio, but came with {version}, which is newer than that"
        message += in_clusters(old)
        yield asked.wrong(message, "istio-too-old", field, attribute.name)


def _proposed_for(key: str) -> str | None:
    """Give the key that was most likely meant."""
    name, _, rest = key.partition("[")
    near = ATTRIBUTES.get(name) or ATTRIBUTES.get(nearest(name, ATTRIBUTES) or "")
    if near is None:
        return None
    return f"{near.name}[{rest.rstrip(']') or 'name'}]" if near.has_key else near.name


def uses(conditions: Sequence[Condition], identity: str) -> bool:
    """Say whether conditions rest on a peer's certificate (``peer``) or a ``token``."""
    found = (attribute_of(condition.key) for condition in conditions)
    return any(attribute.identity == identity for attribute in found if attribute)


def _is_address(text: str) -> bool:
    try:
        ip_interface(text)
    except ValueError:
        return False
    return True


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) <= 65535


_WORDS = {"address": "an IP address or a CIDR", "port": "a number of a port", "text": "given"}
_CHECKS: Mapping[str, Callable[[str], bool]] = {
    "text": bool,
    "address": _is_address,
    "port": _is_port,
}
