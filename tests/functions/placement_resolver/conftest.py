"""Fleets and intents built in a test, and what the function decides about them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from krmfn.placement_resolver import placement_resolver
from krmfn.sdk import Place, Resource, ResourceList, Result, run

Body = dict[str, Any]
Bodies = Body | list[Body]

DOMAIN = "krmfn.dev"
NOW = "2026-08-01T10:00:00Z"


class Build:
    """Makes the objects that a fleet package holds."""

    def profile(
        self,
        name: str,
        labels: Mapping[str, str] | None = None,
        observed: str = "",
        healthy: bool | None = None,
        namespace: str = "fleet",
        **properties: object,
    ) -> Body:
        """Make a ClusterProfile; properties are given as ``cost__cpu_hour`` or by their names."""
        known = [
            {"name": _spelled(key), "value": str(value)} | _observed(observed)
            for key, value in properties.items()
        ]
        status: Body = {"properties": known}
        if healthy is not None:
            condition = {"type": "ControlPlaneHealthy", "status": str(healthy)}
            status["conditions"] = [condition]
        body = _object("multicluster.x-k8s.io/v1alpha1", "ClusterProfile", name, labels)
        body["metadata"]["namespace"] = namespace
        return body | {"spec": {"clusterManager": {"name": "tests"}}, "status": status}

    def group(self, name: str = "g", count: int = 1, **fields: Any) -> Body:
        """Make a node group; what is no field of one is an amount that each node has free."""
        known = (
            "labels",
            "taints",
            "features",
            "topologyPolicy",
            "zones",
            "devices",
            "allocatable",
        )
        said = {key: fields.pop(key) for key in known if key in fields}
        free = {_spelled(key): str(amount) for key, amount in fields.items()}
        amounts = {"allocatable": free, "available": free}
        return {"name": name, "count": count} | amounts | said

    def capacity(self, name: str, *groups: Body, observed: str = "", **fields: Any) -> Body:
        """Make a ClusterCapacity."""
        spec = {"nodeGroups": list(groups)} | fields
        if observed:
            spec["observedAt"] = observed
        return _object("intent.krmfn.dev/v1alpha1", "ClusterCapacity", name) | {"spec": spec}

    def cluster(
        self,
        name: str,
        *groups: Body,
        capacity: Mapping[str, Any] | None = None,
        **profile: Any,
    ) -> list[Body]:
        """Make a ClusterProfile with its ClusterCapacity: one node of 8 CPUs by default."""
        made = groups or (self.group(cpu=8, memory="32Gi"),)
        return [self.profile(name, **profile), self.capacity(name, *made, **(capacity or {}))]

    def intent(self, name: str, labels: Mapping[str, str] | None = None, **spec: Any) -> Body:
        """Make a PlacementIntent that places the Deployment of its name."""
        chosen = {"resourceSelectors": [{"kind": "Deployment", "name": name}]} | spec
        body = _object("intent.krmfn.dev/v1alpha1", "PlacementIntent", name, labels)
        return body | {"spec": {key: value for key, value in chosen.items() if value is not None}}

    def pick(self, name: str, count: int = 1, **spec: Any) -> Body:
        """Make a PlacementIntent that picks so many clusters."""
        return self.intent(name, placementType="PickN", numberOfClusters=count, **spec)

    def policy(self, name: str = "policy", **spec: Any) -> Body:
        """Make a PlacementPolicy."""
        return _object("intent.krmfn.dev/v1alpha1", "PlacementPolicy", name) | {"spec": spec}

    def deployment(self, name: str, replicas: int = 1, **requests: object) -> Body:
        """Make a Deployment of one container that asks for these amounts."""
        amounts = {_spelled(key): str(amount) for key, amount in requests.items()}
        container = {"name": name, "image": f"registry/{name}:1"}
        pod = {"containers": [container | {"resources": {"requests": amounts, "limits": amounts}}]}
        template = {"metadata": {"labels": {"app": name}}, "spec": pod}
        spec = {"replicas": replicas, "template": template}
        return _object("apps/v1", "Deployment", name) | {"spec": spec}

    def app(self, name: str, intent: Mapping[str, Any] | None = None, **pods: Any) -> list[Body]:
        """Make a Deployment of 1 CPU and the intent that picks one cluster for it."""
        wanted: Body = {"placementType": "PickN", "numberOfClusters": 1} | dict(intent or {})
        if wanted["placementType"] != "PickN":
            del wanted["numberOfClusters"]
        return [self.deployment(name, **({"cpu": 1} | pods)), self.intent(name, **wanted)]

    def topology(self, *links: tuple[str, str, object], one_way: bool = False) -> Body:
        """Make a ClusterTopology of links with their milliseconds."""
        spec = {
            "links": [
                {"from": one, "to": other, "latencyMs": str(time), "oneWay": one_way}
                for one, other, time in links
            ]
        }
        return _object("intent.krmfn.dev/v1alpha1", "ClusterTopology", "topology") | {"spec": spec}


def _spelled(key: str) -> str:
    """Spell a name that Python cannot: ``cost__cpu_hour`` is ``cost.krmfn.dev/cpu-hour``."""
    prefix, parted, name = key.partition("__")
    return f"{prefix}.{DOMAIN}/{name.replace('_', '-')}" if parted else key


def _observed(instant: str) -> Body:
    return {"lastObservedTime": instant} if instant else {}


def _object(
    api_version: str, kind: str, name: str, labels: Mapping[str, str] | None = None
) -> Body:
    metadata: Body = {"name": name} | ({"labels": dict(labels)} if labels else {})
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


@dataclass(frozen=True)
class Placed:
    """What the function decided."""

    ok: bool
    items: tuple[Resource, ...]
    results: tuple[Result, ...]

    def chosen(self, intent: str) -> list[str]:
        """Give the clusters of an intent, by name in order."""
        slices = [
            each
            for each in self.items
            if each.kind == "PlacementDecision"
            and each.body.get("schedulerName") == "placement-resolver"
            and each.labels["multicluster.x-k8s.io/decision-key"] == intent
        ]
        return [
            chosen["clusterProfileRef"]["name"]
            for each in slices
            for chosen in each.body["decisions"]
        ]

    def report(self, intent: str) -> Any:
        """Give the status of the report of an intent."""
        return self._status("PlacementReport", intent)

    @property
    def summary(self) -> Any:
        """The status of the summary."""
        return self._status("PlacementSummary", "placement")

    def replicas(self, intent: str) -> dict[str, int]:
        """Give the divided replicas of an intent by cluster."""
        return {
            each["cluster"]: each["replicas"] for each in self.report(intent).get("assignments", ())
        }

    def copy(self, cluster: str, kind: str, name: str) -> Any:
        """Give the values of the copy of a resource for a cluster."""
        return self.find(kind, name, cluster).body

    def find(self, kind: str, name: str, cluster: str = "") -> Resource:
        """Give a resource."""
        found = [
            each
            for each in self.items
            if (each.kind, each.name, each.cluster) == (kind, name, cluster)
        ]
        assert len(found) == 1, [each.path for each in self.items]
        return found[0]

    def said(self, *severities: str) -> list[str]:
        """Give the results as lines; of these severities only, when some are named."""
        return [
            each.line() for each in self.results if each.severity in (severities or each.severity)
        ]

    @property
    def texts(self) -> list[tuple[str, str]]:
        """All there is, to compare."""
        return sorted((item.path or "", item.raw) for item in self.items)

    def _status(self, kind: str, name: str) -> Any:
        return self.find(kind, name).body["status"]


Place_ = Callable[..., Placed]


def placed(*parts: Bodies | Iterable[Resource], config: Mapping[str, Any] | None = None) -> Placed:
    """Run the function on objects, or on what an earlier run gave; `config` is its `spec`."""
    bodies = [each for part in parts for each in ([part] if isinstance(part, dict) else part)]
    items = [each if isinstance(each, Resource) else _resource(each) for each in bodies]
    head = {"apiVersion": "fn.krmfn.dev/v1alpha1", "kind": "PlacementResolver"}
    given = None
    if config is not None:
        given = Resource.of(head | {"metadata": {"name": "resolve"}, "spec": dict(config)})
    outcome = run(placement_resolver, ResourceList(tuple(items), function_config=given))
    return Placed(outcome.ok, outcome.resource_list.items, outcome.results)


def _resource(body: Body) -> Resource:
    name = f"{body['kind']}-{body['metadata']['name']}.yaml".lower()
    return Resource.of(body, place=Place(name, 0))


@pytest.fixture(scope="session")
def build() -> Build:
    """Make the objects of a fleet package."""
    return Build()


@pytest.fixture(scope="session")
def place() -> Place_:
    """Run the function on objects."""
    return placed
