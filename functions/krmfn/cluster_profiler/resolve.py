"""From the facts of a package to what is to be written about every cluster."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

from krmfn.cluster_profiler.capabilities import Decision, Rules, decide, rules_of
from krmfn.cluster_profiler.clusters import Clusters, by_cluster, own_cluster
from krmfn.cluster_profiler.facts import ClusterView, Node, NodeView, Pool
from krmfn.cluster_profiler.groups import MOST_GROUPS, Group, grade_group, group
from krmfn.cluster_profiler.intents import CapabilityRule, ClusterProfiler, DevicePool
from krmfn.cluster_profiler.join import join
from krmfn.cluster_profiler.merging import Whole, capability_properties, merge, oldest
from krmfn.cluster_profiler.nfd import Rule, RuleError
from krmfn.cluster_profiler.nfd import rules_of as feature_rules_of
from krmfn.cluster_profiler.plan import Profile
from krmfn.cluster_profiler.sources import SOURCES, Objects
from krmfn.kinds.inventory import CLUSTER_PROFILE, GROUP
from krmfn.sdk import Package, Resource, Result, Severity, error, info, yaml_load
from krmfn.sdk.ownership import owner_of
from krmfn.sdk.quantity import parse
from krmfn.sdk.result import in_order

_FUNCTION = "cluster-profiler"
_MOST_NOTES = 20
_DEFAULT_RULES = "default_rules.yaml"


@dataclass(frozen=True, slots=True)
class _Shared:
    """What holds for every cluster of a package."""

    config: ClusterProfiler
    clusters: Clusters
    rules: Rules
    feature_rules: Mapping[str, Sequence[Rule]]
    pools: tuple[Pool, ...]
    foreign: Mapping[str, Sequence[Resource]]


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of a cluster: its nodes, when they were seen, and what is said of it whole."""

    nodes: Sequence[Node]
    views: Sequence[ClusterView]
    seen: str


def resolve(config: ClusterProfiler, package: Package) -> tuple[list[Profile], list[Result]]:
    """Decide what is written about every cluster that the facts of a package tell of.

    Returns:
        the clusters by name, and results; of one kind of note only the first few.
    """
    clusters, results = by_cluster(package, config.spec.as_of)
    feature_rules, wrong = _feature_rules(clusters)
    shared = _Shared(
        config,
        clusters,
        _rules(config, package),
        feature_rules,
        tuple(_pool(each) for each in config.spec.devices),
        _foreign_profiles(package),
    )
    results += wrong
    profiles = []
    for name in clusters.of:
        profile, said = _profile(clusters.of[name], shared)
        profiles.append(profile)
        results += said
    return profiles, _bounded(results)


def _profile(objects: Objects, shared: _Shared) -> tuple[Profile, list[Result]]:
    config, foreign = shared.config.spec, shared.foreign.get(objects.cluster, ())
    facts, results = _facts(objects, shared)
    whole, merged_says = merge(facts.views, facts.nodes, facts.seen)
    taking = [node for node in facts.nodes if node.offers]
    decisions = decide(shared.rules, taking, _cel_values(objects, whole), seen=bool(facts.nodes))
    groups, groups_say = _groups(objects, taking, decisions)
    package_path = min((each.package_path for each in objects.facts), key=_depth)
    verdicts = {each.capability: each.verdict for each in decisions}
    profile = Profile(
        name=objects.cluster,
        namespace=foreign[0].namespace if foreign else config.namespace or "",
        folder=_folder(objects, own_cluster(package_path, shared.clusters.own)),
        package_path=package_path,
        manager=config.cluster_manager,
        has_own_profile=bool(foreign),
        observed_at=facts.seen or oldest(view.observed_at for view in facts.views),
        version=whole.version,
        health=whole.health,
        labels=whole.labels,
        properties={**whole.properties, **capability_properties(verdicts, facts.seen)},
        taints=whole.taints,
        groups=groups or tuple(grade_group(grade) for grade in whole.grades if not facts.nodes),
        capabilities=tuple(decisions),
    )
    return profile, [*results, *merged_says, *groups_say, *_left_alone(objects.cluster, foreign)]


def _facts(objects: Objects, shared: _Shared) -> tuple[_Facts, list[Result]]:
    """Ask all sources, and put together what they say about each node."""
    said = [each for source in SOURCES for each in source(objects)]
    of_nodes = [each for each in said if isinstance(each, NodeView)]
    rules = [*shared.feature_rules.get("", ()), *shared.feature_rules.get(objects.cluster, ())]
    nodes, joined_says = join(of_nodes, rules, shared.pools)
    facts = _Facts(
        nodes,
        [each for each in said if isinstance(each, ClusterView)],
        oldest(view.observed_at for view in of_nodes),
    )
    return facts, [*(each for each in said if isinstance(each, Result)), *joined_says]


def _groups(
    objects: Objects, nodes: Sequence[Node], decisions: Sequence[Decision]
) -> tuple[tuple[Group, ...], list[Result]]:
    if not nodes:
        return (), []
    able = list(zip(*(each.of_nodes for each in decisions), strict=True))
    groups, differences = group(nodes, able or [()] * len(nodes))
    if not differences:
        return groups, []
    message = (
        f"cluster `{objects.cluster}` has more than {MOST_GROUPS} groups of nodes that are alike, "
        f"so nodes of one group may differ in {differences}, and the group has the least of each"
    )
    return groups, [info(message, code="groups-merged", at=objects.of("Node")[0])]


def _cel_values(objects: Objects, whole: Whole) -> dict[str, Any]:
    """Give a cluster as the CEL of its rules sees it."""
    return {
        "name": objects.cluster,
        "labels": dict(whole.labels),
        "properties": {name: each.value for name, each in whole.properties.items()},
    }


def _folder(objects: Objects, own: str) -> str:
    """Give the folder of what is written: in a cluster's own package it stands beside the facts."""
    is_own = objects.cluster == own and not any(each.cluster for each in objects.facts)
    return "" if is_own else f"clusters/{objects.cluster}"


def _rules(config: ClusterProfiler, package: Package) -> Rules:
    """Give the rules of the package, and the default ones of capabilities it has no rules for."""
    own = rules_of(package.of(CapabilityRule))
    return {**rules_of(_default_rules()), **own} if config.spec.default_rules else own


def _default_rules() -> Iterator[CapabilityRule]:
    text = (files(__package__) / _DEFAULT_RULES).read_text(encoding="utf-8")
    for capability in yaml_load(text)["capabilities"]:
        for spec in capability["rules"]:
            yield CapabilityRule.model_validate(
                {"metadata": {"name": capability["name"]}, "spec": spec}
            )


def _feature_rules(clusters: Clusters) -> tuple[dict[str, list[Rule]], list[Result]]:
    """Read the NodeFeatureRules by cluster, in the order in which NFD runs them."""
    found: dict[str, list[Rule]] = {}
    problems = []
    for cluster, resources in clusters.feature_rules.items():
        for resource in sorted(resources, key=lambda each: each.name):
            try:
                found.setdefault(cluster, []).extend(feature_rules_of([resource.body]))
            except RuleError as wrong:
                problems.append(
                    error(str(wrong), code="bad-feature-rule", at=resource, field="spec.rules")
                )
    return found, problems


def _pool(given: DevicePool) -> Pool:
    return Pool(
        given.resource_name,
        given.class_,
        driver=given.driver or "",
        vendor=given.vendor or "",
        model=given.model or "",
        speed_gbps=parse(given.speed_gbps or 0),
        memory_mib=parse(given.memory_mib or 0),
        network=given.network or "",
        attachment=given.attachment or "",
    )


def _foreign_profiles(package: Package) -> dict[str, list[Resource]]:
    """Give the ClusterProfiles that somebody else makes, by name."""
    found: dict[str, list[Resource]] = {}
    for resource in package.select(kind=CLUSTER_PROFILE, group=GROUP):
        if not owner_of(resource).startswith(f"{_FUNCTION}/"):
            found.setdefault(resource.name, []).append(resource)
    return found


def _left_alone(cluster: str, foreign: Sequence[Resource]) -> Iterator[Result]:
    if len(foreign) > 1:
        for resource in foreign:
            yield error(
                f"must be the only ClusterProfile `{cluster}`, so that its ClusterCapacity can "
                "stand beside it",
                code="profile-ambiguous",
                at=resource,
            )
    elif foreign:
        yield info(
            "is somebody else's and is left alone; only a ClusterCapacity is written beside it",
            code="profile-left-alone",
            at=foreign[0],
        )


def _depth(package_path: str) -> tuple[int, str]:
    return len(package_path), package_path


def _bounded(results: Sequence[Result]) -> list[Result]:
    """Keep of every kind of note the first few, and say how many there are more."""
    kept = [each for each in results if each.severity == Severity.ERROR]
    by_code: dict[str, list[Result]] = {}
    for each in in_order(each for each in results if each.severity != Severity.ERROR):
        by_code.setdefault(each.code, []).append(each)
    for notes in by_code.values():
        kept += notes[:_MOST_NOTES]
        if (more := len(notes) - _MOST_NOTES) > 0:
            last = notes[_MOST_NOTES - 1]
            kept.append(
                replace(last, message=f"and {more} more like this", resource=None, field="")
            )
    return kept
