"""From workloads and their candidates to the problem that is solved."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from krmfn.placement_resolver import solving
from krmfn.placement_resolver.demand import DeviceNeed, PodDemand, Workload
from krmfn.placement_resolver.filters import Ask, Check, checks
from krmfn.placement_resolver.fitting import amounts_of, node_demand
from krmfn.placement_resolver.fleet import Cluster, NodeGroup
from krmfn.placement_resolver.grouping import Groups
from krmfn.placement_resolver.scoring import Term, scores, terms
from krmfn.placement_resolver.vectors import Column, rows_of
from krmfn.placement_resolver.view import Row, View
from krmfn.sdk.times import parse_span

Resource = str | DeviceNeed


@dataclass
class Candidacy:
    """A workload, the clusters that may take it, and how good they are.

    Attributes:
        feasible: the mask of the clusters that pass all filters.
        terms: what counts in the score.
        companions: the check that all that go along can go there, if there are any.
    """

    ask: Ask
    feasible: int
    terms: list[Term]
    companions: tuple[Check, ...] = ()

    def checks(self) -> tuple[Check, ...]:
        """Give the verdicts of the filters, in order; not kept either, but found anew."""
        return (*_verdicts(self.ask), *self.companions)

    def scores(self) -> Column:
        """Give the score of every cluster; not kept, since a fleet's would fill the memory."""
        return scores(self.terms, self.ask)

    @property
    def workload(self) -> Workload:
        """The workload."""
        return self.ask.workload

    @property
    def wanted(self) -> int | None:
        """How many clusters the intent asks for; None for all that fit."""
        if self.ask.held:
            return None
        spec = self.workload.intent.spec
        if spec.placement_type == "PickFixed":
            return len(spec.cluster_names)
        return spec.number_of_clusters


def candidacy(ask: Ask) -> Candidacy:
    """Filter and score all clusters for a workload."""
    if ask.held:
        return Candidacy(ask, ask.view.mask_of_names(ask.previous), [])
    return Candidacy(ask, _passing(_verdicts(ask), ask), terms(ask))


def _verdicts(ask: Ask) -> tuple[Check, ...]:
    if ask.held:
        return ()
    found = tuple(checks(ask))
    if not ask.workload.intent.spec.topology_spread_constraints:
        return found
    return (*found, *_domain_limits(Candidacy(ask, _passing(found, ask), terms(ask))))


def _passing(found: Iterable[Check], ask: Ask) -> int:
    """Mark the clusters that pass all checks."""
    mask = ask.view.everything
    for check in found:
        mask &= check.mask
    return mask


def _of_a_domain(each: Candidacy, key: str) -> Check:
    """Give the check that a cluster is of some domain, as Kubernetes demands of nodes."""
    view = each.ask.view
    mask = view.mark(("domain", key), lambda cluster: bool(domain_of(cluster, key)))
    return Check("domains", f"has no `{key}`", mask, lambda _: "neither label nor property")


def _domain_limits(each: Candidacy) -> Iterator[Check]:
    """Yield the domains that an intent may use where it limits their number: the best ones."""
    view, ranked = each.ask.view, each.scores()
    for constraint in each.workload.intent.spec.topology_spread_constraints:
        if constraint.when_unsatisfiable == "DoNotSchedule":
            yield _of_a_domain(each, constraint.topology_key)
        if not (constraint.min_groups or constraint.max_groups):
            continue
        key, domains = constraint.topology_key, domains_of(each, constraint.topology_key)
        best = {
            domain: float(ranked[view.vectors.best(ranked, mask, 1)[0]])
            for domain, mask in domains.items()
        }
        order = sorted(domains, key=lambda domain: (-best[domain], domain))
        kept = order[: constraint.max_groups or None]
        if len(order) < constraint.min_groups:
            kept = []
        mask = 0
        for domain in kept:
            mask |= domains[domain]
        few = f"; there must be {constraint.min_groups}, but are {len(order)}" if not kept else ""
        yield Check(
            "domains",
            f"is of none of the best domains of `{key}`{few}",
            mask,
            lambda number, key=key: domain_of(view.clusters[number], key) or "no domain",  # type: ignore[misc]
        )


@dataclass
class Layout:
    """The problem, and how its numbers are to be read.

    Attributes:
        known_pods: pods that are alike on many clusters, once.
    """

    view: View
    candidacies: Sequence[Candidacy]
    known_pods: dict[tuple[solving.Pod, ...], tuple[solving.Pod, ...]] = field(default_factory=dict)

    @cached_property
    def groups(self) -> Groups:
        """Which workloads go together, and which apart."""
        return Groups.of(each.workload for each in self.candidacies)

    @cached_property
    def axes(self) -> dict[Resource, int]:
        """The number of every resource and every set of devices that anybody asks for."""
        asked = {
            resource: None
            for each in self.candidacies
            for pod in each.workload.pods
            for resource in amounts_of(pod, self.view.devices)
        }
        return {resource: axis for axis, resource in enumerate(sorted(asked, key=repr))}

    @cached_property
    def _needs(self) -> tuple[DeviceNeed, ...]:
        return tuple(each for each in self.axes if isinstance(each, DeviceNeed))

    def bins(self, cluster: Cluster) -> tuple[solving.GroupBins, ...]:
        """Give the nodes of a cluster, as packing sees them."""
        number = self.view.index[cluster.name]
        return tuple(self._bins(number, group) for group in cluster.groups)

    def pods(
        self, workload: Workload, cluster: Cluster, replicas: Mapping[int, int]
    ) -> tuple[solving.Pod, ...]:
        """Give the pods of a workload on a cluster; `replicas` by the number of the pod."""
        pods = tuple(
            self._pod(workload, pod, cluster, replicas.get(position, pod.replicas))
            for position, pod in enumerate(workload.pods)
        )
        return self.known_pods.setdefault(pods, pods)

    def _bins(self, number: int, group: NodeGroup) -> solving.GroupBins:
        whole = Row(number, group)
        return solving.GroupBins(
            count=group.count,
            free=tuple(whole.has(resource) for resource in self.axes),
            zones=tuple(
                tuple(
                    Row(number, group, zone).has(resource)
                    if self._is_zoned(group, zone.available, resource)
                    else solving.UNZONED
                    for resource in self.axes
                )
                for zone in group.zones
            ),
            strict=group.single_zone or (self._anyone_insists and bool(group.zones)),
        )

    @cached_property
    def _anyone_insists(self) -> bool:
        return any(
            pod.aligned == "always" for each in self.candidacies for pod in each.workload.pods
        )

    @staticmethod
    def _is_zoned(group: NodeGroup, zone: Mapping[str, int], resource: Resource) -> bool:
        if isinstance(resource, DeviceNeed):
            return any(device.zone and resource.accepts(device) for device in group.devices)
        return resource in zone

    def _pod(
        self, workload: Workload, pod: PodDemand, cluster: Cluster, replicas: int
    ) -> solving.Pod:
        demand = node_demand(pod, workload)
        groups = frozenset(
            number for number, group in enumerate(cluster.groups) if demand.allows(cluster, group)
        )
        strict = any(cluster.groups[number].single_zone for number in groups)
        amounts = amounts_of(pod, self.view.devices, self._needs)
        return solving.Pod(
            requests=tuple(
                sorted((self.axes[resource], amount) for resource, amount in amounts.items())
            ),
            replicas=replicas,
            groups=None if len(groups) == len(cluster.groups) else groups,
            aligned=pod.aligned == "always" or (pod.aligned == "policy" and strict),
        )


def domain_of(cluster: Cluster, key: str) -> str:
    """Give the domain of a cluster for a topology key: a label, or else a property."""
    known = cluster.properties.get(key)
    return cluster.labels.get(key) or (known.value if known else "")


def domains_of(each: Candidacy, key: str) -> dict[str, int]:
    """Give the candidates of every domain as a mask; those of no domain are left out."""
    clusters = each.ask.view.clusters
    domains: dict[str, int] = {}
    for number in rows_of(each.feasible):
        if domain := domain_of(clusters[number], key):
            domains[domain] = domains.get(domain, 0) | 1 << number
    return domains


def short_list(each: Candidacy, count: int, previous: Iterable[str]) -> list[int]:
    """Give the clusters that the solver may choose from: the best ones, and those it is on."""
    view = each.ask.view
    if each.wanted is None or each.workload.intent.spec.placement_type == "PickFixed":
        return list(rows_of(each.feasible))
    most = max(count, 2 * each.wanted)
    ranked = each.scores()
    found = view.vectors.best(ranked, each.feasible, most)
    for constraint in each.workload.intent.spec.topology_spread_constraints:
        found += _of_each_domain(each, ranked, constraint.topology_key, most)
    found += rows_of(view.mask_of_names(previous) & each.feasible)
    return list(dict.fromkeys(found))


def _of_each_domain(each: Candidacy, ranked: Column, key: str, count: int) -> list[int]:
    """Give the best clusters of every domain, so that spreading over them is possible."""
    view, domains = each.ask.view, domains_of(each, key)
    share = max(2, -(-count // max(len(domains), 1)))
    return [
        number
        for domain in sorted(domains)
        for number in view.vectors.best(ranked, domains[domain], share)
    ]


def dwells(since: str, as_of: str, span: str) -> bool:
    """Say whether a workload must still stay where it is, unless forced."""
    from krmfn.sdk.times import parse_instant

    if not since or not as_of:
        return False
    return parse_instant(as_of) - parse_instant(since) < parse_span(span)
