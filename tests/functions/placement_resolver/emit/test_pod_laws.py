"""Laws of what is changed in pods: once, named, and nothing else."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from krmfn.kinds.pods import effective_requests, is_guaranteed
from krmfn.placement_resolver.emit.differences import differences
from krmfn.placement_resolver.fleet import Cluster, Device, NodeGroup, Taint
from krmfn.placement_resolver.plan import DeviceGrant
from krmfn.sdk import quantity
from krmfn.sdk.messages import path_of

Make = Callable[..., Any]

VF = Device("sriov-vf", "intel.com/east", 8, attachment="core/n3")
GPU = Device("gpu", "nvidia.com/gpu", 8)


def group(labels: dict[str, str], *taints: Taint, name: str = "g1") -> NodeGroup:
    """Make a node group."""
    return NodeGroup(name, count=1, available={}, labels=labels, taints=taints)


OWN = group({"zone": "a"}, name="g0")
RESOURCES = st.dictionaries(
    st.sampled_from(["cpu", "memory", "hugepages-1Gi", "hugepages-2Mi", "intel.com/east", "x/y"]),
    st.integers(1, 9).map(str),
)
CONTAINER = st.fixed_dictionaries(
    {
        "resources": st.fixed_dictionaries(
            {
                "requests": RESOURCES.map(lambda each: {"cpu": "1m", "memory": "1", **each}),
                "limits": RESOURCES,
            }
        ),
        "image": st.just("upf:1"),
    },
    optional={"volumeMounts": st.just([{"name": "v", "mountPath": "/dev/hugepages"}])},
)
SPECS = st.fixed_dictionaries(
    {
        "containers": st.lists(CONTAINER, max_size=2).map(
            lambda made: [{"name": f"c{number}", **each} for number, each in enumerate(made)]
        ),
        "dnsPolicy": st.just("None"),
    },
    optional={
        "nodeSelector": st.just({"zone": "a"}),
        "tolerations": st.just([{"key": "rt", "operator": "Exists"}]),
        "volumes": st.just([{"name": "hugepages-1gi", "emptyDir": {"medium": "HugePages"}}]),
    },
)
RIVALS = (group({"gpu": "yes"}), group({"zone": "a", "rack": "1"}))
PLANS = st.fixed_dictionaries(
    {
        "group": st.sampled_from(["", "g0"]),
        "rivals": st.sampled_from([(), RIVALS]),
        "node_labels": st.sampled_from([{}, {"zone": "a"}, {"rt": "true"}]),
        "taints": st.sampled_from(
            [(), (Taint("rt", "x", "NoSchedule"), Taint("b", "", "NoExecute"))]
        ),
        "devices": st.lists(
            st.builds(DeviceGrant, st.sampled_from([VF, GPU]), st.integers(1, 3)), max_size=2
        ).map(tuple),
        "spec": st.sampled_from(["", "runtimeClassName: kata", "requirements: {cpuPinning: true}"]),
    }
)
CLUSTER = Cluster("waw", groups=(OWN, *RIVALS))
MAY_CHANGE = {
    ("spec", "nodeSelector"),
    ("spec", "affinity"),
    ("spec", "tolerations"),
    ("spec", "runtimeClassName"),
    ("spec", "volumes"),
    ("metadata", "annotations"),
}


@given(SPECS, PLANS)
def test_changes_are_made_once_named_and_nothing_else_changes(
    changed: Make, spec: dict[str, Any], where: dict[str, Any]
) -> None:
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": spec}
    made, causes = changed(body, cluster=CLUSTER, **where)
    assert changed(made, cluster=CLUSTER, **where) == (made, {})
    fields = set(differences(body, made))
    assert {path_of(field) for field in fields} <= causes.keys()
    for field in fields:
        in_container = field[:2] == ("spec", "containers") and field[3] in (
            "resources",
            "volumeMounts",
        )
        assert field[:2] in MAY_CHANGE or in_container


@given(SPECS, PLANS)
def test_what_cannot_be_overcommitted_is_limited_to_what_is_requested(
    changed: Make, spec: dict[str, Any], where: dict[str, Any]
) -> None:
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": spec}
    made, _ = changed(body, cluster=CLUSTER, **where)
    for container in made["spec"]["containers"]:
        limits = container["resources"]["limits"]
        for name, amount in container["resources"]["requests"].items():
            if name not in ("cpu", "memory"):
                assert quantity.parse(limits[name]) == quantity.parse(amount)
    before, after = effective_requests(spec), effective_requests(made["spec"])
    assert all(after[name] >= amount for name, amount in before.items() if "/" not in name)
    if "cpuPinning" in where["spec"] and spec["containers"]:
        assert is_guaranteed(made["spec"])
