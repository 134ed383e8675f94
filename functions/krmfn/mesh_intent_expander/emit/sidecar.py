"""Sidecar: what the clients of a namespace see."""

from collections.abc import Iterable, Iterator

from krmfn.mesh_intent_expander.plan.common import Emitted
from krmfn.mesh_intent_expander.plan.discovery import Egress


def sidecars(egress: Iterable[Egress]) -> Iterator[Emitted]:
    """Yield the one Sidecar without selector of each namespace.

    What happens to other hosts stays as the mesh's `outboundTrafficPolicy` says.
    """
    for each in egress:
        body = {
            "apiVersion": "networking.istio.io/v1",
            "kind": "Sidecar",
            "metadata": {"name": "default", "namespace": each.namespace},
            "spec": {"egress": [{"hosts": list(each.hosts)}]},
        }
        yield Emitted(body, each.clusters, "destinations", each.by)
