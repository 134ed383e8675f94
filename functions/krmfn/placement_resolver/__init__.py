"""Where the workloads of a fleet run: all of them decided together, with a proof."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from krmfn.sdk import Generated, Kept, Package, Result, function

if TYPE_CHECKING:
    from krmfn.placement_resolver.intents import PlacementResolver


@function(
    "placement-resolver",
    config="PlacementResolver",
    reads=(
        "intent.krmfn.dev/PlacementIntent",
        "intent.krmfn.dev/PlacementPolicy",
        "intent.krmfn.dev/ClusterCapacity",
        "intent.krmfn.dev/ClusterTopology",
    ),
)
def placement_resolver(
    config: "PlacementResolver", package: Package
) -> Iterable[Generated | Kept | Result]:
    """Decide where every workload of the package runs, and write down why."""
    from krmfn.placement_resolver.intents import PlacementIntent

    intents = package.of(PlacementIntent)
    if not intents:
        return
    from krmfn.placement_resolver.edge import opa_engine
    from krmfn.placement_resolver.emit import baseline_of, emit
    from krmfn.placement_resolver.resolve import is_meant, resolve

    plan, said = resolve(config, package, baseline_of, rego=opa_engine())
    yield from said
    yield from (Kept(by=intent) for intent in intents if not is_meant(config, intent))
    if plan is not None:
        yield from emit(plan, config.spec, plan.policy)
