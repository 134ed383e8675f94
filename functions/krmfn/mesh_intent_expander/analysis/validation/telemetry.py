"""Telemetry.

Source: Istio's ``ValidateTelemetry``, and the rules of its CustomResourceDefinition.
"""

from functools import lru_cache

from krmfn.mesh_intent_expander.analysis.validation.durations import at_least_millisecond
from krmfn.mesh_intent_expander.analysis.validation.faults import (
    ADMISSION,
    WARNING,
    Fault,
    Faults,
    Spec,
    refuse,
)
from krmfn.mesh_intent_expander.analysis.validation.targets import attachment
from krmfn.sdk import Resource

_TAGS = {"literal": "value", "header": "name", "environment": "name"}


def check(spec: Spec, _resource: Resource) -> Faults:
    """Check one Telemetry."""
    yield from attachment("spec", spec)
    for number, metrics in enumerate(spec.get("metrics") or ()):
        yield from _metrics(f"spec.metrics[{number}]", metrics)
    tracing = spec.get("tracing") or ()
    if len(tracing) > 1:
        yield Fault("spec.tracing", "must have one entry, for Istio takes only one", WARNING)
    for number, each in enumerate(tracing):
        yield from _tracing(f"spec.tracing[{number}]", each)
    for number, logging in enumerate(spec.get("accessLogging") or ()):
        path = f"spec.accessLogging[{number}]"
        yield from _providers(path, logging)
        if (condition := logging.get("filter")) is not None:
            said = _cel(condition.get("expression") or "")
            yield from refuse(f"{path}.filter.expression", said)


@lru_cache(maxsize=256)
def _cel(text: str) -> str:
    from krmfn.sdk.cel.nodes import CelError
    from krmfn.sdk.cel.parser import parse

    try:
        parse(text)
    except CelError:
        return f'must be an expression of CEL, but is "{text}"'
    return ""


def _providers(path: str, spec: Spec) -> Faults:
    for number, provider in enumerate(spec.get("providers") or ()):
        if not provider.get("name"):
            yield Fault(f"{path}.providers[{number}].name", "must be given")


def _tracing(path: str, tracing: Spec) -> Faults:
    yield from _providers(path, tracing)
    if len(tracing.get("providers") or ()) > 1:
        said = "must have one entry, for Istio takes only one"
        yield Fault(f"{path}.providers", said, WARNING)
    percentage = tracing.get("randomSamplingPercentage") or 0
    if percentage < 0 or percentage > 100:
        said = f"must be from 0 to 100, but is {percentage:g}"
        yield Fault(f"{path}.randomSamplingPercentage", said)
    for name, tag in (tracing.get("customTags") or {}).items():
        here = f'{path}.customTags["{name}"]'
        if not name:
            yield Fault(here, "must have a name")
        for kind, field in _TAGS.items():
            if kind in tag and not tag[kind].get(field):
                yield Fault(f"{here}.{kind}.{field}", "must be given")


def _metrics(path: str, metrics: Spec) -> Faults:
    yield from _providers(path, metrics)
    if (interval := metrics.get("reportingInterval")) is not None:
        yield from refuse(f"{path}.reportingInterval", at_least_millisecond(interval), ADMISSION)
    for number, override in enumerate(metrics.get("overrides") or ()):
        here = f"{path}.overrides[{number}]"
        for name, tag in (override.get("tagOverrides") or {}).items():
            yield from _tag_override(f'{here}.tagOverrides["{name}"]', name, tag)
        if (override.get("match") or {}).get("customMetric") == "":
            yield Fault(f"{here}.match.customMetric", "must not be empty")


def _tag_override(path: str, name: str, tag: Spec) -> Faults:
    if not name:
        yield Fault(path, "must have a name", WARNING)
    removes = tag.get("operation") == "REMOVE"
    if removes == bool(tag.get("value")):
        said = "must be left out for the operation REMOVE" if removes else "must be given"
        yield Fault(f"{path}.value", said)
