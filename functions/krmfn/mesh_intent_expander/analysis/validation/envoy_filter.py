"""EnvoyFilter.

Source: Istio's ``ValidateEnvoyFilter``, and the rules of its CustomResourceDefinition. What a patch
puts into Envoy's own messages is not looked at, but for the versions of their types.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from krmfn.mesh_intent_expander.analysis.validation.faults import (
    ADMISSION,
    ERROR,
    WARNING,
    Fault,
    Faults,
    Spec,
    at_most_one,
    refuse,
)
from krmfn.mesh_intent_expander.analysis.validation.labels import selector
from krmfn.mesh_intent_expander.analysis.validation.patterns import compiles
from krmfn.mesh_intent_expander.analysis.validation.ports import port_number
from krmfn.sdk import Resource

_LISTENING = frozenset({"LISTENER", "FILTER_CHAIN", "NETWORK_FILTER", "HTTP_FILTER"})
_MATCHED_BY = {
    **dict.fromkeys(_LISTENING, "listener"),
    **dict.fromkeys(("ROUTE_CONFIGURATION", "VIRTUAL_HOST", "HTTP_ROUTE"), "routeConfiguration"),
    "CLUSTER": "cluster",
}
_TYPED = frozenset({"HTTP_FILTER", "NETWORK_FILTER", "LISTENER_FILTER", "EXTENSION_CONFIG"})
"""What has a type of its own in its value."""

_OBJECTS = ("listener", "routeConfiguration", "cluster", "waypoint")
_MANAGERS = frozenset(
    {"envoy.filters.network.http_connection_manager", "envoy.http_connection_manager"}
)
_DEPRECATED = frozenset(
    """
    envoy.buffer envoy.cors envoy.csrf envoy.http_dynamo_filter envoy.ext_authz envoy.fault
    envoy.grpc_http1_bridge envoy.grpc_json_transcoder envoy.grpc_web envoy.gzip
    envoy.health_check envoy.ip_tagging envoy.lua envoy.rate_limit envoy.router envoy.squash
    envoy.listener.http_inspector envoy.listener.original_dst envoy.listener.original_src
    envoy.listener.proxy_protocol envoy.listener.tls_inspector envoy.client_ssl_auth
    envoy.http_connection_manager envoy.mongo_proxy envoy.ratelimit envoy.redis_proxy
    envoy.tcp_proxy
    """.split()
)
"""Names of filters from before Envoy 1.14, which begin with ``envoy.filters`` now."""

_LONGEST_VERSION, _DEEPEST = 1024, 64


def check(spec: Spec, _resource: Resource) -> Faults:
    """Check one EnvoyFilter; Istio warns of each."""
    chosen = list(selector("spec.workloadSelector", spec.get("workloadSelector"), "labels"))
    yield from chosen
    if any(fault.code is ERROR for fault in chosen):
        return
    yield Fault("spec", "must be looked at with each update of Istio: Envoy may change", WARNING)
    yield from at_most_one("spec", spec, "workloadSelector targetRefs", ADMISSION)
    for number, patch in enumerate(spec.get("configPatches") or ()):
        yield from _config_patch(f"spec.configPatches[{number}]", patch)


def _config_patch(path: str, config: Spec) -> Faults:
    match, target = config.get("match") or {}, config.get("applyTo") or "INVALID"
    is_waypoint = match.get("context") == "WAYPOINT"
    if is_waypoint != ("waypoint" in match) and match:
        said = "must have the context WAYPOINT with `waypoint`, and with nothing else"
        yield Fault(f"{path}.match", said, ADMISSION)
    if is_waypoint:
        port = match.get("waypoint", {}).get("portNumber", 1)
        yield from refuse(f"{path}.match.waypoint.portNumber", port_number(port), ADMISSION)
        return
    patch = config.get("patch") or {}
    operation = patch.get("operation") or "INVALID"
    for field, value in (("applyTo", target), ("patch.operation", operation)):
        if value == "INVALID":
            yield Fault(f"{path}.{field}", "must be given")
            return
    if operation != "REMOVE" and patch.get("value") is None:
        yield Fault(f"{path}.patch.value", f"must be given for the operation {operation}")
        return
    refused = list(_match(f"{path}.match", match, target))
    yield from refused
    is_refused = any(fault.code is ERROR for fault in refused)
    if target in _TYPED and not is_refused:
        yield from _types(f"{path}.patch.value", patch.get("value"))


def _match(path: str, match: Spec, target: str) -> Faults:
    version = (match.get("proxy") or {}).get("proxyVersion") or ""
    if len(version) > _LONGEST_VERSION:
        said = f"must have at most {_LONGEST_VERSION} characters, but has {len(version)}"
        yield Fault(f"{path}.proxy.proxyVersion", said, WARNING)
    elif version and not compiles(version):
        said = f'must be a regular expression of RE2, but is "{version}"'
        yield Fault(f"{path}.proxy.proxyVersion", said)
        return
    wanted = _MATCHED_BY.get(target)
    if wanted and wanted not in match and any(each in match for each in _OBJECTS):
        yield Fault(path, f"must match by `{wanted}`, to which {target} belongs")
    elif target in _LISTENING:
        chain = (match.get("listener") or {}).get("filterChain") or {}
        if (filtered := chain.get("filter")) is not None:
            yield from _filter(f"{path}.listener.filterChain.filter", filtered, target)


def _filter(path: str, match: Spec, target: str) -> Faults:
    name, sub_filter = match.get("name") or "", match.get("subFilter")
    if target in ("LISTENER", "FILTER_CHAIN"):
        yield Fault(path, f"must be left out, for it has no effect on {target}", WARNING)
    if not name:
        yield Fault(f"{path}.name", "must be given")
    elif sub_filter is not None:
        if target != "HTTP_FILTER":
            yield Fault(f"{path}.subFilter", "must be left out but for HTTP_FILTER")
        elif name not in _MANAGERS:
            manager = "envoy.filters.network.http_connection_manager"
            yield Fault(f"{path}.name", f'must be "{manager}" beside `subFilter`, but is "{name}"')
        elif not sub_filter.get("name"):
            yield Fault(f"{path}.subFilter.name", "must be given")
    for place, each in (("name", name), ("subFilter.name", (sub_filter or {}).get("name"))):
        if each in _DEPRECATED:
            yield Fault(f"{path}.{place}", f'must be a name of today, but is "{each}"', WARNING)


def _types(path: str, value: Any) -> Faults:
    """Check that the types of Envoy's version 2 are not there, which Istio does not know."""
    for place, given in _type_urls(path, value, 0):
        if ".v2." in given:
            yield Fault(place, f'must be a type of Envoy\'s version 3, but is "{given}"')


def _type_urls(path: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key == "@type" and isinstance(part, str):
                yield f"{path}.{key}", part
            else:
                yield from _type_urls(f"{path}.{key}", part, depth + 1)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _type_urls(f"{path}[{number}]", part, depth + 1)
