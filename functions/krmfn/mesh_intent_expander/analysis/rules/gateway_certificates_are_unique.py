"""No two Gateways of the same pods share a certificate.

A client that keeps an HTTP/2 connection would send the requests for one Gateway's hosts to the
other, which answers 404 (https://github.com/envoyproxy/envoy/issues/6767).
"""

from collections.abc import Iterable, Iterator

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.pods import gateways, selector_of
from krmfn.mesh_intent_expander.analysis.reading import quoted, text
from krmfn.mesh_intent_expander.view import (
    ClusterView,
    Fleet,
    mappings,
    namespace_of,
    selects,
    spec_of,
)
from krmfn.sdk import Resource

DUPLICATE = Code(
    "IST0138",
    Level.WARNING,
    "A certificate must belong to one Gateway of the same pods.",
    "GatewayDuplicateCertificate",
)
CODES = (DUPLICATE,)


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield Gateways whose certificate another one has that selects the same pods or fewer."""
    holders: dict[tuple[str, ...], dict[Resource, None]] = {}
    for gateway in gateways(view):
        for certificate in _certificates(gateway):
            holders.setdefault(certificate, {})[gateway] = None
    for certificate, holding in holders.items():
        for gateway in holding:
            others = tuple(
                other
                for other in holding
                if other is not gateway and selects(selector_of(gateway), selector_of(other))
            )
            if others:
                names = quoted(sorted(f"{namespace_of(each)}/{each.name}" for each in others))
                message = (
                    f'must have a certificate of their own, but "{certificate[0]}" is also that '
                    f"of Gateway {names} of the same pods"
                )
                yield Finding(DUPLICATE, gateway, message, "spec.servers", others)


def _certificates(gateway: Resource) -> Iterator[tuple[str, ...]]:
    """Yield what tells certificates apart: the Secret's name, or the files."""
    for server in mappings(spec_of(gateway).get("servers")):
        tls = server.get("tls")
        if not isinstance(tls, dict):
            continue
        files = text(tls.get("serverCertificate")), text(tls.get("privateKey"))
        if name := text(tls.get("credentialName")):
            yield (name,)
        elif all(files):
            yield files
