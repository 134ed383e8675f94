"""How the pods of a workload run on a chosen cluster: nodes, labels, taints, devices, patches."""

from typing import Any

import pytest

CNF = [{"key": "node-function", "value": "cnf", "effect": "NoSchedule"}]


def vf(name: str, count: int, **fields: Any) -> dict[str, Any]:
    return {"class": "vf", "resourceName": name, "allocatable": count} | fields


def wanting(*devices: dict[str, Any]) -> dict[str, Any]:
    return {"requirements": {"devices": [{"class": "vf"} | each for each in devices]}}


def pods(found: Any, intent: str = "web") -> Any:
    return found.report(intent)["assignments"][0]["pods"]


def spec(found: Any, cluster: str = "a", name: str = "web") -> Any:
    return found.copy(cluster, "Deployment", name)["spec"]["template"]["spec"]


OVERLAYS = {"apply": "Overlays"}


def test_the_nodes_that_take_the_pod_are_named(build: Any, place: Any) -> None:
    groups = [build.group("small", cpu=1), build.group("large", cpu=8), build.group("huge", cpu=64)]
    found = place(build.cluster("a", *groups), build.app("web", cpu=4))
    assert pods(found) == [{"resource": "Deployment web", "nodeGroup": "large,huge"}]


def test_the_fewest_labels_lead_to_the_nodes_that_have_it(build: Any, place: Any) -> None:
    """The scheduler knows nothing of capabilities, so labels must tell the nodes apart."""
    groups = [
        build.group("cnf", cpu=8, labels={"pool": "a", "role": "cnf"}),
        build.group("plain", cpu=8, labels={"pool": "a", "role": "worker"}),
    ]
    decided = {"capabilities": [{"name": "dpdk", "status": "True", "nodeGroups": ["cnf"]}]}
    wish = {"requirements": {"capabilities": [{"name": "dpdk"}]}}
    fleet = build.cluster("a", *groups, capacity=decided)
    found = place(fleet, build.app("web", wish), config=OVERLAYS)
    assert spec(found)["nodeSelector"] == {"role": "cnf"}


def test_where_the_scheduler_cannot_go_wrong_nothing_is_selected(build: Any, place: Any) -> None:
    groups = [build.group("small", cpu=2, labels={"pool": "a"}), build.group("large", cpu=8)]
    found = place(build.cluster("a", groups[1]), build.app("web", cpu=4), config=OVERLAYS)
    assert "nodeSelector" not in spec(found)


def test_taints_of_the_nodes_are_tolerated_once(build: Any, place: Any) -> None:
    group = build.group(cpu=8, taints=CNF, devices=[vf("v/n3", 8)])
    found = place(build.cluster("a", group), build.app("web", wanting({})), config=OVERLAYS)
    assert spec(found)["tolerations"] == [
        {"key": "node-function", "operator": "Equal", "value": "cnf", "effect": "NoSchedule"}
    ]
    again = place(found.items, config=OVERLAYS)
    assert again.texts == found.texts


def test_devices_get_the_name_that_each_cluster_has(build: Any, place: Any) -> None:
    fleet = [
        *build.cluster("a", build.group(cpu=8, devices=[vf("open/east", 8, network="n3")])),
        *build.cluster("b", build.group(cpu=8, devices=[vf("intel/n3", 8, network="n3")])),
    ]
    wish = {"placementType": "PickAll"} | wanting({"network": "n3", "count": 2})
    found = place(fleet, build.app("web", wish), config=OVERLAYS)
    for cluster, name in (("a", "open/east"), ("b", "intel/n3")):
        resources = spec(found, cluster)["containers"][0]["resources"]
        assert resources["requests"][name] == resources["limits"][name] == "2"


def test_devices_come_from_the_pool_with_most_left(build: Any, place: Any) -> None:
    pools = [vf("v/one", 4), vf("v/two", 8)]
    found = place(
        build.cluster("a", build.group(cpu=8, devices=pools)), build.app("web", wanting({}))
    )
    assert pods(found)[0]["devices"] == [{"resourceName": "v/two", "count": 1}]


def test_a_narrow_wish_is_served_before_a_wide_one(build: Any, place: Any) -> None:
    pools = [vf("v/n3", 2, network="n3"), vf("v/n6", 2, network="n6")]
    wish = wanting({"count": 2}, {"count": 2, "network": "n3"})
    found = place(build.cluster("a", build.group(cpu=8, devices=pools)), build.app("web", wish))
    granted = {each["resourceName"]: each["count"] for each in pods(found)[0]["devices"]}
    assert granted == {"v/n3": 2, "v/n6": 2}


def test_devices_go_to_the_workload_and_container_that_are_named(build: Any, place: Any) -> None:
    apps = [build.deployment("front", cpu=1), build.deployment("back", cpu=1)]
    containers = apps[1]["spec"]["template"]["spec"]["containers"]
    containers.append({"name": "dataplane", "image": "registry/dataplane:1"})
    wish = wanting({"workload": "back", "container": "dataplane"})
    intent = build.pick("web", resourceSelectors=[{"kind": "Deployment"}], **wish)
    fleet = build.cluster("a", build.group(cpu=8, devices=[vf("v/n3", 1)]))
    found = place(fleet, apps, intent, config=OVERLAYS)
    back = spec(found, name="back")["containers"]
    assert [("v/n3" in each.get("resources", {}).get("limits", {})) for each in back] == [
        False,
        True,
    ]
    assert "v/n3" not in spec(found, name="front")["containers"][0]["resources"]["limits"]


@pytest.mark.parametrize(
    ("override", "a", "b"),
    [
        pytest.param({}, 7, 7, id="on every cluster"),
        pytest.param({"clusters": {"clusterNames": ["b"]}}, 1, 7, id="on one cluster"),
        pytest.param({"clusters": {"celExpressions": ["cluster.name == 'a'"]}}, 7, 1, id="by CEL"),
        pytest.param({"target": {"kind": "Service"}}, 1, 1, id="on another resource"),
        pytest.param({"target": {"name": "web"}}, 7, 7, id="on this resource"),
    ],
)
def test_overrides_reach_the_clusters_and_resources_they_are_for(
    build: Any, place: Any, override: dict[str, Any], a: int, b: int
) -> None:
    patch = [{"op": "replace", "path": "/spec/replicas", "value": 7}]
    wish = {"placementType": "PickAll", "overrides": [override | {"patch": patch}]}
    fleet = [*build.cluster("a"), *build.cluster("b")]
    found = place(fleet, build.app("web", wish), config=OVERLAYS)
    replicas = [found.copy(name, "Deployment", "web")["spec"]["replicas"] for name in "ab"]
    assert replicas == [a, b]


def test_an_override_that_does_not_fit_is_an_error_at_its_operation(build: Any, place: Any) -> None:
    patch = [{"op": "remove", "path": "/spec/nowhere"}]
    wish = {"overrides": [{"patch": patch}]}
    found = place(build.cluster("a"), build.app("web", wish), config=OVERLAYS)
    assert [(each.code, each.field) for each in found.results] == [
        ("patch-failed", "spec.overrides[0].patch[0]")
    ]
