"""The objects of each cluster, as the control plane there sees them.

Objects come from anywhere, so nothing is taken for granted: what has a wrong type counts as absent
here, and what it should be is said by the analysis.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

from krmfn.mesh_intent_expander.topology import Gateway, Mesh
from krmfn.sdk import Resource

_Made = TypeVar("_Made")

ISTIO_NETWORKING = "networking.istio.io"
ISTIO_SECURITY = "security.istio.io"
ISTIO_TELEMETRY = "telemetry.istio.io"
ISTIO_EXTENSIONS = "extensions.istio.io"
GATEWAY_API = "gateway.networking.k8s.io"
MCS = "multicluster.x-k8s.io"

CLUSTER_SET = "clusterset.local"
"""The domain of Services that are found in all clusters of a set (Multi-Cluster Services)."""

PROTOCOLS = frozenset(
    "http http2 https tcp tls grpc grpc-web mongo mysql redis udp http_proxy".split()
)
"""What Istio knows as protocol in the name of a port or in ``appProtocol``, in lower case."""

L7 = frozenset({"http", "http2", "grpc", "grpc-web", ""})
"""Protocols whose requests Istio can route; "" is a port whose protocol is sniffed."""

_KUBERNETES_PROTOCOLS = {
    "kubernetes.io/h2c": "http2",
    "kubernetes.io/ws": "http",
    "kubernetes.io/wss": "https",
}
_TEMPLATES = frozenset(
    "Deployment StatefulSet DaemonSet ReplicaSet ReplicationController Job Rollout".split()
)


def mapping(value: Any) -> Mapping[str, Any]:
    """Give a mapping as it is, and an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """Give the mappings of a list, and nothing for anything else."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def strings(value: Any) -> list[str]:
    """Give the strings of a list, and nothing for anything else."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def labels_in(value: Any) -> dict[str, str]:
    """Give the labels of a mapping whose values are text, as a cluster would take them."""
    return {str(key): str(text) for key, text in mapping(value).items() if isinstance(text, str)}


def number(value: Any) -> int | None:
    """Give a whole number as it is, and None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def spec_of(resource: Resource) -> Mapping[str, Any]:
    """Give the ``spec`` of a resource, empty when it has none."""
    return mapping(resource.body.get("spec"))


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Say whether all pairs of a selector are among the labels."""
    return all(labels.get(key) == value for key, value in selector.items())


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a Service.

    Attributes:
        protocol: in Istio's words and in lower case, such as ``http``; "" when it is sniffed.
        target: number or name of the workload's port.
        app_protocol: the ``appProtocol`` as it is written, "" when it is not.
    """

    number: int
    name: str = ""
    protocol: str = ""
    target: int | str = 0
    app_protocol: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A Service of one cluster."""

    namespace: str
    name: str
    ports: tuple[Port, ...] = ()
    selector: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    headless: bool = False
    external_name: str = ""
    resource: Resource | None = None

    def port(self, wanted: int) -> Port | None:
        """Give the port of this number."""
        return next((port for port in self.ports if port.number == wanted), None)


@dataclass(frozen=True, slots=True)
class Workload:
    """Pods of one kind in one cluster: a pod template, or a Pod.

    Attributes:
        labels: those of the pods.
        ports: numbers by name; a port without a name stands under its number.
        annotations: those of the pods.
    """

    kind: str
    namespace: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    service_account: str = "default"
    ports: Mapping[str, int] = field(default_factory=dict)
    host_network: bool = False
    containers: tuple[str, ...] = ()
    resource: Resource | None = None


class ClusterView:
    """The objects of one cluster.

    Args:
        name: the cluster, "" for a package that is one cluster's.
        resources: its objects; those that never reach a cluster are to be left out.
        root_namespace: the namespace whose Istio objects hold for the whole mesh.
        domain: the domain of the cluster's Services.
        gateway: its east-west gateway, which packages seldom hold; None when it is not known.
    """

    def __init__(
        self,
        name: str,
        resources: Iterable[Resource],
        *,
        root_namespace: str = "istio-system",
        domain: str = "cluster.local",
        gateway: Gateway | None = None,
    ) -> None:
        self.name = name
        self.gateway = gateway
        self.resources = tuple(resources)
        self.root_namespace = root_namespace
        self.domain = domain

    def of(self, kind: str, group: str) -> tuple[Resource, ...]:
        """Give the objects of a kind."""
        return self._by_kind.get((group, kind), ())

    def host(self, service: Service) -> str:
        """Give the full name of a Service, as in ``api.shop.svc.cluster.local``."""
        return f"{service.name}.{service.namespace}.svc.{self.domain}"

    @cached_property
    def services(self) -> dict[tuple[str, str], Service]:
        """The Services by namespace and name."""
        found = (_service(resource) for resource in self.of("Service", ""))
        return {(service.namespace, service.name): service for service in found}

    @cached_property
    def services_by_host(self) -> dict[str, Service]:
        """The Services by their full names."""
        return {self.host(service): service for service in self.services.values()}

    @cached_property
    def workloads(self) -> tuple[Workload, ...]:
        """The workloads, in the order of their objects."""
        return tuple(
            workload for resource in self.resources if (workload := _workload(resource)) is not None
        )

    def workloads_of(self, service: Service) -> tuple[Workload, ...]:
        """Give the workloads whose pods a Service selects; none for one without selector."""
        return self.selected(service.namespace, service.selector) if service.selector else ()

    def selected(self, namespace: str, selector: Mapping[str, str]) -> tuple[Workload, ...]:
        """Give the workloads of a namespace whose pods have some labels; all for none."""
        if not selector:
            return tuple(self._workloads_by_namespace.get(namespace, ()))
        found = [self._workloads_by_label.get((namespace, *pair), []) for pair in selector.items()]
        fewest = min(found, key=len)
        return tuple(each for each in fewest if selects(selector, each.labels))

    @cached_property
    def namespaces(self) -> dict[str, Mapping[str, str]]:
        """The labels of the Namespaces, by name, as far as they have objects."""
        return {each.name: each.labels for each in self.of("Namespace", "")}

    def is_meshed(self, workload: Workload) -> bool:
        """Say whether pods have a sidecar: injected by label of pod or namespace, or written down.

        Source: Istio's sidecar injection, "Controlling the injection policy"; the namespace's
        ``istio-injection`` or ``istio.io/rev``, over which the pod's ``sidecar.istio.io/inject``
        goes.
        """
        if "istio-proxy" in workload.containers:
            return True
        if workload.host_network:
            return False
        said = workload.labels.get(
            "sidecar.istio.io/inject", workload.annotations.get("sidecar.istio.io/inject", "")
        )
        if said in ("true", "false"):
            return said == "true"
        labels = self.namespaces.get(workload.namespace, {})
        if labels.get("istio-injection") in ("enabled", "disabled"):
            return labels["istio-injection"] == "enabled"
        return bool(labels.get("istio.io/rev") or workload.labels.get("istio.io/rev"))

    def is_ambient(self, workload: Workload) -> bool:
        """Say whether pods are captured by ztunnel (label ``istio.io/dataplane-mode``)."""
        labels = self.namespaces.get(workload.namespace, {})
        mode = workload.labels.get("istio.io/dataplane-mode", labels.get("istio.io/dataplane-mode"))
        return mode == "ambient" and not workload.host_network

    @cached_property
    def _by_kind(self) -> dict[tuple[str, str], tuple[Resource, ...]]:
        found: dict[tuple[str, str], list[Resource]] = {}
        for resource in self.resources:
            found.setdefault((resource.group, resource.kind), []).append(resource)
        return {key: tuple(resources) for key, resources in found.items()}

    @cached_property
    def _workloads_by_label(self) -> dict[tuple[str, str, str], list[Workload]]:
        found: dict[tuple[str, str, str], list[Workload]] = {}
        for workload in self.workloads:
            for key, value in workload.labels.items():
                found.setdefault((workload.namespace, key, value), []).append(workload)
        return found

    @cached_property
    def _workloads_by_namespace(self) -> dict[str, list[Workload]]:
        found: dict[str, list[Workload]] = {}
        for workload in self.workloads:
            found.setdefault(workload.namespace, []).append(workload)
        return found


class Fleet:
    """The clusters of a mesh, each with its objects.

    Args:
        views: the clusters, in the order in which they are to be told.
        mesh: how the clusters are connected; None when nothing is known of it.
    """

    def __init__(self, views: Iterable[ClusterView], mesh: Mesh | None = None) -> None:
        self.views = {view.name: view for view in views}
        self.mesh = mesh
        self._made: dict[tuple[Hashable, ...], Any] = {}

    def __getitem__(self, cluster: str) -> ClusterView:
        return self.views[cluster]

    def once(self, make: Callable[..., _Made], *args: Hashable) -> _Made:
        """Give what a function makes of some values: made once, for all who ask this fleet."""
        key = (make, *args)
        if key not in self._made:
            self._made[key] = make(*args)
        return cast("_Made", self._made[key])

    @property
    def clusters(self) -> tuple[str, ...]:
        """The names of the clusters."""
        return tuple(self.views)

    def clusters_with(self, namespace: str, name: str) -> tuple[str, ...]:
        """Give the clusters that have a Service of this name."""
        return tuple(c for c, view in self.views.items() if (namespace, name) in view.services)


def namespace_of(resource: Resource) -> str:
    """Give the namespace of a namespaced object: "default" when it names none."""
    return resource.namespace or "default"


def protocol_of(name: str, app_protocol: str, transport: str = "TCP") -> str:
    """Give the protocol of a Service's port: ``appProtocol`` over the prefix of its name.

    Source: Istio's "Protocol Selection"; "" stands for a port whose protocol is sniffed.
    """
    if transport == "UDP":
        return "udp"
    said = (_KUBERNETES_PROTOCOLS.get(app_protocol, app_protocol) or name).lower()
    if said.startswith("grpc-web"):
        return "grpc-web"
    prefix = said.partition("-")[0]
    return prefix if prefix in PROTOCOLS else ""


def _service(resource: Resource) -> Service:
    spec = spec_of(resource)
    external = spec.get("externalName")
    return Service(
        namespace=namespace_of(resource),
        name=resource.name,
        ports=tuple(_ports(spec)),
        selector=labels_in(spec.get("selector")),
        labels=resource.labels,
        headless=spec.get("clusterIP") == "None",
        external_name=external if isinstance(external, str) else "",
        resource=resource,
    )


def _ports(spec: Mapping[str, Any]) -> Iterable[Port]:
    for port in mappings(spec.get("ports")):
        if (own := number(port.get("port"))) is None:
            continue
        target = port.get("targetPort", own)
        name, app_protocol = str(port.get("name") or ""), str(port.get("appProtocol") or "")
        yield Port(
            number=own,
            name=name,
            protocol=protocol_of(name, app_protocol, str(port.get("protocol") or "TCP")),
            target=target if isinstance(target, int | str) and target else own,
            app_protocol=app_protocol,
        )


def _workload(resource: Resource) -> Workload | None:
    if resource.kind in _TEMPLATES:
        pod = mapping(spec_of(resource).get("template"))
    elif resource.kind == "CronJob":
        job = mapping(spec_of(resource).get("jobTemplate"))
        pod = mapping(mapping(job.get("spec")).get("template"))
    elif resource.kind == "Pod" and not resource.group:
        pod = resource.body
    else:
        return None
    metadata, spec = mapping(pod.get("metadata")), mapping(pod.get("spec"))
    account = spec.get("serviceAccountName")
    return Workload(
        kind=resource.kind,
        namespace=namespace_of(resource),
        name=resource.name,
        labels=labels_in(metadata.get("labels")),
        annotations=labels_in(metadata.get("annotations")),
        service_account=account if isinstance(account, str) and account else "default",
        ports=dict(_container_ports(spec)),
        host_network=spec.get("hostNetwork") is True,
        containers=tuple(_containers(spec)),
        resource=resource,
    )


def _containers(spec: Mapping[str, Any]) -> Iterable[str]:
    for key in ("containers", "initContainers"):
        yield from (str(each.get("name")) for each in mappings(spec.get(key)))


def _container_ports(spec: Mapping[str, Any]) -> Iterable[tuple[str, int]]:
    for container in mappings(spec.get("containers")):
        for port in mappings(container.get("ports")):
            if (own := number(port.get("containerPort"))) is not None:
                yield str(port.get("name") or own), own
