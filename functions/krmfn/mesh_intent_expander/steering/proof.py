"""The proof that no client loses a service at any moment of a move.

Clusters take up a phase at different times, and each of them wave by wave. A request is decided by
what its client's cluster has, and answered by what the server's cluster has; no third one has a
part in it. So all pairs of how far the two are stand for all states that the mesh can be in, and it
is enough to check these.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Generic, TypeVar

from krmfn.mesh_intent_expander.plan.common import Wave

Running = frozenset[str]
"""Which of the source and the target run the service."""

Progress = frozenset[Wave]
"""How far a cluster is: these waves of a stage it has, and of all others the stage before."""

Client = TypeVar("Client")


@dataclass(frozen=True, slots=True)
class Stage:
    """What is applied as a whole: what was before the move, a phase of it, or what comes after.

    Attributes:
        name: in words, as in ``phase "pin"``.
        running: what may run while it holds.
        waves: those that differ from the stage before, in the order in which they are applied.
        is_leaving: whether objects are taken away, which some tools do in the reverse order.
    """

    name: str
    running: frozenset[Running]
    waves: tuple[Wave, ...] = ()
    is_leaving: bool = False

    @property
    def reached(self) -> list[Progress]:
        """Give how far a cluster can be, nothing of the stage first and all of it last."""
        orders = (self.waves, self.waves[::-1]) if self.is_leaving else (self.waves,)
        parts = {frozenset(waves[:number]) for waves in orders for number in range(len(waves))}
        nearly = sorted(parts, key=lambda done: (len(done), sorted(done)))
        return [*nearly, frozenset(self.waves)]


@dataclass(frozen=True, slots=True)
class Moment:
    """A state of the mesh on the way to a stage or in it, as one client sees it.

    Attributes:
        stage: its index.
        client: how far the client's cluster is; it is so for what it serves itself, too.
        others: how far all other clusters are.
        running: which of the source and the target run the service.
    """

    stage: int
    client: Progress
    others: Progress
    running: Running


@dataclass(frozen=True, slots=True)
class Loss(Generic[Client]):
    """A counterexample: a client, and a moment at which its requests are lost.

    Attributes:
        why: what happens to them.
    """

    client: Client
    moment: Moment
    why: str


@dataclass(frozen=True, slots=True)
class Proof(Generic[Client]):
    """What was found.

    Attributes:
        states: how many pairs of clients and moments were looked at.
        losses: the first loss on the way to each stage, and in it.
        gaps: stages that cannot follow the one before: the source or the target would have to
            start or stop in between.
    """

    states: int
    losses: tuple[Loss[Client], ...]
    gaps: tuple[int, ...]

    @property
    def holds(self) -> bool:
        """Whether no client loses the service."""
        return not self.losses and not self.gaps


def prove(
    clients: Sequence[Client],
    stages: Sequence[Stage],
    lost: Callable[[Client, Moment], str],
) -> Proof[Client]:
    """Look for a client and a moment at which the client's requests are lost.

    Going back from a stage by the same waves in reverse passes the same moments, so that what
    holds on the way there holds on the way back.

    Args:
        clients: who reaches the service in the first stage.
        stages: in their order.
        lost: says what happens to a client's requests where some of them are lost, else "".
    """
    states = 0
    losses: list[Loss[Client]] = []
    for index in range(len(stages)):
        found: Loss[Client] | None = None
        for moment, client in product(moments(stages, index), clients):
            states += 1
            if why := "" if found else lost(client, moment):
                found = Loss(client, moment, why)
        losses += [found] if found else []
    return Proof(states, tuple(losses), tuple(gaps(stages)))


def moments(stages: Sequence[Stage], index: int) -> Iterator[Moment]:
    """Yield the moments on the way to a stage, and those in it."""
    stage = stages[index]
    nothing, *_, everything = (frozenset[Wave](), *stage.reached)
    steady = {(nothing, nothing), (everything, everything)}
    between = stages[index - 1].running & stage.running if index else frozenset[Running]()
    for running in _in_order(between):
        for client, others in product(stage.reached, repeat=2):
            if (client, others) not in steady:
                yield Moment(index, client, others, running)
    for running in _in_order(stage.running):
        yield Moment(index, everything, everything, running)


def gaps(stages: Sequence[Stage]) -> Iterator[int]:
    """Yield the stages that have nothing in common with the one before in what runs."""
    for index in range(1, len(stages)):
        if not stages[index - 1].running & stages[index].running:
            yield index


def _in_order(worlds: frozenset[Running]) -> list[Running]:
    return sorted(worlds, key=sorted)
