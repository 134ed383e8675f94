"""Which objects of a cluster are facts, and what of them is written: only what is listed here.

What a fact needs is listed field by field, so that nothing secret, identifying or merely new in an
API ends in a repository: no addresses, no machine IDs, no credentials, no foreign annotations.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from krmfn.cli.collecting.objects import Body, mapping
from krmfn.cli.errors import CliError
from krmfn.kinds.fleet import DOMAIN

_FEATURES = "feature.node.kubernetes.io"
_OF_NETWORKS = ("k8s.v1.cni.cncf.io/resourceName", f"{DOMAIN}/network")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._:-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class FactKind:
    """A kind of object that is collected.

    Attributes:
        resource: the plural name that the API server knows it by.
        fields: dotted paths of what is kept beside the head; they lead through lists.
        cluster_field: path of the name of the cluster that such an object describes, where that is
            another one than the cluster that it was read from.
    """

    resource: str
    group: str
    kind: str
    fields: tuple[str, ...]
    cluster_field: str = ""

    @property
    def full_name(self) -> str:
        """The resource with its group, as `kubectl` takes it."""
        return f"{self.resource}.{self.group}".rstrip(".")


def _below(path: str, names: str) -> tuple[str, ...]:
    return tuple(f"{path}.{name}" for name in names.split())


_CONDITIONS = _below("status.conditions", "type status reason lastTransitionTime")
_OCM = "cluster.open-cluster-management.io"
_SRIOV = "sriovnetwork.openshift.io"
_INTERFACE = (
    "name altNames driver pciAddress vendor deviceID mtu numVfs totalvfs linkSpeed linkType "
    "linkAdminState eSwitchMode "
    "Vfs.vfID Vfs.driver Vfs.pciAddress Vfs.vendor Vfs.deviceID Vfs.mtu Vfs.vdpaType"
)
_KUBELET = (
    "cpuManagerPolicy cpuManagerPolicyOptions memoryManagerPolicy reservedSystemCPUs "
    "topologyManagerPolicy topologyManagerPolicyOptions topologyManagerScope"
)
_NODE_INFO = (
    "architecture operatingSystem osImage kernelVersion kubeletVersion containerRuntimeVersion"
)

FACT_KINDS = (
    FactKind(
        "nodes",
        "",
        "Node",
        (
            *_below("spec", "taints unschedulable"),
            *_below("status", "allocatable capacity"),
            *_CONDITIONS,
            *_below("status.nodeInfo", _NODE_INFO),
        ),
    ),
    FactKind("nodefeatures", "nfd.k8s-sigs.io", "NodeFeature", ("spec",)),
    FactKind("nodefeaturerules", "nfd.k8s-sigs.io", "NodeFeatureRule", ("spec",)),
    FactKind(
        "noderesourcetopologies",
        "topology.node.k8s.io",
        "NodeResourceTopology",
        ("topologyPolicies", "attributes", "zones"),
    ),
    FactKind("sriovnetworknodepolicies", _SRIOV, "SriovNetworkNodePolicy", ("spec",)),
    FactKind(
        "sriovnetworknodestates",
        _SRIOV,
        "SriovNetworkNodeState",
        ("spec.interfaces", "status.syncStatus", *_below("status.interfaces", _INTERFACE)),
    ),
    FactKind(
        "network-attachment-definitions", "k8s.cni.cncf.io", "NetworkAttachmentDefinition", ()
    ),
    FactKind(
        "sriovnetworks", _SRIOV, "SriovNetwork", _below("spec", "resourceName networkNamespace")
    ),
    FactKind("nodeptpdevices", "ptp.openshift.io", "NodePtpDevice", ("status.devices.name",)),
    FactKind(
        "performanceprofiles",
        "performance.openshift.io",
        "PerformanceProfile",
        _below("spec", "cpu hugepages nodeSelector numa realTimeKernel"),
    ),
    FactKind(
        "kubeletconfigs",
        "machineconfiguration.openshift.io",
        "KubeletConfig",
        ("spec.machineConfigPoolSelector", *_below("spec.kubeletConfig", _KUBELET)),
    ),
    FactKind("clusterproperties", "about.k8s.io", "ClusterProperty", ("spec.value",)),
    FactKind(
        "managedclusters",
        _OCM,
        "ManagedCluster",
        (
            *_below("spec", "taints hubAcceptsClient leaseDurationSeconds"),
            *_below("status", "allocatable capacity clusterClaims version"),
            *_CONDITIONS,
        ),
        "metadata.name",
    ),
    FactKind(
        "addonplacementscores",
        _OCM,
        "AddOnPlacementScore",
        (*_below("status", "scores validUntil"), *_CONDITIONS),
        "metadata.namespace",
    ),
    FactKind(
        "clusters",
        "cluster.karmada.io",
        "Cluster",
        (
            *_below("spec", "provider region zone zones taints resourceModels syncMode"),
            *_below("status", "kubernetesVersion nodeSummary resourceSummary"),
            *_CONDITIONS,
        ),
        "metadata.name",
    ),
    FactKind(
        "memberclusters",
        "cluster.kubernetes-fleet.io",
        "MemberCluster",
        (
            "spec.taints",
            *_below("status", "properties resourceUsage agentStatus"),
            *_CONDITIONS,
        ),
        "metadata.name",
    ),
    FactKind(
        "workloadclusters", "infra.nephio.org", "WorkloadCluster", ("spec",), "spec.clusterName"
    ),
)
_BY_KIND = {(each.group, each.kind): each for each in FACT_KINDS}


@dataclass(frozen=True, slots=True)
class Fact:
    """What is kept of an object.

    Attributes:
        cluster: name of the cluster that it describes.
        body: the plain values; of the metadata name, namespace, labels, and the annotations that
            tell something about the cluster.
    """

    cluster: str
    body: Body

    @property
    def kind(self) -> str:
        """The kind of the object."""
        return str(self.body["kind"])

    @property
    def path(self) -> str:
        """The file of the fact, relative to the package."""
        metadata = self.body["metadata"]
        names = filter(None, (metadata.get("namespace"), metadata["name"]))
        return f"clusters/{self.cluster}/{'_'.join((self.kind.lower(), *names))}.yaml"


def fact_of(body: Body, cluster: str) -> Fact | None:
    """Give what is kept of an object that was read from a cluster; None when it is no fact.

    Raises:
        CliError: a name cannot be that of a file.
    """
    group = str(body.get("apiVersion") or "").rpartition("/")[0]
    fact_kind = _BY_KIND.get((group, str(body.get("kind"))))
    if not fact_kind:
        return None
    metadata = _metadata(body)
    head = {**{key: body[key] for key in ("apiVersion", "kind")}, "metadata": metadata}
    if path := fact_kind.cluster_field:
        cluster = str(_at(body, path) or metadata["name"])
    fact = Fact(cluster, {**head, **_picked(body, _tree(fact_kind.fields))})
    for name in (cluster, metadata["name"], metadata.get("namespace")):
        if name is not None and not _NAME.fullmatch(name):
            raise CliError(f'{fact.kind} must have names as Kubernetes allows them, not "{name}"')
    return fact


def _metadata(body: Body) -> dict[str, Any]:
    given = mapping(body.get("metadata"))
    annotations = mapping(given.get("annotations"))
    evidence = {key: annotations[key] for key in sorted(annotations, key=str) if _is_evidence(key)}
    kept = {
        "namespace": str(given.get("namespace") or ""),
        "labels": mapping(given.get("labels")),
        "annotations": evidence,
    }
    name = {"name": str(given.get("name") or "")}
    return name | {key: value for key, value in kept.items() if value}


def _is_evidence(annotation: str) -> bool:
    domain = str(annotation).partition("/")[0]
    return f".{domain}".endswith(f".{_FEATURES}") or annotation in _OF_NETWORKS


def _at(body: Body, path: str) -> Any:
    value: Any = body
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _tree(paths: tuple[str, ...]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path in paths:
        branch = tree
        for step in path.split("."):
            branch = branch.setdefault(step, {})
    return tree


def _picked(value: Any, tree: Mapping[str, Any]) -> Any:
    """Give of a value what a tree names; a leaf of the tree takes all that is below it."""
    if isinstance(value, list):
        return [_picked(item, tree) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key: _picked(item, tree[key]) if tree[key] else item
        for key, item in value.items()
        if key in tree
    }
