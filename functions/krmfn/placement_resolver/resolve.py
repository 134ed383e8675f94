"""Every decision: from the package to the plan. No input or output."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from krmfn.kinds.fleet import ClusterTopology
from krmfn.placement_resolver.assembly import Baseline
from krmfn.placement_resolver.deciding import Watch, decide
from krmfn.placement_resolver.demand import Workload, read_workloads
from krmfn.placement_resolver.digest import digest_of
from krmfn.placement_resolver.distances import Distances
from krmfn.placement_resolver.filters import Ask
from krmfn.placement_resolver.fleet import Cluster
from krmfn.placement_resolver.grouping import Groups
from krmfn.placement_resolver.intents import (
    PlacementIntent,
    PlacementPolicy,
    PlacementPolicySpec,
    PlacementResolver,
)
from krmfn.placement_resolver.judges import Judges, RegoEngine
from krmfn.placement_resolver.load import decided_shares
from krmfn.placement_resolver.options import Candidacy, Layout, candidacy
from krmfn.placement_resolver.plan import Plan
from krmfn.placement_resolver.reading import Facts, read_facts
from krmfn.placement_resolver.vectors import vectors
from krmfn.placement_resolver.view import View
from krmfn.sdk import Package, Result, Severity, error, warning
from krmfn.sdk.result import graded
from krmfn.sdk.times import parse_instant


def resolve(
    config: PlacementResolver,
    package: Package,
    baseline: Callable[[Package, str], Baseline],
    rego: RegoEngine | None = None,
    watch: Watch | None = None,
) -> tuple[Plan | None, list[Result]]:
    """Decide where every workload of the package runs.

    Args:
        config: the functionConfig.
        package: the intents, the facts, and what is to be placed.
        baseline: gives the decisions that stand, by intent and cluster.
        rego: what evaluates Rego; needed where the policy has some.
        watch: is shown the solved problem, for those who explain it.

    Returns:
        the plan, None when something is wrong; and what is wrong, or should be known.
    """
    policy, problems = _policy(package)
    intents = package.of(PlacementIntent)
    problems += [*_missing(config, intents), *_of_one_name(intents)]
    facts, wrong = read_facts(package, policy)
    problems += wrong
    names = frozenset(
        device.resource_name
        for cluster in facts.clusters
        for group in cluster.groups
        for device in group.devices
    )
    workloads, wrong = read_workloads(package, intents, names)
    distances = Distances(package.of(ClusterTopology))
    judges = Judges(policy, package, rego, workloads)
    problems += [*wrong, *judges.problems(intents, _policy_kind(package))]
    problems += _undefined(workloads, facts.clusters, distances)
    problems += _contradictions(workloads)
    problems += _unknown_clusters(workloads, facts.clusters)
    if _is_wrong(problems) or not workloads:
        return None, problems
    digest = digest_of(package, workloads, facts, policy)
    standing, held = _standing(config, workloads, baseline(package, digest), baseline(package, ""))
    workloads = [each for each in workloads if each.key not in held or standing.get(each.key)]
    run = _Run(policy, facts, workloads, distances, judges, standing, held)
    decided, said = decide(run.layout(), policy, run.standing, facts.as_of, run.next_groups, watch)
    failed = list(judges.failures())
    if _is_wrong(failed):
        return None, [*problems, *failed]
    problems += [*said, *failed]
    return _completed(decided, facts, digest, _policy_kind(package)), problems


def _is_wrong(results: Iterable[Result]) -> bool:
    return any(result.severity == Severity.ERROR for result in results)


def _completed(plan: Plan, facts: Facts, digest: str, policy: PlacementPolicy | None) -> Plan:
    """Give the plan with what it was made from."""
    namespaces = {cluster.namespace for cluster in facts.clusters}
    return replace(
        plan,
        digest=digest,
        as_of=facts.as_of,
        clusters=len(facts.clusters),
        namespace=min(namespaces, default=""),
        policy=policy,
    )


def is_meant(config: PlacementResolver, intent: PlacementIntent) -> bool:
    """Say whether a run decides on an intent; the others stay as they are."""
    return not config.spec.intents or intent.metadata.name in config.spec.intents


def _standing(
    config: PlacementResolver, workloads: Iterable[Workload], earlier: Baseline, current: Baseline
) -> tuple[Baseline, frozenset[str]]:
    """Give what stands of every workload, and those on which this run does not decide."""
    held = frozenset(each.key for each in workloads if not is_meant(config, each.intent))
    return {**earlier, **{key: current.get(key, {}) for key in held}}, held


def _policy_kind(package: Package) -> PlacementPolicy | None:
    return next(iter(package.of(PlacementPolicy)), None)


def _policy(package: Package) -> tuple[PlacementPolicySpec, list[Result]]:
    policies = package.of(PlacementPolicy)
    problems = [
        error(
            f"must be the only PlacementPolicy of the package, "
            f'but there is "{policies[0].metadata.name}"',
            code="policy-twice",
            at=policy,
        )
        for policy in policies[1:]
    ]
    return (policies[0].spec if policies else PlacementPolicySpec()), problems


def _missing(config: PlacementResolver, intents: Iterable[PlacementIntent]) -> Iterator[Result]:
    """Tell the names in the functionConfig that no PlacementIntent has."""
    known = {intent.metadata.name for intent in intents}
    for position, name in enumerate(config.spec.intents):
        if name not in known:
            yield error(
                f'must be the name of a PlacementIntent of the package, but is "{name}"',
                code="intent-missing",
                at=config.resource,
                field=f"spec.intents[{position}]",
            )


def _of_one_name(intents: Iterable[PlacementIntent]) -> Iterator[Result]:
    """Refuse intents of one name in several packages: decisions are told apart by it."""
    seen: set[tuple[str, str]] = set()
    for intent in intents:
        key = (intent.metadata.namespace, intent.metadata.name)
        if key in seen:
            yield error(
                f'must be the only PlacementIntent "{intent.metadata.name}", sub-packages included',
                code="intent-twice",
                at=intent,
                field="metadata.name",
            )
        seen.add(key)


def _undefined(
    workloads: Iterable[Workload], clusters: Sequence[Cluster], distances: Distances
) -> Iterator[Result]:
    """Tell what intents name and nobody defines: capabilities, and areas."""
    decided = {name for cluster in clusters for name in cluster.capabilities}
    for workload in workloads:
        requirements = workload.intent.spec.requirements
        for position, each in enumerate(requirements.capabilities):
            if each.name not in decided and clusters:
                known = ", ".join(sorted(decided)) or "none"
                yield graded(
                    f"must be a capability that a CapabilityRule decides ({known}), "
                    f'but is "{each.name}"',
                    code="capability-undefined",
                    fails=each.support_mandatory,
                    at=workload.intent,
                    field=f"spec.requirements.capabilities[{position}].name",
                    current=each.name,
                )
        shares = requirements.latency.from_ if requirements.latency else ()
        for position, share in enumerate(shares):
            if not distances.knows(share.area, clusters):
                yield error(
                    f'must be an area of a ClusterTopology, but is "{share.area}"',
                    code="area-undefined",
                    at=workload.intent,
                    field=f"spec.requirements.latency.from[{position}].area",
                    current=share.area,
                )


def _unknown_clusters(
    workloads: Iterable[Workload], clusters: Sequence[Cluster]
) -> Iterator[Result]:
    """Tell names of clusters to which a workload must go, and that the fleet does not have."""
    known = {cluster.name for cluster in clusters}
    for workload in workloads:
        for position, name in enumerate(workload.intent.spec.cluster_names):
            if name not in known:
                yield warning(
                    f'must be the name of a ClusterProfile, but is "{name}"',
                    code="cluster-unknown",
                    at=workload.intent,
                    field=f"spec.clusterNames[{position}]",
                    current=name,
                )


def _contradictions(workloads: Sequence[Workload]) -> Iterator[Result]:
    """Tell intents that must go to the same clusters and to different ones, or miss the label."""
    groups = Groups.of(workloads)
    companions: dict[str, list[Workload]] = {}
    for workload in workloads:
        yield from _without_label(workload)
        for key in groups.together_of(workload):
            companions.setdefault(key, []).append(workload)
    for key, members in companions.items():
        yield from _of_another_number(key, members)
        first: dict[str, Workload] = {}
        for each in members:
            for other in sorted(groups.apart_of(each)):
                rival = first.setdefault(other, each)
                if rival is not each:
                    yield _contradiction(each, rival, together=key, apart=other)


def _of_another_number(key: str, members: Sequence[Workload]) -> Iterator[Result]:
    """Tell intents that go along with others and want another number of clusters."""
    numbers = [_number(each) for each in members]
    for each, number in zip(members, numbers, strict=True):
        if number != numbers[0]:
            yield error(
                f'must want as many clusters as "{members[0].key}" ({numbers[0]}), with which it '
                f"is together by `{key}`, but wants {number}",
                code="affinity-numbers",
                at=each.intent,
                field="spec.workloadAffinity",
            )


def _number(workload: Workload) -> str:
    spec = workload.intent.spec
    if spec.placement_type == "PickAll":
        return "all"
    return str(spec.number_of_clusters or len(spec.cluster_names))


def _without_label(workload: Workload) -> Iterator[Result]:
    spec, labels = workload.intent.spec, workload.intent.metadata.labels
    fields = {
        "workloadAffinity": spec.workload_affinity,
        "workloadAntiAffinity": spec.workload_anti_affinity,
    }
    for name, group in fields.items():
        if group is not None and group.group_by_label_key not in labels:
            yield error(
                f'must be a label of the intent itself, but is "{group.group_by_label_key}"',
                code="group-label-missing",
                at=workload.intent,
                field=f"spec.{name}.groupByLabelKey",
                current=group.group_by_label_key,
            )


def _contradiction(each: Workload, rival: Workload, *, together: str, apart: str) -> Result:
    return error(
        f'must not part it from "{rival.key}", but they are together by `{together}` '
        f"and apart by `{apart}`",
        code="affinity-contradiction",
        at=each.intent,
        field="spec.workloadAntiAffinity",
    )


@dataclass
class _Run:
    """The workloads of one run, and which affinity group each of them is at."""

    policy: PlacementPolicySpec
    facts: Facts
    workloads: Sequence[Workload]
    distances: Distances
    judges: Judges
    standing: Baseline
    held: frozenset[str] = frozenset()
    turns: dict[str, int] = field(default_factory=dict)

    def layout(self) -> Layout:
        """Give the candidates of every workload; of its first affinity group that has any."""
        size = len(self.workloads) * len(self.facts.clusters)
        now = parse_instant(self.facts.as_of) if self.facts.as_of else None
        clusters = {cluster.name: cluster for cluster in self.facts.clusters}
        decided = decided_shares(self.workloads, self.standing, clusters)
        self.view = View(self.facts.clusters, vectors(size), now, decided)
        self.found = {each.key: self._candidacy(each) for each in self.workloads}
        return Layout(self.view, list(self.found.values()))

    def next_groups(self, unplaced: Iterable[str]) -> Layout | None:
        """Let workloads that found no place try their next affinity group, if they have one."""
        moved = False
        for key in unplaced:
            each = self.found[key]
            groups = each.workload.intent.spec.cluster_affinities
            if self.turns.get(key, 0) + 1 < len(groups):
                self.turns[key] = self.turns.get(key, 0) + 1
                self.found[key] = self._candidacy(each.workload)
                moved = True
        return Layout(self.view, list(self.found.values())) if moved else None

    def _candidacy(self, workload: Workload) -> Candidacy:
        """Give the candidates in the first affinity group from now on that has enough.

        A workload stays with the group that it is in, unless its intent wants it back.
        """
        groups = workload.intent.spec.cluster_affinities
        disruption = workload.intent.spec.disruption or self.policy.disruption
        turn = self.turns.get(workload.key, 0)
        tried = [
            candidacy(self._ask(workload, position))
            for position in range(turn, max(len(groups), 1))
        ]
        enough = [each for each in tried if each.feasible.bit_count() >= max(each.wanted or 1, 1)]
        there = self.view.mask_of_names(self.standing.get(workload.key, ()))
        stays = [each for each in enough if there and each.feasible & there == there]
        if disruption.failback == "WhenBetter" or turn:
            stays = []
        chosen = [*stays, *enough, *tried[-1:]][0]
        self.turns[workload.key] = turn + tried.index(chosen)
        return chosen

    def _ask(self, workload: Workload, position: int) -> Ask:
        groups = workload.intent.spec.cluster_affinities
        return Ask(
            workload,
            self.view,
            self.policy,
            self.distances,
            self.judges,
            groups[position] if groups else None,
            self.standing.get(workload.key, {}),
            workload.key in self.held,
        )
