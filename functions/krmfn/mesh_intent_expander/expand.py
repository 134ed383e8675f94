"""All of it in order: the mesh, the plan, its objects, what is wrong with them, and the report."""

from collections.abc import Iterable, Iterator, Sequence

from krmfn.mesh_intent_expander.emit import emit
from krmfn.mesh_intent_expander.emit.labels import labelled_resources
from krmfn.mesh_intent_expander.emit.placing import place
from krmfn.mesh_intent_expander.intents import MeshIntentExpanderSpec, RelocationPlan
from krmfn.mesh_intent_expander.judging import judge
from krmfn.mesh_intent_expander.plan import Plan
from krmfn.mesh_intent_expander.plan.common import Emitted
from krmfn.mesh_intent_expander.reading import is_own, read_fleet
from krmfn.mesh_intent_expander.resolve import resolve
from krmfn.mesh_intent_expander.steering import Render, follow, service_of
from krmfn.mesh_intent_expander.steering.slicing import sliced_package
from krmfn.mesh_intent_expander.topology import Mesh, read_mesh
from krmfn.mesh_intent_expander.view import Fleet
from krmfn.sdk import Generated, Package, Resource, Result, Severity

Output = Generated | Resource | Result


def expand(spec: MeshIntentExpanderSpec, package: Package) -> Iterator[Output]:
    """Yield what the mesh of every cluster reads, and what there is to say of it.

    Raises:
        FunctionError: an intent is not valid in itself.
    """
    mesh, problems = read_mesh(package, spec.cluster or "")
    yield from problems
    if _fail(problems):
        return
    fleet = read_fleet(package, mesh)
    relocations = package.of(RelocationPlan)
    plan, said = resolve(mesh, fleet, package, relocations)
    yield from said
    made = list(place(emit(plan), mesh, spec))
    changed = list(labelled_resources(plan.exposure.labelled))
    yield from made
    yield from changed
    if not _fail(said):
        items = [*_with(package, changed), *(each.resource for each in made)]
        whole = read_fleet(items, mesh, rendered=True)
        yield from judge(spec, whole, made)
        yield from _proofs(mesh, fleet, package, plan, relocations)


def _fail(results: Iterable[Result]) -> bool:
    return any(each.severity is Severity.ERROR for each in results)


def _with(package: Package, changed: Iterable[Resource]) -> Iterator[Resource]:
    """Yield what people wrote, some of it changed."""
    by_slot = {each.slot: each for each in changed}
    return (by_slot.get(each.slot, each) for each in package if not is_own(each))


def _proofs(
    mesh: Mesh, fleet: Fleet, package: Package, plan: Plan, relocations: Sequence[RelocationPlan]
) -> Iterator[Result]:
    """Yield what is found when each move is followed through all of its phases."""
    found = {each.service: each for each in plan.discovered}
    for moving in relocations:
        if (service := found.get(service_of(moving))) is not None:
            others = [each for each in relocations if each is not moving]
            sliced = sliced_package(package, service.service)
            _, results = follow(mesh, fleet, moving, service, _renderer(mesh, sliced, others))
            yield from results


def _renderer(mesh: Mesh, package: Package, others: Sequence[RelocationPlan]) -> Render:
    """Give what renders a package with one more move, as far as people's objects go."""

    def render(move: RelocationPlan | None, fleet: Fleet) -> Iterator[Emitted]:
        plan, _ = resolve(mesh, fleet, package, [*others, *([move] if move else [])])
        yield from emit(plan)
        for each in labelled_resources(plan.exposure.labelled):
            yield Emitted(each.body, (each.cluster or mesh.own,), "exposure", each)

    return render
