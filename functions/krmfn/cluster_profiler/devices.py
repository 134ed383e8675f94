"""What stands behind the device resources of a node."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import NamedTuple

from krmfn.cluster_profiler.facts import Amounts, Device, Pool, Zone
from krmfn.sdk import quantity

Labels = Mapping[str, str]
_MIB = 2**20

_KNOWN = tuple(
    Pool(resource, kind, vendor=vendor)
    for resource, kind, vendor in (
        ("nvidia.com/gpu", "gpu", "nvidia"),
        ("nvidia.com/gpu.shared", "gpu", "nvidia"),
        ("nvidia.com/mig-*", "gpu", "nvidia"),
        ("amd.com/gpu", "gpu", "amd"),
        ("gpu.intel.com/i915", "gpu", "intel"),
        ("gpu.intel.com/xe", "gpu", "intel"),
        ("intel.com/intel_fec_5g", "fpga", "intel"),
        ("intel.com/intel_fec_lte", "fpga", "intel"),
        ("intel.com/intel_fec_*", "fec", "intel"),
        ("fpga.intel.com/*", "fpga", "intel"),
        ("xilinx.com/fpga-*", "fpga", "xilinx"),
        ("amd.com/xilinx_*", "fpga", "amd"),
        ("qat.intel.com/*", "qat", "intel"),
        ("intel.com/qat*", "qat", "intel"),
        ("rdma/*", "rdma", ""),
        ("sgx.intel.com/epc", "sgx", "intel"),
        ("openshift.io/*", "sriov-vf", ""),
        ("intel.com/*sriov*", "sriov-vf", "8086"),
        ("mellanox.com/*sriov*", "sriov-vf", "15b3"),
    )
)
"""Resource names whose meaning their makers fix; the first that matches holds."""

FIXED_NAMES = frozenset(pool.kind for pool in _KNOWN) - {"sriov-vf"}
"""Classes whose devices have none but these names; those of other classes may have any."""

_NO_DEVICES = (
    "attachable-volumes-*",
    "cpu",
    "devices.kubevirt.io/*",
    "ephemeral-storage",
    "gpu.intel.com/*",
    "hugepages-*",
    "memory",
    "pods",
    "scheduling.k8s.io/*",
    "sgx.intel.com/*",
    "storage",
)


class Explained(NamedTuple):
    """The devices of a node, and the resources of which nobody says what they are."""

    devices: tuple[Device, ...]
    unexplained: tuple[str, ...]


def explain(
    allocatable: Amounts,
    available: Amounts | None,
    labels: Labels,
    zones: Sequence[Zone],
    pools: Sequence[Pool],
) -> Explained:
    """Say what is behind the resources that a node offers.

    A resource of which the node offers none is no device, whatever its labels say.

    Args:
        allocatable: what the node offers.
        available: what of it is free, None when that is not known.
        labels: the labels of the node, among them those of GPU feature discovery.
        zones: its NUMA zones.
        pools: what is said about resource names; the first that knows a name and a fact holds.
    """
    devices: list[Device] = []
    unexplained = []
    for name in sorted(allocatable):
        count = int(allocatable[name])
        if count < 1 or _is_no_device(name):
            continue
        pool = _described(name, pools, labels)
        if pool.kind:
            free = None if available is None else int(available.get(name, 0))
            devices += _by_zone(replace(pool, resource=name), count, free, zones)
        else:
            unexplained.append(name)
    return Explained(tuple(devices), tuple(unexplained))


def class_of(name: str) -> str:
    """Give the class of the devices behind a resource name that their makers fix, else ""."""
    return _known(name).kind


@lru_cache(maxsize=4096)
def _is_no_device(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in _NO_DEVICES) and not _known(name).kind


@lru_cache(maxsize=4096)
def _known(name: str) -> Pool:
    found = (pool for pool in _KNOWN if fnmatchcase(name, pool.resource))
    return next(found, Pool(name))


def _described(name: str, pools: Iterable[Pool], labels: Labels) -> Pool:
    """Lay everything that is said about a resource together, the first word on a fact holding."""
    bare = name.rpartition("/")[2]
    about = [pool for pool in pools if pool.resource == bare or fnmatchcase(name, pool.resource)]
    whole = Pool(name)
    for pool in (*about, _known(name)):
        missing = {
            field: getattr(pool, field)
            for field in _FIELDS
            if not _is_known(getattr(whole, field)) and _is_known(getattr(pool, field))
        }
        whole = replace(whole, **missing)
    return (
        _GPUS[whole.vendor](whole, labels)
        if whole.kind == "gpu" and whole.vendor in _GPUS
        else whole
    )


def _is_known(value: object) -> bool:
    return value is False or bool(value)


_FIELDS = (
    "kind",
    "driver",
    "vendor",
    "model",
    "speed_gbps",
    "memory_mib",
    "network",
    "attachment",
    "rdma",
)


def _by_zone(pool: Pool, count: int, free: int | None, zones: Sequence[Zone]) -> Iterator[Device]:
    """Yield the devices of a resource zone by zone, where the zones account for all of them."""
    holders = [zone for zone in zones if zone.allocatable.get(pool.resource, 0) > 0]
    if sum(zone.allocatable[pool.resource] for zone in holders) != count:
        yield Device(pool, count, free)
        return
    for zone in holders:
        allocatable = int(zone.allocatable[pool.resource])
        available = zone.available.get(pool.resource, 0) if zone.available is not None else None
        if available is None and free is not None and len(holders) == 1:
            available = free
        yield Device(pool, allocatable, None if available is None else int(available), zone.name)


def _nvidia(pool: Pool, labels: Labels) -> Pool:
    """Read the labels of NVIDIA's GPU feature discovery; memory is in MiB."""
    name = pool.resource.rpartition("/")[2]
    part = name if name.startswith("mig-") else "gpu"
    model = labels.get(f"nvidia.com/{part}.product") or labels.get("nvidia.com/gpu.product", "")
    memory = labels.get(f"nvidia.com/{part}.memory", "")
    if part != "gpu" and model and part not in model.lower():
        model = f"{model}-{part.upper().replace('MIG-', 'MIG-', 1)}"
    return _filled(pool, model, int(memory) if _is_count(memory) else 0)


def _amd(pool: Pool, labels: Labels) -> Pool:
    """Read the labels of AMD's node labeller; memory is such as ``64G``, in powers of 1024."""
    vram = labels.get("amd.com/gpu.vram", "")
    memory = quantity.parse(f"{vram}i") // _MIB if quantity.is_quantity(f"{vram}i") else 0
    return _filled(pool, labels.get("amd.com/gpu.product-name", ""), int(memory))


def _intel(pool: Pool, labels: Labels) -> Pool:
    """Read the labels of Intel's GPU plugin; memory is in bytes."""
    memory = labels.get("gpu.intel.com/memory.max", "")
    mib = int(memory) // _MIB if _is_count(memory) else 0
    return _filled(pool, labels.get("gpu.intel.com/product", ""), mib)


def _filled(pool: Pool, model: str, memory_mib: int) -> Pool:
    return replace(pool, model=pool.model or model, memory_mib=pool.memory_mib or memory_mib)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


_GPUS: Mapping[str, Callable[[Pool, Labels], Pool]] = {
    "nvidia": _nvidia,
    "amd": _amd,
    "intel": _intel,
}
