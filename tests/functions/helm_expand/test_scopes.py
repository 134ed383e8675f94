"""Which kinds live in a namespace."""

from typing import Any

import pytest

from krmfn.helm_expand.scopes import cluster_kinds, is_cluster_scoped


@pytest.mark.parametrize(
    ("kind", "is_cluster"),
    [
        ("Namespace", True),
        ("PersistentVolume", True),
        ("PersistentVolumeClaim", False),
        ("ServiceAccount", False),
        ("rbac.authorization.k8s.io/ClusterRole", True),
        ("rbac.authorization.k8s.io/RoleBinding", False),
        ("apiextensions.k8s.io/CustomResourceDefinition", True),
        ("admissionregistration.k8s.io/ValidatingWebhookConfiguration", True),
        ("networking.k8s.io/IngressClass", True),
        ("networking.k8s.io/Ingress", False),
        ("storage.k8s.io/CSIStorageCapacity", False),
        ("policy/PodDisruptionBudget", False),
        ("cert-manager.io/ClusterIssuer", True),
        ("cert-manager.io/Issuer", False),
        ("constraints.gatekeeper.sh/K8sAllowedRepos", True),
        ("multicluster.x-k8s.io/ClusterProfile", False),
        ("cluster.x-k8s.io/Cluster", False),
        ("example.com/Unknown", False),
        ("example.com/Namespace", False),
    ],
)
def test_a_kind_is_of_the_cluster_or_of_a_namespace(kind: str, is_cluster: bool) -> None:
    group, _, name = kind.rpartition("/")
    assert is_cluster_scoped(group, name) is is_cluster


@pytest.mark.parametrize(("scope", "is_cluster"), [("Cluster", True), ("Namespaced", False)])
def test_a_definition_says_more_than_what_is_well_known(scope: str, is_cluster: bool) -> None:
    spec = {"group": "cert-manager.io", "names": {"kind": "ClusterIssuer"}, "scope": scope}
    crds = cluster_kinds([{"spec": spec}])
    assert is_cluster_scoped("cert-manager.io", "ClusterIssuer", crds) is is_cluster
    assert not is_cluster_scoped("cert-manager.io", "Issuer", crds)


@pytest.mark.parametrize("crd", [{}, {"spec": None}, {"spec": {}}, {"spec": {"names": [1]}}])
def test_a_broken_definition_says_nothing(crd: dict[str, Any]) -> None:
    assert cluster_kinds([crd]) == {}
