"""The SR-IOV operator's objects: what is behind the resource names of virtual functions.

A SriovNetworkNodePolicy says what was ordered, a SriovNetworkNodeState what a node made of it,
and a SriovNetwork or a NetworkAttachmentDefinition where the functions lead to.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from krmfn.cluster_profiler.facts import NodeView, Pool
from krmfn.cluster_profiler.reading import maps_at, observed_at, text_at, texts_at, value_at
from krmfn.cluster_profiler.sources.objects import Objects
from krmfn.kinds.fleet import DOMAIN
from krmfn.sdk import Resource, Result, info

NETWORK = f"{DOMAIN}/network"
"""The label or annotation by which an attachment names the network it leads to."""

_OPERATOR = "sriovnetwork.openshift.io"
_RESOURCE_OF_NETWORK = "k8s.v1.cni.cncf.io/resourceName"
_MELLANOX = "15b3"
_SPEED = re.compile(r"([0-9]{1,9}) *Mb/s")
_MODELS = {
    "8086:10ed": "82599",
    "8086:10fb": "82599",
    "8086:154c": "700 Series",
    "8086:1572": "X710",
    "8086:1583": "XL710",
    "8086:158b": "XXV710",
    "8086:1592": "E810-C",
    "8086:1593": "E810-C",
    "8086:159b": "E810-XXV",
    "15b3:1013": "ConnectX-4",
    "15b3:1015": "ConnectX-4 Lx",
    "15b3:1017": "ConnectX-5",
    "15b3:1019": "ConnectX-5 Ex",
    "15b3:101b": "ConnectX-6",
    "15b3:101d": "ConnectX-6 Dx",
    "15b3:101f": "ConnectX-6 Lx",
    "15b3:1021": "ConnectX-7",
    "15b3:a2d6": "BlueField-2",
}

Attachments = Mapping[str, tuple[str, str]]
"""Network and attachment by the name of the resource, without its prefix."""


def read(objects: Objects) -> Iterator[NodeView | Result]:
    """Read the SR-IOV operator's objects of a cluster."""
    attachments, said = _attachments(objects)
    yield from said
    for resource in objects.of(f"{_OPERATOR}/SriovNetworkNodeState"):
        pools = tuple(_pools_of_state(resource))
        yield NodeView(
            of=resource,
            node=resource.name,
            pools=tuple(_attached(pool, attachments) for pool in pools),
            observed_at=observed_at(resource),
        )
    for resource in objects.of(f"{_OPERATOR}/SriovNetworkNodePolicy"):
        if name := text_at(resource.body, "spec.resourceName"):
            yield NodeView(
                of=resource,
                selector=texts_at(resource.body, "spec.nodeSelector"),
                pools=(_attached(_pool_of_policy(resource, name), attachments),),
                observed_at=observed_at(resource),
            )


def _pool_of_policy(resource: Resource, name: str) -> Pool:
    spec = resource.body["spec"]
    vendor = text_at(spec, "nicSelector.vendor")
    rdma = value_at(spec, "isRdma")
    pool = Pool(
        name,
        kind="sriov-vf",
        driver=_driver(text_at(spec, "deviceType") or "netdevice", vendor),
        rdma=rdma if isinstance(rdma, bool) else None,
    )
    return _of_card(pool, vendor, text_at(spec, "nicSelector.deviceID"))


def _pools_of_state(resource: Resource) -> Iterator[Pool]:
    cards = {text_at(card, "name"): card for card in maps_at(resource.body, "status.interfaces")}
    for ordered in maps_at(resource.body, "spec.interfaces"):
        card = cards.get(text_at(ordered, "name"), {})
        for group in maps_at(ordered, "vfGroups"):
            if name := text_at(group, "resourceName"):
                yield _pool_of_group(name, group, card)


def _pool_of_group(name: str, group: Mapping[str, Any], card: Mapping[str, Any]) -> Pool:
    vendor = text_at(card, "vendor")
    speed = _SPEED.fullmatch(text_at(card, "linkSpeed"))
    rdma = value_at(group, "isRdma")
    pool = Pool(
        name,
        kind="sriov-vf",
        driver=_driver_in_use(group, card) or _driver(text_at(group, "deviceType"), vendor),
        speed_gbps=int(speed[1]) // 1000 if speed else 0,
        rdma=rdma if isinstance(rdma, bool) else None,
    )
    return _of_card(pool, vendor, text_at(card, "deviceID"))


def _driver_in_use(group: Mapping[str, Any], card: Mapping[str, Any]) -> str:
    """Give the driver that the functions of a group are bound to, "" unless it is the same."""
    first, _, last = text_at(group, "vfRange").rpartition("#")[2].partition("-")
    functions = maps_at(card, "Vfs")
    if first.isdecimal() and last.isdecimal():
        wanted = range(int(first), min(int(last), 4096) + 1)
        functions = [each for each in functions if each.get("vfID") in wanted]
    drivers = {text_at(each, "driver") for each in functions}
    return drivers.pop() if len(drivers) == 1 else ""


def _driver(device_type: str, vendor: str) -> str:
    """Give the driver that a device type means; a network device has that of its vendor."""
    if device_type == "netdevice":
        return "mlx5_core" if vendor == _MELLANOX else ""
    return device_type


def _of_card(pool: Pool, vendor: str, device: str) -> Pool:
    return replace(pool, vendor=vendor, model=_MODELS.get(f"{vendor}:{device}", device))


def _attached(pool: Pool, attachments: Attachments) -> Pool:
    network, attachment = attachments.get(pool.resource, ("", ""))
    return replace(pool, network=network, attachment=attachment)


def _attachments(objects: Objects) -> tuple[dict[str, tuple[str, str]], list[Result]]:
    """Find for every resource the one attachment that hands it out."""
    found: dict[str, dict[str, tuple[str, Resource]]] = {}
    for resource in objects.of("k8s.cni.cncf.io/NetworkAttachmentDefinition"):
        if name := resource.annotations.get(_RESOURCE_OF_NETWORK, "").rpartition("/")[2]:
            key = f"{resource.namespace or 'default'}/{resource.name}"
            found.setdefault(name, {})[key] = (_network(resource), resource)
    for resource in objects.of(f"{_OPERATOR}/SriovNetwork"):
        if name := text_at(resource.body, "spec.resourceName"):
            namespace = text_at(resource.body, "spec.networkNamespace") or resource.namespace
            key = f"{namespace or 'default'}/{resource.name}"
            found.setdefault(name, {}).setdefault(key, (_network(resource), resource))
    single = {
        name: (network, key)
        for name, attached in found.items()
        for key, (network, _) in attached.items()
        if len(attached) == 1
    }
    said = [
        info(
            f"`{name}` leads to {len(attached)} networks ({', '.join(sorted(attached))}); name the "
            "one that counts in `spec.devices` of the functionConfig",
            code="network-ambiguous",
            at=min(attached.values(), key=lambda pair: pair[1].name)[1],
        )
        for name, attached in found.items()
        if len(attached) > 1
    ]
    return single, said


def _network(resource: Resource) -> str:
    """Give the network that an attachment leads to: what it says, else its name."""
    return resource.labels.get(NETWORK) or resource.annotations.get(NETWORK) or resource.name
