"""What is to be placed: for each intent its resources, and what their pods ask for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from krmfn.kinds.pods import (
    PodError,
    PodTemplate,
    SchedulingDemands,
    effective_requests,
    is_guaranteed,
    pinned,
    pod_template,
    scheduling_demands,
)
from krmfn.placement_resolver.amounts import asked
from krmfn.placement_resolver.fleet import Device
from krmfn.placement_resolver.intents import PlacementIntent
from krmfn.placement_resolver.intents.intent import DeviceRequirement, PodRequest, ResourceSelector
from krmfn.placement_resolver.intents.selectors import LabelSelector
from krmfn.placement_resolver.matching import label_selector_matches
from krmfn.sdk import Package, Resource, Result, error, quantity
from krmfn.sdk.ownership import owner_of

_HUGEPAGES = "hugepages-"


@dataclass(frozen=True, slots=True)
class DeviceNeed:
    """Devices of which one pod needs `count`: of a class, or behind one resource name."""

    kind: str = ""
    resource_name: str = ""
    network: str = ""
    min_speed_gbps: float = 0
    drivers: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    min_memory_mib: float = 0

    def accepts(self, device: Device) -> bool:
        """Say whether a device will do."""
        return (
            self.kind in ("", device.kind)
            and self.resource_name in ("", device.resource_name)
            and self.network in ("", device.network)
            and device.speed_gbps >= self.min_speed_gbps
            and device.memory_mib >= self.min_memory_mib
            and (not self.drivers or device.driver in self.drivers)
            and (not self.vendors or device.vendor in self.vendors)
            and (not self.models or device.model in self.models)
        )

    def __str__(self) -> str:
        parts = [self.kind or self.resource_name]
        parts += [f"on {self.network}"] if self.network else []
        parts += [f"of {self.min_speed_gbps:g} Gbit/s"] if self.min_speed_gbps else []
        parts += [f"with {self.min_memory_mib:g} MiB"] if self.min_memory_mib else []
        for names in (self.drivers, self.vendors, self.models):
            parts += [f"({' or '.join(names)})"] if names else []
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class PodDemand:
    """The pods of one resource.

    Attributes:
        resource: the resource that holds the template; the intent's own where it lists requests.
        requests: what one pod takes, in the smallest units, devices left out.
        devices: the devices of one pod, each with how many and in which container.
        aligned: whether it must sit in one NUMA zone: "always", "never", or "policy" where the
            kubelet's policy decides.
    """

    resource: Resource
    replicas: int
    requests: Mapping[str, int]
    demands: SchedulingDemands = field(default_factory=SchedulingDemands)
    devices: tuple[tuple[DeviceNeed, int, str], ...] = ()
    aligned: str = "never"
    template: PodTemplate | None = None

    @property
    def name(self) -> str:
        """Its name for people."""
        return f"{self.resource.kind} {self.resource.name}"


@dataclass(frozen=True, slots=True)
class Workload:
    """All that one intent places."""

    intent: PlacementIntent
    resources: tuple[Resource, ...]
    pods: tuple[PodDemand, ...]

    @property
    def key(self) -> str:
        """Its name, unique in the package."""
        metadata = self.intent.metadata
        return f"{metadata.namespace}/{metadata.name}" if metadata.namespace else metadata.name


def read_workloads(
    package: Package, intents: Iterable[PlacementIntent], device_names: frozenset[str]
) -> tuple[list[Workload], list[Result]]:
    """Read what every intent places.

    Args:
        package: the resources that may be placed.
        intents: all of them, since what one selects is not another's.
        device_names: resource names that are devices somewhere in the fleet.

    Returns:
        the workloads, and what is wrong: an intent that selects nothing, a resource that two
        intents select, an amount that is none.
    """
    ordered = sorted(intents, key=lambda intent: (intent.metadata.namespace, intent.metadata.name))
    placeable = sorted(filter(_is_placeable, package), key=_place_of)
    problems: list[Result] = []
    by_name: dict[str, list[Resource]] = {}
    for each in placeable:
        by_name.setdefault(each.name, []).append(each)
    selections = {id(intent): _selected(intent, placeable, by_name) for intent in ordered}
    taken: dict[int, PlacementIntent] = {}
    for intent in ordered:
        if intent.spec.resource_selectors:
            problems += _claim(intent, selections[id(intent)], taken)
    workloads = []
    for intent in ordered:
        resources = selections[id(intent)]
        if not intent.spec.resource_selectors:
            resources = [each for each in resources if id(each) not in taken]
            problems += _claim(intent, resources, taken)
        pods, wrong = _pods(intent, resources, device_names)
        problems += [*wrong, *_nothing(intent, resources)]
        workloads.append(Workload(intent, tuple(resources), tuple(pods)))
    return workloads, problems


def _place_of(resource: Resource) -> tuple[str, int, str]:
    """Give where a resource stands, so that copies stand in the order of their file."""
    return resource.path or "", resource.index or 0, str(resource.id)


def _is_placeable(resource: Resource) -> bool:
    return not (
        resource.kind == "Kptfile"
        or resource.group.endswith("krmfn.dev")
        or resource.group == "multicluster.x-k8s.io"
        or resource.cluster
        or owner_of(resource).startswith("placement-resolver/")
        or resource.is_local_config
    )


def _selected(
    intent: PlacementIntent,
    resources: Sequence[Resource],
    by_name: Mapping[str, Sequence[Resource]],
) -> list[Resource]:
    """Give what an intent selects, in the order of the package."""
    selectors = intent.spec.resource_selectors
    if not selectors:
        own = intent.resource.package_path if intent.resource else ""
        return [each for each in resources if each.package_path == own]
    if all(selector.name for selector in selectors):
        resources = [each for one in selectors for each in by_name.get(one.name or "", ())]
    found = {id(each): each for each in resources if any(selects(one, each) for one in selectors)}
    return list(found.values())


def selects(selector: ResourceSelector, resource: Resource) -> bool:
    """Say whether a selector means a resource."""
    wanted = (selector.api_version, selector.kind, selector.name, selector.namespace)
    given = (resource.api_version, resource.kind, resource.name, resource.namespace)
    return (
        all(want in (None, have) for want, have in zip(wanted, given, strict=True))
        and (selector.path is None or _is_below(resource, selector.path))
        and _has_labels(selector.label_selector, resource)
    )


def _is_below(resource: Resource, folder: str) -> bool:
    folder = folder.strip("/")
    path = resource.path or ""
    return folder in ("", ".") or path == folder or path.startswith(f"{folder}/")


def _has_labels(selector: LabelSelector | None, resource: Resource) -> bool:
    return selector is None or label_selector_matches(selector, resource.labels)


def _claim(
    intent: PlacementIntent, resources: Iterable[Resource], taken: dict[int, PlacementIntent]
) -> Iterator[Result]:
    for resource in resources:
        first = taken.setdefault(id(resource), intent)
        if first is not intent and not (
            first.spec.shares_resources and intent.spec.shares_resources
        ):
            one, two = first.metadata.name, intent.metadata.name
            message = f'must be placed by one PlacementIntent, but "{one}" and "{two}" select it'
            yield error(message, code="resource-twice", at=resource)


def _nothing(intent: PlacementIntent, resources: Sequence[Resource]) -> Iterator[Result]:
    asks_package = intent.spec.requirements.resources == "FromPackage"
    if not resources and (intent.spec.resource_selectors or asks_package):
        field_path = "spec.resourceSelectors"
        message = "must select a resource of the package, but none matches"
        yield error(message, code="no-resource", at=intent, field=field_path)


def _pods(
    intent: PlacementIntent, resources: Sequence[Resource], device_names: frozenset[str]
) -> tuple[list[PodDemand], list[Result]]:
    requirements = intent.spec.requirements
    if isinstance(requirements.resources, tuple):
        return [_listed(intent, each, device_names) for each in requirements.resources], []
    pods: list[PodDemand] = []
    problems: list[Result] = []
    for resource in resources:
        way = ""
        try:
            template = pod_template(resource.body)
            if template is not None:
                way = template.field("")
                pods.append(_templated(intent, resource, template, device_names))
        except PodError as problem:
            field_path = f"{way}{problem.field}"
            problems.append(error(str(problem), code="pod-invalid", at=resource, field=field_path))
    if requirements.resources == "None":
        pods = []
    if not pods and requirements.devices:
        pods = [_listed(intent, PodRequest(), device_names)]
    unmet = [each for each in requirements.devices if not _is_for_any(each, pods)]
    problems += [
        error(
            f'must name a workload of the intent, but is "{each.workload}"',
            code="device-workload",
            at=intent,
            field=f"spec.requirements.devices[{requirements.devices.index(each)}].workload",
        )
        for each in unmet
        if each.workload
    ]
    return pods, problems


def _is_for_any(requirement: DeviceRequirement, pods: Iterable[PodDemand]) -> bool:
    return any(requirement.workload in (None, pod.resource.name) for pod in pods)


def _listed(
    intent: PlacementIntent, request: PodRequest, device_names: frozenset[str]
) -> PodDemand:
    resource = intent.resource
    if resource is None:
        raise TypeError("an intent must be read from a resource")
    amounts = {name: asked(name, amount) for name, amount in request.requests.items()}
    plain, named = _apart(amounts, device_names)
    return PodDemand(
        resource=resource,
        replicas=request.replicas,
        requests=plain,
        demands=SchedulingDemands(selector=tuple(sorted(request.node_selector.items()))),
        devices=(*named, *_devices(intent, request.name)),
        aligned=_alignment(intent, whole=_is_whole(plain)),
    )


def _templated(
    intent: PlacementIntent,
    resource: Resource,
    template: PodTemplate,
    device_names: frozenset[str],
) -> PodDemand:
    pinning = intent.spec.requirements.cpu_pinning
    spec = pinned(template.spec) if pinning else template.spec
    amounts = {name: asked(name, amount) for name, amount in effective_requests(spec).items()}
    plain, named = _apart(_without_replaced(intent, resource.name, amounts), device_names)
    whole = _is_whole(plain) and (pinning or is_guaranteed(template.spec))
    return PodDemand(
        resource=resource,
        replicas=template.replicas,
        requests=plain,
        demands=scheduling_demands(template.spec),
        devices=(*named, *_devices(intent, resource.name)),
        aligned=_alignment(intent, whole=whole),
        template=template,
    )


def _without_replaced(
    intent: PlacementIntent, workload: str, amounts: Mapping[str, int]
) -> dict[str, int]:
    """Give the amounts without those for which devices are asked by what they are."""
    replaced = {
        each.instead_of
        for each in intent.spec.requirements.devices
        if each.workload in (None, workload)
    }
    return {name: amount for name, amount in amounts.items() if name not in replaced}


def _alignment(intent: PlacementIntent, *, whole: bool) -> str:
    """Say whether pods need one NUMA zone; the kubelet aligns those with CPUs of their own."""
    wish = intent.spec.requirements.numa_alignment
    if wish == "Required":
        return "always"
    return "policy" if wish == "Auto" and whole else "never"


def _is_whole(requests: Mapping[str, int]) -> bool:
    cpu = requests.get("cpu", 0)
    return cpu > 0 and cpu % 1000 == 0


def _apart(
    amounts: Mapping[str, int], device_names: frozenset[str]
) -> tuple[dict[str, int], list[tuple[DeviceNeed, int, str]]]:
    """Part the requests that name devices from the others; those of nothing are left out."""
    plain = {
        name: amount for name, amount in amounts.items() if amount and name not in device_names
    }
    named = [
        (DeviceNeed(resource_name=name), amount, "")
        for name, amount in sorted(amounts.items())
        if amount and name in device_names
    ]
    return plain, named


def _devices(intent: PlacementIntent, workload: str) -> Iterator[tuple[DeviceNeed, int, str]]:
    for each in intent.spec.requirements.devices:
        if each.workload in (None, workload):
            yield need_of(each), each.count, each.container or ""


def need_of(requirement: DeviceRequirement) -> DeviceNeed:
    """Give the need that an intent's device requirement states."""
    return DeviceNeed(
        kind=requirement.class_,
        network=requirement.network or "",
        min_speed_gbps=quantity.as_float(requirement.min_speed_gbps or 0),
        drivers=requirement.drivers,
        vendors=requirement.vendors,
        models=requirement.models,
        min_memory_mib=quantity.as_float(requirement.min_memory_mib or 0),
    )
