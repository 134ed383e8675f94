"""What each source tells, and what is said where it is wrong."""

from collections.abc import Callable
from typing import Any

import pytest

MakeNode = Callable[..., str]
Profile = Callable[..., Any]

USAGE = """\
apiVersion: intent.krmfn.dev/v1alpha1
kind: NodeUsage
metadata: {name: waw}
spec:
  observedAt: "2026-08-01T10:00:00Z"
  nodes: [{name: w1, requested: {cpu: 2500m, openshift.io/east: "9"}, pods: 3}]
"""
POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec: {{nodeName: w1, containers: [{{name: c, resources: {{requests: {{cpu: {cpu}}}}}}}]}}
status: {{phase: {phase}}}
"""
TOPOLOGY = """\
apiVersion: topology.node.k8s.io/{version}
kind: NodeResourceTopology
metadata: {{name: w1}}
{fields}
"""
METRICS = """\
apiVersion: intent.krmfn.dev/v1alpha1
kind: MetricsSnapshot
metadata: {{name: fleet}}
spec:
  metrics:
  - name: m
    unit: {unit}
    observedAt: "2026-08-01T10:00:00Z"
    {until}
    property: latency.krmfn.dev/{{area}}
    samples: [{{labels: {{cluster: waw, area: {area}}}, value: "{value}"}}]
"""
MANAGED = """\
apiVersion: cluster.open-cluster-management.io/v1
kind: ManagedCluster
metadata: {name: waw, labels: {env: prod}}
spec: {taints: [{key: old, effect: NoSelect}, {key: odd, effect: Never}]}
status:
  allocatable: {cpu: 64, memory: 1Ti}
  clusterClaims: [{name: platform, value: bare}, {name: empty, value: ""}]
  conditions:
  - {type: ManagedClusterConditionAvailable, status: Unknown, reason: not a word}
  version: {kubernetes: v1.33.4}
"""
KARMADA = """\
apiVersion: cluster.karmada.io/v1alpha1
kind: Cluster
metadata: {name: waw}
spec:
  region: pl
  zone: a
  resourceModels: [{grade: 1, ranges: [{name: cpu, min: 4, max: 8}]}]
status:
  nodeSummary: {readyNum: 5}
  conditions:
  - {type: Ready, status: "False", reason: Gone, lastTransitionTime: "2026-08-01T09:00:00Z"}
  resourceSummary:
    allocatable: {cpu: 60}
    allocated: {cpu: 20}
    allocating: {cpu: 1500m}
    allocatableModelings: [{grade: 0, count: 2}, {grade: 1, count: 3}]
"""
FEATURE = """\
apiVersion: nfd.k8s-sigs.io/v1alpha1
kind: NodeFeature
metadata: {name: w1, namespace: nfd, labels: {nfd.node.kubernetes.io/node-name: w1}}
spec:
  features: {flags: {cpu.cpuid: {elements: {AVX2: {}}}}}
  labels: {custom-thing: "yes"}
"""
FEATURE_RULE = """\
apiVersion: nfd.k8s-sigs.io/v1alpha1
kind: NodeFeatureRule
metadata: {name: site}
spec:
  rules:
  - name: fast
    labels: {site.example.com/fast: "true"}
    extendedResources: {site.example.com/lanes: "4"}
    taints: [{key: site.example.com/fast, value: "true", effect: NoExecute}]
    matchFeatures:
    - {feature: cpu.cpuid, matchExpressions: {AVX2: {op: Exists}}}
"""


def test_what_is_free_is_allocatable_less_what_pods_request(
    profile: Profile, node: MakeNode
) -> None:
    allocatable = "{cpu: '8', pods: '110', openshift.io/east: '8'}"
    made = profile(
        {"clusters/waw/n.yaml": node(allocatable=allocatable), "clusters/waw/u.yaml": USAGE}
    )
    (group,) = made.capacity()["nodeGroups"]
    assert group["available"] == {"cpu": "5500m", "openshift.io/east": "0", "pods": "107"}
    assert group["devices"][0]["available"] == 0
    assert made.properties()["available.krmfn.dev/cpu"] == "5500m"


def test_pods_in_sight_tell_what_is_taken(profile: Profile, node: MakeNode) -> None:
    pods = [("a", "2", "Running"), ("b", "1", "Pending"), ("c", "4", "Succeeded")]
    texts = "---\n".join(POD.format(name=name, cpu=cpu, phase=phase) for name, cpu, phase in pods)
    files = {
        "clusters/waw/a.yaml": node(),
        "clusters/waw/b.yaml": node("w2"),
        "clusters/waw/p.yaml": texts,
    }
    groups = profile(files).capacity()["nodeGroups"]
    assert [group["available"]["cpu"] for group in groups] == ["5", "8"]


def test_a_pod_that_cannot_be_read_leaves_its_node_unknown(
    profile: Profile, node: MakeNode
) -> None:
    pod = POD.format(name="a", cpu="two", phase="Running")
    made = profile({"clusters/waw/n.yaml": node(), "clusters/waw/p.yaml": pod})
    assert "available" not in made.capacity()["nodeGroups"][0]
    assert made.codes() == ["bad-quantity"]


@pytest.mark.parametrize(
    ("version", "fields", "policy"),
    [
        ("v1alpha1", "topologyPolicies: [SingleNUMANodePodLevel]", "single-numa-node"),
        ("v1alpha1", "topologyPolicies: [BestEffort]", "best-effort"),
        ("v1alpha2", "topologyPolicies: [Restricted]", "restricted"),
        (
            "v1alpha2",
            (
                "topologyPolicies: [None]\n"
                "attributes: [{name: topologyManagerPolicy, value: single-numa-node}]"
            ),
            "single-numa-node",
        ),
        ("v1alpha2", "topologyPolicies: [Novel]", None),
    ],
)
def test_a_topology_policy_is_read_in_all_its_forms(
    profile: Profile, node: MakeNode, version: str, fields: str, policy: str | None
) -> None:
    topology = TOPOLOGY.format(version=version, fields=fields)
    made = profile({"clusters/waw/n.yaml": node(), "clusters/waw/t.yaml": topology})
    assert made.capacity()["nodeGroups"][0].get("topologyPolicy") == policy


def test_devices_in_two_zones_are_told_zone_by_zone(profile: Profile, node: MakeNode) -> None:
    zones = "".join(
        f"- {{name: node-{number}, type: Node, resources: "
        f"[{{name: openshift.io/east, capacity: {count}, allocatable: {count}, available: 1}}]}}\n"
        for number, count in enumerate((3, 5))
    )
    topology = TOPOLOGY.format(version="v1alpha2", fields=f"zones:\n{zones}")
    allocatable = "{openshift.io/east: '8'}"
    files = {"clusters/waw/n.yaml": node(allocatable=allocatable), "clusters/waw/t.yaml": topology}
    devices = profile(files).capacity()["nodeGroups"][0]["devices"]
    assert [(each["zone"], each["allocatable"], each["available"]) for each in devices] == [
        ("node-0", 3, 1),
        ("node-1", 5, 1),
    ]


def test_feature_rules_of_the_package_are_carried_out(profile: Profile, node: MakeNode) -> None:
    files = {
        "clusters/waw/n.yaml": node(),
        "clusters/waw/f.yaml": FEATURE,
        "rules.yaml": FEATURE_RULE,
    }
    (group,) = profile(files).capacity()["nodeGroups"]
    assert group["labels"]["site.example.com/fast"] == "true"
    assert group["labels"]["feature.node.kubernetes.io/custom-thing"] == "yes"
    assert group["allocatable"]["site.example.com/lanes"] == "4"
    assert group["taints"] == [
        {"key": "site.example.com/fast", "value": "true", "effect": "NoExecute"}
    ]
    assert group["features"] == ["cpu.AVX2"]


@pytest.mark.parametrize(
    ("unit", "value", "until", "code"),
    [
        ("ms", "4.1", "", ""),
        ("celsius", "-4", "", ""),
        ("ms", "NaN", "", "fact-unknown"),
        ("ms", "+Inf", "", "fact-unknown"),
        ("ms", "-Inf", "", "fact-unknown"),
        ("ms", "4.1", 'validUntil: "2026-08-01T09:00:00Z"', "fact-unknown"),
        ("ms", "4.1", 'validUntil: "2026-08-01T10:00:00Z"', ""),
        ("ms", "-1", "", "bad-metric"),
        ("ms", "fast", "", "bad-metric"),
    ],
)
def test_only_a_valid_number_becomes_a_property(
    profile: Profile, node: MakeNode, unit: str, value: str, until: str, code: str
) -> None:
    metrics = METRICS.format(unit=unit, value=value, until=until, area="waw-east")
    made = profile({"clusters/waw/n.yaml": node(), "metrics.yaml": metrics})
    assert made.codes() == ([code] if code else [])
    known = made.properties().get("latency.krmfn.dev/waw-east")
    assert known == (None if code else value)


def test_a_sample_without_the_label_of_its_property_is_warned_of(
    profile: Profile, node: MakeNode
) -> None:
    metrics = METRICS.format(unit="ms", value="1", until="", area='""')
    made = profile({"clusters/waw/n.yaml": node(), "metrics.yaml": metrics})
    assert made.codes() == ["bad-metric"]


@pytest.mark.parametrize("name", ["[5]", "''", "{a: b}"])
def test_a_node_without_a_name_is_passed_over_and_told(
    profile: Profile, node: MakeNode, name: str
) -> None:
    made = profile({"clusters/waw/a.yaml": node(), "clusters/waw/b.yaml": node(name)})
    assert made.codes() == ["node-unnamed"]
    assert sum(group["count"] for group in made.capacity()["nodeGroups"]) == 1


def test_a_managed_cluster_tells_of_the_whole_cluster(profile: Profile) -> None:
    made = profile({"hub.yaml": MANAGED})
    status = made.items("ClusterProfile")["waw"]["status"]
    assert sorted(made.codes()) == ["bad-property", "bad-taint"]
    assert made.properties()["allocatable.krmfn.dev/memory"] == "1Ti"
    assert made.properties()["platform"] == "bare"
    assert made.items("ClusterProfile")["waw"]["metadata"]["labels"]["env"] == "prod"
    assert made.capacity()["taints"] == [{"key": "old", "effect": "NoSelect"}]
    (condition,) = status["conditions"]
    assert (condition["status"], condition["reason"]) == ("Unknown", "Reported")
    assert status["version"] == {"kubernetes": "v1.33.4"}


def test_grades_become_groups_with_the_least_that_is_free(profile: Profile) -> None:
    made = profile({"hub.yaml": KARMADA})
    assert [(g["name"], g["count"], g["available"]) for g in made.capacity()["nodeGroups"]] == [
        ("grade-1", 3, {"cpu": "4"})
    ]
    assert made.properties()["available.krmfn.dev/cpu"] == "38500m"
    labels = made.items("ClusterProfile")["waw"]["metadata"]["labels"]
    assert labels["topology.kubernetes.io/zone"] == "a"


def test_the_worst_health_and_the_first_fact_hold(profile: Profile) -> None:
    made = profile({"ocm.yaml": MANAGED, "karmada.yaml": KARMADA})
    (condition,) = made.items("ClusterProfile")["waw"]["status"]["conditions"]
    assert condition["status"] == "False"
    assert made.properties()["allocatable.krmfn.dev/cpu"] == "64"
    assert "facts-differ" in made.codes()


def test_nodes_hold_against_sums_of_a_manager(profile: Profile, node: MakeNode) -> None:
    made = profile({"ocm.yaml": MANAGED, "clusters/waw/n.yaml": node()})
    assert made.properties()["allocatable.krmfn.dev/cpu"] == "8"
    (told,) = (each.message for each in made.outcome.results if each.code == "facts-differ")
    assert told.startswith('property `allocatable.krmfn.dev/cpu` is "64" here, but "8"')


@pytest.mark.parametrize(
    ("device_type", "vfs", "driver"),
    [
        ("netdevice", "[{vfID: 0, driver: vfio-pci}, {vfID: 1, driver: vfio-pci}]", "vfio-pci"),
        ("vfio-pci", "[{vfID: 0, driver: iavf}, {vfID: 1, driver: vfio-pci}]", "vfio-pci"),
        ("netdevice", "[]", None),
    ],
)
def test_a_node_state_tells_the_driver_in_use(
    profile: Profile, node: MakeNode, device_type: str, vfs: str, driver: str | None
) -> None:
    state = (
        "apiVersion: sriovnetwork.openshift.io/v1\nkind: SriovNetworkNodeState\n"
        "metadata: {name: w1, namespace: sriov}\n"
        "spec: {interfaces: [{name: ens1, vfGroups: "
        f"[{{resourceName: east, deviceType: {device_type}, vfRange: ens1#0-1}}]}}]}}\n"
        "status: {interfaces: [{name: ens1, vendor: '8086', deviceID: 158b, "
        f"linkSpeed: 25000 Mb/s, Vfs: {vfs}}}]}}\n"
    )
    allocatable = "{openshift.io/east: '2'}"
    files = {"clusters/waw/n.yaml": node(allocatable=allocatable), "clusters/waw/s.yaml": state}
    (device,) = profile(files).capacity()["nodeGroups"][0]["devices"]
    assert (device.get("driver"), device["speedGbps"], device["model"]) == (driver, 25, "XXV710")


def test_two_networks_behind_one_resource_are_not_guessed(profile: Profile, node: MakeNode) -> None:
    attachments = "---\n".join(
        "apiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\n"
        f"metadata: {{name: {name}, annotations: "
        "{k8s.v1.cni.cncf.io/resourceName: openshift.io/east}}\n"
        for name in ("n3", "n6")
    )
    allocatable = "{openshift.io/east: '2'}"
    files = {
        "clusters/waw/n.yaml": node(allocatable=allocatable),
        "clusters/waw/a.yaml": attachments,
    }
    made = profile(files)
    assert made.codes() == ["network-ambiguous"]
    assert "network" not in made.capacity()["nodeGroups"][0]["devices"][0]


@pytest.mark.parametrize("amount", ["4Gib", "-1", "1e40", ".nan", "true", "[]", "'9' "])
def test_an_amount_is_a_quantity_or_told(profile: Profile, node: MakeNode, amount: str) -> None:
    made = profile({"clusters/waw/n.yaml": node(allocatable=f"{{cpu: '8', memory: {amount}}}")})
    fields = [result.field for result in made.outcome.results]
    assert fields == ([] if amount == "'9' " else ["status.allocatable.memory"])
    assert made.properties()["allocatable.krmfn.dev/cpu"] == "8"


def test_notes_of_one_kind_are_counted_beyond_the_first(profile: Profile, node: MakeNode) -> None:
    files = {f"clusters/waw/{n}.yaml": node(f"w{n}", "{cpu: x}") for n in range(30)}
    made = profile(files)
    assert made.codes() == ["bad-quantity"] * 21
    assert any(result.message == "and 10 more like this" for result in made.outcome.results)
