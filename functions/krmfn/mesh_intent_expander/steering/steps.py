"""What is done in which order in each phase of a move, and what must hold before the next step.

Source of the order: Istio's "Traffic Management Best Practices": a subset is there before a route
names it, and no route names it any more before it goes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from string import Template

from krmfn.kinds.relocation import Step as StepName
from krmfn.mesh_intent_expander.plan.common import Wave
from krmfn.mesh_intent_expander.steering.stages import Stages


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold before one goes on.

    Attributes:
        query: the same in PromQL, which has a result while it holds; "" where metrics cannot tell.
    """

    text: str
    query: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is done as a whole.

    Attributes:
        phase: in which stage, in its words.
        what: what is done.
        clusters: where; empty for waiting.
        until: what must hold before the next step.
        wave: of the objects that are applied; None for what is no object of the mesh.
    """

    phase: str
    what: str
    clusters: tuple[str, ...]
    until: tuple[Condition, ...]
    wave: Wave | None = None


_SYNCED = "`istioctl proxy-status` shows {} as SYNCED for all proxies of these clusters"
_APPLIED: Mapping[Wave, Condition] = {
    "security": Condition(_SYNCED.format("LDS")),
    "exposure": Condition(
        "the east-west gateway has an address, and `istioctl proxy-config listeners` shows the "
        "name of the service there"
    ),
    "destinations": Condition(_SYNCED.format("CDS and EDS")),
    "routes": Condition(_SYNCED.format("RDS")),
    "strict": Condition(_SYNCED.format("LDS")),
}
_REQUESTS = (
    'sum(rate(istio_requests_total{reporter="source",destination_service="$host",'
    "destination_cluster=%s}[5m]))"
)
_CONNECTIONS = (
    'sum(istio_tcp_connections_%s_total{reporter="destination",destination_service="$host",'
    'destination_cluster="$source"})'
)
_GOES_ON: Mapping[StepName, Condition] = {
    "Shift": Condition(
        "fewer than one in a hundred requests to the target fail",
        f"({_REQUESTS} or vector(0)) / {_REQUESTS} < 0.01"
        % ('"$target",response_code=~"5.."', '"$target"'),
    ),
    "Flip": Condition(
        "nobody sends requests to the source", f"({_REQUESTS} or vector(0)) == 0" % '"$source"'
    ),
    "Drain": Condition(
        "no connection to the source is open; of HTTP, metrics tell only requests that have ended",
        f"({_REQUESTS} or vector(0)) + ({_CONNECTIONS} - {_CONNECTIONS} or vector(0)) == 0"
        % ('"$source"', "opened", "closed"),
    ),
}
_STARTED = Condition(
    "all its replicas are ready, and `istioctl proxy-config endpoints` shows them as HEALTHY in "
    "clients of every cluster"
)
_STOPPED = Condition("its pods are gone")


def steps(stages: Stages, host: str) -> tuple[Step, ...]:
    """Give all steps of a move in order; going back is the same in reverse.

    Args:
        stages: what changes from phase to phase.
        host: the name that clients call.
    """
    names = {"host": host, "source": stages.source, "target": stages.target}
    return tuple(
        replace(step, until=tuple(_filled(each, names) for each in step.until))
        for index in range(1, len(stages.names))
        for step in _of(stages, index)
    )


def _of(stages: Stages, index: int) -> Iterator[Step]:
    """Yield the steps of a stage: objects wave by wave, then what starts or stops, then waiting."""
    name, phase = stages.names[index], stages.phase(index)
    for change in stages.changes[index]:
        what = f"apply {change.wave}: {_listed(change.objects)}"
        yield Step(name, what, change.clusters, (_APPLIED[change.wave],), change.wave)
    if phase and (condition := _GOES_ON.get(phase.step)) and phase.target_weight:
        yield Step(name, "wait", (), (condition,))
    if stages.is_last_with(index, frozenset((stages.source,))):
        yield Step(name, "start the workload", (stages.target,), (_STARTED,))
    if stages.is_last_with(index, frozenset((stages.source, stages.target))):
        yield Step(name, "stop the workload", (stages.source,), (_STOPPED,))
    if phase and phase.gates:
        said = (Condition(gate.description, gate.query or "") for gate in phase.gates)
        yield Step(name, "wait", (), tuple(said))


def _listed(objects: tuple[tuple[str, str, str, str], ...]) -> str:
    return ", ".join(f"{kind} {namespace}/{name}" for _, kind, namespace, name in objects)


def _filled(condition: Condition, names: Mapping[str, str]) -> Condition:
    """Put names in; a query of people's own that has others stays as it is."""
    return replace(condition, query=Template(condition.query).safe_substitute(names))
