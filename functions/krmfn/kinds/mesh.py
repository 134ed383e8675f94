"""The mesh: its clusters, their networks, and how they find each other."""

from typing import Annotated, Literal

from pydantic import Field

from krmfn.kinds.addresses import GatewayAddress, VipRange
from krmfn.kinds.fields import INTENT_VERSION, Duration, Name
from krmfn.kinds.labels import Labels, LabelValue
from krmfn.sdk.model import CelRule, DnsLabel, DnsName, Kind, Model, Pattern

Flavor = Literal["istio", "gateway-api"]
DataPlane = Literal["sidecar", "ambient"]
PortNumber = Annotated[int, Field(ge=1, le=65535)]

TrustDomain = Annotated[
    str,
    Field(max_length=255),
    Pattern(
        "^[a-z0-9]([-_.a-z0-9]*[a-z0-9])?$",
        "a trust domain: lower-case letters, digits, `-`, `_` and `.`",
    ),
]

GatewayApiVersion = Annotated[
    str,
    Pattern(
        r"^v?[01]\.[0-9]{1,3}(\.[0-9]{1,3})?$",
        'a version of the Gateway API such as "1.5" or "1.5.1"',
    ),
]

IstioVersion = Annotated[
    str, Pattern(r"^1\.[0-9]{1,3}(\.[0-9]{1,3})?$", 'a version of Istio such as "1.30" or "1.30.3"')
]


class Identity(Model):
    """What all clusters of the mesh share."""

    id: Name = Field("mesh", description="The mesh's `meshID`.")
    trust_domain: TrustDomain = Field(
        "cluster.local", description="The trust domain of its workloads."
    )
    trust_domain_aliases: tuple[TrustDomain, ...] = Field(
        (), description="Further trust domains that count as the mesh's own."
    )
    root_namespace: DnsLabel = Field(
        "istio-system", description="The namespace whose Istio objects hold for the whole mesh."
    )
    cluster_domain: DnsName = Field("cluster.local", description="The domain of Services.")
    extension_providers: tuple[Name, ...] = Field(
        (), description="Names of the extension providers that every istiod knows."
    )


class EastWestGateway(Model):
    """Where other networks reach a cluster."""

    namespace: DnsLabel = Field("istio-system", description="Its namespace.")
    selector: Labels = Field(
        {"istio": "eastwestgateway"},
        min_length=1,
        description="Labels of its pods, and of no other gateway's.",
    )
    addresses: tuple[GatewayAddress, ...] = Field(
        (), description="Its IP addresses or host names, as seen from the other networks."
    )
    port: PortNumber | None = Field(
        None, description="Its port: 15443, and 15008 for ambient, when absent."
    )


class ControlPlane(Model):
    """Which istiod a cluster obeys."""

    cel_rules = (
        CelRule(
            "!has(self.type) || self.type == 'primary' || has(self.configCluster)",
            "must name the cluster whose istiod a remote cluster obeys",
            lambda plane: plane.type == "primary" or plane.config_cluster is not None,
            field="configCluster",
        ),
        CelRule(
            "!has(self.configCluster) || (has(self.type) && self.type == 'remote')",
            "must not be given but for a `remote` cluster: a primary one obeys its own istiod",
            lambda plane: plane.config_cluster is None or plane.type == "remote",
            field="configCluster",
        ),
    )

    type: Literal["primary", "remote"] = Field("primary", description="Whether it has its own.")
    config_cluster: Name | None = Field(
        None, description="For `remote`: the cluster whose Istio objects hold here."
    )


class Mcs(Model):
    """Kubernetes' Multi-Cluster Services API in a cluster."""

    enabled: bool = Field(False, description="Whether its Istio reads ServiceExports.")


class MeshCluster(Model):
    """One cluster of the mesh; what is absent comes from its ClusterProfile."""

    cel_rules = (
        CelRule(
            "!has(self.controlPlane) || !has(self.controlPlane.configCluster) || "
            "self.controlPlane.configCluster != self.name",
            "must be another cluster",
            lambda cluster: cluster.control_plane.config_cluster != cluster.name,
            field="controlPlane.configCluster",
        ),
    )

    name: DnsName = Field(description="Name of the cluster, in Istio and as ClusterProfile.")
    network: LabelValue | None = Field(
        None, description="Its network; clusters of one network reach each other's pods."
    )
    region: LabelValue | None = Field(
        None, description="Its region, of `topology.kubernetes.io/region`."
    )
    zone: LabelValue | None = Field(None, description="Its zone, of `topology.kubernetes.io/zone`.")
    data_plane: DataPlane | None = Field(None, description="How pods are in the mesh.")
    control_plane: ControlPlane = Field(
        ControlPlane(), description="Which istiod the cluster obeys."
    )
    east_west_gateway: EastWestGateway | None = Field(
        None, description="Where other networks reach it."
    )
    istio_version: IstioVersion | None = Field(None, description="The version of its istiod.")
    gateway_api_version: GatewayApiVersion | None = Field(
        None, description="The version of its Gateway API CRDs, such as `1.5`."
    )
    trust_domain: TrustDomain | None = Field(
        None, description="Its trust domain, where it is not the mesh's."
    )
    dns_capture: bool = Field(
        False, description="Whether proxies answer DNS, so that no stub Service is needed."
    )
    mcs: Mcs = Field(Mcs(), description="Multi-Cluster Services in this cluster.")


class Defaults(Model):
    """What holds where an intent says nothing."""

    resilience: Literal["low", "medium", "high"] = Field(
        "medium",
        description="How soon a failing endpoint is left out: after 10, 5 or 3 errors in a row.",
    )
    timeout: Duration | None = Field(None, description="How long a request may take.")
    retries: int | None = Field(
        None, ge=0, le=10, description="How often a request is tried again."
    )


class MeshTopologySpec(Model):
    """The mesh and its clusters."""

    cel_rules = (
        CelRule(
            "!has(self.clusters) || "
            "self.clusters.all(c, self.clusters.exists_one(d, d.name == c.name))",
            "must name each cluster once",
            lambda spec: len({cluster.name for cluster in spec.clusters}) == len(spec.clusters),
            field="clusters",
        ),
    )

    mesh: Identity = Field(Identity(), description="What all clusters share.")
    flavor: Flavor = Field(
        "istio", description="Whether routes are Istio's objects or the Gateway API's."
    )
    endpoint_discovery: bool = Field(
        True,
        description="Whether each istiod reads the other clusters' endpoints (remote secrets).",
    )
    base_layer: bool = Field(
        True, description="Whether the east-west gateways' own objects are written as well."
    )
    exposure: Literal["Declared", "All"] = Field(
        "Declared",
        description="What east-west gateways let in: the services of ServiceDiscoveries, or all "
        "of them, as Istio does by default.",
    )
    egress: Literal["Declared", "All"] = Field(
        "Declared",
        description="What pods see in namespaces that ServiceDiscoveries name as consumers: what "
        "is declared for them, by a Sidecar, or all there is.",
    )
    global_domain: DnsName = Field(
        "mesh.internal",
        description="The domain of services that are found without endpoint discovery.",
    )
    vip_range: VipRange = Field(
        "240.240.0.0/16", description="Where the addresses of such services come from."
    )
    cluster_selector: Labels | None = Field(
        None,
        description="Labels of the ClusterProfiles that are of the mesh, beside `clusters`; "
        "all profiles when both are absent.",
    )
    clusters: tuple[MeshCluster, ...] = Field((), max_length=300, description="The clusters.")
    defaults: Defaults = Field(Defaults(), description="What holds where an intent says nothing.")


class MeshTopology(Kind, api_version=INTENT_VERSION):
    """The mesh and its clusters; a package has one."""

    spec: MeshTopologySpec = Field(MeshTopologySpec(), description="The mesh and its clusters.")
