"""The CustomResourceDefinitions of the Gateway API are recent enough for Istio to read."""

import re
from collections.abc import Iterable

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.view import GATEWAY_API, ClusterView, Fleet

TOO_OLD = Code(
    "IST0176",
    Level.WARNING,
    "A CustomResourceDefinition of the Gateway API must have the version that Istio needs.",
    "GatewayAPICRDVersionBelowMinimum",
)
CODES = (TOO_OLD,)

_BUNDLE = "gateway.networking.k8s.io/bundle-version"
_LEAST = {
    "grpcroutes": (1, 1, 0),
    "backendtlspolicies": (1, 4, 0),
    "tlsroutes": (1, 5, 0),
    "tcproutes": (1, 6, 0),
}
"""The least version of the Gateway API that Istio 1.31 reads of each resource."""

_VERSION = re.compile(
    r"v?([0-9]{1,9})(?:\.([0-9]{1,9}))?(?:\.([0-9]{1,9}))?(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
)


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield definitions that Istio passes over because they are too old."""
    for definition in view.of("CustomResourceDefinition", "apiextensions.k8s.io"):
        plural, _, group = definition.name.partition(".")
        said = definition.annotations.get(_BUNDLE, "")
        match = _VERSION.fullmatch(said)
        if group != GATEWAY_API or plural not in _LEAST or match is None:
            continue
        if tuple(int(part or 0) for part in match.groups()) < _LEAST[plural]:
            least = ".".join(map(str, _LEAST[plural]))
            message = f'must be {least} or later for Istio to read {plural}, but is "{said}"'
            yield Finding(TOO_OLD, definition, message, f'metadata.annotations["{_BUNDLE}"]')
