"""Hugepages are used through a volume: a container that only asks for them never sees them."""

from krmfn.kinds.pods import mapping, mappings
from krmfn.placement_resolver.emit.pods.template import (
    Target,
    Template,
    Value,
    containers,
    with_containers,
    with_spec,
)
from krmfn.sdk import quantity

_RESOURCE = "hugepages-"
_PATH = "/dev/hugepages"


def with_hugepages(template: Template, _: Target) -> Template:
    """Mount the hugepages that containers ask for, where the pods do not do so themselves."""
    spec = template["spec"]
    alone = len({size for each in containers(spec) for size in _sizes(each)}) == 1
    mounted = {_medium(volume) for volume in mappings(spec, "volumes")}
    missing = {
        size: _path(size, alone=alone)
        for each in containers(spec)
        for size in _sizes(each)
        if f"HugePages-{size}" not in mounted
        and not (alone and "HugePages" in mounted)
        and not _has_mount(each, _path(size, alone=alone))
    }
    if not missing:
        return template
    names = {size: _free_name(spec, f"hugepages-{size.lower()}") for size in missing}

    def mounting(container: Value) -> Value:
        new = [
            {"name": names[size], "mountPath": missing[size]}
            for size in _sizes(container)
            if size in missing and not _has_mount(container, missing[size])
        ]
        mounts = [*mappings(container, "volumeMounts"), *new]
        return {**container, "volumeMounts": mounts} if new else container

    volumes = [
        {"name": names[size], "emptyDir": {"medium": f"HugePages-{size}"}}
        for size in sorted(missing)
    ]
    mounting_all = with_containers(template, mounting)
    return with_spec(mounting_all, volumes=[*mappings(spec, "volumes"), *volumes])


def _sizes(container: Value) -> list[str]:
    resources = mapping(container, "resources")
    asked = {**mapping(resources, "limits"), **mapping(resources, "requests")}
    return sorted(
        name.removeprefix(_RESOURCE)
        for name, amount in asked.items()
        if name.startswith(_RESOURCE) and quantity.parse(amount) > 0
    )


def _medium(volume: Value) -> str:
    return str(mapping(volume, "emptyDir").get("medium", ""))


def _path(size: str, *, alone: bool) -> str:
    """Give where libraries look for pages of this size: the default place when there is one."""
    return _PATH if alone else f"{_PATH}-{size}"


def _has_mount(container: Value, path: str) -> bool:
    mounts = mappings(container, "volumeMounts")
    return any(str(mount.get("mountPath", "")).rstrip("/") == path for mount in mounts)


def _free_name(spec: Value, name: str) -> str:
    taken = {volume.get("name") for volume in mappings(spec, "volumes")}
    numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
    return next(each for each in (name, *numbered) if each not in taken)
