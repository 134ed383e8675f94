"""What routes and policies tell requests apart by."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice, product
from typing import Any

from krmfn.mesh_intent_expander.report.requests import (
    MOST_METHODS,
    MOST_PATHS,
    Axes,
    Special,
    distinct,
)
from krmfn.mesh_intent_expander.report.samples import Sample, of_pattern, of_text
from krmfn.mesh_intent_expander.semantics.authorization import Policy
from krmfn.mesh_intent_expander.semantics.routes import Match, RouteObject, Texts
from krmfn.mesh_intent_expander.view import mapping, mappings, spec_of, strings
from krmfn.sdk import Resource

_ALL_PATHS, _ALL_METHODS = ("*", "/*", "/**", "/{**}"), ("*",)
_HEADER, _CLAIM = "request.headers[", "request.auth.claims["
_USUAL = ("iss", "sub", "aud")
_ISSUER, _SUBJECT = "https://issuer.example.com", "someone"


def axes_of(
    routes: Iterable[RouteObject], policies: Iterable[Policy], tokens: Iterable[Resource]
) -> Axes:
    """Give what requests to a service are told apart by.

    Args:
        routes: what routes them, for all its clients.
        policies: the AuthorizationPolicies at its servers.
        tokens: the RequestAuthentications there.
    """
    matches = [m for route in routes for rule in route.rules.get("http", ()) for m in rule.matches]
    held = (spec_of(each.resource) for each in policies if not each.is_trial)
    rules = [rule for spec in held for rule in mappings(spec.get("rules"))]
    operations = [operation for rule in rules for operation in _operations(rule)]
    methods = chain(_samples(each.method for each in matches), _patterns(operations, "methods"))
    paths = chain(_samples(each.uri for each in matches), _patterns(operations, "paths"))
    issued = list(tokens)
    return Axes(
        methods=distinct(methods, _ALL_METHODS),
        paths=distinct(paths, _ALL_PATHS),
        specials=(
            *(found for match in matches if (found := _routed(match))),
            *(found for rule in rules for found in _permitted(rule, issued)),
        ),
    )


def _samples(texts: Iterable[Any]) -> Iterator[Sample]:
    for text in texts:
        if text is not None and (found := of_text(text)):
            yield found


def _operations(rule: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [mapping(each.get("operation")) for each in mappings(rule.get("to"))]


def _patterns(operations: Iterable[Mapping[str, Any]], name: str) -> Iterator[Sample]:
    negative = f"not{name[0].upper()}{name[1:]}"
    for operation in operations:
        for pattern in (*strings(operation.get(name)), *strings(operation.get(negative))):
            yield of_pattern(pattern)


def _routed(match: Match) -> Special | None:
    """Give a request that a route's match picks by headers, parameters or host."""
    headers, query = dict(_fitting(match.headers)), dict(_fitting(match.query))
    if match.authority and (host := of_text(match.authority)):
        headers["host"] = host.text
    if not headers and not query:
        return None
    path, method = match.uri and of_text(match.uri), match.method and of_text(match.method)
    return Special(
        words=_words(headers, query, {}),
        method=method or None,
        path=path or None,
        headers=tuple(headers.items()),
        query=tuple(query.items()),
    )


def _fitting(texts: Texts) -> Iterator[tuple[str, str]]:
    for name, text in texts:
        if found := of_text(text):
            yield name.lower(), found.text


def _permitted(rule: Mapping[str, Any], tokens: list[Resource]) -> Iterator[Special]:
    """Yield requests that a policy's rule picks by headers, by host or by a token."""
    headers: dict[str, str] = {}
    claims: dict[str, object] = {}
    for condition in mappings(rule.get("when")):
        _add_condition(condition, headers, claims)
    claims |= _identity(rule, tokens) if claims or _wants_token(rule) else {}
    for operation in _operations(rule) or [{}]:
        hosts = strings(operation.get("hosts"))
        sent = {**headers, "host": of_pattern(hosts[0]).text} if hosts else headers
        if sent or claims:
            paths = _some(_patterns([operation], "paths"), MOST_PATHS)
            methods = _some(_patterns([operation], "methods"), MOST_METHODS)
            for path, method in product(paths, methods):
                yield Special(
                    words=_words(sent, {}, claims),
                    method=method,
                    path=path,
                    headers=tuple(sent.items()),
                    claims=tuple(claims.items()),
                )


def _some(samples: Iterable[Sample], most: int) -> tuple[Sample | None, ...]:
    """Give the first samples, or None for anything where there are none."""
    return tuple(islice(samples, most)) or (None,)


def _add_condition(
    condition: Mapping[str, Any], headers: dict[str, str], claims: dict[str, object]
) -> None:
    key = str(condition.get("key"))
    values = strings(condition.get("values")) or strings(condition.get("notValues"))
    if not values or not key.endswith("]"):
        return
    value = of_pattern(values[0]).text
    if key.startswith(_HEADER):
        headers[key.removeprefix(_HEADER)[:-1].lower()] = value
    elif key.startswith(_CLAIM):
        *outer, last = key.removeprefix(_CLAIM)[:-1].split("][")
        inner: object = value
        for name in reversed([*outer[1:], last] if outer else []):
            inner = {name: inner}
        claims[outer[0] if outer else last] = inner


def _wants_token(rule: Mapping[str, Any]) -> bool:
    sources = (mapping(each.get("source")) for each in mappings(rule.get("from")))
    return any(
        strings(source.get(name))
        for source in sources
        for name in ("requestPrincipals", "notRequestPrincipals")
    )


def _identity(rule: Mapping[str, Any], tokens: list[Resource]) -> dict[str, object]:
    """Give issuer, subject and audience of a token that a rule wants and that is accepted."""
    jwt = [each for token in tokens for each in mappings(spec_of(token).get("jwtRules"))]
    issuer = next((str(each["issuer"]) for each in jwt if each.get("issuer")), _ISSUER)
    subject = _SUBJECT
    for given in mappings(rule.get("from")):
        for principal in strings(mapping(given.get("source")).get("requestPrincipals")):
            said, _, whose = principal.rpartition("/")
            issuer = said if said and "*" not in said else issuer
            subject = of_pattern(whose).text if whose not in ("", "*") else subject
            break
    audiences = [a for each in jwt if each.get("issuer") == issuer for a in _audiences(each)]
    found: dict[str, object] = {"iss": issuer, "sub": subject}
    return {**found, "aud": audiences[0]} if audiences else found


def _audiences(rule: Mapping[str, Any]) -> list[str]:
    return strings(rule.get("audiences"))


def _words(headers: Mapping[str, str], query: Mapping[str, str], claims: Mapping[str, Any]) -> str:
    parts = [f"{name}: {value}" for name, value in sorted(headers.items())]
    parts += [f"?{name}={value}" for name, value in sorted(query.items())]
    if claims:
        told = [f"{name} {value}" for name, value in sorted(claims.items()) if name not in _USUAL]
        said = f" ({', '.join(told)})" if told else ""
        parts.append(f"a token of {claims['iss']}{said}")
    return f"with {' and '.join(parts)}"
