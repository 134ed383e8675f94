"""What an intent places: which resources, and what their pods ask for."""

from typing import Any

import pytest

from krmfn.placement_resolver.demand import DeviceNeed, read_workloads
from krmfn.placement_resolver.fleet import Device
from krmfn.placement_resolver.intents import PlacementIntent
from krmfn.sdk import Package, Place, Resource

MIB = 1024 * 1024


def resource(body: dict[str, Any], path: str = "app.yaml", package: str = "") -> Resource:
    return Resource.of(body, place=Place(path, 0, package))


def read(*items: Resource, devices: frozenset[str] = frozenset()) -> Any:
    package = Package(items)
    return read_workloads(package, package.of(PlacementIntent), devices)


def placed_names(workloads: Any) -> dict[str, list[str]]:
    return {each.key: [one.name for one in each.resources] for each in workloads}


def test_a_selector_chooses_by_every_field(build: Any) -> None:
    web = build.deployment("web")
    web["metadata"] |= {"namespace": "shop", "labels": {"tier": "front"}}
    other = build.deployment("other")
    for selector in (
        {"apiVersion": "apps/v1", "name": "web"},
        {"kind": "Deployment", "namespace": "shop"},
        {"labelSelector": {"matchLabels": {"tier": "front"}}},
        {"path": "shop"},
    ):
        intent = build.intent("it", resourceSelectors=[selector])
        items = resource(web, "shop/web.yaml"), resource(other, "other.yaml"), resource(intent)
        workloads, problems = read(*items)
        assert (placed_names(workloads), problems) == ({"it": ["web"]}, [])


def test_a_path_means_a_folder_not_a_beginning(build: Any) -> None:
    intent = build.intent("it", resourceSelectors=[{"path": "shop/"}])
    inside, beside = build.deployment("in"), build.deployment("out")
    items = resource(inside, "shop/a/in.yaml"), resource(beside, "shopping/out.yaml")
    workloads, _ = read(*items, resource(intent))
    assert placed_names(workloads) == {"it": ["in"]}


def test_without_selectors_the_rest_of_the_own_package_is_meant(build: Any) -> None:
    rest = build.intent("rest", resourceSelectors=None)
    named = build.intent("web")
    items = (
        resource(build.deployment("web")),
        resource(build.deployment("api")),
        resource({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}),
        resource(build.deployment("elsewhere"), package="sub"),
    )
    workloads, problems = read(*items, resource(rest), resource(named))
    assert placed_names(workloads) == {"rest": ["settings", "api"], "web": ["web"]}
    assert problems == []


def test_facts_reports_and_local_configuration_are_never_placed(build: Any) -> None:
    local = build.deployment("local")
    local["metadata"]["annotations"] = {"config.kubernetes.io/local-config": "true"}
    of_cluster = build.deployment("copy")
    items = (
        resource({"apiVersion": "kpt.dev/v1", "kind": "Kptfile", "metadata": {"name": "pkg"}}),
        resource(build.profile("a")),
        resource(build.capacity("a")),
        resource(local),
        resource(of_cluster, "clusters/a/app.yaml"),
        resource(build.deployment("web")),
    )
    workloads, _ = read(*items, resource(build.intent("all", resourceSelectors=None)))
    assert placed_names(workloads) == {"all": ["web"]}


def test_requests_are_counted_exactly_in_the_smallest_unit(build: Any) -> None:
    app = build.deployment(
        "web", replicas=3, cpu="100.5m", memory="1.5Mi", **{"hugepages-1Gi": "2Gi"}
    )
    (workload,), _ = read(resource(app), resource(build.intent("web")))
    (pod,) = workload.pods
    assert pod.replicas == 3
    assert pod.requests == {"cpu": 101, "memory": 3 * MIB // 2, "hugepages-1Gi": 2048 * MIB}


def test_sizes_of_hugepages_are_different_resources(build: Any, place: Any) -> None:
    small = build.cluster("a", build.group(cpu=8, **{"hugepages-2Mi": "64Gi"}))
    large = build.cluster("b", build.group(cpu=8, **{"hugepages-1Gi": "2Gi"}))
    found = place(small, large, build.app("upf", **{"hugepages-1Gi": "2Gi"}))
    assert found.chosen("upf") == ["b"]


def test_listed_requests_stand_in_for_pod_templates(build: Any, place: Any) -> None:
    """A custom resource whose controller makes the pods has no template."""
    custom = {"apiVersion": "example.com/v1", "kind": "Core", "metadata": {"name": "amf"}}
    pods = [{"name": "amf", "replicas": 2, "requests": {"cpu": "3"}}]
    intent = build.pick(
        "amf", resourceSelectors=[{"kind": "Core"}], requirements={"resources": pods}
    )
    fleet = [*build.cluster("small", build.group(cpu=4)), *build.cluster("large")]
    assert place(fleet, custom, intent).chosen("amf") == ["large"]


def test_resources_of_none_are_not_counted(build: Any, place: Any) -> None:
    wish = {"requirements": {"resources": "None"}}
    tiny = build.cluster("tiny", build.group(cpu="100m"))
    assert place(tiny, build.app("web", wish, cpu=64)).chosen("web") == ["tiny"]


@pytest.mark.parametrize("resources", ["None", "FromPackage"])
def test_devices_are_demanded_whether_or_not_resources_are_counted(
    build: Any, place: Any, resources: str
) -> None:
    custom = {"apiVersion": "example.com/v1", "kind": "Core", "metadata": {"name": "upf"}}
    wish = {"resources": resources, "devices": [{"class": "gpu"}]}
    intent = build.pick("upf", resourceSelectors=[{"kind": "Core"}], requirements=wish)
    gpu = {"class": "gpu", "resourceName": "nvidia.com/gpu", "allocatable": 1}
    fleet = [
        *build.cluster("without"),
        *build.cluster("with", build.group(cpu=8, devices=[gpu])),
    ]
    assert place(fleet, custom, intent).chosen("upf") == ["with"]


@pytest.mark.parametrize(
    ("cpu", "memory", "wish", "aligned"),
    [
        pytest.param("2", "1Gi", {}, "policy", id="whole CPUs of its own"),
        pytest.param("1500m", "1Gi", {}, "never", id="a share of CPUs"),
        pytest.param("1500m", "1Gi", {"cpuPinning": True}, "policy", id="pinned"),
        pytest.param("2", "1Gi", {"numaAlignment": "Never"}, "never", id="never"),
        pytest.param("1500m", "1Gi", {"numaAlignment": "Required"}, "always", id="required"),
    ],
)
def test_pods_are_aligned_as_the_kubelet_would(
    build: Any, cpu: str, memory: str, wish: dict[str, Any], aligned: str
) -> None:
    app = build.deployment("web", cpu=cpu, memory=memory)
    intent = build.intent("web", requirements=wish)
    (workload,), _ = read(resource(app), resource(intent))
    assert workload.pods[0].aligned == aligned


def test_pinned_cpus_are_rounded_up_in_every_container(build: Any) -> None:
    app = build.deployment("web", cpu="1200m", memory="1Gi")
    containers = app["spec"]["template"]["spec"]["containers"]
    containers.append({"name": "side", "resources": {"limits": {"cpu": "300m", "memory": "1Gi"}}})
    intent = build.intent("web", requirements={"cpuPinning": True})
    (workload,), _ = read(resource(app), resource(intent))
    assert workload.pods[0].requests["cpu"] == 3000


def test_a_request_by_a_devices_own_name_is_a_need_of_devices(build: Any) -> None:
    app = build.deployment("web", cpu=1, **{"nvidia.com/gpu": 2})
    (workload,), _ = read(
        resource(app), resource(build.intent("web")), devices=frozenset({"nvidia.com/gpu"})
    )
    (pod,) = workload.pods
    assert pod.devices == ((DeviceNeed(resource_name="nvidia.com/gpu"), 2, ""),)
    assert "nvidia.com/gpu" not in pod.requests


VF = Device(
    "sriov-vf",
    "vendor.io/vf",
    8,
    driver="vfio-pci",
    vendor="8086",
    model="XXV710",
    speed_gbps=25,
    memory_mib=0,
    network="n3",
)


@pytest.mark.parametrize(
    ("need", "fits"),
    [
        (DeviceNeed(kind="sriov-vf"), True),
        (DeviceNeed(kind="gpu"), False),
        (DeviceNeed(resource_name="vendor.io/vf"), True),
        (DeviceNeed(kind="sriov-vf", network="n3", min_speed_gbps=25), True),
        (DeviceNeed(kind="sriov-vf", network="n6"), False),
        (DeviceNeed(kind="sriov-vf", min_speed_gbps=40), False),
        (DeviceNeed(kind="sriov-vf", drivers=("netdevice",)), False),
        (DeviceNeed(kind="sriov-vf", drivers=("netdevice", "vfio-pci")), True),
        (DeviceNeed(kind="sriov-vf", vendors=("15b3",)), False),
        (DeviceNeed(kind="sriov-vf", models=("XXV710",)), True),
        (DeviceNeed(kind="sriov-vf", min_memory_mib=1), False),
    ],
    ids=str,
)
def test_a_device_will_do_or_not(need: DeviceNeed, *, fits: bool) -> None:
    assert need.accepts(VF) is fits


def test_amounts_of_devices_are_quantities(build: Any, place: Any) -> None:
    nic = {"class": "vf", "resourceName": "v/fast", "speedGbps": "0.1k", "allocatable": 2}
    wish = {"requirements": {"devices": [{"class": "vf", "minSpeedGbps": "100"}]}}
    found = place(build.cluster("a", build.group(cpu=8, devices=[nic])), build.app("web", wish))
    assert found.chosen("web") == ["a"]
