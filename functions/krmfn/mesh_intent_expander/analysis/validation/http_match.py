"""Which requests an HTTP route takes.

Source: Istio's ``validateHTTPRouteMatchRequest``.
"""

from collections.abc import Sequence

from krmfn.mesh_intent_expander.analysis.validation.domains import label
from krmfn.mesh_intent_expander.analysis.validation.faults import (
    Faults,
    Spec,
    errors_only,
    refuse,
)
from krmfn.mesh_intent_expander.analysis.validation.gateway_names import gateway_names
from krmfn.mesh_intent_expander.analysis.validation.headers import matched_name
from krmfn.mesh_intent_expander.analysis.validation.labels import labels
from krmfn.mesh_intent_expander.analysis.validation.patterns import regex_match, string_match
from krmfn.mesh_intent_expander.analysis.validation.ports import port_number

_PRESENT = "*"
"""A regular expression that only ``withoutHeaders`` may have: the header is there."""


def http_matches(path: str, matches: Sequence[Spec]) -> Faults:
    """Check the matches of one route."""
    for number, match in enumerate(matches):
        yield from _match(f"{path}[{number}]", match)


def _match(path: str, match: Spec) -> Faults:
    if uri := match.get("uri"):
        yield from regex_match(f"{path}.uri", uri)
    for field in ("scheme", "method", "authority"):
        if given := match.get(field):
            yield from string_match(f"{path}.{field}", given)
    yield from _headers(path, match)
    for name, given in (match.get("queryParams") or {}).items():
        yield from string_match(f'{path}.queryParams["{name}"]', given)
    if port := match.get("port"):
        yield from refuse(f"{path}.port", port_number(port))
    yield from labels(f"{path}.sourceLabels", match.get("sourceLabels"))
    yield from errors_only(gateway_names(f"{path}.gateways", match.get("gateways") or ()))
    if namespace := match.get("sourceNamespace"):
        yield from refuse(f"{path}.sourceNamespace", label(namespace))


def _headers(path: str, match: Spec) -> Faults:
    for field in ("headers", "withoutHeaders"):
        for name, given in (match.get(field) or {}).items():
            here = f'{path}.{field}["{name}"]'
            yield from refuse(here, matched_name(name))
            if field == "headers" or given.get("regex") != _PRESENT:
                yield from string_match(here, given)
