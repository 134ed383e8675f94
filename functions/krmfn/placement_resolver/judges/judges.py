"""All judges of a package: its CEL and its Rego."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from krmfn.placement_resolver.demand import Workload
from krmfn.placement_resolver.fleet import Cluster
from krmfn.placement_resolver.intents import PlacementIntent, PlacementPolicy, PlacementPolicySpec
from krmfn.placement_resolver.judges.engine import (
    ENTRYPOINT,
    RegoEngine,
    RegoError,
    RegoFault,
    RegoQuery,
)
from krmfn.placement_resolver.judges.expressions import Expressions
from krmfn.placement_resolver.judges.places import places
from krmfn.placement_resolver.judges.sources import RegoSource, fill, read_source
from krmfn.placement_resolver.judges.values import cluster_value, workload_value
from krmfn.placement_resolver.judges.verdicts import DecisionError, RegoVerdict, read_verdict
from krmfn.placement_resolver.vectors import Column
from krmfn.placement_resolver.view import View
from krmfn.sdk import Package, Result, error
from krmfn.sdk.messages import path_of


@dataclass
class Judges:
    """CEL expressions and Rego of a package, and what they say of the clusters of one fleet.

    Attributes:
        engine: what evaluates Rego; it is asked once, for all workloads together.
        workloads: the workloads that Rego will be asked of.
    """

    policy: PlacementPolicySpec
    package: Package
    engine: RegoEngine | None = None
    workloads: Sequence[Workload] = ()
    _source: RegoSource | None = None
    _verdicts: dict[str, RegoVerdict] | None = None
    _failed: list[Result] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._expressions = Expressions()

    def problems(
        self, intents: Iterable[PlacementIntent], policy: PlacementPolicy | None
    ) -> Iterator[Result]:
        """Yield the expressions that do not compile, and Rego that cannot be read."""
        yield from self._expressions.problems(places(intents, policy))
        if policy is not None and policy.spec.rego is not None:
            yield from self._rego_problems(policy)

    def failures(self) -> Iterator[Result]:
        """Yield what could not be judged; errors where nothing that was decided must be kept."""
        yield from self._expressions.failures()
        yield from self._failed

    def holds(self, expression: str, view: View, workload: Workload) -> int:
        """Mark the clusters for which a CEL expression gives true; no value is not true."""
        return self._expressions.holds(expression, view, workload)

    def rates(self, expression: str, view: View, workload: Workload) -> Column:
        """Give what a CEL expression rates the clusters, from 0 to 1; no value rates 0."""
        return self._expressions.rates(expression, view, workload)

    def found(self, expression: str, cluster: Cluster, workload: Workload) -> str:
        """Say what a CEL expression gives for a cluster that it does not hold for."""
        return self._expressions.found(expression, cluster, workload)

    def rego(self, view: View, workload: Workload) -> RegoVerdict | None:
        """Give what the policy's Rego says of a workload; None without Rego, or when it fails."""
        if self._source is None or self.engine is None:
            return None
        if self._verdicts is None:
            self._verdicts = self._evaluated(self._source, self.engine, view)
        return self._verdicts.get(workload.key)

    def _rego_problems(self, policy: PlacementPolicy) -> Iterator[Result]:
        source = read_source(policy, self.package)
        if isinstance(source, Result):
            yield source
            return
        yield from fill(source)
        self._source = source
        if self.engine is None:
            message = "must have an engine that evaluates Rego, but there is none"
            yield error(message, code="rego-engine-missing", at=policy, field="spec.rego")

    def _evaluated(
        self, source: RegoSource, engine: RegoEngine, view: View
    ) -> dict[str, RegoVerdict]:
        query = RegoQuery(
            source.modules,
            source.data,
            {each.name: cluster_value(each) for each in view.clusters},
            [workload_value(each) for each in self.workloads],
        )
        weight = self.policy.rego.weight if self.policy.rego else 0
        verdicts: dict[str, RegoVerdict] = {}
        try:
            for workload, decision in zip(self.workloads, engine(query), strict=True):
                verdicts[workload.key] = _verdict(decision, workload, view, weight)
        except RegoError as problem:
            self._failed += [_result(fault, source) for fault in problem.faults]
            return {}
        return verdicts


def _verdict(decision: object, workload: Workload, view: View, weight: int) -> RegoVerdict:
    try:
        return read_verdict(decision, view, weight)
    except DecisionError as problem:
        message = f'`{ENTRYPOINT}` {problem}, for "{workload.key}"'
        raise RegoError(RegoFault(message, "rego-result")) from None


def _result(fault: RegoFault, source: RegoSource) -> Result:
    if not fault.module:
        at, name = source.owner, source.resource.name
        field_path = "spec.rego.configMap"
        return error(fault.message, code=fault.code, at=at, field=field_path, current=name)
    where = f"line {fault.line}, column {fault.column}: " if fault.line else ""
    field_path = path_of(("data", fault.module))
    return error(f"{where}{fault.message}", code=fault.code, at=source.resource, field=field_path)
