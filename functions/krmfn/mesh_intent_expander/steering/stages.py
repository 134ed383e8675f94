"""The stages of a move: what stands in each cluster at each moment of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from krmfn.kinds.relocation import Phase, RelocationPlan
from krmfn.mesh_intent_expander.plan.common import Emitted, Wave
from krmfn.mesh_intent_expander.reading import view_of
from krmfn.mesh_intent_expander.steering.population import Population
from krmfn.mesh_intent_expander.steering.presence import running_in
from krmfn.mesh_intent_expander.steering.proof import Moment, Progress, Running, Stage
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, spec_of
from krmfn.sdk import Resource, ResourceId

WAVES: tuple[Wave, ...] = get_args(Wave)

Render = Callable[[RelocationPlan | None, Fleet], Iterable[Emitted]]
"""What is written for a fleet with the plan at its phase, or without it; people's own objects that
get labels are part of it.
"""

Key = tuple[str, ResourceId]
Objects = Mapping[Key, tuple[Wave, Resource]]
"""By cluster and identity: when an object is applied, and the object."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes part in requests to a service.

    Attributes:
        namespaces: those of the service, of its clients, and of the mesh itself.
    """

    mesh: Mesh
    servers: frozenset[str]
    clients: frozenset[str]
    namespaces: frozenset[str]

    @property
    def clusters(self) -> frozenset[str]:
        """All clusters of servers and clients, and those whose istiod they obey."""
        return self._with_istiods(self.servers | self.clients)

    def around(self, client: str) -> list[str]:
        """Give the clusters that have a part in the requests of one cluster's clients."""
        return sorted(self._with_istiods(self.servers | {client}))

    def _with_istiods(self, clusters: frozenset[str]) -> frozenset[str]:
        return clusters | {self.mesh.clusters[name].config_cluster for name in clusters}


@dataclass(frozen=True, slots=True)
class Change:
    """What a wave changes on the way to a stage.

    Attributes:
        objects: what is written anew, changed or taken away.
        clusters: where.
    """

    wave: Wave
    objects: tuple[ResourceId, ...]
    clusters: tuple[str, ...]


class Stages:
    """The stages of a move, from before it to after it.

    Args:
        mesh: the mesh.
        plan: the move.
        population: what people's packages put into the clusters.
        render: gives what is written beside that.
        cast: who takes part.
    """

    def __init__(
        self,
        mesh: Mesh,
        plan: RelocationPlan,
        population: Population,
        render: Render,
        cast: Cast,
    ) -> None:
        self.mesh = mesh
        self._plan, self._population, self._cast = plan, population, cast
        self._resources: dict[tuple[Any, ...], list[Resource]] = {}
        self._views: dict[tuple[object, ...], ClusterView] = {}
        self._objects = [self._read(render, index) for index in range(len(self.names))]
        self.changes = [self._changes(index) for index in range(len(self.names))]

    @property
    def source(self) -> str:
        """The cluster that the service leaves."""
        return self._plan.spec.from_

    @property
    def target(self) -> str:
        """The cluster that it goes to."""
        return self._plan.spec.to

    @property
    def names(self) -> list[str]:
        """The stages in words."""
        phases = [f'phase "{phase.name}"' for phase in self._plan.spec.phases]
        return [
            "the state before the move",
            *phases,
            *(["the state after the move"] if self._ends else []),
        ]

    @property
    def _ends(self) -> bool:
        """Whether the plan can be taken away in the end: the source is gone."""
        return self._plan.spec.phases[-1].step == "Remove"

    @property
    def stages(self) -> list[Stage]:
        """The stages, for the proof."""
        return [
            Stage(
                name,
                self.running(index),
                tuple(each.wave for each in self.changes[index]),
                is_leaving=self._is_leaving(index),
            )
            for index, name in enumerate(self.names)
        ]

    def phase(self, index: int) -> Phase | None:
        """Give the phase of a stage, None before and after the move."""
        phases = self._plan.spec.phases
        return phases[index - 1] if 0 < index <= len(phases) else None

    def running(self, index: int) -> frozenset[Running]:
        """Give which of the source and the target may run the service in a stage."""
        if (phase := self.phase(index)) is not None:
            return running_in(phase, self.source, self.target)
        return frozenset((frozenset((self.target if index else self.source,)),))

    def is_last_with(self, index: int, running: Running) -> bool:
        """Say whether a stage is the last one in which just these may run the service."""
        after = index + 1
        return after < len(self.names) and (
            running in self.running(index) and running not in self.running(after)
        )

    def fleet(self, cluster: str, moment: Moment) -> Fleet:
        """Give what stands in the clusters at a moment, as seen from one of them.

        Clusters that obey the same istiod are equally far.
        """
        clusters = self.mesh.clusters
        own = clusters[cluster].config_cluster
        views = (
            self._view(
                name,
                moment.stage,
                moment.client if clusters[name].config_cluster == own else moment.others,
                moment.running,
            )
            for name in self._cast.around(cluster)
        )
        return Fleet(views, self.mesh)

    def objects(self, index: int, cluster: str) -> list[Resource]:
        """Give the objects that are written for a cluster in a stage."""
        return [each for (name, _), (_, each) in self._objects[index].items() if name == cluster]

    def _read(self, render: Render, index: int) -> Objects:
        """Render a stage, with what the packages hold when its phase is committed.

        The target's pods come with `Pin`, or before it if they are there now.
        """
        phase, worlds = self.phase(index), self.running(index)
        both = frozenset((self.source, self.target))
        early = phase is not None and phase.step == "Prepare"
        awaited = early and not self._population.runs_now(self.target)
        running = both if both in worlds and not awaited else min(worlds, key=len)
        plan = self._plan.at(phase.name) if phase else None
        clusters = self._cast.clusters
        return {
            (cluster, made.id): (each.wave, made)
            for each in render(plan, self._population.fleet(running))
            for made in (self._resource(each.body),)
            if made.namespace in self._cast.namespaces
            for cluster in each.clusters
            if cluster in clusters
        }

    def _resource(self, body: Mapping[str, Any]) -> Resource:
        """Give the one resource for values, so that what is equal is the same."""
        head = (body["apiVersion"], body["kind"], str(body["metadata"]))
        known = self._resources.setdefault(head, [])
        for each in known:
            if each.body == body:
                return each
        known.append(Resource.of(body))
        return known[-1]

    def _changes(self, index: int) -> list[Change]:
        """Give what differs from the stage before, wave by wave in the order of applying.

        What goes is taken away in reverse: nothing goes before what refers to it.
        """
        if not index:
            return []
        old, new = self._objects[index - 1], self._objects[index]
        found: dict[Wave, list[Key]] = {}
        for key in old.keys() | new.keys():
            if old.get(key) != new.get(key):
                found.setdefault((new.get(key) or old[key])[0], []).append(key)
        return [
            Change(
                wave,
                objects=tuple(sorted({identity for _, identity in found[wave]})),
                clusters=tuple(sorted({cluster for cluster, _ in found[wave]})),
            )
            for wave in self._order(index)
            if wave in found
        ]

    def _order(self, index: int) -> Sequence[Wave]:
        return WAVES[::-1] if self._is_leaving(index) else WAVES

    def _is_leaving(self, index: int) -> bool:
        phase = self.phase(index)
        return phase is None or phase.step == "Remove"

    def _view(self, cluster: str, index: int, progress: Progress, running: Running) -> ClusterView:
        """Give a cluster's view, the same one where nothing differs.

        What is written goes over people's own object of its name, which it is with labels; but a
        Service without pods gives way to the one that comes with the pods.
        """
        key = (cluster, cluster in running, index, progress)
        if key not in self._views:
            made = self._made(cluster, index, progress)
            alike = (cluster, cluster in running, *(id(each) for each in made))
            if alike not in self._views:
                base = self._population.fleet(running)[cluster].resources
                objects = {each.id: each for each in base}
                objects |= {
                    each.id: each for each in made if each.id not in objects or not _is_stub(each)
                }
                self._views[alike] = view_of(cluster, objects.values(), self.mesh)
            self._views[key] = self._views[alike]
        return self._views[key]

    def _made(self, cluster: str, index: int, progress: Progress) -> list[Resource]:
        """Give the objects of a cluster that is so far on the way to a stage."""
        new = self._objects[index]
        old = self._objects[max(index - 1, 0)]
        found: list[Resource] = []
        for key in sorted(old.keys() | new.keys()):
            if key[0] == cluster:
                wave = (new.get(key) or old[key])[0]
                held = (new if wave in progress else old).get(key)
                found += [held[1]] if held else []
        return found


def _is_stub(resource: Resource) -> bool:
    is_service = (resource.group, resource.kind) == ("", "Service")
    return is_service and not spec_of(resource).get("selector")
