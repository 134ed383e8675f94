"""What people's packages put into the clusters while a service runs in these ones or in those."""

from collections.abc import Callable, Iterator
from functools import cached_property

from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.discovery import Discovered
from krmfn.mesh_intent_expander.reading import is_own, view_of
from krmfn.mesh_intent_expander.semantics.endpoints import is_running
from krmfn.mesh_intent_expander.steering.proof import Running
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, Workload
from krmfn.sdk import Place, Resource

_Find = Callable[[ClusterView, ServiceKey], list[Resource]]


class Population:
    """The clusters with and without the pods of a moving service.

    A cluster that is to run it before its package does gets what another cluster has for it. What
    has the identity of an own object of the cluster is its own.

    Args:
        mesh: the mesh.
        fleet: the objects of each cluster, as they are now.
        found: how the service is found.
        ends: the source and the target.
    """

    def __init__(self, mesh: Mesh, fleet: Fleet, found: Discovered, ends: tuple[str, str]) -> None:
        self._mesh, self._fleet, self._service, self._ends = mesh, fleet, found.service, ends
        self._named = {ends[1], *found.clients}
        self._fleets: dict[Running, Fleet] = {}

    @cached_property
    def is_known(self) -> bool:
        """Whether the package holds the pods of the service, wherever it runs."""
        return self._model is not None

    def runs_now(self, cluster: str) -> bool:
        """Say whether the package holds the pods of the service in a cluster."""
        return any(map(is_running, _workloads(self._fleet[cluster], self._service)))

    def fleet(self, running: Running) -> Fleet:
        """Give all objects while the service runs in these of the source and the target."""
        if running not in self._fleets:
            views = (
                self._view(view, runs=view.name in running) if view.name in self._ends else view
                for view in self._fleet.views.values()
            )
            self._fleets[running] = Fleet(views, self._fleet.mesh)
        return self._fleets[running]

    @cached_property
    def _model(self) -> ClusterView | None:
        """The cluster whose pods stand for those that are not in the package yet."""
        order = dict.fromkeys((*self._ends, *self._fleet.clusters))
        having = [name for name in order if _workloads(self._fleet[name], self._service)]
        found = min(having, key=lambda name: not self.runs_now(name), default=None)
        return None if found is None else self._fleet[found]

    def _view(self, view: ClusterView, *, runs: bool) -> ClusterView:
        parts = list(self._parts(view, runs=runs))
        replaced = {each.id for find in _PARTS for each in find(view, self._service)}
        replaced |= {each.id for each in parts}
        kept = (each for each in view.resources if each.id not in replaced)
        return view_of(view.name, [*kept, *parts], self._mesh)

    def _parts(self, view: ClusterView, *, runs: bool) -> Iterator[Resource]:
        """Yield what a cluster has of the service; the Service comes before the pods, and stays.

        A source without pods and clients needs no name of the service any more.
        """
        is_named = runs or view.name in self._named
        for find, wanted in zip(_PARTS, (True, is_named, runs), strict=True):
            if wanted:
                yield from find(view, self._service) or self._borrowed(find, view.name)

    def _borrowed(self, find: _Find, cluster: str) -> Iterator[Resource]:
        """Yield what another cluster has of the service, as a cluster's own."""
        if self._model is not None:
            for each in find(self._model, self._service):
                yield each.at(Place(f"clusters/{cluster}/{each.kind}_{each.name}.yaml", 0))


def _namespace(view: ClusterView, service: ServiceKey) -> list[Resource]:
    return [each for each in view.of("Namespace", "") if each.name == service.namespace]


def _service(view: ClusterView, service: ServiceKey) -> list[Resource]:
    """Give the Service; one that is written for clients is none that pods come with."""
    found = view.services.get(service)
    return [found.resource] if found and found.resource and not is_own(found.resource) else []


def _pods(view: ClusterView, service: ServiceKey) -> list[Resource]:
    """Give the workloads as they run: where all are scaled to 0, with pods again."""
    workloads = _workloads(view, service)
    found = [each.resource for each in workloads if each.resource is not None]
    if any(map(is_running, workloads)):
        return found
    return [each.merged({"spec": {"replicas": None}}) for each in found]


def _workloads(view: ClusterView, service: ServiceKey) -> tuple[Workload, ...]:
    found = view.services.get(service)
    return view.workloads_of(found) if found else ()


_PARTS = (_namespace, _service, _pods)
