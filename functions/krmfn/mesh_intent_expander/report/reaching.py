"""Who reaches what: the requests of each client, traced, and told by the servers' clusters."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from krmfn.mesh_intent_expander.report.asking import Question
from krmfn.mesh_intent_expander.report.population import Caller
from krmfn.mesh_intent_expander.report.situations import Situations
from krmfn.mesh_intent_expander.report.targets import Target, TargetKey
from krmfn.mesh_intent_expander.semantics.outcome import OUTCOMES, Arrival, Leg, Outcome, Trace
from krmfn.mesh_intent_expander.semantics.trace import Tracer
from krmfn.sdk import Resource

Path = Literal["", "local", "direct", "gateway", "waypoint", "outside"]


class EdgeKey(NamedTuple):
    """What tells one edge from another."""

    target: TargetKey
    caller: tuple[str, str]
    cluster: str


@dataclass(frozen=True, slots=True)
class Edge:
    """What becomes of a client's requests to a target in one cluster.

    Attributes:
        cluster: the servers', "" where the requests come to none.
        passed: which of the requests that were tried come there, by their positions.
        outcome: what becomes of them, at best.
        leg: the way of those that get furthest; None where there is none.
        policies: what lets them in or, where none comes there, what does not.
        asks: external authorisers that are asked about those that come there.
        reason: why it is as it is.
    """

    target: Target
    caller: Caller
    cluster: str
    passed: frozenset[int]
    outcome: Outcome
    leg: Leg | None = None
    policies: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    reason: str = ""

    @property
    def key(self) -> EdgeKey:
        """What tells it from others."""
        return EdgeKey(self.target.key, self.caller.key, self.cluster)

    @property
    def path(self) -> Path:
        """The way; `local` within one cluster."""
        if self.leg is None:
            return ""
        is_local = self.leg.path == "direct" and self.cluster == self.caller.client.cluster
        return "local" if is_local else self.leg.path


class Reaching:
    """Traces what is asked, and keeps what it finds out about the mesh for the next question.

    Args:
        tracer: of the mesh.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._situations = Situations(tracer.world)
        self.requests = 0

    def edges(self, question: Question) -> list[Edge]:
        """Give what becomes of all requests of a question, in the order of its clients.

        Clients whose cluster the mesh does not have are passed over; of those in one situation
        only the first is traced.
        """
        known = self._tracer.world.fleet.views
        traced: dict[Hashable, list[Edge]] = {}
        found: list[Edge] = []
        for caller in question.callers.values():
            if caller.client.cluster not in known:
                continue
            situation = self._situations.of(question, caller)
            if situation not in traced:
                traced[situation] = list(_edges(self._tracer, question, caller))
                self.requests += len(question.probes)
            found += (replace(edge, caller=caller) for edge in traced[situation])
        return found


def _edges(tracer: Tracer, question: Question, caller: Caller) -> Iterator[Edge]:
    """Yield an edge for each cluster to which some request goes, or one for none."""
    target, gathered = question.target, _Gathered()
    for number, probe in enumerate(question.probes):
        sent = probe.sent(caller.client, target.host, target.port.number)
        gathered.add(number, tracer.trace(sent))
    for cluster, found in sorted(gathered.by_cluster.items()):
        yield Edge(
            target=target,
            caller=caller,
            cluster=cluster,
            passed=frozenset(found.passed),
            outcome=found.outcome,
            leg=found.leg,
            policies=tuple(found.policies),
            asks=tuple(found.asks),
            reason=found.reason,
        )


class _Found:
    """What became of the requests to one cluster so far: the best outcome, and why."""

    def __init__(self) -> None:
        self.passed: set[int] = set()
        self.outcome: Outcome = "unroutable"
        self.leg: Leg | None = None
        self.reason = ""
        self.policies: dict[str, None] = {}
        self.asks: dict[str, None] = {}

    def add(self, number: int, arrival: Arrival) -> None:
        """Add what happened to a request at an endpoint."""
        self.improve(arrival.outcome, arrival.reason, arrival.leg)
        if arrival.outcome == "reached":
            self.passed.add(number)
            if arrival.authorization is not None:
                self.asks.update(dict.fromkeys(arrival.authorization.asks))
        if arrival.outcome == self.outcome and arrival.resource is not None:
            self.policies[named(arrival.resource)] = None

    def improve(self, outcome: Outcome, reason: str, leg: Leg | None = None) -> None:
        """Take an outcome, or a way, that is better than what is known."""
        rank = OUTCOMES.index(outcome) - OUTCOMES.index(self.outcome)
        if rank < 0 or not self.reason:
            self.outcome, self.reason, self.leg = outcome, reason, leg
            self.policies.clear()
        elif rank == 0 and leg is not None and _priority(leg) < _priority(self.leg):
            self.leg = leg


class _Gathered:
    """What became of a client's requests so far."""

    def __init__(self) -> None:
        self._found: dict[str, _Found] = {}

    def add(self, number: int, trace: Trace) -> None:
        """Add a request that was traced."""
        is_anywhere = False
        for _, arrival in trace.arrivals():
            is_anywhere = True
            self._found.setdefault(arrival.cluster, _Found()).add(number, arrival)
        if not is_anywhere:
            found = self._found.setdefault("", _Found())
            found.improve(trace.outcome, trace.reason)

    @property
    def by_cluster(self) -> dict[str, _Found]:
        """What was found by cluster; what goes nowhere is told where nothing goes anywhere."""
        somewhere = {name: each for name, each in self._found.items() if each.leg is not None}
        return somewhere or self._found


def _priority(leg: Leg | None) -> float:
    return float("inf") if leg is None or leg.priority is None else leg.priority


def named(resource: Resource) -> str:
    """Name an object for people."""
    where = f"{resource.namespace}/{resource.name}" if resource.namespace else resource.name
    return f"{resource.kind} {where}"
