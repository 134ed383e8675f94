"""All of it in order: the mesh, the plan, its objects, what is wrong with them, and the report."""

from collections.abc import Iterable, Iterator, Sequence

from krmfn.mesh_intent_expander.emit import emit
from krmfn.mesh_intent_expander.emit.labels import labelled_resources, unlabelled_resources
from krmfn.mesh_intent_expander.emit.placing import place
from krmfn.mesh_intent_expander.intents import (
    MeshIntentExpanderSpec,
    MeshTopology,
    MutualTLS,
    RelocationPlan,
    ServiceAuthorization,
    ServiceDiscovery,
    TrafficRoute,
)
from krmfn.mesh_intent_expander.judging import judge
from krmfn.mesh_intent_expander.plan import Plan
from krmfn.mesh_intent_expander.plan.common import Emitted
from krmfn.mesh_intent_expander.reading import is_own, read_fleet
from krmfn.mesh_intent_expander.report.reporting import report_of
from krmfn.mesh_intent_expander.resolve import resolve
from krmfn.mesh_intent_expander.steering import Course, Render, follow, planned, service_of
from krmfn.mesh_intent_expander.steering.slicing import sliced_package
from krmfn.mesh_intent_expander.topology import Mesh, read_mesh
from krmfn.mesh_intent_expander.view import Fleet
from krmfn.sdk import Generated, Kind, Package, Place, Resource, Result, Severity, error

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
    made = list(place(emit(plan), mesh, spec))
    labelled = plan.exposure.labelled
    changed = [*labelled_resources(labelled), *unlabelled_resources(package, labelled)]
    yield from said
    yield from made
    yield from changed
    in_the_way = list(_in_the_way(package, made))
    yield from in_the_way
    if _fail(said) or _has_doubles(package, made) or in_the_way:
        return
    items = [*_with(package, changed), *(each.resource for each in made)]
    whole = read_fleet(items, mesh, rendered=True)
    future = planned(mesh, whole, relocations, plan.discovered)
    yield from judge(spec, whole, future, made)
    courses, followed = _courses(fleet, package, plan, relocations)
    yield from followed
    if spec.report and (owner := _owner(package)) is not None:
        report = report_of(whole, plan, package, [*said, *followed], courses)
        resource = Resource.of(report.to_body(), place=Place(f"{spec.folder}/report.yaml", 0))
        yield Generated(resource, by=owner)


def _owner(package: Package) -> Kind | None:
    """Give the intent that owns the report: the mesh's topology, or else the first of the others.

    A package in which people wrote everything themselves has none, and nothing is added to it.
    """
    intents = (MeshTopology, ServiceDiscovery, TrafficRoute, MutualTLS, ServiceAuthorization)
    found = (min(package.of(kind), key=_name, default=None) for kind in intents)
    return next((each for each in found if each is not None), None)


def _name(intent: Kind) -> tuple[str, str]:
    return intent.metadata.namespace, intent.metadata.name


def _fail(results: Iterable[Result]) -> bool:
    return any(each.severity is Severity.ERROR for each in results)


def _has_doubles(package: Package, made: Iterable[Generated]) -> bool:
    """Say whether people wrote in a cluster what is made: its owner is told of by the SDK."""
    ours = {(each.resource.cluster, each.resource.id) for each in made}
    return any((each.cluster, each.id) in ours for each in package if not is_own(each))


def _in_the_way(package: Package, made: Iterable[Generated]) -> Iterator[Result]:
    """Yield what people wrote for all clusters and is made for some of them; no templates."""
    copied = {each.id for each in package if each.cluster and not is_own(each)}
    ours = {each.resource.id: each for each in made if each.resource.cluster}
    for item in package:
        is_common = not item.cluster and item.id not in copied and not item.is_local_config
        if is_common and item.id in ours:
            intent = ours[item.id].by.resource
            yield error(
                f"must not stand outside of `clusters/`, since `{intent.kind} {intent.name}` makes "
                f"the same object for some clusters; delete one of the two",
                code="in-the-way",
                at=item,
            )


def _with(package: Package, changed: Iterable[Resource]) -> Iterator[Resource]:
    """Yield what people wrote, some of it changed."""
    by_slot = {each.slot: each for each in changed}
    return (by_slot.get(each.slot, each) for each in package if not is_own(each))


def _courses(
    fleet: Fleet, package: Package, plan: Plan, relocations: Sequence[RelocationPlan]
) -> tuple[list[Course], list[Result]]:
    """Follow each move through all of its phases."""
    found = {each.service: each for each in plan.discovered}
    courses: list[Course] = []
    results: list[Result] = []
    for moving in relocations:
        if (service := found.get(service_of(moving))) is not None:
            others = [each for each in relocations if each is not moving]
            sliced = sliced_package(package, service.service)
            render = _renderer(plan.mesh, sliced, others)
            course, said = follow(plan.mesh, fleet, moving, service, render)
            courses.append(course)
            results += said
    return courses, results


def _renderer(mesh: Mesh, package: Package, others: Sequence[RelocationPlan]) -> Render:
    """Give what renders a package with one more move, as far as people's objects go."""

    def render(move: RelocationPlan | None, fleet: Fleet) -> Iterator[Emitted]:
        plan, _ = resolve(mesh, fleet, package, [*others, *([move] if move else [])])
        yield from emit(plan)
        for each in labelled_resources(plan.exposure.labelled):
            yield Emitted(each.body, (each.cluster or mesh.own,), "exposure", each)

    return render
