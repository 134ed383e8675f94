"""Features as far as the default labels of Node Feature Discovery show them.

A label proves what it says. That a label is absent proves nothing: NFD labels only some features
by default (of PCI devices, only the classes 03, 0b40 and 12), and what it labels can be
configured. So every feature set that comes from labels is partial.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from krmfn.cluster_profiler.nfd.features import AtLeast, Attributes, Features

LABEL_NAMESPACE = "feature.node.kubernetes.io"
"""The namespace of NFD's labels."""

_Fact = tuple[str, str | None, Attributes]
"""A feature set, then the name of a flag, or attributes (of an instance when the name is "")."""

_BOOLEAN_KERNEL_OPTIONS = frozenset({"NO_HZ", "NO_HZ_IDLE", "NO_HZ_FULL", "PREEMPT"})
"""Options that are never a module, so that a label `true` means `y`."""


def features_of_labels(labels: Mapping[str, str]) -> Features:
    """Derive from a node's labels the features that they prove.

    Returns:
        features whose every set is partial: what is not among them is unknown.
    """
    flags: dict[str, set[str]] = {}
    attributes: dict[str, dict[str, str]] = {}
    instances: dict[str, list[Attributes]] = {}
    for name, flag, values in _facts(labels):
        if flag is None:
            attributes.setdefault(name, {}).update(values)
        elif flag:
            flags.setdefault(name, set()).add(flag)
        else:
            instances.setdefault(name, []).append(values)
    return Features(
        {name: frozenset(names) for name, names in flags.items()},
        attributes,
        {name: tuple(elements) for name, elements in instances.items()},
        frozenset({*flags, *attributes, *instances}),
    )


def _facts(labels: Mapping[str, str]) -> Iterator[_Fact]:
    for key, value in sorted(labels.items()):
        namespace, _, name = key.partition("/")
        matches = (
            (read, match)
            for pattern, read in _LABELS
            if namespace == LABEL_NAMESPACE and (match := pattern.fullmatch(name))
        )
        for read, match in matches:
            if fact := read(match, value):
                yield fact


def _attribute(feature: str) -> Callable[[re.Match[str], str], _Fact | None]:
    """Read a label whose value is that of the attribute it names."""
    return lambda match, value: (feature, None, {match[1]: value})


def _when_true(feature: str, **attributes: str) -> Callable[[re.Match[str], str], _Fact | None]:
    """Read a label that says `true` for a fixed attribute."""
    return lambda _, value: (feature, None, attributes) if value == "true" else None


def _instance(feature: str, **fixed: str) -> Callable[[re.Match[str], str], _Fact | None]:
    """Read a label that says `true` for an instance whose attributes are the pattern's groups."""
    return lambda match, value: (
        (feature, "", {**match.groupdict(), **fixed}) if value == "true" else None
    )


def _cpuid(match: re.Match[str], value: str) -> _Fact:
    if value == "true":
        return "cpu.cpuid", match[1], {}
    return "cpu.cpuid", None, {match[1]: value}


def _kernel_option(match: re.Match[str], value: str) -> _Fact:
    """Read an option: NFD labels `y` and `m` alike as `true`."""
    if value != "true":
        return "kernel.config", None, {match[1]: value}
    if match[1] in _BOOLEAN_KERNEL_OPTIONS:
        return "kernel.config", None, {match[1]: "y"}
    return "kernel.config", match[1], {}


_PCI = r"pci-(?P<class>[0-9a-f]{4})_(?P<vendor>[0-9a-f]{4})"
_USB = r"usb-(?P<class>[0-9a-f]{2})_(?P<vendor>[0-9a-f]{4})_(?P<device>[0-9a-f]{4})"

_LABELS = [
    (re.compile(pattern), read)
    for pattern, read in (
        (r"cpu-cpuid\.(.+)", _cpuid),
        (r"cpu-model\.(.+)", _attribute("cpu.model")),
        (r"cpu-cstate\.(.+)", _attribute("cpu.cstate")),
        (r"cpu-pstate\.(.+)", _attribute("cpu.pstate")),
        (r"cpu-rdt\.(.+)", _attribute("cpu.rdt")),
        (r"cpu-security\.(.+)", _attribute("cpu.security")),
        (r"cpu-power\.sst_(.+)", _attribute("cpu.sst")),
        (r"cpu-coprocessor\.(.+)", _attribute("cpu.coprocessor")),
        (r"cpu-(hardware_multithreading)", _attribute("cpu.topology")),
        (r"kernel-version\.(.+)", _attribute("kernel.version")),
        (r"kernel-config\.(.+)", _kernel_option),
        (r"kernel-selinux\.enabled", _when_true("kernel.selinux", enabled="true")),
        (r"memory-numa", _when_true("memory.numa", is_numa="true")),
        (r"memory-swap", _when_true("memory.swap", enabled="true")),
        (r"memory-nv\.present", _instance("memory.nv")),
        (r"memory-nv\.dax", _instance("memory.nv", devtype="nd_dax")),
        (
            r"network-sriov\.capable",
            _instance("network.device", sriov_totalvfs=AtLeast("1")),
        ),
        (
            r"network-sriov\.configured",
            _instance("network.device", sriov_totalvfs=AtLeast("1"), sriov_numvfs=AtLeast("1")),
        ),
        (_PCI + r"\.present", _instance("pci.device")),
        (_PCI + r"\.sriov\.capable", _instance("pci.device", sriov_totalvfs=AtLeast("0"))),
        (_USB + r"\.present", _instance("usb.device")),
        (r"storage-nonrotationaldisk", _instance("storage.block", rotational="0")),
        (r"system-os_release\.(.+)", _attribute("system.osrelease")),
    )
]
