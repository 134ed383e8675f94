"""How clients reach the endpoints of a host: the policy of DestinationRules and Sidecars.

Source: Istio's ``validateTrafficPolicy`` and what it calls, and the rules of its
CustomResourceDefinitions.
"""

from math import isqrt

from krmfn.mesh_intent_expander.analysis.validation.addresses import is_ip
from krmfn.mesh_intent_expander.analysis.validation.domains import fqdn
from krmfn.mesh_intent_expander.analysis.validation.durations import (
    at_least_millisecond,
    durations,
    whole_milliseconds,
)
from krmfn.mesh_intent_expander.analysis.validation.faults import (
    ADMISSION,
    WARNING,
    Fault,
    Faults,
    Spec,
    at_most_one,
    errors_only,
    refuse,
)
from krmfn.mesh_intent_expander.analysis.validation.locality import locality_lb, zone_aware_lb
from krmfn.mesh_intent_expander.analysis.validation.ports import port_number
from krmfn.mesh_intent_expander.analysis.validation.tls import client_tls

_LARGEST_MAGLEV = 5_000_011


def traffic_policy(path: str, policy: Spec | None, namespace: str) -> Faults:
    """Check the policy of a host or of a subset; Istio drops the warnings of its ports."""
    if policy is None:
        return
    if not policy:
        yield Fault(path, "must have at least one field")
        return
    if policy.get("tunnel") is not None and policy.get("proxyProtocol") is not None:
        yield from at_most_one(path, policy, "tunnel proxyProtocol")
        return
    yield from _common(path, policy, namespace)
    for number, each in enumerate(policy.get("portLevelSettings") or ()):
        here = f"{path}.portLevelSettings[{number}]"
        yield from errors_only(_port_policy(here, each, namespace))
    yield from _tunnel(f"{path}.tunnel", policy.get("tunnel"))
    budget = (policy.get("retryBudget") or {}).get("percent") or 0
    if not 0 <= budget <= 100:
        said = f"must be from 0 to 100, but is {budget:g}"
        yield Fault(f"{path}.retryBudget.percent", said, ADMISSION)


def connection_pool(path: str, pool: Spec | None) -> Faults:
    """Check the limits on connections and requests."""
    if pool is None:
        return
    if not pool:
        yield Fault(path, "must have at least one field")
        return
    http, tcp = pool.get("http") or {}, pool.get("tcp") or {}
    yield from _http_settings(f"{path}.http", http)
    yield from at_least_zero(f"{path}.tcp", tcp, "maxConnections")
    yield from durations(f"{path}.tcp", tcp, "connectTimeout maxConnectionDuration")
    idle = tcp.get("idleTimeout")
    if idle and abs(idle.nanoseconds) >= 10**6:
        yield from refuse(f"{path}.tcp.idleTimeout", whole_milliseconds(idle))
    keepalive = tcp.get("tcpKeepalive") or {}
    yield from durations(f"{path}.tcp.tcpKeepalive", keepalive, "time interval")


def at_least_zero(path: str, spec: Spec, fields: str) -> Faults:
    """Check the fields, named with spaces between, that must not be negative."""
    for field in fields.split():
        if (number := spec.get(field) or 0) < 0:
            yield Fault(f"{path}.{field}", f"must be at least 0, but is {number}")


def _common(path: str, policy: Spec, namespace: str) -> Faults:
    outlier = policy.get("outlierDetection")
    yield from _outlier_detection(f"{path}.outlierDetection", outlier)
    yield from connection_pool(f"{path}.connectionPool", policy.get("connectionPool"))
    balancer = policy.get("loadBalancer")
    has_outlier = outlier is not None
    yield from _load_balancer(f"{path}.loadBalancer", balancer, has_outlier=has_outlier)
    yield from client_tls(f"{path}.tls", policy.get("tls"), namespace)


def _port_policy(path: str, policy: Spec, namespace: str) -> Faults:
    if policy.get("port") is None:
        yield Fault(f"{path}.port", "must be given")
    if not policy.keys() - {"port"}:
        yield Fault(path, "must have at least one field beside `port`")
    yield from _common(path, policy, namespace)


def _tunnel(path: str, tunnel: Spec | None) -> Faults:
    if tunnel is None:
        return
    method, host = tunnel.get("protocol") or "CONNECT", tunnel.get("targetHost") or ""
    if method not in ("CONNECT", "POST"):
        yield Fault(f"{path}.protocol", f'must be "CONNECT" or "POST", but is "{method}"')
    if not is_ip(host):
        yield from refuse(f"{path}.targetHost", fqdn(host))
    yield from refuse(f"{path}.targetPort", port_number(tunnel.get("targetPort") or 0))


def _outlier_detection(path: str, outlier: Spec | None) -> Faults:
    if outlier is None:
        return
    yield from durations(path, outlier, "baseEjectionTime interval")
    if outlier.get("consecutiveErrors"):
        said = "must be `consecutiveGatewayErrors` or `consecutive5xxErrors`; it is deprecated"
        yield Fault(f"{path}.consecutiveErrors", said, WARNING)
    is_split = outlier.get("splitExternalLocalOriginErrors")
    if outlier.get("consecutiveLocalOriginFailures") and not is_split:
        said = "must have `splitExternalLocalOriginErrors: true` beside it"
        yield Fault(f"{path}.consecutiveLocalOriginFailures", said)
    for field in ("maxEjectionPercent", "minHealthPercent"):
        if not 0 <= (percent := outlier.get(field) or 0) <= 100:
            yield Fault(f"{path}.{field}", f"must be from 0 to 100, but is {percent}")
    for number, code in enumerate(outlier.get("outlierDetectionHttpErrorCodes") or ()):
        if not 100 <= code <= 599:
            here = f"{path}.outlierDetectionHttpErrorCodes[{number}]"
            yield Fault(here, f"must be from 100 to 599, but is {code}", ADMISSION)


def _http_settings(path: str, http: Spec) -> Faults:
    limits = "http1MaxPendingRequests http2MaxRequests maxRequestsPerConnection"
    yield from at_least_zero(path, http, f"{limits} maxRetries maxConcurrentStreams")
    yield from durations(path, http, "idleTimeout")
    if http.get("h2UpgradePolicy") == "UPGRADE" and http.get("useClientProtocol"):
        said = "must not be true beside the `h2UpgradePolicy` UPGRADE"
        yield Fault(f"{path}.useClientProtocol", said)
    if (keepalive := http.get("http2KeepAlive")) is not None:
        here = f"{path}.http2KeepAlive"
        yield from durations(here, keepalive, "interval timeout")
        for field in ("interval", "timeout"):
            if field not in keepalive:
                yield Fault(f"{here}.{field}", "must be given")


def _load_balancer(path: str, balancer: Spec | None, *, has_outlier: bool) -> Faults:
    if balancer is None:
        return
    yield from _consistent_hash(f"{path}.consistentHash", balancer.get("consistentHash") or {})
    yield from at_most_one(path, balancer, "localityLbSetting zoneAwareLbSetting")
    locality, zones = balancer.get("localityLbSetting"), balancer.get("zoneAwareLbSetting")
    here = f"{path}.localityLbSetting"
    yield from locality_lb(here, locality, has_outlier_detection=has_outlier)
    here = f"{path}.zoneAwareLbSetting"
    yield from zone_aware_lb(here, zones, has_outlier_detection=has_outlier)
    yield from _warmup(f"{path}.warmup", balancer.get("warmup"))
    if (seconds := balancer.get("warmupDurationSecs")) is not None:
        yield from refuse(f"{path}.warmupDurationSecs", at_least_millisecond(seconds), ADMISSION)


def _warmup(path: str, warmup: Spec | None) -> Faults:
    if warmup is None:
        return
    if "duration" not in warmup:
        yield Fault(f"{path}.duration", "must be given")
    yield from durations(path, warmup, "duration")
    if (percent := warmup.get("minimumPercent") or 0) > 100:
        yield Fault(f"{path}.minimumPercent", f"must be at most 100, but is {percent:g}")
    elif percent < 0:
        said = f"must be at least 0, but is {percent:g}"
        yield Fault(f"{path}.minimumPercent", said, ADMISSION)
    if (aggression := warmup.get("aggression")) is not None and aggression <= 0:
        yield Fault(f"{path}.aggression", f"must be more than 0, but is {aggression:g}")


def _consistent_hash(path: str, given: Spec) -> Faults:
    yield from _cookie(f"{path}.httpCookie", given.get("httpCookie"))
    if ring := given.get("minimumRingSize"):
        said = f"must be `ringHash.minimumRingSize`; it is deprecated, but is {ring}"
        yield Fault(f"{path}.minimumRingSize", said, WARNING)
        yield from at_most_one(path, given, "minimumRingSize ringHash maglev")
    else:
        yield from at_most_one(path, given, "ringHash maglev", ADMISSION)
    if (maglev := given.get("maglev")) is not None:
        size = maglev.get("tableSize") or 0
        if not _is_prime(size) or size >= _LARGEST_MAGLEV:
            said = f"must be a prime number below {_LARGEST_MAGLEV}, but is {size}"
            yield Fault(f"{path}.maglev.tableSize", said)


def _cookie(path: str, cookie: Spec | None) -> Faults:
    if cookie is None:
        return
    if not cookie.get("name"):
        yield Fault(f"{path}.name", "must be given")
    seen: set[str] = set()
    for number, attribute in enumerate(cookie.get("attributes") or ()):
        name = attribute.get("name") or ""
        here = f"{path}.attributes[{number}].name"
        if not name:
            yield Fault(here, "must be given")
        elif name in seen:
            yield Fault(here, f'must be there once, but "{name}" is there again')
        seen.add(name)


def _is_prime(number: int) -> bool:
    """Say whether a number is prime, or 1, which Envoy takes as one."""
    if number >= _LARGEST_MAGLEV or number < 1:
        return False
    return all(number % factor for factor in range(2, isqrt(number) + 1))
