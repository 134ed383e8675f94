"""What placement-resolver decides for a package: the pipeline runs in memory, up to it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from krmfn.cli.rendering.calls import Runner
from krmfn.cli.rendering.execute import Observer, Run, execute
from krmfn.cli.rendering.kptfile import Step
from krmfn.cli.rendering.runners import Permissions, image_name, library_runner, runner_of
from krmfn.cli.rendering.tree import PackageTree
from krmfn.placement_resolver import placement_resolver
from krmfn.placement_resolver.assembly import Assembly
from krmfn.placement_resolver.edge import opa_engine
from krmfn.placement_resolver.emit.baseline import baseline_of
from krmfn.placement_resolver.emit.naming import key_of
from krmfn.placement_resolver.intents import PlacementIntent, PlacementResolver
from krmfn.placement_resolver.plan import Plan, Standing
from krmfn.placement_resolver.resolve import resolve
from krmfn.placement_resolver.solving import Option
from krmfn.sdk import Package, Resource, Result, Severity

Edit = Callable[[Iterable[Resource]], Iterable[Resource]]
"""What is changed in the resources that a placement-resolver is given."""

_SHOWN_ELSEWHERE = frozenset(("unplaced", "not-survivable", "cluster-gone"))


@dataclass(frozen=True)
class Resolution:
    """What one placement-resolver decides.

    Attributes:
        step: where it stands in the pipeline, such as `pipeline.mutators[1]`.
        solved: the candidates, the problem and its solution.
        rendered: the digest of the input that the decisions in the package were made of, "" where
            it holds none.
    """

    step: str
    plan: Plan
    solved: Assembly
    said: tuple[Result, ...] = ()
    rendered: str = ""

    @property
    def is_rendered(self) -> bool:
        """Whether the package already holds these decisions."""
        return self.rendered == self.plan.digest

    @property
    def fails(self) -> bool:
        """Whether the package cannot be rendered with these decisions."""
        return any(each.severity == Severity.ERROR for each in self.said)

    @property
    def warnings(self) -> list[str]:
        """What was said that the decisions do not show, and all errors, a line each."""
        return [
            each.line()
            for each in self.said
            if each.severity == Severity.ERROR
            or (each.severity == Severity.WARNING and each.code not in _SHOWN_ELSEWHERE)
        ]

    @cached_property
    def positions(self) -> dict[str, int]:
        """The number of the decision of each intent, by its key."""
        return {key_of(each.intent): number for number, each in enumerate(self.plan.decisions)}

    @cached_property
    def residents(self) -> dict[str, list[tuple[str, Option]]]:
        """The workloads that were placed on each cluster, by key, with what they run there."""
        found: dict[str, list[tuple[str, Option]]] = {}
        problem = self.solved.problem
        for item, chosen in zip(problem.items, self.solved.solution.chosen, strict=True):
            options = {option.cluster: option for option in item.options}
            for number in chosen:
                name = self.solved.names[number]
                found.setdefault(name, []).append((item.key, options[number]))
        return found


@dataclass(frozen=True)
class Resolved:
    """The decisions for a package.

    Attributes:
        resolutions: those that hold, in the order of the pipelines.
        failed: the function that failed, None where all went well.
        problem: why the pipeline could not go on, "" where it could.
    """

    resolutions: tuple[Resolution, ...]
    failed: Run | None = None
    problem: str = ""


def resolved(
    tree: PackageTree,
    permissions: Permissions,
    observer: Observer,
    edit: Edit = lambda items: items,
    before: Sequence[Resolution] = (),
) -> Resolved:
    """Run a package's pipeline as `krmfn render` does, and give what is decided about placement.

    Args:
        tree: the package.
        permissions: what functions of others may do.
        observer: is told how the pipeline goes on.
        edit: is applied to what each placement-resolver is given.
        before: decisions that stand, instead of those that the package holds.

    Raises:
        CliError: a function of the pipeline cannot be run.
    """
    tree = _until_placed(tree)
    watching = _Watching(permissions, edit, {each.step: each for each in before})
    last = tree.kptfile.mutators[-1] if not (tree.kptfile.top_down and tree.children) else None

    def runner(step: Step) -> Runner:
        if _is_placement(step):
            return watching.runner(step, is_last=step is last)
        return runner_of(step, permissions)

    rendering = execute(tree, runner, observer)
    failed = rendering.runs[-1] if rendering.runs and not rendering.ok else None
    return Resolved(tuple(_latest(watching.found)), failed, rendering.problem)


def has_placement(tree: PackageTree) -> bool:
    """Say whether a pipeline of the package resolves placement."""
    return any(_is_placement(step) for each in tree.walk() for step in each.kptfile.steps)


def _until_placed(tree: PackageTree) -> PackageTree:
    """Leave out what runs after the last placement; put one at the end where there is none."""
    mutators = tree.kptfile.mutators
    own = [number for number, step in enumerate(mutators) if _is_placement(step)]
    if not has_placement(tree):
        mutators = (*mutators, Step("pipeline", image=placement_resolver.name))
    elif own and not (tree.kptfile.top_down and tree.children):
        mutators = mutators[: own[-1] + 1]
    return replace(tree, kptfile=replace(tree.kptfile, mutators=mutators, validators=()))


def _is_placement(step: Step) -> bool:
    return image_name(step.image) == placement_resolver.name


def _latest(found: Sequence[Resolution]) -> Iterable[Resolution]:
    """Yield the decisions that are not all made again later."""
    for position, each in enumerate(found):
        later = {key for other in found[position + 1 :] for key in other.positions}
        if not each.positions.keys() <= later:
            yield each


@dataclass
class _Watching:
    """Runs placement-resolver, and keeps what it decides."""

    permissions: Permissions
    edit: Edit
    before: Mapping[str, Resolution]
    found: list[Resolution] = field(default_factory=list)

    def runner(self, step: Step, *, is_last: bool) -> Runner:
        """Give what runs the function; the last one only decides, since nobody sees its output."""

        def body(config: PlacementResolver, package: Package) -> Iterable[Any]:
            package = Package(self.edit(package), package.hidden)
            decided, said = self._decided(step, config, package)
            if decided:
                self.found.append(decided)
            if not is_last:
                return placement_resolver.body(config, package)
            return [] if decided else said

        body.__module__ = placement_resolver.module
        return library_runner(replace(placement_resolver, body=body))

    def _decided(
        self, step: Step, config: PlacementResolver, package: Package
    ) -> tuple[Resolution | None, list[Result]]:
        solved: list[Assembly] = []
        stands = self.before.get(step.field)
        baseline = _after(stands.plan) if stands else baseline_of
        plan, said = resolve(config, package, baseline, opa_engine(), solved.append)
        if plan is None:
            return None, said
        return Resolution(step.field, plan, solved[0], tuple(said), _digest_in(package)), said


def _after(plan: Plan) -> Callable[[Package, str], Mapping[str, Mapping[str, Standing]]]:
    """Give what the next decision starts from, were this one rendered; see `baseline_of`."""
    decided = {
        key_of(decision.intent): {
            each.cluster.name: Standing(each.since, each.came_from, each.replicas)
            for each in decision.assignments
        }
        for decision in plan.decisions
    }

    def baseline(package: Package, digest: str) -> Mapping[str, Mapping[str, Standing]]:
        if digest == plan.digest:
            return plan.baseline
        keys = {key_of(intent) for intent in package.of(PlacementIntent)}
        return {key: held for key, held in decided.items() if held and key in keys}

    return baseline


def _digest_in(package: Package) -> str:
    for each in package.select(kind="PlacementSummary", group="intent.krmfn.dev"):
        status = each.body.get("status")
        if isinstance(status, Mapping):
            return str(status.get("inputDigest") or "")
    return ""
