"""Which cluster a fact is of, and where its profile is written."""

from collections.abc import Callable
from typing import Any

import pytest

MakeNode = Callable[..., str]
Profile = Callable[..., Any]

WORKLOAD_CLUSTER = """\
apiVersion: infra.nephio.org/v1alpha1
kind: WorkloadCluster
metadata: {name: site}
spec: {clusterName: waw, cnis: [macvlan], masterInterface: eth1}
"""
MANAGED_CLUSTER = """\
apiVersion: cluster.open-cluster-management.io/v1
kind: ManagedCluster
metadata: {name: waw}
"""
FOREIGN = """\
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: ClusterProfile
metadata: {{name: waw, namespace: {namespace}}}
spec: {{clusterManager: {{name: other}}}}
"""
KPTFILE = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {name: fleet}\n"


def paths(made: Any) -> set[str]:
    items = made.outcome.resource_list.items
    return {item.path for item in items if item.kind in ("ClusterProfile", "ClusterCapacity")}


def annotated(text: str, cluster: str) -> str:
    return text.replace(
        "metadata: {", f"metadata: {{annotations: {{krmfn.dev/cluster: {cluster}}}, "
    )


def test_a_folder_an_annotation_or_a_cluster_object_names_the_cluster(
    profile: Profile, node: MakeNode
) -> None:
    made = profile(
        {
            "clusters/waw/n.yaml": node(),
            "nodes.yaml": annotated(node(), "krk"),
            "hub.yaml": MANAGED_CLUSTER.replace("waw", "central"),
        }
    )
    assert made.items("ClusterProfile").keys() == {"waw", "krk", "central"}
    assert "clusters/krk/cluster-profile.yaml" in paths(made)


def test_the_package_of_one_cluster_has_its_profile_beside_the_rest(
    profile: Profile, node: MakeNode
) -> None:
    made = profile({"site.yaml": WORKLOAD_CLUSTER, "n.yaml": node()})
    assert paths(made) == {"cluster-profile.yaml", "cluster-capacity.yaml"}
    assert made.properties()["cnis.krmfn.dev/macvlan"] == "true"
    assert made.capacity()["nodeGroups"][0]["count"] == 1


def test_two_workload_clusters_make_it_the_package_of_a_fleet(
    profile: Profile, node: MakeNode
) -> None:
    other = WORKLOAD_CLUSTER.replace("waw", "krk").replace("site", "other")
    made = profile({"a.yaml": WORKLOAD_CLUSTER, "b.yaml": other, "n.yaml": node()})
    assert made.codes() == ["cluster-unknown"]


def test_a_sub_package_can_be_the_package_of_one_cluster(profile: Profile, node: MakeNode) -> None:
    in_package = "metadata: {annotations: {internal.config.kubernetes.io/package-path: %s}, "
    files = {}
    for cluster in ("waw", "krk"):
        for name, text in (("site", WORKLOAD_CLUSTER.replace("waw", cluster)), ("n", node())):
            body = text.replace("metadata: {", in_package % cluster)
            files[f"{cluster}-{name}.yaml"] = body
    made = profile(files)
    written = [item for item in made.outcome.resource_list.items if item.kind == "ClusterProfile"]
    assert {(item.package_path, item.path, item.name) for item in written} == {
        ("waw", "cluster-profile.yaml", "waw"),
        ("krk", "cluster-profile.yaml", "krk"),
    }


@pytest.mark.parametrize(
    ("files", "code"),
    [
        pytest.param({"n.yaml": "NODE"}, "cluster-unknown", id="no cluster"),
        pytest.param(
            {"clusters/krk/m.yaml": MANAGED_CLUSTER}, "cluster-conflict", id="two clusters"
        ),
        pytest.param(
            {"clusters/Warszawa-Łódź/n.yaml": "NODE"}, "cluster-name", id="non-ASCII name"
        ),
        pytest.param({"clusters/waw_1/n.yaml": "NODE"}, "cluster-name", id="no DNS name"),
        pytest.param(
            {"clusters/waw/a.yaml": "NODE", "clusters/waw/b.yaml": "NODE"},
            "fact-ambiguous",
            id="two nodes of one name",
        ),
    ],
)
def test_a_fact_of_no_clear_cluster_is_an_error(
    profile: Profile, node: MakeNode, files: dict[str, str], code: str
) -> None:
    made = profile({path: node() if text == "NODE" else text for path, text in files.items()})
    assert not made.outcome.ok
    assert set(made.codes()) == {code}


def test_what_also_stands_in_other_packages_makes_no_cluster(profile: Profile) -> None:
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
        "spec: {nodeName: w1, containers: [{name: c}]}\n"
    )
    assert paths(profile({"clusters/waw/pod.yaml": pod, "hub.yaml": MANAGED_CLUSTER})) == {
        "clusters/waw/cluster-profile.yaml",
        "clusters/waw/cluster-capacity.yaml",
    }
    other = MANAGED_CLUSTER.replace("waw", "krk")
    assert profile({"clusters/waw/pod.yaml": pod, "hub.yaml": other}).items(
        "ClusterProfile"
    ).keys() == {"krk"}


def test_somebody_elses_profile_is_left_alone(profile: Profile, node: MakeNode) -> None:
    foreign = FOREIGN.format(namespace="fleet")
    made = profile({"clusters/waw/n.yaml": node(), "inventory.yaml": foreign})
    assert made.codes() == ["profile-left-alone"]
    assert made.items("ClusterProfile")["waw"]["spec"]["clusterManager"]["name"] == "other"
    assert made.items("ClusterCapacity")["waw"]["metadata"]["namespace"] == "fleet"


def test_two_profiles_of_one_name_are_an_error(profile: Profile, node: MakeNode) -> None:
    both = "---\n".join(FOREIGN.format(namespace=name) for name in ("a", "b"))
    made = profile({"clusters/waw/n.yaml": node(), "inventory.yaml": both})
    assert made.codes() == ["profile-ambiguous", "profile-ambiguous"]


def test_a_kind_of_the_same_name_in_another_group_is_no_profile(
    profile: Profile, node: MakeNode
) -> None:
    other = FOREIGN.format(namespace="a").replace("multicluster.x-k8s.io", "config.example.com")
    made = profile({"clusters/waw/n.yaml": node(), "other.yaml": other})
    assert made.codes() == []
    assert "clusters/waw/cluster-profile.yaml" in paths(made)


def test_the_profile_of_a_cluster_that_is_gone_is_pruned(profile: Profile, node: MakeNode) -> None:
    facts = {"clusters/waw/n.yaml": node(), "clusters/krk/n.yaml": node(), "Kptfile": KPTFILE}
    first = profile(facts).outcome.resource_list.items
    left = {
        item.path: item.text
        for item in first
        if not (item.kind == "Node" and item.cluster == "krk")
    }
    again = profile(left)
    assert again.items("ClusterProfile").keys() == {"waw"}
    assert again.codes() == ["pruned"]


def test_a_profile_outlives_the_node_that_it_was_first_made_of(
    profile: Profile, node: MakeNode
) -> None:
    facts = {"clusters/waw/a.yaml": node("w1"), "clusters/waw/b.yaml": node("w2")}
    first = profile({**facts, "Kptfile": KPTFILE}).outcome.resource_list.items
    left = {item.path: item.text for item in first if item.name != "w1"}
    again = profile(left)
    assert (again.codes(), again.properties()["node-count.krmfn.dev/total"]) == ([], "1")
