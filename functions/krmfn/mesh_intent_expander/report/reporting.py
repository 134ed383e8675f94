"""The report of a mesh: everything that is told of it, bounded, with how much is left out."""

import math
from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from typing import Any

from krmfn.mesh_intent_expander.intents import RelocationPlan, ServiceDiscovery, TrafficRoute
from krmfn.mesh_intent_expander.intents.report import (
    Conflict,
    Dead,
    MeshReport,
    MeshReportStatus,
    Move,
    MoveStep,
    Proven,
    Reach,
    Totals,
)
from krmfn.mesh_intent_expander.plan import Plan
from krmfn.mesh_intent_expander.report.asking import Asking, Question
from krmfn.mesh_intent_expander.report.collapsing import rows
from krmfn.mesh_intent_expander.report.covering import covered_rules
from krmfn.mesh_intent_expander.report.denied import denied_rules
from krmfn.mesh_intent_expander.report.denying import refused_rules
from krmfn.mesh_intent_expander.report.holding import policies_in
from krmfn.mesh_intent_expander.report.idle import idle_things
from krmfn.mesh_intent_expander.report.mermaid import mermaid
from krmfn.mesh_intent_expander.report.population import Caller
from krmfn.mesh_intent_expander.report.portability import not_portable
from krmfn.mesh_intent_expander.report.proxies import blast_radius
from krmfn.mesh_intent_expander.report.reaching import Edge, Reaching, named
from krmfn.mesh_intent_expander.report.targets import Target, is_elsewhere, targets
from krmfn.mesh_intent_expander.report.versions import too_old
from krmfn.mesh_intent_expander.semantics.trace import Tracer
from krmfn.mesh_intent_expander.steering import Course, service_of
from krmfn.mesh_intent_expander.steering.steps import Step
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import Fleet
from krmfn.sdk import Metadata, Package, Result
from krmfn.sdk.resource import LOCAL_CONFIG

MOST_REQUESTS = 2_000
"""How many requests are traced for a report; the service that passes this is the last one."""

MOST = {
    "reachability": 150,
    "dead": 50,
    "conflicts": 50,
    "proven": 50,
    "moves": 20,
    "notPortable": 50,
    "tooOld": 50,
    "proxies": 20,
    "audiences": 20,
}
"""How many entries of each list a report holds."""

_CONFLICTS = frozenset(
    "route-conflict service-claimed-twice version-conflict subset-ambiguous mtls-conflict "
    "mtls-overlap rule-contradicted rule-shadowed provider-rivalry consumer-refused "
    "relocation-twice".split()
)
_PROOFS = frozenset(
    "relocation-proved relocation-unproven relocation-unsafe relocation-gap next-wave".split()
)


def report_of(
    fleet: Fleet,
    plan: Plan,
    package: Package,
    results: Iterable[Result],
    courses: Iterable[Course] = (),
) -> MeshReport:
    """Give the report of a mesh.

    Args:
        fleet: the objects of each cluster, those that were made among them.
        plan: what was decided.
        package: the intents.
        results: what was found about them; conflicts and proofs are told.
        courses: what is done in each move.
    """
    mesh = plan.mesh
    tracer = Tracer(fleet, mesh)
    surveyed = Survey(tracer, targets(fleet, plan.discovered))
    surveyed.run(MOST_REQUESTS)
    listed = [*results]
    moving = frozenset(map(service_of, package.of(RelocationPlan)))
    groups, audiences = blast_radius(tracer.world)
    found: dict[str, Iterable[Any]] = {
        "reachability": surveyed.rows,
        "dead": [*surveyed.dead, *idle_things(fleet, plan.discovered, moving)],
        "conflicts": [_conflict(each) for each in listed if each.code in _CONFLICTS],
        "proven": [_proven(each) for each in listed if each.code in _PROOFS],
        "moves": [_move(each) for each in courses],
        "notPortable": not_portable(
            mesh, fleet, plan.discovered, package.of(TrafficRoute), package.of(ServiceDiscovery)
        ),
        "tooOld": too_old(fleet, mesh),
        "proxies": groups,
        "audiences": audiences,
    }
    return _report(mesh, surveyed.totals, found)


class Survey:
    """Who reaches what in a mesh, and which rules never count there.

    Args:
        tracer: of the mesh.
        listed: what to ask for, in this order.
        callers: the clients; all that are worth asking for when None.
    """

    def __init__(
        self,
        tracer: Tracer,
        listed: Sequence[Target],
        callers: Sequence[Caller] | None = None,
    ) -> None:
        self._tracer, self._listed, self._callers = tracer, listed, callers
        self._asking, self._reaching = Asking(tracer.world), Reaching(tracer)
        self.rows: list[Reach] = []
        self.dead: list[Dead] = []
        self.totals = Totals(clusters=len(tracer.world.fleet.views), services=len(listed))

    def run(self, most: float = math.inf) -> None:
        """Ask until so many requests are traced."""
        traced = left_out = untried = elsewhere = 0
        open_: set[object] = set()
        closed: set[object] = set()
        for target in self._listed:
            if self._reaching.requests >= most:
                break
            if is_elsewhere(self._tracer.world, target):
                elsewhere += 1
                continue
            question = self._asking.question(target, self._callers)
            edges = self._reaching.edges(question)
            self.rows += rows(edges, question.probes)
            self.dead += self._dead(question, edges)
            traced, left_out = traced + 1, left_out + question.left_out
            untried += question.axes.left_out
            for edge in edges:
                (open_ if edge.passed else closed).add(edge.key)
        more = {"clients": left_out, "operations": untried, "elsewhere": elsewhere}
        self.dead = list({repr(each): each for each in self.dead}.values())
        self.totals = Totals(
            clusters=self.totals.clusters,
            services=self.totals.services,
            traced=traced,
            requests=self._reaching.requests,
            reached=len(open_),
            closed=len(closed),
            more={name: count for name, count in more.items() if count},
        )

    def _dead(self, question: Question, edges: Iterable[Edge]) -> Iterable[Dead]:
        """Yield the rules about a target that never count."""
        for route in question.routes:
            for each in covered_rules(route):
                why = f"`{each.by.field}` of {named(each.by.resource)} takes its requests first"
                yield Dead(
                    what="route-rule",
                    at=named(each.rule.resource),
                    field=each.rule.field,
                    why=why,
                    witness=each.witness,
                )
        for cluster in question.target.clusters:
            held = policies_in(self._tracer.world, question.target, cluster)
            yield from refused_rules(held)
        size = len(question.probes)
        if question.policies and any(len(e.passed) < size for e in edges if e.caller.is_real):
            yield from denied_rules(self._tracer, question)


def _report(mesh: Mesh, totals: Totals, found: dict[str, Iterable[Any]]) -> MeshReport:
    kept: dict[str, tuple[Any, ...]] = {}
    more = dict(totals.more)
    for name, values in found.items():
        listed = list(values)
        kept[name] = tuple(islice(listed, MOST[name]))
        if len(listed) > MOST[name]:
            more[name] = len(listed) - MOST[name]
    status = MeshReportStatus(
        totals=totals.model_copy(update={"more": more}),
        graph=mermaid(kept["reachability"]),
        **kept,
    )
    return MeshReport(
        metadata=Metadata(name=mesh.id, annotations={LOCAL_CONFIG: "true"}), status=status
    )


def _conflict(result: Result) -> Conflict:
    at = named(result.resource) if result.resource else ""
    return Conflict(code=result.code, at=at, field=result.field, message=result.message)


def _proven(result: Result) -> Proven:
    at = named(result.resource) if result.resource else ""
    return Proven(at=at, message=result.message)


def _move(course: Course) -> Move:
    phases = groupby(course.steps, lambda step: step.phase)
    return Move(
        plan=named(course.plan.resource) if course.plan.resource else "",
        proved=course.proof is not None and course.proof.holds,
        phases={phase: tuple(map(_step, listed)) for phase, listed in phases},
    )


def _step(step: Step) -> MoveStep:
    return MoveStep(
        what=step.what,
        wave=step.wave or "",
        clusters=step.clusters,
        until=tuple(each.text for each in step.until),
        queries=tuple(each.query for each in step.until if each.query),
    )
