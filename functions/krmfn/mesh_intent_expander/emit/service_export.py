"""ServiceExport: a cluster offers a service to its cluster set.

In the version that Istio reads, which newer definitions of Multi-Cluster Services serve as well.
"""

from collections.abc import Iterable, Iterator

from krmfn.mesh_intent_expander.plan.common import Emitted
from krmfn.mesh_intent_expander.plan.discovery import Discovered


def service_exports(discovered: Iterable[Discovered]) -> Iterator[Emitted]:
    """Yield the exports of services that are found by Multi-Cluster Services."""
    for each in discovered:
        if each.how == "mcs":
            body = {
                "apiVersion": "multicluster.x-k8s.io/v1alpha1",
                "kind": "ServiceExport",
                "metadata": {"name": each.service.name, "namespace": each.service.namespace},
            }
            yield Emitted(body, each.servers, "exposure", each.by)
