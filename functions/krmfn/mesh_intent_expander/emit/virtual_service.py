"""VirtualService: which requests to a host go where, in Istio's own terms."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from krmfn.mesh_intent_expander.intents.matching import Match, ValueMatch
from krmfn.mesh_intent_expander.intents.traffic_route import Rule
from krmfn.mesh_intent_expander.intents.treatment import Fault, HeaderChange, Redirect
from krmfn.mesh_intent_expander.plan.common import Emitted
from krmfn.mesh_intent_expander.plan.destinations import subset_of
from krmfn.mesh_intent_expander.plan.routes import Retries, RoutedHost, RoutedRule, Share
from krmfn.mesh_intent_expander.routing.matching import as_expression, path_of
from krmfn.mesh_intent_expander.topology import Mesh

_Body = dict[str, Any]


def virtual_services(hosts: Iterable[RoutedHost], mesh: Mesh) -> Iterator[Emitted]:
    """Yield one VirtualService for each host: Istio merges none, and takes the first it finds.

    One that holds for the mesh alone names no gateways, which means the same as ``mesh``.
    """
    by_object: dict[tuple[str, str], list[RoutedHost]] = {}
    for host in hosts:
        if host.flavor == "istio":
            key = (host.service.namespace, host.name or host.service.name)
            by_object.setdefault(key, []).append(host)
    for (namespace, name), parts in by_object.items():
        for members, clusters in _alike(parts, mesh):
            body = {
                "apiVersion": "networking.istio.io/v1",
                "kind": "VirtualService",
                "metadata": {"name": name, "namespace": namespace},
                "spec": _spec(members),
            }
            yield Emitted(body, clusters, "routes", members[0].by[0])


def _alike(
    parts: Sequence[RoutedHost], mesh: Mesh
) -> Iterator[tuple[list[RoutedHost], tuple[str, ...]]]:
    """Yield the parts of one object that the same clusters have, and those clusters."""
    by_cluster: dict[str, list[int]] = {}
    for index, part in enumerate(parts):
        for cluster in dict.fromkeys(mesh.clusters[each].config_cluster for each in part.clusters):
            by_cluster.setdefault(cluster, []).append(index)
    alike: dict[tuple[int, ...], list[str]] = {}
    for cluster, indices in by_cluster.items():
        alike.setdefault(tuple(indices), []).append(cluster)
    for members, clusters in alike.items():
        yield [parts[index] for index in members], tuple(sorted(clusters))


def _spec(parts: Sequence[RoutedHost]) -> _Body:
    """Give the rules of a host, whose protocols have their own lists of them."""
    spec: _Body = {"hosts": list(parts[0].hosts)}
    if parts[0].gateways:
        spec["gateways"] = list(parts[0].gateways)
    found: dict[str, list[_Body]] = {"http": [], "tls": [], "tcp": []}
    for host in parts:
        sni = {"sniHosts": list(host.hosts)} if host.protocol == "tls" else {}
        for rule in host.rules:
            if host.protocol in ("tls", "tcp"):
                found[host.protocol].append(_connections(rule, sni))
            else:
                found["http"].extend(_requests(rule))
    return spec | {name: rules for name, rules in found.items() if rules}


def _connections(rule: RoutedRule, condition: _Body) -> _Body:
    matches = [source | condition for source in _sources(rule)]
    found = {"match": matches} if any(matches) else {}
    return found | {"route": _destinations(rule.shares)}


def _sources(rule: RoutedRule) -> list[_Body]:
    """Give the port and the clients of a rule, each client on its own."""
    port = {"port": rule.port} if rule.port is not None else {}
    sources = []
    for consumer in rule.consumers:
        source: _Body = {**port}
        if consumer.namespace is not None:
            source["sourceNamespace"] = consumer.namespace
        if consumer.labels:
            source["sourceLabels"] = dict(sorted(consumer.labels.items()))
        sources.append(source)
    return sources or [port]


def _requests(rule: RoutedRule) -> Iterator[_Body]:
    """Yield a rule, once for each prefix where another one is put for it."""
    rewrite = rule.action.rewrite if rule.action else None
    if rewrite is None or rewrite.prefix is None:
        conditions = [each for match in rule.matches for each in _conditions(match)]
        path = rewrite.path if rewrite else None
        whole = {"uriRegexRewrite": {"match": "^/.*$", "rewrite": path}} if path else {}
        yield _request(rule, conditions or [{}], whole)
        return
    prefix = rewrite.prefix.rstrip("/")
    conditions = [each for match in rule.matches or (Match(),) for each in _conditions(match)]
    for number, condition in enumerate(conditions, 1):
        is_exact = "exact" in condition.get("uri", {})
        uri = (prefix or "/") if is_exact else f"{prefix}/"
        name = rule.name if number == 1 else f"{rule.name}.{number}"
        yield _request(replace(rule, name=name), [condition], {"uri": uri})


def _request(rule: RoutedRule, conditions: Sequence[_Body], rewrite: _Body) -> _Body:
    matches = [source | each for source in _sources(rule) for each in conditions]
    found: _Body = {"name": rule.name} | ({"match": matches} if any(matches) else {})
    action = rule.action
    if action and action.redirect:
        found["redirect"] = _redirect(action.redirect)
    if action and action.rewrite and action.rewrite.hostname:
        rewrite = {"authority": action.rewrite.hostname} | rewrite
    if rewrite:
        found["rewrite"] = rewrite
    if rule.shares:
        found["route"] = _destinations(rule.shares)
    if rule.timeout:
        found["timeout"] = rule.timeout
    if rule.retries is not None:
        found["retries"] = _retries(rule.retries)
    return found | (_extras(action, rule.mirror) if action else {})


def _extras(action: Rule, mirror: Share | None) -> _Body:
    found: _Body = {"fault": _fault(action.fault)} if action.fault else {}
    if action.mirror and mirror:
        found["mirror"] = _destination(mirror)
        found["mirrorPercentage"] = _percent(action.mirror.percent)
    headers = {
        name: body
        for name, change in (
            ("request", action.request_headers),
            ("response", action.response_headers),
        )
        if change and (body := _change(change))
    }
    return found | ({"headers": headers} if headers else {})


def _conditions(match: Match) -> list[_Body]:
    """Give the conditions of a match: a prefix, which goes by segments, makes two of it."""
    rest: _Body = {"method": {"exact": match.method}} if match.method else {}
    if match.headers:
        rest["headers"] = {each.name.lower(): _value(each) for each in match.headers}
    if match.query_params:
        rest["queryParams"] = {each.name: _param(each) for each in match.query_params}
    path = path_of(match)
    if path is None:
        return [rest]
    if path.type != "PathPrefix":
        kind = "exact" if path.type == "Exact" else "regex"
        return [{"uri": {kind: path.value}} | rest]
    below = {"uri": {"prefix": f"{path.value}/"}} | rest
    return [below] if match.grpc else [{"uri": {"exact": path.value}} | rest, below]


def _value(match: ValueMatch) -> _Body:
    kinds = {"Exact": "exact", "Prefix": "prefix", "RegularExpression": "regex"}
    return {kinds[match.type]: match.value} if match.type in kinds else {}


def _param(match: ValueMatch) -> _Body:
    """Give a query parameter's condition, of which not every Istio knows prefixes."""
    return {"regex": as_expression(match)} if match.type == "Prefix" else _value(match)


def _destinations(shares: Sequence[Share]) -> list[_Body]:
    """Give where requests go; what gets none is left out unless a cluster is to be seen."""
    shown = [share for share in shares if share.weight or share.cluster] or list(shares)
    if len(shown) == 1:
        return [{"destination": _destination(shown[0])}]
    return [{"destination": _destination(each), "weight": each.weight} for each in shown]


def _destination(share: Share) -> _Body:
    subset = {"subset": name} if (name := subset_of(share)) else {}
    return {"host": share.host, **subset, "port": {"number": share.port}}


def _retries(retries: Retries) -> _Body:
    found: _Body = {"attempts": retries.attempts}
    if retries.per_try:
        found["perTryTimeout"] = retries.per_try
    return found | ({"retryOn": retries.on} if retries.on else {})


def _redirect(redirect: Redirect) -> _Body:
    """Give a redirect; its port is the Gateway API's: the request's, or that of the scheme."""
    found: _Body = {}
    for name, said in (("uri", redirect.path), ("authority", redirect.hostname)):
        found |= {name: said} if said else {}
    if redirect.port:
        found["port"] = redirect.port
    else:
        found["derivePort"] = "FROM_PROTOCOL_DEFAULT" if redirect.scheme else "FROM_REQUEST_PORT"
    if redirect.scheme:
        found["scheme"] = redirect.scheme
    return found | {"redirectCode": redirect.status_code}


def _fault(fault: Fault) -> _Body:
    found: _Body = {}
    if fault.delay:
        found["delay"] = {"fixedDelay": fault.delay, "percentage": _percent(fault.delay_percent)}
    if fault.abort:
        found["abort"] = {"httpStatus": fault.abort, "percentage": _percent(fault.abort_percent)}
    return found


def _percent(value: float) -> _Body:
    return {"value": int(value) if value.is_integer() else value}


def _change(change: HeaderChange) -> _Body:
    found: _Body = {}
    for part, headers in (("set", change.set), ("add", change.add)):
        if headers:
            found[part] = {name.lower(): value for name, value in sorted(headers.items())}
    if change.remove:
        found["remove"] = sorted(name.lower() for name in change.remove)
    return found
