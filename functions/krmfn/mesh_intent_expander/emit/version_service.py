"""Services for versions and clusters of a Service, which routes of the Gateway API need."""

from collections.abc import Iterable, Iterator
from typing import Any

from krmfn.mesh_intent_expander.plan.common import Emitted
from krmfn.mesh_intent_expander.plan.routes import VersionService


def services_of_versions(services: Iterable[VersionService]) -> Iterator[Emitted]:
    """Yield the Services; one without selector stands for the pods of another cluster."""
    for each in services:
        metadata: dict[str, Any] = {"name": each.name, "namespace": each.service.namespace}
        if each.labels:
            metadata["labels"] = dict(each.labels)
        selector = {"selector": dict(sorted(each.selector.items()))} if each.selector else {}
        body = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": selector | {"ports": [dict(port) for port in each.ports]},
        }
        yield Emitted(body, each.clusters, "destinations", each.by)
