"""Which kinds live in a namespace: Kubernetes' own, well-known others, and the package's CRDs."""

from collections.abc import Iterable, Mapping
from typing import Any

_CLUSTER_KINDS = {
    "": "Namespace Node PersistentVolume ComponentStatus",
    "admissionregistration.k8s.io": "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding "
    "MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding "
    "ValidatingWebhookConfiguration",
    "apiextensions.k8s.io": "CustomResourceDefinition",
    "apiregistration.k8s.io": "APIService",
    "authentication.k8s.io": "SelfSubjectReview TokenReview",
    "authorization.k8s.io": "SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview",
    "certificates.k8s.io": "CertificateSigningRequest ClusterTrustBundle",
    "flowcontrol.apiserver.k8s.io": "FlowSchema PriorityLevelConfiguration",
    "internal.apiserver.k8s.io": "StorageVersion",
    "networking.k8s.io": "IngressClass IPAddress ServiceCIDR",
    "node.k8s.io": "RuntimeClass",
    "policy": "PodSecurityPolicy",
    "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding",
    "resource.k8s.io": "DeviceClass DeviceTaintRule ResourceSlice",
    "scheduling.k8s.io": "PriorityClass",
    "snapshot.storage.k8s.io": "VolumeSnapshotClass VolumeSnapshotContent",
    "storage.k8s.io": "CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass",
    "storagemigration.k8s.io": "StorageVersionMigration",
    # Well-known APIs beside Kubernetes' own.
    "gateway.networking.k8s.io": "GatewayClass",
    "cert-manager.io": "ClusterIssuer",
    "constraints.gatekeeper.sh": "*",
    "templates.gatekeeper.sh": "ConstraintTemplate",
    "kyverno.io": "ClusterPolicy ClusterCleanupPolicy",
    "nfd.k8s-sigs.io": "NodeFeatureRule",
    "topology.node.k8s.io": "NodeResourceTopology",
    "mellanox.com": "NicClusterPolicy",
    "nvidia.com": "ClusterPolicy",
    "deviceplugin.intel.com": "*",
    "tekton.dev": "ClusterTask",
    "argoproj.io": "ClusterWorkflowTemplate ClusterAnalysisTemplate",
    "crd.projectcalico.org": "*",
    "projectcalico.org": "BGPConfiguration BGPPeer FelixConfiguration GlobalNetworkPolicy IPPool",
    "cilium.io": "CiliumClusterwideNetworkPolicy CiliumNode CiliumEgressGatewayPolicy "
    "CiliumLoadBalancerIPPool CiliumL2AnnouncementPolicy CiliumBGPPeeringPolicy",
    "external-secrets.io": "ClusterSecretStore ClusterExternalSecret ClusterGenerator",
    "cluster.open-cluster-management.io": "ManagedCluster ManagedClusterSet",
    "policy.karmada.io": "ClusterPropagationPolicy ClusterOverridePolicy",
    "cluster.karmada.io": "Cluster",
}


def cluster_kinds(crds: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], bool]:
    """Give, for each CRD, whether its kind belongs to the whole cluster; by group and kind."""
    known = {}
    for crd in crds:
        spec = crd.get("spec")
        names = spec.get("names") if isinstance(spec, Mapping) else None
        if isinstance(spec, Mapping) and isinstance(names, Mapping):
            key = (str(spec.get("group", "")), str(names.get("kind", "")))
            known[key] = spec.get("scope") == "Cluster"
    return known


def is_cluster_scoped(
    group: str, kind: str, crds: Mapping[tuple[str, str], bool] | None = None
) -> bool:
    """Say whether a kind belongs to the whole cluster rather than to a namespace.

    A kind that nobody describes counts as namespaced, as most are.
    """
    if crds and (group, kind) in crds:
        return crds[group, kind]
    known = _CLUSTER_KINDS.get(group, "").split()
    return kind in known or "*" in known
