"""From the plan to resources: decisions, reports, and what applies them. Looks nothing up."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from krmfn.placement_resolver.emit.baseline import Baseline, baseline_of
from krmfn.placement_resolver.emit.decisions import decisions
from krmfn.placement_resolver.emit.git_generator import git_generator
from krmfn.placement_resolver.emit.naming import key_of
from krmfn.placement_resolver.emit.overlays import Overlays
from krmfn.placement_resolver.emit.package_variants import package_variant_set
from krmfn.placement_resolver.emit.report import report, summary
from krmfn.placement_resolver.intents import PlacementResolverSpec
from krmfn.placement_resolver.plan import Decision, Plan
from krmfn.sdk import Generated, Result

__all__ = ["Baseline", "baseline_of", "emit"]

Output = Generated | Result


def emit(plan: Plan, spec: PlacementResolverSpec, policy: Any = None) -> Iterator[Output]:
    """Yield what a plan says, and what applies it.

    Results are only what copies tell: a patch of the intent that does not fit is an error.

    Args:
        plan: what was decided.
        spec: of the functionConfig: what applies the decisions.
        policy: the PlacementPolicy of the package; it owns the summary, the first intent does
            where there is none.
    """
    namespace = spec.namespace or plan.namespace
    for decision in plan.decisions:
        overlays = Overlays(decision)
        yield from decisions(decision, namespace)
        yield from _APPLIED[spec.apply](decision, overlays, spec)
        previous = plan.baseline.get(key_of(decision.intent), {})
        yield report(decision, previous, overlays.mutations)
    if plan.decisions:
        yield summary(plan, by=policy or min(_intents(plan), key=key_of))


def _intents(plan: Plan) -> Iterable[Any]:
    return (decision.intent for decision in plan.decisions)


def _nothing(*_: object) -> Iterable[Output]:
    return ()


def _copies(_: Decision, overlays: Overlays, __: PlacementResolverSpec) -> Iterable[Output]:
    return overlays


def _variants(decision: Decision, _: Overlays, spec: PlacementResolverSpec) -> Iterable[Output]:
    options = spec.package_variant_set
    return package_variant_set(decision, options) if options else ()


def _files(decision: Decision, overlays: Overlays, spec: PlacementResolverSpec) -> Iterable[Output]:
    """Yield what the generator reads; and the copies, where it leads to a folder a cluster."""
    wanted = spec.git_generator.application_set
    if wanted is not None and "{cluster}" in wanted.path:
        yield from overlays
    yield from git_generator(decision, spec.git_generator)


_APPLIED: Mapping[str, Callable[[Decision, Overlays, PlacementResolverSpec], Iterable[Output]]] = {
    "None": _nothing,
    "Overlays": _copies,
    "PackageVariantSet": _variants,
    "GitGenerator": _files,
}
