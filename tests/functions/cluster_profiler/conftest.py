"""Packages of facts, and what cluster-profiler makes of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from krmfn.cluster_profiler import cluster_profiler
from krmfn.sdk import Outcome, Place, Resource, ResourceList, run, yaml_load, yaml_load_all
from krmfn.sdk.resource import PACKAGE_PATH

Facts = Mapping[str, str]


@dataclass(frozen=True)
class Profiled:
    """What a package became."""

    outcome: Outcome

    def items(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """Give the resources of a kind by name."""
        listed = self.outcome.resource_list.items
        return {item.name: item.body for item in listed if item.kind == kind}

    def properties(self, cluster: str = "waw") -> dict[str, str]:
        """Give the properties of a ClusterProfile."""
        status = self.items("ClusterProfile")[cluster]["status"]
        return {each["name"]: each["value"] for each in status["properties"]}

    def capacity(self, cluster: str = "waw") -> Mapping[str, Any]:
        """Give the spec of a ClusterCapacity."""
        spec: Mapping[str, Any] = self.items("ClusterCapacity")[cluster]["spec"]
        return spec

    def capability(self, name: str, cluster: str = "waw") -> Mapping[str, Any]:
        """Give a capability of a ClusterCapacity."""
        listed = self.capacity(cluster)["capabilities"]
        found: Mapping[str, Any] = next(each for each in listed if each["name"] == name)
        return found

    def codes(self) -> list[str]:
        """Give the codes of the results."""
        return [result.code for result in self.outcome.results]


Profile = Callable[..., Profiled]


def package_of(body: Mapping[str, Any]) -> str:
    """Give the sub-package that an object says it is of."""
    return str((body["metadata"].get("annotations") or {}).get(PACKAGE_PATH, ""))


@pytest.fixture
def profile() -> Profile:
    """Run the function on the texts of files by their paths, and a functionConfig."""

    def profiled(files: Facts, config: str = "") -> Profiled:
        items = tuple(
            Resource.of(body, place=Place(path, index, package_of(body)))
            for path, text in files.items()
            for index, body in enumerate(yaml_load_all(text))
        )
        given = Resource.of(yaml_load(config)) if config else None
        return Profiled(run(cluster_profiler, ResourceList(items, given)))

    return profiled


@pytest.fixture
def node() -> Callable[..., str]:
    """Write a Node, ready unless it is told otherwise."""

    def written(
        name: str = "w1",
        allocatable: str = "{cpu: '8'}",
        labels: str = "{}",
        ready: str = "True",
        kernel: str = "6.6.30-site",
        spec: str = "{}",
    ) -> str:
        return (
            f"apiVersion: v1\nkind: Node\nmetadata: {{name: {name}, labels: {labels}}}\n"
            f"spec: {spec}\n"
            f"status:\n  allocatable: {allocatable}\n"
            f"  conditions: [{{type: Ready, status: '{ready}'}}]\n"
            f"  nodeInfo: {{kernelVersion: {kernel}}}\n"
        )

    return written
