"""The tries of a request fit into its timeout, and faults leave it one.

Source: Istio's API reference, "HTTPRetry" and "HTTPFaultInjection": a timeout ends all tries
together, and a rule with a fault has neither retries nor a timeout.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.reading import items, text
from krmfn.mesh_intent_expander.analysis.validation.durations import Duration, parse_duration
from krmfn.mesh_intent_expander.analysis.virtual_services import virtual_services
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, mapping, number, spec_of
from krmfn.sdk import Resource

TOO_LONG = Code(
    "retries-exceed-timeout",
    Level.INFO,
    "All tries of a request should fit into its timeout.",
)
FAULT = Code(
    "fault-without-timeout",
    Level.INFO,
    "A rule that injects faults has neither a timeout nor retries.",
)
CODES = (TOO_LONG, FAULT)


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield rules whose last tries never come, and whose timeouts do not hold."""
    for resource in virtual_services(view):
        for path, rule in items(spec_of(resource).get("http"), "spec.http"):
            yield from _too_long(resource, path, rule)
            lost = [field for field in ("timeout", "retries") if rule.get(field)]
            if mapping(rule.get("fault")) and lost:
                message = "should be left out: beside a `fault` it does not hold"
                yield Finding(FAULT, resource, message, f"{path}.{lost[0]}")


def _too_long(resource: Resource, path: str, rule: Mapping[str, Any]) -> Iterator[Finding]:
    retries = mapping(rule.get("retries"))
    timeout, each = _duration(rule.get("timeout")), _duration(retries.get("perTryTimeout"))
    attempts = number(retries.get("attempts")) or 0
    if timeout is None or each is None or attempts <= 0 or timeout.nanoseconds <= 0:
        return
    tries = attempts + 1
    if each.nanoseconds * tries > timeout.nanoseconds:
        message = (
            f"should fit {tries} times into the timeout of {timeout.text}, but is {each.text}: "
            "the last tries end too early or never begin"
        )
        yield Finding(TOO_LONG, resource, message, f"{path}.retries.perTryTimeout")


def _duration(value: Any) -> Duration | None:
    return parse_duration(text(value))
