"""Whether the loss of clusters can be absorbed, before they are lost."""

from krmfn.placement_resolver import solving
from krmfn.placement_resolver.assembly import Assembly
from krmfn.placement_resolver.options import Candidacy

Verdicts = dict[str, dict[str, bool]]
"""By workload and lost clusters (``a``, or ``a and b``): whether the loss is absorbed."""


def survival(solved: Assembly) -> Verdicts:
    """Say what happens to every workload when clusters that it is on are lost.

    A loss is absorbed when what ran there finds room elsewhere and nobody else has to move. What
    goes to all clusters that fit, or to named ones, has nowhere else to go: there it is enough
    that it still runs on another cluster.
    """
    found: Verdicts = {}
    wanted = [_losses(solved, each) for each in solved.layout.candidacies]
    for losses in sorted(set(wanted) - {0}):
        survey = solving.survives(solved.problem, solved.solution, losses)
        for verdict in survey.verdicts:
            lost = " and ".join(solved.names[number] for number in verdict.lost)
            for position in verdict.displaced:
                if wanted[position] == losses:
                    key = solved.layout.candidacies[position].workload.key
                    found.setdefault(key, {})[lost] = _absorbed(solved, position, verdict)
    return found


def _losses(solved: Assembly, each: Candidacy) -> int:
    own = 0 if each.ask.held else each.workload.intent.spec.survive
    return solved.policy.survive.cluster_losses if own is None else own


def _absorbed(solved: Assembly, position: int, verdict: solving.Survival) -> bool:
    spec = solved.layout.candidacies[position].workload.intent.spec
    if spec.placement_type == "PickN":
        return position not in verdict.stranded
    return not set(solved.solution.chosen[position]) <= set(verdict.lost)
