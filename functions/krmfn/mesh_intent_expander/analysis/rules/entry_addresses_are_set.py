"""ServiceEntries for TCP have addresses: without, all connections to their ports are theirs."""

from collections.abc import Iterable

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.reading import items, text
from krmfn.mesh_intent_expander.mesh_config import proxy_metadata
from krmfn.mesh_intent_expander.view import ISTIO_NETWORKING, ClusterView, Fleet, mapping, spec_of

REQUIRED = Code(
    "IST0134",
    Level.WARNING,
    "A ServiceEntry with a TCP port must have addresses.",
    "ServiceEntryAddressesRequired",
)
CODES = (REQUIRED,)


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield ports for TCP, or without protocol, of ServiceEntries that get no address."""
    if _allocates(view):
        return
    for entry in view.of("ServiceEntry", ISTIO_NETWORKING):
        spec = spec_of(entry)
        if spec.get("addresses") or mapping(entry.body.get("status")).get("addresses"):
            continue
        for path, port in items(spec.get("ports"), "spec.ports"):
            if text(port.get("protocol")).upper() in ("", "TCP"):
                message = "must stand with `spec.addresses`, since it is for TCP or has no protocol"
                yield Finding(REQUIRED, entry, message, path)


def _allocates(view: ClusterView) -> bool:
    """Say whether proxies give hosts addresses of their own."""
    said = proxy_metadata(view)
    switches = ("ISTIO_META_DNS_AUTO_ALLOCATE", "PILOT_ENABLE_IP_AUTOALLOCATE")
    return said.get("ISTIO_META_DNS_CAPTURE") in ("true", True) and any(
        said.get(each) in ("true", True) for each in switches
    )
