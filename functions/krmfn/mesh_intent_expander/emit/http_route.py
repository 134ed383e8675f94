"""HTTPRoute: which requests to a Service, or to an ingress gateway, go where."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from krmfn.mesh_intent_expander.emit.gateway_routes import backends, routes_of, shared_filters
from krmfn.mesh_intent_expander.intents.matching import Match, ValueMatch
from krmfn.mesh_intent_expander.intents.treatment import Redirect, Rewrite
from krmfn.mesh_intent_expander.plan.common import Emitted
from krmfn.mesh_intent_expander.plan.routes import RoutedHost, RoutedRule
from krmfn.mesh_intent_expander.routing.matching import as_expression
from krmfn.mesh_intent_expander.topology import Mesh


def http_routes(hosts: Iterable[RoutedHost], mesh: Mesh) -> Iterator[Emitted]:
    """Yield an HTTPRoute for each port of a Service, and for each ingress."""
    return routes_of("http", hosts, mesh, _rules)


def _rules(rule: RoutedRule, host: RoutedHost) -> Iterator[Mapping[str, Any]]:
    """Yield a rule; one that puts another prefix may have one match only."""
    rewrite = rule.action.rewrite if rule.action else None
    if rewrite is None or rewrite.prefix is None:
        yield _rule(rule, host, rule.matches, rule.name)
        return
    for number, match in enumerate(rule.matches or (Match(),), 1):
        name = f"{rule.name}.{number}" if len(rule.matches) > 1 else rule.name
        yield _rule(rule, host, (match,), name, is_prefix=True)


def _rule(
    rule: RoutedRule,
    host: RoutedHost,
    matches: Iterable[Match],
    name: str,
    *,
    is_prefix: bool = False,
) -> Mapping[str, Any]:
    found: dict[str, Any] = {"name": name}
    if shown := [_match(match, is_prefix=is_prefix) for match in matches]:
        found["matches"] = shown
    if filters := [*shared_filters(rule, host), *_own_filters(rule)]:
        found["filters"] = filters
    found |= backends(rule, host)
    if timeouts := _timeouts(rule):
        found["timeouts"] = timeouts
    return found


def _match(match: Match, *, is_prefix: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if match.path is not None:
        found["path"] = {"type": match.path.type, "value": match.path.value}
    elif is_prefix:
        found["path"] = {"type": "PathPrefix", "value": "/"}
    if match.method:
        found["method"] = match.method
    if match.headers:
        found["headers"] = [value_match(each, each.name.lower()) for each in match.headers]
    if match.query_params:
        found["queryParams"] = [value_match(each, each.name) for each in match.query_params]
    return found


def value_match(match: ValueMatch, name: str) -> dict[str, Any]:
    """Give the match of a header or query parameter: exact, or else an expression."""
    if match.type == "Exact":
        return {"type": "Exact", "name": name, "value": match.value}
    return {"type": "RegularExpression", "name": name, "value": as_expression(match)}


def _own_filters(rule: RoutedRule) -> Iterator[Mapping[str, Any]]:
    if rule.action and rule.action.rewrite:
        yield {"type": "URLRewrite", "urlRewrite": _rewrite(rule.action.rewrite)}
    if rule.action and rule.action.redirect:
        yield {"type": "RequestRedirect", "requestRedirect": _redirect(rule.action.redirect)}


def _rewrite(rewrite: Rewrite) -> dict[str, Any]:
    found: dict[str, Any] = {"hostname": rewrite.hostname} if rewrite.hostname else {}
    if rewrite.path:
        found["path"] = {"type": "ReplaceFullPath", "replaceFullPath": rewrite.path}
    elif rewrite.prefix:
        found["path"] = {"type": "ReplacePrefixMatch", "replacePrefixMatch": rewrite.prefix}
    return found


def _redirect(redirect: Redirect) -> dict[str, Any]:
    said = {"scheme": redirect.scheme, "hostname": redirect.hostname}
    found: dict[str, Any] = {name: value for name, value in said.items() if value}
    if redirect.path:
        found["path"] = {"type": "ReplaceFullPath", "replaceFullPath": redirect.path}
    if redirect.port:
        found["port"] = redirect.port
    return found | {"statusCode": redirect.status_code}


def _timeouts(rule: RoutedRule) -> dict[str, str]:
    said = rule.action.timeouts if rule.action else None
    found = {"request": rule.timeout} if rule.timeout else {}
    if said and said.backend_request:
        found["backendRequest"] = said.backend_request
    return found
