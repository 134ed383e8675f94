"""A package's pipeline and those of its sub-packages, in kpt's order."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import join
from time import perf_counter
from typing import Protocol

from krmfn.cli.errors import CliError
from krmfn.cli.rendering.calls import Answer, Call, Runner
from krmfn.cli.rendering.kptfile import KPTFILE, Step
from krmfn.cli.rendering.placing import not_krm, numbered, placed
from krmfn.cli.rendering.tree import PackageTree
from krmfn.sdk.resource import Place, Resource

_HINT = "; make a file of Helm values a HelmValues resource, or name the file in .krmignore"

Items = tuple[Resource, ...]


@dataclass(frozen=True)
class Run:
    """One function that ran.

    Attributes:
        package: the package whose pipeline it stands in, slash path relative to the root package.
        given: how many resources it was given.
        seconds: how long it took.
    """

    package: str
    step: Step
    answer: Answer
    given: int
    seconds: float


@dataclass(frozen=True)
class Rendering:
    """What rendering gave.

    Attributes:
        runs: the functions that ran, the failed one last.
        items: the resources of all packages; empty after a failure.
        problem: why the rendering failed, "" when it did not.
    """

    runs: tuple[Run, ...]
    items: Items = ()
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether every function succeeded and gave an answer that can be used."""
        return not self.problem


class Observer(Protocol):
    """Who is told how the rendering goes on."""

    def started(self, path: str, step: Step) -> None:
        """Learn that a function of the package at `path` begins."""

    def finished(self, run: Run) -> None:
        """Learn that a function has ended."""


def execute(
    tree: PackageTree, runner_of: Callable[[Step], Runner], observer: Observer
) -> Rendering:
    """Run all pipelines of a package.

    Raises:
        CliError: a function cannot be run at all; none has run then.
    """
    runners = {}
    for package in tree.walk():
        for step in package.kptfile.steps:
            _config_on_disk(package, step)
            runners[package.path, step.field] = runner_of(step)
    execution = _Execution(tree.folder, runners, observer)
    try:
        items = execution.top_down(tree) if tree.kptfile.top_down else execution.bottom_up(tree)
    except _Failed as failure:
        return Rendering(tuple(execution.runs), problem=str(failure))
    return Rendering(tuple(execution.runs), items)


class _Failed(Exception):  # noqa: N818 - no error of ours: the function's, or the package's
    """The rendering cannot go on."""


@dataclass
class _Execution:
    """The state of one rendering."""

    root: Path
    runners: dict[tuple[str, str], Runner]
    observer: Observer
    runs: list[Run] = field(default_factory=list)

    def bottom_up(self, tree: PackageTree) -> Items:
        """Run the sub-packages' pipelines first; a package sees what they gave."""
        below = [item for child in tree.children for item in self.bottom_up(child)]
        return self.pipeline(tree, (*below, *tree.resources()))

    def top_down(self, root: PackageTree) -> Items:
        """Run a package's pipeline before those of its sub-packages (`kpt.dev/bfs-rendering`)."""
        packages = _by_level(root)
        own = {str(package.folder): tuple(package.resources()) for package in packages}
        for package in packages:
            seen = [str(each.folder) for each in package.walk()]
            given = [item for folder in seen for item in own.pop(folder, ())]
            for item in self.pipeline(package, tuple(given)):
                own[item.package_path] = (*own.get(item.package_path, ()), item)
        return tuple(item for items in own.values() for item in items)

    def pipeline(self, tree: PackageTree, items: Items) -> Items:
        """Give the items that a package's functions make of those it sees."""
        if lacking := not_krm(items, self.root):
            problem = f"input resource list must contain only KRM resources: {lacking}"
            raise _Failed(problem + (_HINT if lacking.endswith("`apiVersion`") else ""))
        for step in tree.kptfile.mutators:
            items = self.mutated(tree, step, items)
        for step in tree.kptfile.validators:
            config = _config_on_disk(tree, step)
            call = Call(step, _in_slots(_selected(items, step)), config, validates=True)
            self.run(tree, call)
        return items

    def mutated(self, tree: PackageTree, step: Step, items: Items) -> Items:
        """Give the items as a mutator leaves them; those it does not select stay in their order."""
        config = _config_in(items, tree, step) or _config_on_disk(tree, step)
        selected = _selected(items, step)
        answered = self.run(tree, Call(step, _in_slots(selected), config))
        if not step.is_selective:
            return numbered(answered)
        successors = {item.slot: item for item in answered if item.slot is not None}
        slots = {id(item): slot for slot, item in enumerate(selected)}
        kept = [successors.get(slots[id(item)]) if id(item) in slots else item for item in items]
        new = [item for item in answered if item.slot is None]
        return numbered((*(item for item in kept if item is not None), *new))

    def run(self, tree: PackageTree, call: Call) -> Items:
        """Run a function, and tell about it; a failed one ends the rendering."""
        step = call.step
        self.observer.started(tree.path, step)
        start = perf_counter()
        answer = placed(self.runners[tree.path, step.field](call), tree.folder, self.root)
        run = Run(tree.path, step, answer, len(call.items), perf_counter() - start)
        self.runs.append(run)
        self.observer.finished(run)
        if answer.problem:
            raise _Failed(f"{step.name}: {answer.problem}")
        if not answer.ok:
            raise _Failed(f"{step.name} ended with exit code {answer.exit_code}")
        return answer.items


def _selected(items: Items, step: Step) -> Items:
    """Give the items that a function selects.

    kpt passes an item twice that two selectors match, and then fails on the double; so does this,
    with the reason.
    """
    selected = []
    for item in items:
        selectors = [each for each in step.selectors if each.matches(item)]
        if any(not each.is_empty and each.matches(item) for each in step.exclude):
            continue
        if len(selectors) > 1:
            raise _Failed(
                f"{step.name}: `{item.id}` must match one of `{step.field}.selectors`, "
                f"but matches {len(selectors)}: kpt would pass it as often"
            )
        if selectors or not step.selectors:
            selected.append(item)
    return tuple(selected)


def _by_level(root: PackageTree) -> list[PackageTree]:
    packages = [root]
    for package in packages:
        packages.extend(package.children)
    return packages


def _config_on_disk(tree: PackageTree, step: Step) -> Resource | None:
    """Give the functionConfig as the Kptfile, or the file that it names, has it."""
    if not step.config_path:
        return step.config
    file = next((file for file in tree.files if file.path == step.config_path), None)
    documents = file.documents if file else ()
    if len(documents) != 1:
        raise CliError(
            f"{join(tree.path, KPTFILE)}: `{step.field}.configPath` must be a file of the package "
            f'that holds one resource, but "{step.config_path}" holds {len(documents)}'
        )
    return Resource(raw=documents[0], place=Place(step.config_path, 0, str(tree.folder)))


def _config_in(items: Sequence[Resource], tree: PackageTree, step: Step) -> Resource | None:
    """Give the functionConfig as earlier functions have left it."""
    place = (step.config_path, str(tree.folder))
    found = [item for item in items if (item.path, item.package_path) == place]
    return found[-1] if found and step.config_path else None


def _in_slots(items: Items) -> Items:
    """Give every item its position in the list."""
    return tuple(_in_slot(item, slot) for slot, item in enumerate(items))


def _in_slot(item: Resource, slot: int) -> Resource:
    """Give an item its position; what has been read of it stays read."""
    if item.slot == slot:
        return item
    moved = copy.copy(item)
    moved.__dict__["slot"] = slot
    return moved
