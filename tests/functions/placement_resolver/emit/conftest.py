"""Plans built in a test, and packages that they are written into."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from krmfn.placement_resolver.emit import Baseline, baseline_of, emit
from krmfn.placement_resolver.emit.pods import Target, with_pods_changed
from krmfn.placement_resolver.fleet import Cluster
from krmfn.placement_resolver.intents import PlacementIntent, PlacementResolver
from krmfn.placement_resolver.plan import Assignment, Decision, Plan, PodPlan, Standing
from krmfn.sdk import (
    Function,
    Generated,
    Package,
    Place,
    Resource,
    ResourceList,
    Result,
    run,
    yaml_load,
)
from krmfn.sdk.messages import path_of

KPTFILE = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {name: app}\n"
DEPLOYMENT = """\
# Runs the user plane.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: upf   # the name
  namespace: core
spec:
  replicas: 2
  template:
    metadata: {labels: {app: upf}}
    spec:
      containers:
      - name: upf
        image: "registry/upf:1"
        resources:
          requests: {cpu: 1500m, memory: 1Gi}
"""


@dataclass(frozen=True)
class Written:
    """The outcome of writing a plan into a package."""

    items: tuple[Resource, ...]
    results: tuple[Result, ...]
    ok: bool

    def find(self, kind: str, name: str = "", cluster: str = "") -> Resource:
        """Give the one resource of this kind."""
        found = [
            item
            for item in self.items
            if item.kind == kind and name in ("", item.name) and item.cluster == cluster
        ]
        assert len(found) == 1, [item.path for item in self.items]
        return found[0]

    def values(self, kind: str, name: str = "", cluster: str = "") -> Any:
        """Give the values of the one resource of this kind."""
        return self.find(kind, name, cluster).body

    @property
    def files(self) -> dict[str, str]:
        """The texts by file and number in the file."""
        return {f"{item.path}:{item.index}": item.text for item in self.items}


def made(name: str = "upf", spec: str = "", namespace: str = "") -> PlacementIntent:
    """Make an intent."""
    metadata: dict[str, Any] = {"name": name} | ({"namespace": namespace} if namespace else {})
    head = {"apiVersion": PlacementIntent.api_version, "kind": "PlacementIntent"}
    body = head | {"metadata": metadata, "spec": yaml_load(spec) or {}}
    resource = Resource.of(body, place=Place(f"intents/{name}.yaml", 0))
    intent, problems = PlacementIntent.parse(resource.body, resource)
    assert intent is not None, problems
    return intent


@dataclass(frozen=True)
class World:
    """A package with resources and intents, and what is decided about them.

    Attributes:
        config: the `spec` of the functionConfig.
        decide: gives the plan, from the decisions that stood before.
    """

    resources: tuple[Resource, ...]
    intents: tuple[PlacementIntent, ...]
    decide: Callable[[Baseline], Plan]
    config: str = ""

    def items(self) -> tuple[Resource, ...]:
        """Give the package before the first run."""
        kptfile = Resource.parse(KPTFILE, place=Place("Kptfile", 0))
        return (
            kptfile,
            *self.resources,
            *(each.resource for each in self.intents if each.resource),
        )

    def write(self, items: Iterable[Resource] = (), digest: str = "sha256:1") -> Written:
        """Write the plan into the package, or into what an earlier run made of it."""

        def body(config: PlacementResolver, package: Package) -> Iterable[Generated | Result]:
            plan = replace(self.decide(baseline_of(package, digest)), digest=digest)
            return emit(plan, config.spec)

        body.__module__ = "krmfn.placement_resolver"
        reads = ("intent.krmfn.dev/PlacementIntent",)
        declared = Function("placement-resolver", body, ("PlacementResolver",), reads)
        head = {"apiVersion": "fn.krmfn.dev/v1alpha1", "kind": "PlacementResolver"}
        spec = yaml_load(self.config) or {}
        config = Resource.of(head | {"metadata": {"name": "resolve"}, "spec": spec})
        given = ResourceList(tuple(items) or self.items(), function_config=config)
        outcome = run(declared, given)
        return Written(outcome.resource_list.items, outcome.results, outcome.ok)


@pytest.fixture
def intent() -> Callable[..., PlacementIntent]:
    """Make an intent of its name, spec and namespace."""
    return made


@pytest.fixture
def clusters() -> Callable[..., list[Cluster]]:
    """Make clusters of their names, in the namespace of the fleet."""
    return lambda *names, **fields: [Cluster(name, namespace="fleet", **fields) for name in names]


@dataclass(frozen=True)
class Simple:
    """Builds worlds of one intent and one Deployment."""

    defaults: Mapping[str, Any] = field(default_factory=dict)

    def __call__(
        self,
        *chosen: Cluster,
        spec: str = "",
        config: str = "",
        pods: Mapping[str, Any] | None = None,
        resources: Iterable[str] = (DEPLOYMENT,),
        patches: Callable[[tuple[Resource, ...]], tuple[Any, ...]] = lambda _: (),
        **decided: Any,
    ) -> World:
        parsed = tuple(
            Resource.parse(text, place=Place("app.yaml", number))
            for number, text in enumerate(resources)
        )
        wish = made(spec=spec)

        def decide(baseline: Baseline) -> Plan:
            held = baseline.get("upf", {})
            plans = tuple(PodPlan(each, **(pods or {})) for each in parsed)
            decision = Decision(
                intent=wish,
                resources=parsed,
                assignments=tuple(
                    Assignment(
                        cluster,
                        "kept" if cluster.name in held else "new",
                        50.0,
                        {"latency": 50.0},
                        pods=plans,
                        patches=patches(parsed),
                    )
                    for cluster in chosen
                ),
                removed={
                    name: "left" for name in held if name not in {each.name for each in chosen}
                },
                **decided,
            )
            return Plan((decision,), namespace="fleet", baseline=baseline)

        return World(parsed, (wish,), decide, config)


@pytest.fixture
def world() -> Simple:
    """Build a package with one Deployment `upf` and an intent `upf`, placed on these clusters."""
    return Simple()


@pytest.fixture
def standing() -> type[Standing]:
    """What was decided before."""
    return Standing


@pytest.fixture
def deployment() -> str:
    """Give the text of the Deployment `upf`."""
    return DEPLOYMENT


@pytest.fixture(scope="session")
def intents() -> Callable[..., PlacementIntent]:
    """Make intents for laws, whose examples share a fixture."""
    return made


@pytest.fixture(scope="session")
def changed() -> Callable[..., tuple[Any, dict[str, str]]]:
    """Change a resource for a cluster; gives it, and the cause of each changed field."""

    def done(
        body: dict[str, Any], *, spec: str = "", cluster: Cluster | None = None, **plan: Any
    ) -> tuple[Any, dict[str, str]]:
        wish = made(spec=spec).spec
        where = Target(PodPlan(Resource.of(body), **plan), cluster or Cluster("waw"), wish)
        after, mutations = with_pods_changed(body, where)
        return after, {path_of(each.field): each.cause for each in mutations}

    return done
