"""Conditions of AuthorizationPolicies: what they test, and how.

Source: Istio's API reference, "Authorization Policy" and "Authorization Policy Conditions", and
``pilot/pkg/security/authz``.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network

from krmfn.mesh_intent_expander.semantics.strings import matches_whole

_METADATA = "experimental.envoy.filters."

Test = Callable[["Facts"], bool]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a server knows of a request.

    Attributes:
        principal: the client's identity without ``spiffe://``; "" without mutual TLS.
        address: the client's, "" when it is not known.
        port: the workload's port.
        http: whether it is read as HTTP; then all below is known.
        authority: the Host header.
        claims: those of an accepted token.
    """

    principal: str = ""
    address: str = ""
    port: int = 0
    server_name: str = ""
    http: bool = True
    method: str = "GET"
    path: str = "/"
    authority: str = ""
    headers: Mapping[str, str] | None = None
    claims: Mapping[str, object] | None = None


class UnknownConditionError(ValueError):
    """A condition or a value that Istio does not take."""


@lru_cache(maxsize=65536)
def test_of(key: str, value: str, namespace: str) -> Test:
    """Give the test of one value of a condition.

    Args:
        key: its key, of `when` or the one that a field stands for.
        value: the value.
        namespace: that of the policy.

    Raises:
        UnknownConditionError: Istio takes no such key or value.
    """
    if key.startswith(_METADATA):
        return _unknown
    name, _, rest = key.partition("[")
    if name in _NAMED:
        inner = tuple(part.rstrip("]") for part in rest.split("["))
        if not rest.endswith("]") or not all(inner):
            raise UnknownConditionError(key)
        return _NAMED[name](inner, value)
    if key not in _PLAIN:
        raise UnknownConditionError(key)
    return _PLAIN[key](value, namespace)


def is_http_only(key: str) -> bool:
    """Say whether a condition can only be told for HTTP."""
    return key.partition("[")[0] in _HTTP_ONLY


def matcher(pattern: str, *, ignore_case: bool = False) -> Callable[[str], bool]:
    """Give the test of a text with ``*`` at one end; ``*`` alone wants any text but none."""
    wanted = pattern.lower() if ignore_case else pattern

    def fits(text: str) -> bool:
        given = text.lower() if ignore_case else text
        if wanted == "*":
            return bool(given)
        if wanted.startswith("*"):
            return given.endswith(wanted[1:])
        if wanted.endswith("*"):
            return given.startswith(wanted[:-1])
        return given == wanted

    return fits


def _principal(value: str, _: str) -> Test:
    fits = matcher(value)
    return lambda facts: bool(facts.principal) and fits(facts.principal)


def _identity(pattern: str) -> Test:
    return lambda facts: bool(facts.principal) and matches_whole(pattern, facts.principal)


def _namespace(value: str, _: str) -> Test:
    quoted = ".*".join(re.escape(part) for part in value.split("*"))
    return _identity(f".*/ns/{quoted}/.*")


def _account(value: str, namespace: str) -> Test:
    where, _, name = value.rpartition("/")
    place = re.escape(where or namespace)
    return _identity(f".+/ns/{place}/(.+/|)sa/{re.escape(name)}(/.+)?")


def _trust_domain(value: str, _: str) -> Test:
    before, star, after = value.partition("*")
    wild = f"{re.escape(before)}[^/]*{re.escape(after)}" if star else re.escape(value)
    return _identity(f"{wild}/.*")


def _address(value: str, _: str) -> Test:
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        raise UnknownConditionError(value) from None

    def fits(facts: Facts) -> bool:
        try:
            return ip_address(facts.address) in network
        except ValueError:
            return False

    return fits


def _own_address(value: str, namespace: str) -> Test:
    _address(value, namespace)
    return _unknown


def _unknown(_: "Facts") -> bool:
    """Say no to what only a running proxy knows."""
    return False


def _port(value: str, _: str) -> Test:
    if not value.isascii() or not value.isdecimal() or int(value) not in range(65536):
        raise UnknownConditionError(value)
    return lambda facts: facts.port == int(value)


def _server_name(value: str, _: str) -> Test:
    fits = matcher(value)
    return lambda facts: fits(facts.server_name)


def _host(value: str, _: str) -> Test:
    fits = matcher(value, ignore_case=True)
    return lambda facts: fits(facts.authority)


def _method(value: str, _: str) -> Test:
    fits = matcher(value)
    return lambda facts: fits(facts.method)


def _path(value: str, _: str) -> Test:
    if "{*}" in value or "{**}" in value:
        template = "".join(_templated(value))
        return lambda facts: matches_whole(template, facts.path)
    fits = matcher(value)
    return lambda facts: fits(facts.path)


def _templated(value: str) -> Iterator[str]:
    """Yield a path template as RE2: ``{*}`` is one segment, ``{**}`` any number of characters."""
    for part in re.split(r"(\{\*\*?\})", value):
        wild = {"{*}": "[^/]+", "{**}": ".*"}
        yield wild.get(part) or re.escape(part)


def _request_principal(value: str, _: str) -> Test:
    issuer, slash, subject = value.rpartition("/")
    if not slash:
        issuer, subject = ("*", value) if value.startswith("*") else (value, "*")
        if not value.startswith("*") and not value.endswith("*"):
            subject = ""
    of_issuer, of_subject = matcher(issuer), matcher(subject)

    def fits(facts: Facts) -> bool:
        claims = facts.claims or {}
        said, whose = claims.get("iss"), claims.get("sub")
        if not isinstance(said, str) or not isinstance(whose, str):
            return False
        return of_issuer(said) and of_subject(whose)

    return fits


def _audience(value: str, _: str) -> Test:
    return _claim(("aud",), value)


def _presenter(value: str, _: str) -> Test:
    return _claim(("azp",), value)


def _claim(path: tuple[str, ...], value: str) -> Test:
    fits = matcher(value)

    def holds(facts: Facts) -> bool:
        found: object = facts.claims or {}
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        listed = found if isinstance(found, list) else [found]
        return any(isinstance(each, str) and fits(each) for each in listed)

    return holds


def _header(path: tuple[str, ...], value: str) -> Test:
    name, fits = path[0].lower(), matcher(value)

    def holds(facts: Facts) -> bool:
        found = (facts.headers or {}).get(name)
        return found is not None and (value == "*" or fits(found))

    return holds


_PLAIN: Mapping[str, Callable[[str, str], Test]] = {
    "source.ip": _address,
    "remote.ip": _address,
    "source.namespace": _namespace,
    "source.serviceAccount": _account,
    "source.trustDomain": _trust_domain,
    "source.principal": _principal,
    "destination.ip": _own_address,
    "destination.port": _port,
    "connection.sni": _server_name,
    "request.auth.principal": _request_principal,
    "request.auth.audiences": _audience,
    "request.auth.presenter": _presenter,
    "host": _host,
    "method": _method,
    "path": _path,
}
_NAMED: Mapping[str, Callable[[tuple[str, ...], str], Test]] = {
    "request.headers": _header,
    "request.auth.claims": _claim,
}
_HTTP_ONLY = frozenset(
    (
        "request.auth.principal",
        "request.auth.audiences",
        "request.auth.presenter",
        "request.headers",
        "request.auth.claims",
        "host",
        "method",
        "path",
    )
)
