"""Packages for the greeter, as values."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from krmfn.sdk import Place, Resource, ResourceList
from krmfn.sdk.wire import read, write

KPTFILE = Resource.parse(
    "apiVersion: kpt.dev/v1 # v\nkind: Kptfile\nmetadata:\n  name: site\n",
    place=Place("Kptfile", 0, "/p"),
)
CONFIG = {"apiVersion": "fn.krmfn.dev/v1alpha1", "kind": "Greeter", "metadata": {"name": "config"}}


def greeting(name: str, *names: str, at: str = "", package: str = "/p", **spec: Any) -> Resource:
    """Give a Greeting, in a file of its name."""
    made = Resource.new("test.krmfn.dev/v1", "Greeting", name, spec={"names": [*names], **spec})
    return made.at(Place(at or f"{name}.yaml", 0, package))


def card(name: str, path: str, index: int = 0, *, owner: str = "", **data: str) -> Resource:
    """Give a ConfigMap as the greeter makes it; by hand without an owner."""
    owners = {"krmfn.dev/owner": f"greeter/Greeting/{owner}"} if owner else {}
    made = Resource.new("v1", "ConfigMap", name, annotations=owners, data=data or {"text": "hello"})
    return made.at(Place(path, index, "/p"))


def package(*items: Resource, **spec: Any) -> ResourceList:
    """Give a list of items, with a functionConfig that has this spec, if any."""
    config = Resource.of({**CONFIG, "spec": spec}) if spec else None
    return ResourceList(items, config)


def as_kpt_gives_it(given: ResourceList) -> ResourceList:
    """Give the list as kpt would write it: with ids and places in annotations."""
    items = tuple(annotated(item, number) for number, item in enumerate(given.items))
    return read(write(replace(given, items=items)))


def annotated(item: Resource, number: int) -> Resource:
    if item.place is None:
        return item
    annotations = {
        "config.kubernetes.io/path": item.place.path,
        "config.kubernetes.io/index": str(item.place.index),
        "internal.config.kubernetes.io/id": str(number),
    }
    return item.merged({"metadata": {"annotations": annotations}})


def places(items: Iterable[Resource]) -> dict[str, tuple[str | None, int | None, str]]:
    """Give path, index and package path of the ConfigMaps by name."""
    return {
        item.name: (item.path, item.index, item.package_path)
        for item in items
        if item.kind == "ConfigMap"
    }
