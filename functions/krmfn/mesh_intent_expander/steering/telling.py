"""What is said of a proof: that it holds, or the client, the moment and what happens then."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from krmfn.kinds.relocation import RelocationPlan
from krmfn.mesh_intent_expander.semantics.request import Client
from krmfn.mesh_intent_expander.steering.probes import Probe
from krmfn.mesh_intent_expander.steering.proof import Loss, Moment, Progress, Proof, Stage
from krmfn.mesh_intent_expander.steering.stages import Stages
from krmfn.sdk import Result, error, info, warning


@dataclass(frozen=True, slots=True)
class Caller:
    """A client with a request of its own."""

    client: Client
    port: int
    probe: Probe


def tell(
    plan: RelocationPlan, stages: Stages, proof: Proof[Caller], callers: Sequence[Caller]
) -> Iterator[Result]:
    """Yield what was found: all that is wrong, or how much was proved."""
    for index in proof.gaps:
        yield _gap(plan, stages, index)
    if proof.losses:
        yield _unsafe(plan, stages, proof.losses)
    if not callers:
        yield warning(
            "has no client that reaches the service before the move, so that nothing is proved",
            code="relocation-unused",
            at=plan,
            field="spec.service",
        )
    elif proof.holds:
        clusters = {caller.client.cluster for caller in callers}
        yield info(
            f"proved: {proof.states} states, and in each of them all that reaches the service "
            f"before the move reaches it as well, from {_counted(len(clusters), 'cluster')}",
            code="relocation-proved",
            at=plan,
        )


def unproven(plan: RelocationPlan) -> Result:
    """Say that there is nothing to prove it by."""
    return warning(
        "cannot be proved to be safe, since the package holds no pods of the service",
        code="relocation-unproven",
        at=plan,
        field="spec.service",
    )


def too_many(plan: RelocationPlan, tried: int) -> Result:
    """Say that the proof is not about all clients."""
    return warning(
        f"is proved for the first {tried} pairs of clients and requests only; name the service's "
        "`consumers` in its ServiceDiscovery",
        code="relocation-many-clients",
        at=plan,
        field="spec.service",
    )


def _gap(plan: RelocationPlan, stages: Stages, index: int) -> Result:
    starts = frozenset((stages.source,)) in stages.running(index - 1)
    step, what = ("Pin", "start") if starts else ("Drain", "stop")
    cluster = stages.target if starts else stages.source
    return error(
        f"must have a phase of step `{step}` between {stages.names[index - 1]} and "
        f'{stages.names[index]}, in which the service can {what} in "{cluster}"',
        code="relocation-gap",
        at=plan,
        field=_field(stages, index),
    )


def _unsafe(plan: RelocationPlan, stages: Stages, losses: Sequence[Loss[Caller]]) -> Result:
    caller, moment = losses[0].client, losses[0].moment
    client, probe = caller.client, caller.probe
    more = f" (and so it is in {_counted(len(losses) - 1, 'later phase')})" if losses[1:] else ""
    return error(
        f"must keep the service in reach of all clients, but {_moment(stages, client, moment)}, "
        f'"{probe.method} {probe.path}" to port {caller.port} from "{client.namespace}/'
        f'{client.service_account}" in cluster "{client.cluster}" is lost: {losses[0].why}{more}',
        code="relocation-unsafe",
        at=plan,
        field=_field(stages, moment.stage),
    )


def _moment(stages: Stages, client: Client, moment: Moment) -> str:
    """Tell a moment: in a stage, or how far the clusters are on the way to it."""
    stage = stages.stages[moment.stage]
    runs = " and ".join(f'"{each}"' for each in sorted(moment.running))
    if {*stage.waves} == moment.client == moment.others:
        return f"in {stage.name}, while it runs in {runs}"
    return (
        f'on the way to {stage.name}, while it runs in {runs}, "{client.cluster}" has applied '
        f"{_applied(stage, moment.client)} and the other clusters {_applied(stage, moment.others)}"
    )


def _applied(stage: Stage, progress: Progress) -> str:
    if len(progress) == len(stage.waves):
        return "all of it"
    done = [f"`{wave}`" for wave in stage.waves if wave in progress]
    return " and ".join(done) if done else "nothing of it"


def _field(stages: Stages, index: int) -> str:
    phase = stages.phase(index)
    return "spec.phases" if phase is None else f"spec.phases[{index - 1}]"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
