"""How long requests may take, and when they are tried again."""

from krmfn.kinds.mesh import Defaults
from krmfn.mesh_intent_expander.intents.traffic_route import Rule
from krmfn.mesh_intent_expander.plan.routes import Retries
from krmfn.sdk.times import parse_span

_RETRY_ON = "connect-failure,refused-stream,unavailable,cancelled"
_ATTEMPTS = 2
"""What Istio does by itself, and goes on doing where only one try's limit is given."""


def timeout_of(rule: Rule | None, defaults: Defaults) -> str:
    """Give how long a request may take, "" for no limit; ``0s`` means none."""
    said = rule.timeouts if rule else None
    limit = defaults.timeout or "" if said is None or said.request is None else said.request
    if said and said.backend_request and _attempts(rule, defaults) == 0:
        limit = _shorter(limit, said.backend_request)
    return limit if limit and parse_span(limit) else ""


def retries_of(rule: Rule | None, defaults: Defaults) -> Retries | None:
    """Give when a request is tried again, None to leave it to the mesh."""
    attempts = _attempts(rule, defaults)
    retry, timeouts = (rule.retry, rule.timeouts) if rule else (None, None)
    per_try = (retry and retry.per_try_timeout) or (timeouts and timeouts.backend_request) or ""
    per_try = per_try if per_try and parse_span(per_try) else ""
    if attempts is None and not per_try:
        return None
    if attempts == 0:
        return Retries(0)
    on = ",".join(retry.on) if retry and retry.on else _RETRY_ON
    return Retries(_ATTEMPTS if attempts is None else attempts, on, per_try)


def _attempts(rule: Rule | None, defaults: Defaults) -> int | None:
    return rule.retry.attempts if rule and rule.retry else defaults.retries


def _shorter(one: str, other: str) -> str:
    spans = [span for span in (one, other) if span and parse_span(span)]
    return min(spans, key=parse_span, default="")
