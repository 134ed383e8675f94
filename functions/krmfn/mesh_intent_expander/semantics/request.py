"""A request, and who sends it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from krmfn.mesh_intent_expander.view import ClusterView, Workload

_HTTP_PORT = 80

DataPlane = Literal["sidecar", "ambient", "none"]


def data_plane_of(view: ClusterView, workload: Workload) -> DataPlane:
    """Say how pods take part in the mesh; a sidecar goes over ambient capture."""
    if view.is_meshed(workload):
        return "sidecar"
    return "ambient" if view.is_ambient(workload) else "none"


@dataclass(frozen=True, slots=True)
class Client:
    """Who sends a request.

    Attributes:
        labels: those of its pods.
        data_plane: how it takes part in the mesh; `none` speaks plaintext to what DNS tells it.
        address: the IP address of its pods, "" when it is not known: no block of addresses has it.
    """

    cluster: str
    namespace: str
    service_account: str = "default"
    labels: Mapping[str, str] = field(default_factory=dict)
    data_plane: DataPlane = "sidecar"
    address: str = ""

    @classmethod
    def of(cls, view: ClusterView, workload: Workload, address: str = "") -> Self:
        """Give the client that the pods of a workload are."""
        return cls(
            cluster=view.name,
            namespace=workload.namespace,
            service_account=workload.service_account,
            labels=workload.labels,
            data_plane=data_plane_of(view, workload),
            address=address,
        )


@dataclass(frozen=True, slots=True)
class Request:
    """A request.

    Attributes:
        host: the name that the client calls: short, as in ``api`` or ``api.shop``, or in full.
        headers: by their names in lower case.
        path: without parameters.
        query: parameters of the URL.
        claims: those of a valid JWT that it carries, ``iss`` and ``sub`` among them; none when
            empty.
    """

    client: Client
    host: str
    port: int
    method: str = "GET"
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, object] = field(default_factory=dict)

    @property
    def authority(self) -> str:
        """What it says as host: the name that is called, with any port but HTTP's own."""
        return self.headers.get("host") or (
            self.host if self.port == _HTTP_PORT else f"{self.host}:{self.port}"
        )
