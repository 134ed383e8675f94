"""Faults, retries and cross-origin requests of an HTTP route.

Source: Istio's ``validateHTTPFaultInjection``, ``validateHTTPRetry`` and ``validateCORSPolicy``.
"""

from http import HTTPStatus
from math import isnan

from krmfn.mesh_intent_expander.analysis.validation.durations import durations
from krmfn.mesh_intent_expander.analysis.validation.faults import (
    Fault,
    Faults,
    Spec,
    quoted,
    refuse,
)
from krmfn.mesh_intent_expander.analysis.validation.headers import cors_name
from krmfn.mesh_intent_expander.analysis.validation.http_actions import http_status
from krmfn.mesh_intent_expander.analysis.validation.patterns import regex_match

_SECOND = 10**9
_SMALLEST_PERCENT = 0.0001
_CONDITIONS = frozenset(
    """
    5xx gateway-error reset reset-before-request connect-failure retriable-4xx refused-stream
    retriable-status-codes retriable-headers envoy-ratelimited http3-post-connect-failure
    cancelled deadline-exceeded internal resource-exhausted unavailable
    """.split()
) | {str(status.value) for status in HTTPStatus}
"""What Envoy retries on, and the statuses that Istio translates."""

_METHODS = frozenset("GET HEAD POST PUT PATCH DELETE CONNECT OPTIONS TRACE *".split())
_GRPC_STATUSES = frozenset(
    """
    OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS
    PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED
    INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED
    """.split()
)


def fault_injection(path: str, fault: Spec | None) -> Faults:
    """Check the faults that a route puts into its requests."""
    if fault is None:
        return
    if not fault:
        yield Fault(path, "must have `abort` or `delay`")
    abort, delay = fault.get("abort") or {}, fault.get("delay") or {}
    yield from _percentage(f"{path}.abort.percentage.value", abort)
    if "http2Error" in abort:
        yield Fault(f"{path}.abort.http2Error", "must be left out, for Istio has no such fault yet")
    if (status := abort.get("httpStatus")) is not None:
        yield from refuse(f"{path}.abort.httpStatus", http_status(status))
    if (name := abort.get("grpcStatus")) is not None and name not in _GRPC_STATUSES:
        said = f'must be a status of gRPC such as "NOT_FOUND", but is "{name}"'
        yield Fault(f"{path}.abort.grpcStatus", said)
    yield from _percentage(f"{path}.delay.percentage.value", delay)
    yield from durations(f"{path}.delay", delay, "fixedDelay")
    if "exponentialDelay" in delay:
        yield Fault(f"{path}.delay.exponentialDelay", "must be `fixedDelay`")


def retries(path: str, given: Spec | None) -> Faults:
    """Check how often and when a request is sent again."""
    if given is None:
        return
    attempts = given.get("attempts") or 0
    if attempts < 0:
        yield Fault(f"{path}.attempts", f"must be at least 0, but is {attempts}")
    used = [
        field
        for field in ("perTryTimeout", "retryOn", "retryRemoteLocalities")
        if given.get(field) not in (None, "")
    ]
    if not attempts and used:
        yield Fault(f"{path}.attempts", f"must be at least 1 beside `{used[0]}`")
    yield from durations(path, given, "perTryTimeout backoff")
    conditions = given.get("retryOn") or ""
    for condition in conditions.split(",") if conditions else ():
        if condition not in _CONDITIONS:
            said = f'must have conditions of Envoy and statuses of HTTP, but has "{condition}"'
            yield Fault(f"{path}.retryOn", said)


def cors_policy(path: str, policy: Spec | None) -> Faults:
    """Check which requests other origins may send."""
    if policy is None:
        return
    for number, origin in enumerate(policy.get("allowOrigins") or ()):
        here = f"{path}.allowOrigins[{number}]"
        if not any(origin.values()):
            yield Fault(here, "must have `exact`, `prefix` or `regex`, which is not empty")
        else:
            yield from regex_match(here, origin)
    for number, method in enumerate(policy.get("allowMethods") or ()):
        if method not in _METHODS:
            said = f'must be {quoted(sorted(_METHODS))}, but is "{method}"'
            yield Fault(f"{path}.allowMethods[{number}]", said)
    for field in ("allowHeaders", "exposeHeaders"):
        for number, name in enumerate(policy.get(field) or ()):
            yield from refuse(f"{path}.{field}[{number}]", cors_name(name))
    yield from durations(path, policy, "maxAge")
    if (age := policy.get("maxAge")) and age.nanoseconds > 0 and age.nanoseconds % _SECOND:
        yield Fault(f"{path}.maxAge", f'must be whole seconds, but is "{age.text}"')


def _percentage(path: str, fault: Spec) -> Faults:
    value = (fault.get("percentage") or {}).get("value") or 0
    if value and not (isnan(value) or _SMALLEST_PERCENT <= value <= 100):
        yield Fault(path, f"must be 0 or from {_SMALLEST_PERCENT} to 100, but is {value:g}")
