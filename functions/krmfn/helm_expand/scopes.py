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
    "extensions": "PodSecurityPolicy",
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
    "about.k8s.io": "ClusterProperty",
    "addon.open-cluster-management.io": "ClusterManagementAddOn",
    "apiextensions.crossplane.io": "*",
    "argoproj.io": "ClusterAnalysisTemplate ClusterWorkflowTemplate",
    "cert-manager.io": "ClusterIssuer",
    "cilium.io": "CiliumBGPAdvertisement CiliumBGPClusterConfig CiliumBGPNodeConfigOverride "
    "CiliumBGPPeerConfig CiliumBGPPeeringPolicy CiliumCIDRGroup CiliumClusterwideEnvoyConfig "
    "CiliumClusterwideNetworkPolicy CiliumEgressGatewayPolicy CiliumIdentity "
    "CiliumL2AnnouncementPolicy CiliumLoadBalancerIPPool CiliumNode CiliumPodIPPool",
    "cluster.karmada.io": "Cluster",
    "cluster.open-cluster-management.io": "ManagedCluster ManagedClusterSet",
    "constraints.gatekeeper.sh": "*",
    "crd.projectcalico.org": "*",
    "deviceplugin.intel.com": "*",
    "expansion.gatekeeper.sh": "ExpansionTemplate",
    "external-secrets.io": "ClusterExternalSecret ClusterGenerator ClusterSecretStore",
    "externaldata.gatekeeper.sh": "Provider",
    "fluentbit.fluent.io": "ClusterFilter ClusterFluentBitConfig ClusterInput "
    "ClusterMultilineParser ClusterOutput ClusterParser",
    "gateway.networking.k8s.io": "GatewayClass",
    "gateway.networking.x-k8s.io": "XMesh",
    "groupsnapshot.storage.k8s.io": "VolumeGroupSnapshotClass VolumeGroupSnapshotContent",
    "instancetype.kubevirt.io": "VirtualMachineClusterInstancetype VirtualMachineClusterPreference",
    "karpenter.k8s.aws": "EC2NodeClass",
    "karpenter.sh": "NodeClaim NodePool",
    "keda.sh": "ClusterTriggerAuthentication",
    "kueue.x-k8s.io": "AdmissionCheck ClusterQueue ResourceFlavor WorkloadPriorityClass",
    "kyverno.io": "ClusterCleanupPolicy ClusterPolicy GlobalContextEntry",
    "mellanox.com": "NicClusterPolicy",
    "mutations.gatekeeper.sh": "*",
    "nfd.k8s-sigs.io": "NodeFeatureRule",
    "nvidia.com": "ClusterPolicy",
    "operator.open-cluster-management.io": "ClusterManager Klusterlet",
    "operator.tigera.io": "APIServer ImageSet Installation TigeraStatus",
    "pkg.crossplane.io": "*",
    "policies.kyverno.io": "DeletingPolicy GeneratingPolicy ImageValidatingPolicy MutatingPolicy "
    "ValidatingPolicy",
    "policy.karmada.io": "ClusterOverridePolicy ClusterPropagationPolicy",
    "policy.networking.k8s.io": "AdminNetworkPolicy BaselineAdminNetworkPolicy "
    "ClusterNetworkPolicy",
    "projectcalico.org": "BGPConfiguration BGPPeer FelixConfiguration GlobalNetworkPolicy IPPool",
    "req.nephio.org": "NFClass NetworkInstance",
    "security.openshift.io": "SecurityContextConstraints",
    "spire.spiffe.io": "ClusterFederatedTrustDomain ClusterSPIFFEID ClusterStaticEntry",
    "syncset.gatekeeper.sh": "SyncSet",
    "tekton.dev": "ClusterTask",
    "templates.gatekeeper.sh": "ConstraintTemplate",
    "topology.node.k8s.io": "NodeResourceTopology",
    "triggers.tekton.dev": "ClusterInterceptor ClusterTriggerBinding",
    "trust.cert-manager.io": "Bundle",
    "wgpolicyk8s.io": "ClusterPolicyReport",
}

NO_CRDS: Mapping[tuple[str, str], bool] = {}


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
    group: str, kind: str, crds: Mapping[tuple[str, str], bool] = NO_CRDS
) -> bool:
    """Say whether a kind belongs to the whole cluster rather than to a namespace.

    A kind that nobody describes counts as namespaced, as most are.
    """
    if (group, kind) in crds:
        return crds[group, kind]
    known = _CLUSTER_KINDS.get(group, "").split()
    return kind in known or "*" in known
