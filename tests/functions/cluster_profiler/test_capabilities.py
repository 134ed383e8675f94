"""What the rules decide, with which evidence."""

from collections.abc import Callable
from typing import Any

import pytest

MakeNode = Callable[..., str]
Profile = Callable[..., Any]

RULE = """\
apiVersion: intent.krmfn.dev/v1alpha1
kind: CapabilityRule
metadata: {{name: {name}}}
spec: {spec}
"""
POLICY = """\
apiVersion: sriovnetwork.openshift.io/v1
kind: SriovNetworkNodePolicy
metadata: {{name: east, namespace: sriov}}
spec:
  resourceName: east
  nodeSelector: {{}}
  nicSelector: {{vendor: "{vendor}"}}
  deviceType: {device}
  isRdma: {rdma}
"""
VFS = "{cpu: '8', hugepages-1Gi: 16Gi, openshift.io/east: '8'}"


@pytest.mark.parametrize(
    ("allocatable", "policy", "expected"),
    [
        pytest.param(VFS, ("8086", "vfio-pci", "false"), "True", id="bound to vfio-pci"),
        pytest.param(VFS, ("15b3", "netdevice", "true"), "True", id="Mellanox needs no rebinding"),
        pytest.param(VFS, ("8086", "netdevice", "false"), "Unknown", id="driver of no known name"),
        pytest.param(VFS, None, "Unknown", id="driver that nobody tells"),
        pytest.param(
            "{hugepages-1Gi: '0', openshift.io/east: '8'}",
            ("8086", "vfio-pci", "false"),
            "False",
            id="no hugepages",
        ),
        pytest.param(
            "{hugepages-2Mi: 1Gi, openshift.io/east: '0'}",
            ("8086", "vfio-pci", "false"),
            "False",
            id="no functions",
        ),
        pytest.param(
            "{hugepages-2Mi: 1Gi, example.com/thing: '3'}", None, "Unknown", id="unknown resource"
        ),
    ],
)
def test_dpdk_goes_by_hugepages_and_drivers(
    profile: Profile,
    node: MakeNode,
    allocatable: str,
    policy: tuple[str, str, str] | None,
    expected: str,
) -> None:
    files = {"clusters/waw/n.yaml": node(allocatable=allocatable)}
    if policy:
        vendor, device, rdma = policy
        files["clusters/waw/p.yaml"] = POLICY.format(vendor=vendor, device=device, rdma=rdma)
    assert profile(files).capability("dpdk")["status"] == expected


@pytest.mark.parametrize(
    ("capability", "given", "expected"),
    [
        ("gpu", {"allocatable": "{nvidia.com/gpu: '0'}"}, "False"),
        ("gpu", {"allocatable": "{nvidia.com/mig-1g.5gb: '2'}"}, "True"),
        ("gpu", {"labels": "{nvidia.com/gpu.count: '1'}"}, "False"),
        (
            "sriov",
            {"labels": "{feature.node.kubernetes.io/network-sriov.capable: 'true'}"},
            "False",
        ),
        (
            "sriov",
            {"labels": "{feature.node.kubernetes.io/pci-0300_8086.sriov.capable: 'true'}"},
            "False",
        ),
        ("dpdk", {"labels": "{node-role.kubernetes.io/worker-cnf: ''}"}, "False"),
        (
            "rt-kernel",
            {"labels": "{feature.node.kubernetes.io/kernel-config.PREEMPT: 'true'}"},
            "Unknown",
        ),
        ("rt-kernel", {"kernel": "4.18.0-372.9.1.rt7.166.el8.x86_64"}, "True"),
        ("rt-kernel", {"kernel": "5.15.0-1056-realtime"}, "True"),
        ("rt-kernel", {"kernel": "6.1.0-13-rt-amd64"}, "True"),
        ("rt-kernel", {"kernel": "6.8.0-52-generic"}, "Unknown"),
        ("rt-kernel", {"kernel": "6.12.0-55.el10.x86_64"}, "Unknown"),
        ("rt-kernel", {"kernel": "6.6.30-quartz"}, "Unknown"),
        (
            "sev-snp",
            {"labels": "{feature.node.kubernetes.io/cpu-cpuid.SEV_SNP: 'true'}"},
            "Unknown",
        ),
        (
            "sev-snp",
            {"labels": "{feature.node.kubernetes.io/cpu-security.sev.snp.enabled: 'true'}"},
            "True",
        ),
        ("avx512", {"labels": "{feature.node.kubernetes.io/cpu-cpuid.AVX512F: 'true'}"}, "True"),
        ("avx512", {}, "Unknown"),
        ("hugepages", {"allocatable": "{hugepages-1Gi: 4Gib}"}, "Unknown"),
        ("fec", {"allocatable": "{intel.com/intel_fec_acc100: '16'}"}, "True"),
        ("fpga", {"allocatable": "{intel.com/intel_fec_5g: '8'}"}, "True"),
        ("qat", {"allocatable": "{qat.intel.com/cy: '32'}"}, "True"),
        ("sgx", {"allocatable": "{sgx.intel.com/enclave: '110', sgx.intel.com/epc: '0'}"}, "False"),
    ],
)
def test_the_rules_that_ship_are_not_misled(
    profile: Profile, node: MakeNode, capability: str, given: dict[str, str], expected: str
) -> None:
    decided = profile({"clusters/waw/n.yaml": node(**given)}).capability(capability)
    assert decided["status"] == expected
    assert decided.get("missing" if expected == "Unknown" else "evidence")


REAL_TIME = """\
apiVersion: performance.openshift.io/v2
kind: PerformanceProfile
metadata:
  name: cnf
spec:
  nodeSelector:
    pool: cnf
  realTimeKernel:
    enabled: %s
"""


@pytest.mark.parametrize(
    ("kernel", "enabled", "expected", "reason"),
    [
        (
            "5.14.0-427.el9_4.x86_64+rt",
            "false",
            "True",
            'kernel name "5.14.0-427.el9_4.x86_64+rt"',
        ),
        (
            "5.14.0-427.el9_4.x86_64",
            "false",
            "False",
            'PerformanceProfile "cnf" realTimeKernel.enabled false',
        ),
        ("5.14.0-427.el9_4.x86_64", "true", "Unknown", "kernel.config"),
    ],
    ids=["the name says so", "nobody wants it", "it is not seen yet"],
)
def test_what_is_known_of_a_real_time_kernel_names_its_fact(
    profile: Profile, node: MakeNode, kernel: str, enabled: str, expected: str, reason: str
) -> None:
    facts = {
        "clusters/waw/n.yaml": node(kernel=kernel, labels="{pool: cnf}"),
        "clusters/waw/p.yaml": REAL_TIME % enabled,
    }
    decided = profile(facts).capability("rt-kernel")
    assert decided["status"] == expected
    (line,) = decided["missing" if expected == "Unknown" else "evidence"]
    assert line.partition(": ")[2].startswith(reason)


def test_rdma_is_what_the_policy_orders(profile: Profile, node: MakeNode) -> None:
    def status(rdma: str) -> str:
        policy = POLICY.format(vendor="15b3", device="netdevice", rdma=rdma)
        facts = {"clusters/waw/n.yaml": node(allocatable=VFS), "clusters/waw/p.yaml": policy}
        return str(profile(facts).capability("rdma")["status"])

    assert [status("true"), status("false")] == ["True", "False"]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("{nodeSelector: [{key: tier, operator: In, values: [edge]}]}", "True"),
        ("{nodeSelector: [{key: rack, operator: DoesNotExist}]}", "True"),
        ("{nodeSelector: [{key: rack, operator: NotIn, values: [r1]}]}", "True"),
        ("{nodeSelector: [{key: tier, operator: In, values: [core]}]}", "False"),
        ("{nodeResources: {matchExpressions: [{name: cpu, operator: Ge, values: [8]}]}}", "True"),
        ("{nodeResources: {matchExpressions: [{name: cpu, operator: Gt, values: [8]}]}}", "False"),
        ("{nodeResources: {matchExpressions: [{name: gas, operator: Eq, values: [0]}]}}", "True"),
        ("{minNodes: 2, nodeSelector: [{key: tier, operator: Exists}]}", "False"),
        ("{matchFeatures: [{feature: cpu.cpuid, matchName: {op: In, value: [AVX2]}}]}", "Unknown"),
        ("{celExpressions: ['node.labels.tier == cluster.name + \"x\"']}", "False"),
        ("{celExpressions: ['cluster.name == \"waw\"', 'node.name == \"w1\"']}", "True"),
        ("{celExpressions: ['node.labels.rack == \"r1\"']}", "Unknown"),
        (
            (
                "{nodeSelector: [{key: tier, operator: In, values: [core]}], "
                "matchFeatures: [{feature: cpu.cpuid, matchName: {op: Exists}}]}"
            ),
            "False",
        ),
    ],
)
def test_every_part_of_a_rule_is_asked(
    profile: Profile, node: MakeNode, spec: str, expected: str
) -> None:
    made = profile(
        {
            "clusters/waw/n.yaml": node(labels="{tier: edge}"),
            "rules.yaml": RULE.format(name="own", spec=spec),
        }
    )
    assert made.capability("own")["status"] == expected
    assert made.properties()["capability.krmfn.dev/own"] == expected.lower()


def test_rules_of_one_capability_are_alternatives(profile: Profile, node: MakeNode) -> None:
    specs = [
        "{capability: own, nodeSelector: [{key: tier, operator: In, values: [core]}]}",
        "{capability: own, nodeSelector: [{key: tier, operator: In, values: [edge]}]}",
    ]
    rules = "---\n".join(RULE.format(name=f"r{n}", spec=spec) for n, spec in enumerate(specs))
    made = profile({"clusters/waw/n.yaml": node(labels="{tier: edge}"), "rules.yaml": rules})
    assert made.capability("own")["status"] == "True"
    assert made.capability("own")["evidence"] == ['node w1: label tier is "edge"']


def test_all_parts_must_hold_on_one_node(profile: Profile, node: MakeNode) -> None:
    spec = (
        "{nodeSelector: [{key: tier, operator: Exists}], "
        "nodeResources: {matchExpressions: [{name: cpu, operator: Ge, values: [16]}]}}"
    )
    made = profile(
        {
            "clusters/waw/a.yaml": node("w1", "{cpu: '8'}", "{tier: edge}"),
            "clusters/waw/b.yaml": node("w2", "{cpu: '16'}"),
            "rules.yaml": RULE.format(name="own", spec=spec),
        }
    )
    assert made.capability("own")["status"] == "False"


def test_a_rule_of_the_package_stands_in_place_of_the_one_that_ships(
    profile: Profile, node: MakeNode
) -> None:
    rule = RULE.format(name="gpu", spec="{nodeSelector: [{key: gpu, operator: Exists}]}")
    facts = {"clusters/waw/n.yaml": node(allocatable="{nvidia.com/gpu: '1'}"), "r.yaml": rule}
    assert profile(facts).capability("gpu")["status"] == "False"


def test_without_the_rules_that_ship_only_those_of_the_package_decide(
    profile: Profile, node: MakeNode
) -> None:
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {defaultRules: 'false'}\n"
    assert "capabilities" not in profile({"clusters/waw/n.yaml": node()}, config).capacity()


def test_a_cluster_whose_nodes_take_no_pods_can_do_nothing(
    profile: Profile, node: MakeNode
) -> None:
    decided = profile({"clusters/waw/n.yaml": node(ready="Unknown")}).capability("hugepages")
    assert (decided["status"], decided["evidence"]) == ("False", ["no node takes pods"])


def test_evidence_is_bounded(profile: Profile, node: MakeNode) -> None:
    files = {
        f"clusters/waw/{n}.yaml": node(f"w{n}", f"{{hugepages-1Gi: {n + 1}Gi}}") for n in range(40)
    }
    decided = profile(files).capability("hugepages")
    assert len(decided["evidence"]) == 6
    assert decided["evidence"][-1] == "and 35 more"
    same = {f"clusters/waw/{n}.yaml": node(f"w{n}", "{hugepages-1Gi: 1Gi}") for n in range(40)}
    assert profile(same).capability("hugepages")["evidence"] == [
        "nodes w0, w1, w2 and 37 more: hugepages-1Gi is 1Gi"
    ]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ("{}", "spec"),
        ("{nodeSelector: [{key: a, operator: In}]}", "spec.nodeSelector[0]"),
        ("{nodeSelector: [{key: a, operator: Near}]}", "spec.nodeSelector[0].operator"),
        (
            (
                "{nodeSelector: [{key: a, operator: In, values: [x]}, "
                "{key: a, operator: In, values: [y]}]}"
            ),
            "spec.nodeSelector",
        ),
        (
            (
                "{nodeResources: {matchExpressions: [{name: cpu, operator: Gt, values: [4]}, "
                "{name: cpu, operator: Le, values: [4]}]}}"
            ),
            "spec.nodeResources.matchExpressions",
        ),
        (
            "{nodeResources: {matchExpressions: [{name: cpu, operator: Gt, values: [4x]}]}}",
            "spec.nodeResources.matchExpressions[0].values[0]",
        ),
        (
            "{matchFeatures: [{feature: a.b, matchExpressions: {c: {op: InRegexp, value: [(]}}}]}",
            "spec.matchFeatures[0].matchExpressions.c",
        ),
        ("{celExpressions: ['node.name', 'other.name == \"x\"']}", "spec.celExpressions[1]"),
        ("{deviceClasses: [{class: gpu, minAvailable: 0}]}", "spec.deviceClasses[0].minAvailable"),
    ],
)
def test_a_rule_that_is_wrong_is_told_with_its_field(
    profile: Profile, node: MakeNode, spec: str, field: str
) -> None:
    rule = RULE.format(name="own", spec=spec)
    made = profile({"clusters/waw/n.yaml": node(), "rules.yaml": rule})
    assert not made.outcome.ok
    assert [result.field for result in made.outcome.results] == [field]
