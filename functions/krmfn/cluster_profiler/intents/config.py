"""The functionConfig of cluster-profiler."""

from pydantic import Field

from krmfn.kinds.fields import Amount, Instant
from krmfn.sdk.config import FunctionConfig, FunctionSpec
from krmfn.sdk.model import DnsLabel, Model


class DevicePool(Model):
    """What is behind a resource name that only its administrator can know."""

    resource_name: str = Field(
        min_length=1,
        description="The resource, such as `openshift.io/east`, or a glob such as `*/east_*`.",
    )
    class_: str = Field(
        min_length=1, description="What they are, such as `sriov-vf`, `gpu` or `fpga`."
    )
    driver: str | None = Field(None, description="The driver they are bound to.")
    vendor: str | None = Field(None, description="PCI vendor, or the maker's name.")
    model: str | None = Field(None, description="The model.")
    speed_gbps: Amount | None = Field(None, description="Speed of the link, in Gbit/s.")
    memory_mib: Amount | None = Field(
        None, alias="memoryMiB", description="Memory of one device, in MiB."
    )
    network: str | None = Field(None, description="The network they lead to, such as `n3`.")
    attachment: str | None = Field(
        None, description="NetworkAttachmentDefinition that hands them out, as `namespace/name`."
    )


class ClusterProfilerSpec(FunctionSpec):
    """What nobody can read from the clusters, and how the profiles are written."""

    devices: tuple[DevicePool, ...] = Field(
        (), description="What device resources mean; the first that names a resource holds."
    )
    default_rules: bool = Field(
        True,
        description="Whether the rules that ship with the function decide the capabilities for "
        "which the package has none.",
    )
    as_of: Instant | None = Field(
        None,
        description="The time at which metrics must still be valid; the newest observation in the "
        "package when absent, since no clock is read.",
    )
    cluster_manager: DnsLabel = Field(
        "krm-fn", description="Who manages the profiles, for `spec.clusterManager.name`."
    )
    namespace: DnsLabel | None = Field(None, description="Namespace of what is written.")


class ClusterProfiler(FunctionConfig):
    """The functionConfig of cluster-profiler; every field has a default."""

    spec: ClusterProfilerSpec = Field(
        ClusterProfilerSpec(), description="Devices, rules and form of the profiles."
    )
