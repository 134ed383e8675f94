"""Of an object only what a fact needs is kept."""

from collections.abc import Mapping
from typing import Any

import pytest

from krmfn.cli.collecting.facts import FACT_KINDS, Fact, fact_of
from krmfn.cli.errors import CliError

CONDITION = {"type": "Ready", "status": "True", "lastHeartbeatTime": "now", "message": "10.0.0.7"}
KEPT_CONDITION = {"type": "Ready", "status": "True"}


def body(api_version: str, kind: str, **fields: Any) -> dict[str, Any]:
    metadata = {"name": "x", **fields.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def kept(given: Mapping[str, Any]) -> Fact:
    fact = fact_of(given, "waw-edge-1")
    assert fact is not None
    return fact


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        pytest.param(
            body(
                "v1",
                "Node",
                spec={"podCIDR": "10.0.0.0/24", "taints": [{"key": "a", "effect": "NoExecute"}]},
                status={
                    "addresses": [{"address": "10.0.0.7"}],
                    "allocatable": {"cpu": "4"},
                    "conditions": [CONDITION],
                    "nodeInfo": {"kernelVersion": "6.1", "machineID": "5d1f"},
                },
            ),
            {
                "spec": {"taints": [{"key": "a", "effect": "NoExecute"}]},
                "status": {
                    "allocatable": {"cpu": "4"},
                    "conditions": [KEPT_CONDITION],
                    "nodeInfo": {"kernelVersion": "6.1"},
                },
            },
            id="Node",
        ),
        pytest.param(
            body(
                "k8s.cni.cncf.io/v1",
                "NetworkAttachmentDefinition",
                spec={"config": "{}"},
                metadata={"annotations": {"k8s.v1.cni.cncf.io/resourceName": "a/b", "c/d": "e"}},
            ),
            {},
            id="NetworkAttachmentDefinition",
        ),
        pytest.param(
            body(
                "cluster.open-cluster-management.io/v1",
                "ManagedCluster",
                spec={
                    "hubAcceptsClient": True,
                    "managedClusterClientConfigs": [{"url": "https://a", "caBundle": "b"}],
                },
                status={"clusterClaims": [{"name": "a", "value": "b"}], "conditions": [CONDITION]},
            ),
            {
                "spec": {"hubAcceptsClient": True},
                "status": {
                    "clusterClaims": [{"name": "a", "value": "b"}],
                    "conditions": [KEPT_CONDITION],
                },
            },
            id="ManagedCluster",
        ),
        pytest.param(
            body(
                "cluster.karmada.io/v1alpha1",
                "Cluster",
                spec={
                    "apiEndpoint": "https://a",
                    "secretRef": {"name": "s"},
                    "proxyHeader": {"Authorization": "Bearer x"},
                    "region": "pl",
                },
                status={"nodeSummary": {"totalNum": 3}, "apiEnablements": [{"groupVersion": "v1"}]},
            ),
            {"spec": {"region": "pl"}, "status": {"nodeSummary": {"totalNum": 3}}},
            id="Karmada's Cluster",
        ),
        pytest.param(
            body(
                "machineconfiguration.openshift.io/v1",
                "KubeletConfig",
                spec={
                    "kubeletConfig": {"cpuManagerPolicy": "static", "clusterDNS": ["10.0.0.10"]},
                    "machineConfigPoolSelector": {"matchLabels": {"a": "b"}},
                },
            ),
            {
                "spec": {
                    "kubeletConfig": {"cpuManagerPolicy": "static"},
                    "machineConfigPoolSelector": {"matchLabels": {"a": "b"}},
                }
            },
            id="KubeletConfig",
        ),
        pytest.param(
            body(
                "ptp.openshift.io/v1",
                "NodePtpDevice",
                status={"devices": [{"name": "ens1f0", "hardwareInfo": {"serial": "x"}}]},
            ),
            {"status": {"devices": [{"name": "ens1f0"}]}},
            id="NodePtpDevice",
        ),
        pytest.param(
            body(
                "cluster.kubernetes-fleet.io/v1",
                "MemberCluster",
                spec={"identity": {"name": "sa"}, "taints": []},
                status={"resourceUsage": {"allocatable": {"cpu": "4"}}, "properties": {}},
            ),
            {
                "spec": {"taints": []},
                "status": {"resourceUsage": {"allocatable": {"cpu": "4"}}, "properties": {}},
            },
            id="MemberCluster",
        ),
    ],
)
def test_only_what_is_listed_is_kept(given: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
    head = {key: given[key] for key in ("apiVersion", "kind")}
    found = dict(kept(given).body)
    found.pop("metadata")
    assert found == head | fields


def test_of_the_metadata_names_labels_and_evidence_are_kept() -> None:
    evidence = {
        "feature.node.kubernetes.io/fec": "1",
        "vendor.feature.node.kubernetes.io/firmware": "2",
    }
    metadata = {
        "name": "w1",
        "namespace": "nfd",
        "labels": {"a": "b"},
        "uid": "3f0c",
        "managedFields": [{}],
        "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
            "notfeature.node.kubernetes.io/x": "y",
            **evidence,
        },
    }

    fact = kept(body("nfd.k8s-sigs.io/v1alpha1", "NodeFeature", metadata=metadata, spec={}))

    assert fact.body["metadata"] == {
        "name": "w1",
        "namespace": "nfd",
        "labels": {"a": "b"},
        "annotations": evidence,
    }
    assert fact.path == "clusters/waw-edge-1/nodefeature_nfd_w1.yaml"


@pytest.mark.parametrize(
    ("given", "path"),
    [
        pytest.param(body("v1", "Node"), "clusters/waw-edge-1/node_x.yaml", id="a node's"),
        pytest.param(
            body("cluster.open-cluster-management.io/v1", "ManagedCluster"),
            "clusters/x/managedcluster_x.yaml",
            id="that an OCM hub describes",
        ),
        pytest.param(
            body(
                "cluster.open-cluster-management.io/v1alpha1",
                "AddOnPlacementScore",
                metadata={"namespace": "krk"},
            ),
            "clusters/krk/addonplacementscore_krk_x.yaml",
            id="whose namespace a score is in",
        ),
        pytest.param(
            body("infra.nephio.org/v1alpha1", "WorkloadCluster", spec={"clusterName": "krk"}),
            "clusters/krk/workloadcluster_x.yaml",
            id="that Nephio names",
        ),
        pytest.param(
            body("infra.nephio.org/v1alpha1", "WorkloadCluster"),
            "clusters/x/workloadcluster_x.yaml",
            id="that has the name of its object",
        ),
    ],
)
def test_a_fact_stands_with_the_cluster(given: Mapping[str, Any], path: str) -> None:
    assert kept(given).path == path


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [("v1", "Secret"), ("v1", "Pod"), ("cluster.x-k8s.io/v1beta1", "Cluster"), ("", "Node/x")],
)
def test_other_objects_are_no_facts(api_version: str, kind: str) -> None:
    assert fact_of(body(api_version, kind), "waw-edge-1") is None


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "", ".", "a\n", "-a"])
def test_a_name_that_is_none_of_kubernetes_is_refused(name: str) -> None:
    with pytest.raises(CliError, match="must have names as Kubernetes allows them"):
        fact_of(body("v1", "Node", metadata={"name": name}), "waw-edge-1")


def test_no_two_kinds_share_a_name_of_files() -> None:
    kinds = [each.kind.lower() for each in FACT_KINDS]
    assert len(set(kinds)) == len(kinds)
