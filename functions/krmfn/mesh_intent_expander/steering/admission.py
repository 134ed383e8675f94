"""Which moves can be steered, and what is to be said of all of them."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import pairwise

from krmfn.kinds.relocation import RelocationPlan
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.steering.moves import Move, Surroundings, named, service_of
from krmfn.mesh_intent_expander.steering.presence import absent, awaited, needed
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import Fleet
from krmfn.sdk import Result, error, info, warning

_WITHOUT_WEIGHTS = ("Prepare", "Pin", "Flip", "Drain", "Remove")


def read_moves(
    plans: Iterable[RelocationPlan], around: Surroundings
) -> tuple[dict[ServiceKey, Move], list[Result]]:
    """Give the moves that can be steered, by service, and what is to be said of all of them."""
    moves: dict[ServiceKey, Move] = {}
    results: list[Result] = []
    for plan in sorted(plans, key=lambda plan: (plan.metadata.namespace, plan.metadata.name)):
        service = service_of(plan)
        if service in moves:
            results.append(_twice(plan, service, moves[service].plan))
        elif wrong := list(_problems(plan, service, around)):
            results += wrong
        else:
            others = around.servers(service) - {plan.spec.from_, plan.spec.to}
            weighted = around.is_weighted(service)
            moves[service] = move = Move(
                plan,
                service,
                tuple(sorted(others)),
                weighted,
                lingers=plan.spec.current.step == "Remove"
                and plan.spec.from_ in around.runners(service),
            )
            results += _told(move, around)
    return moves, results


def _problems(plan: RelocationPlan, service: ServiceKey, around: Surroundings) -> Iterator[Result]:
    """Yield why a plan cannot be followed; what needs known clusters comes only with them."""
    unknown = [*_unknown_clusters(plan, around.mesh), *_unknown_service(plan, service, around)]
    yield from unknown
    if not unknown:
        missing = [*absent(plan, service, around)]
        yield from missing or _source_must_serve(plan, service, around)
        yield from _target_must_be_offered(plan, service, around)
        yield from _weights_must_work(plan, service, around)
        yield from _must_not_be_headless(plan, service, around.fleet)


def _twice(plan: RelocationPlan, service: ServiceKey, first: RelocationPlan) -> Result:
    return error(
        f"must be a Service that no other plan moves, but RelocationPlan "
        f'"{first.metadata.name}" moves "{service.namespace}/{service.name}" as well',
        code="relocation-twice",
        at=plan,
        field="spec.service",
        current=service.name,
    )


def _unknown_clusters(plan: RelocationPlan, mesh: Mesh) -> Iterator[Result]:
    for field, name in (("spec.from", plan.spec.from_), ("spec.to", plan.spec.to)):
        if name not in mesh.clusters:
            yield error(
                f'must be a cluster of the mesh, but is "{name}"',
                code="cluster-unknown",
                at=plan,
                field=field,
                current=name,
                proposed=_nearest(name, mesh.clusters),
            )


def _unknown_service(
    plan: RelocationPlan, service: ServiceKey, around: Surroundings
) -> Iterator[Result]:
    if service in around.discovered:
        return
    known = {key for view in around.fleet.views.values() for key in view.services}
    if service in known:
        yield error(
            f'must be a Service that a ServiceDiscovery offers, but none names "{named(service)}":'
            " nothing says which clients must keep finding it",
            code="relocation-undiscovered",
            at=plan,
            field="spec.service",
            current=service.name,
        )
        return
    same_namespace = [name for namespace, name in known if namespace == service.namespace]
    yield error(
        f'must be a Service of the package, but there is no "{named(service)}"',
        code="service-unknown",
        at=plan,
        field="spec.service",
        current=service.name,
        proposed=_nearest(service.name, same_namespace),
    )


def _source_must_serve(
    plan: RelocationPlan, service: ServiceKey, around: Surroundings
) -> Iterator[Result]:
    servers = sorted(around.servers(service))
    source, phase = plan.spec.from_, plan.spec.current
    if source in needed(plan, phase) and source not in servers and around.shows(source):
        listed = ", ".join(f'"{name}"' for name in servers) or "nowhere"
        yield error(
            f'must be a cluster that serves "{named(service)}" in phase "{phase.name}" '
            f'({phase.step}), but is "{source}"; it is served in: {listed}',
            code="relocation-source",
            at=plan,
            field="spec.from",
            current=source,
            proposed=servers[0] if len(servers) == 1 else None,
        )


def _target_must_be_offered(
    plan: RelocationPlan, service: ServiceKey, around: Surroundings
) -> Iterator[Result]:
    """Yield an error where clients would not be told the target's endpoints."""
    federated = any(each.how == "federated" for each in around.discovered.get(service, ()))
    if federated and plan.spec.to not in around.servers(service):
        yield error(
            "must be a cluster that the ServiceDiscovery offers the service from: without endpoint "
            f'discovery clients know no other; add "{plan.spec.to}" to its `exportFrom`',
            code="relocation-unoffered",
            at=plan,
            field="spec.to",
            current=plan.spec.to,
        )


def _weights_must_work(
    plan: RelocationPlan, service: ServiceKey, around: Surroundings
) -> Iterator[Result]:
    if around.is_weighted(service):
        return
    why = "shares by cluster need subsets, which neither the Gateway API nor ambient clients have"
    if "phases" not in plan.spec.model_fields_set:
        written = ", ".join(f"{{name: {step.lower()}, step: {step}}}" for step in _WITHOUT_WEIGHTS)
        yield error(
            f"must be given, since the default phases have the step `Shift`: {why}; write "
            f"`phases: [{written}]`",
            code="relocation-weights",
            at=plan,
            field="spec.phases",
        )
        return
    for index, phase in enumerate(plan.spec.phases):
        if phase.step == "Shift":
            yield error(
                f"must not be `Shift`: {why}; `Pin` and `Flip` go without",
                code="relocation-weights",
                at=plan,
                field=f"spec.phases[{index}].step",
                current=phase.step,
            )


def _must_not_be_headless(
    plan: RelocationPlan, service: ServiceKey, fleet: Fleet
) -> Iterator[Result]:
    found = (view.services.get(service) for view in fleet.views.values())
    if any(each is not None and each.headless for each in found):
        yield error(
            "must not be a headless Service: its clients choose an endpoint by themselves",
            code="relocation-headless",
            at=plan,
            field="spec.service",
            current=service.name,
        )


def _told(move: Move, around: Surroundings) -> Iterator[Result]:
    """Yield what whoever reviews the render should know."""
    yield _position(move)
    yield from awaited(move, around)
    yield from _backwards(move.plan)
    if move.others and move.weighted:
        clusters = ", ".join(f'"{name}"' for name in sorted({move.source, *move.others}))
        yield warning(
            f"spreads the requests evenly over {clusters} while the service moves, whatever its "
            "ServiceDiscovery prefers: shares by cluster go over preference",
            code="relocation-spread",
            at=move.plan,
        )
    bound = any(host.affinity for host in around.hosts.get(move.service, ()))
    if bound and move.phase.step in ("Pin", "Shift"):
        yield warning(
            "moves clients that a session binds to an endpoint, whenever the weight changes",
            code="relocation-affinity",
            at=move.plan,
            field="spec.phase",
            current=move.phase.name,
        )


def _position(move: Move) -> Result:
    phases, phase = move.plan.spec.phases, move.plan.spec.current
    return info(
        f'moves "{named(move.service)}" from "{move.source}" to "{move.target}": phase '
        f'"{phase.name}" ({phase.step}), {phases.index(phase) + 1} of {len(phases)}',
        code="relocation-phase",
        at=move.plan,
        field="spec.phase",
        current=phase.name,
    )


def _backwards(plan: RelocationPlan) -> Iterator[Result]:
    for index, (one, after) in enumerate(pairwise(plan.spec.phases), start=1):
        if after.target_weight < one.target_weight:
            yield info(
                f'takes the target\'s share back: from {one.target_weight} % in phase "{one.name}" '
                f"to {after.target_weight} %",
                code="relocation-backwards",
                at=plan,
                field=f"spec.phases[{index}]",
                current=after.name,
            )


def _nearest(name: str, known: Iterable[str]) -> str | None:
    return next(iter(get_close_matches(name, sorted(known), 1)), None)
