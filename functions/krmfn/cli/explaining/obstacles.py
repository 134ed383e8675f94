"""What keeps a workload from a cluster that would do: who took the room, and the scores."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from krmfn.cli.explaining.resolving import Resolution
from krmfn.placement_resolver.amounts import spelled
from krmfn.placement_resolver.assembly import Assembly
from krmfn.placement_resolver.options import Candidacy
from krmfn.placement_resolver.solving import Item, Option
from krmfn.placement_resolver.solving.packing import Packer
from krmfn.placement_resolver.solving.units import clearly_better
from krmfn.placement_resolver.vectors import Column, rows_of

_MOST_TAKERS = 3


@dataclass(frozen=True)
class Candidate:
    """A workload and one of the clusters of the fleet.

    Attributes:
        position: number of the workload among the decisions.
        number: number of the cluster in the fleet.
        ranked: the scores of all clusters for the workload.
    """

    resolution: Resolution
    position: int
    number: int
    ranked: Column

    @property
    def solved(self) -> Assembly:
        """The problem that was solved."""
        return self.resolution.solved

    @property
    def each(self) -> Candidacy:
        """The workload's candidacy."""
        return self.solved.layout.candidacies[self.position]

    @property
    def item(self) -> Item:
        """The workload in the problem that was solved."""
        return self.solved.problem.items[self.position]

    @property
    def name(self) -> str:
        """The name of the cluster."""
        return self.each.ask.view.clusters[self.number].name

    @property
    def score(self) -> float:
        """How good the cluster is for the workload."""
        return float(self.ranked[self.number])

    @property
    def chosen(self) -> list[str]:
        """The clusters that were chosen for the workload."""
        return self.solved.chosen(self.position)

    @property
    def option(self) -> Option | None:
        """The cluster as an option of the problem, None when it is none."""
        for option in self.item.options:
            if self.solved.names[option.cluster] == self.name:
                return option
        return None

    def rank(self) -> int:
        """Give the place of the cluster among the candidates by score, 1 for the best."""
        own = self.score
        return 1 + sum(float(self.ranked[row]) > own for row in rows_of(self.each.feasible))

    def residents(self) -> list[tuple[str, Option]]:
        """Give the other workloads that were placed on the cluster, by key."""
        there = self.resolution.residents.get(self.name, ())
        return [(key, option) for key, option in there if key != self.item.key]


def obstacles(candidate: Candidate) -> list[str]:
    """Say what keeps a workload from a cluster that passes every filter."""
    if not candidate.each.feasible >> candidate.number & 1:
        return []
    option = candidate.option
    if option is None:
        return [_not_tried(candidate)]
    found = [*_apart(candidate), *_room(candidate, option), *_spread(candidate, option)]
    if len(candidate.chosen) >= candidate.item.picks:
        found += _scores(candidate, hindered=bool(found))
    return found


def _not_tried(candidate: Candidate) -> str:
    held = candidate.solved.standing.get(candidate.item.key, {})
    if candidate.name in {one.came_from for one in held.values()}:
        return "it was left before, and `disruption.failback` lets nothing return while all is well"
    most = candidate.solved.policy.solver.candidates
    rank = candidate.rank()
    return f"its score is number {rank}, and only the best {most} are tried (`solver.candidates`)"


def _apart(candidate: Candidate) -> Iterator[str]:
    solved = candidate.solved
    there = {key for key, _ in candidate.residents()}
    for item in solved.problem.items:
        if item.key in there and item.apart & candidate.item.apart:
            yield f"{item.key} is there, from which `workloadAntiAffinity` keeps it apart"


def _room(candidate: Candidate, option: Option) -> Iterator[str]:
    """Yield what there is too little of, and who has it."""
    packer = Packer(candidate.solved.problem.clusters[option.cluster].groups)
    there = candidate.residents()
    pods = [*option.pods, *(pod for _, other in there for pod in other.pods)]
    if packer.pack(pods).room is not None:
        return
    asked = {axis for pod in option.pods for axis, _ in pod.requests}
    short = [entry for entry in packer.overfull(pods) if entry[1] in asked]
    if not short:
        names = ", ".join(key for key, _ in there) or "nothing else"
        yield f"no node or NUMA zone has room for it as a whole, beside {names}"
        return
    _, axis, missing = max(
        short, key=lambda entry: entry[2] / max(packer.capacity(entry[0], entry[1]), 1)
    )
    amount = _spelled(candidate.solved, axis, missing)
    yield f"{amount} missing{_takers(candidate, there, axis)}"


def _takers(candidate: Candidate, there: Sequence[tuple[str, Option]], axis: int) -> str:
    taken = sorted(((_taken(option, axis), key) for key, option in there), key=lambda one: -one[0])
    parts = [
        f"{key} takes {_spelled(candidate.solved, axis, amount)}"
        for amount, key in taken[:_MOST_TAKERS]
        if amount
    ]
    if more := len([amount for amount, _ in taken[_MOST_TAKERS:] if amount]):
        parts.append(f"{more} more take the rest")
    return f": {', '.join(parts)}" if parts else ""


def _taken(option: Option, axis: int) -> int:
    return sum(pod.replicas * dict(pod.requests).get(axis, 0) for pod in option.pods)


def _spelled(solved: Assembly, axis: int, amount: int) -> str:
    resource = list(solved.layout.axes)[axis]
    if isinstance(resource, str):
        return f"{resource} {spelled(resource, amount)}"
    return f"{amount} {resource}"


def _spread(candidate: Candidate, option: Option) -> Iterator[str]:
    """Yield the hard limits of topology spread that it would break in place of the worst one."""
    stay = _without_worst(candidate)
    constraints = candidate.each.workload.intent.spec.topology_spread_constraints
    for constraint, spread in zip(constraints, candidate.item.spreads, strict=True):
        domain = spread.domain_of.get(option.cluster)
        if not spread.hard or domain is None:
            continue
        counts = dict.fromkeys(spread.domain_of.values(), 0)
        for number in (*stay, option.cluster):
            if number in spread.domain_of:
                counts[spread.domain_of[number]] += 1
        if counts[domain] - min(counts.values()) > spread.max_skew:
            key = constraint.topology_key
            yield f"{key} {domain} would have {counts[domain]}, more than `maxSkew` allows"


def _without_worst(candidate: Candidate) -> list[int]:
    chosen = list(candidate.solved.solution.chosen[candidate.position])
    if len(chosen) < candidate.item.picks or not chosen:
        return chosen
    scores = {option.cluster: option.score for option in candidate.item.options}
    chosen.remove(min(chosen, key=lambda number: scores.get(number, 0.0)))
    return chosen


def _scores(candidate: Candidate, *, hindered: bool) -> Iterator[str]:
    """Yield how the score compares with that of the worst cluster that was chosen."""
    names, item = candidate.solved.names, candidate.item
    chosen = candidate.solved.solution.chosen[candidate.position]
    rivals = [option for option in item.options if option.cluster in chosen]
    if not rivals:
        return
    rival = min(rivals, key=lambda option: (option.score, names[option.cluster]))
    gain, name = candidate.score - rival.score, names[rival.cluster]
    kept = rival.cluster in item.previous
    if kept and gain > 0 and not item.movable:
        yield f"{gain:.1f} points better than {name}, which `disruption.minDwell` keeps for now"
    elif kept and gain > 0 and not clearly_better(item, candidate.score, rival.score):
        needed = rival.score * (item.min_improvement or 0) / 100
        yield (
            f"{gain:.1f} points better than {name}, where it stays unless another one is better "
            f"by {needed:.1f} (`disruption.minImprovementPercent`)"
        )
    elif gain > 0:
        together = "" if hindered else ", but all placements together are no better with it"
        yield f"{gain:.1f} points better than {name}{together}"
    elif gain == 0:
        yield f"as good as {name}, which {'it is on already' if kept else 'wins the tie'}"
    else:
        yield f"{-gain:.1f} points worse than {name}, the worst that was chosen"
