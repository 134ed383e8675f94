"""Declaring a function, and running it: pure, from ResourceList to ResourceList."""

import importlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from krmfn.sdk import ownership
from krmfn.sdk.ownership import Generated, Kept
from krmfn.sdk.package import Package, problem_results
from krmfn.sdk.resource import Resource, path_in
from krmfn.sdk.result import FunctionError, Result, Severity, error, in_order
from krmfn.sdk.wire import ResourceList

if TYPE_CHECKING:
    from krmfn.sdk.config import FunctionConfig
    from krmfn.sdk.model import Kind

Output = Resource | Generated | Kept | Result
Body = Callable[[Any, Package], Iterable[Output]]


@dataclass(frozen=True)
class Function:
    """A declared function.

    Attributes:
        name: kebab-case, the same for image, metadata and examples.
        body: takes the configuration and the package; gives resources and results.
        config: the kinds of its functionConfig, by class name; the first one is the default.
        reads: the kinds it works on, as ``group/Kind``; the classes stand in `intents`.
        facts: kinds of others that it works on as plain values, as ``group/Kind``; no classes.
    """

    name: str
    body: Body
    config: tuple[str, ...]
    reads: tuple[str, ...]
    facts: frozenset[str] = frozenset()

    @property
    def module(self) -> str:
        """The import name of the function's folder."""
        return self.body.__module__

    @property
    def doc(self) -> str:
        """The first line of the body's docstring."""
        return (self.body.__doc__ or "").strip().partition("\n")[0]

    @cached_property
    def intents(self) -> Any:
        """The module of the kinds that people write for this function."""
        return importlib.import_module(f"{self.module}.intents")

    @property
    def config_kinds(self) -> "list[type[FunctionConfig]]":
        """The classes of its functionConfig."""
        return [getattr(self.intents, name) for name in self.config]

    @property
    def read_kinds(self) -> "list[type[Kind]]":
        """The classes of the kinds it reads."""
        return [getattr(self.intents, name.rpartition("/")[2]) for name in self.reads]

    def has_work(self, given: ResourceList) -> bool:
        """Say whether there is anything to do, without importing a kind or parsing an item."""
        return given.function_config is not None or any(
            ownership.may_be_owned(item) or self.is_meant(item) for item in given.items
        )

    def is_meant(self, item: Resource) -> bool:
        """Say whether an item is of a kind it reads, or means to be: its API is of that domain."""
        group = self._groups.get(item.kind)
        if group is None:
            return bool(self.facts) and f"{item.group}/{item.kind}".lstrip("/") in self.facts
        domain = ".".join(group.split(".")[-2:])
        return item.group == group or bool(domain and domain in item.api_version)

    @cached_property
    def _groups(self) -> dict[str, str]:
        return {name.rpartition("/")[2]: name.rpartition("/")[0] for name in self.reads}


@dataclass(frozen=True)
class Outcome:
    """What a run gives.

    Attributes:
        resource_list: what goes to stdout; on failure its items are the ones that came.
        results: the results, worst first.
        ok: whether the exit code is 0.
        trace: the stack of a defect in the function, "" when there was none.
    """

    resource_list: ResourceList
    results: tuple[Result, ...] = ()
    ok: bool = True
    trace: str = ""


def function(
    name: str,
    *,
    config: str | tuple[str, ...],
    reads: Iterable[str] = (),
    facts: Iterable[str] = (),
) -> Callable[[Body], Function]:
    """Declare a function; the decorated body yields resources and results.

    A body yields changed resources (`resource.replaced(...)`), `Generated(resource, by=intent)`
    for what it makes, `Kept(by=intent)` where what it made before is to stay, and results. It
    never removes what people wrote.
    """
    kinds = (config,) if isinstance(config, str) else config
    return lambda body: Function(name, body, kinds, tuple(reads), frozenset(facts))


def run(declared: Function, given: ResourceList) -> Outcome:
    """Run a function: same input, same outcome, nothing else read or written.

    An error result leaves every item as it came. A package whose functionConfig says
    ``onProblem: Condition`` gets the problem as a Kptfile condition instead.
    """
    try:
        if not declared.has_work(given):
            return Outcome(given)
        given = _numbered(given)
        items, results, ok = _rendered(declared, given)
    except FunctionError as given_up:
        items, results, ok = given.items, list(given_up.results), False
    except ValueError:  # an item that somebody asked for is no YAML
        items, results, ok = given.items, list(_unreadable(given.items)), False
        if not results:
            raise
    ordered = tuple(in_order(results))
    written = (*given.results, *(result.to_value() for result in ordered))
    return Outcome(replace(given, items=items, results=written), ordered, ok)


def run_guarded(declared: Function, given: ResourceList) -> Outcome:
    """Run a function; a defect in it becomes a result like any other error, and the items stay."""
    try:
        return run(declared, given)
    except MemoryError:
        return failure(given, error("must fit into the memory at hand", code="out-of-memory"))
    except KeyboardInterrupt:
        raise
    except BaseException as defect:  # noqa: BLE001 - SystemExit(0) too must leave the items
        from traceback import format_exception

        message = f"{declared.name} must not fail like this, please report it: {defect!r}"
        result = error(message, code="internal-error")
        return replace(failure(given, result), trace="".join(format_exception(defect)))


def failure(given: ResourceList, result: Result) -> Outcome:
    """Give the outcome of a run that failed for one reason: the items as they came."""
    results = (*given.results, result.to_value())
    return Outcome(replace(given, results=results), (result,), ok=False)


def _numbered(given: ResourceList) -> ResourceList:
    """Give the list with items that know their number in it."""
    if all(item.slot == number for number, item in enumerate(given.items)):
        return given
    items = tuple(replace(item, slot=number) for number, item in enumerate(given.items))
    return replace(given, items=items)


def _rendered(
    declared: Function, given: ResourceList
) -> tuple[tuple[Resource, ...], list[Result], bool]:
    """Give the new items, the results, and whether the run went well; or give up."""
    config = _read_config(declared, given.function_config)
    package = Package(*config.divide(given.items))
    outputs = _outputs(declared, config, package)
    results = [output for output in outputs if isinstance(output, Result)]
    fails = config.on_problem == "Fail"
    made = [output for output in outputs if not isinstance(output, Result)]
    results += _intents_among(declared, made)
    if fails:
        _give_up_if_wrong(results)
    whole = not any(result.severity == Severity.ERROR for result in results)
    items, notes = ownership.lay_over(declared.name, given.items, made, package, prune=whole)
    results += notes
    if any(note.severity == Severity.ERROR for note in notes):
        if fails:
            raise FunctionError(*results)
        items = given.items
    if not fails:
        items = _conditioned(declared, config, items, results)
    if config.checks_only:
        results += _differences(given.items, items)
        _give_up_if_wrong(results)
        return given.items, results, True
    return items, results, True


def _of_no_version(declared: Function, package: Package) -> Iterator[Result]:
    """Refuse what means to be of a kind that is read but names another API, so nobody reads it."""
    for kind in declared.read_kinds:
        for item in package.select(kind=kind.kind_name):
            if item.group != kind.group and declared.is_meant(item):
                message = f'must be {kind.api_version}, but is "{item.api_version}"'
                yield error(message, code="invalid-field", at=item, field="apiVersion")


def _intents_among(declared: Function, made: Iterable[Output]) -> Iterator[Result]:
    """Refuse output that the next run would take for input: it would never come to an end."""
    read = {*declared.reads, "kpt.dev/Kptfile"}
    for output in made:
        if isinstance(output, Generated):
            resource = output.resource
            name = f"{resource.group}/{resource.kind}" if resource.group else resource.kind
            if name in read:
                message = f"must not make a {resource.kind}, but makes `{resource.id}`"
                yield error(message, code="makes-input", at=output.by)


def _unreadable(items: Iterable[Resource]) -> Iterator[Result]:
    """Say which items are no YAML; they are found only when somebody reads them."""
    from krmfn.sdk.loader import YamlError

    for number, item in enumerate(items):
        try:
            _ = item.body
        except YamlError as problem:
            yield error(
                f"must be YAML: item {number} of the list, {problem}",
                code="invalid-yaml",
                file=item.place.path if item.place else path_in(item.raw),
                index=item.place.index if item.place else 0,
            )


def _give_up_if_wrong(results: list[Result]) -> None:
    if any(result.severity == Severity.ERROR for result in results):
        raise FunctionError(*results)


def _read_config(declared: Function, given: Resource | None) -> "FunctionConfig":
    kinds = declared.config_kinds
    if given is None:
        return kinds[0].default()
    config: FunctionConfig | None = None
    if given.kind == "ConfigMap" and given.api_version == "v1":
        config, problems = kinds[0].from_config_map(given.body.get("data") or {}, resource=given)
    else:
        config, problems = _kind_of(kinds, given).parse(given.body, given)
    if config is None:
        raise FunctionError(*problem_results(problems, given))
    return config


def _kind_of(kinds: "list[type[FunctionConfig]]", given: Resource) -> "type[FunctionConfig]":
    for kind in kinds:
        if (kind.kind_name, kind.group) == (given.kind, given.group):
            return kind
    names = " or ".join(f"`{kind.api_version} {kind.kind_name}`" for kind in kinds)
    message = (
        f"functionConfig must be a {names} or a `v1 ConfigMap`, "
        f'but is "{given.api_version} {given.kind}"'
    )
    raise FunctionError(error(message, code="wrong-config-kind", at=given, field="kind"))


def _outputs(declared: Function, config: Any, package: Package) -> list[Output]:
    """Run the body, once every resource of every declared kind is right."""
    problems = [problem for kind in declared.read_kinds for problem in package.parsed(kind)[1]]
    problems += _of_no_version(declared, package)
    if problems:
        return list(problems)
    outputs: list[Output] = []
    try:
        outputs.extend(declared.body(config, package))
    except FunctionError as given_up:
        return [*(output for output in outputs if isinstance(output, Result)), *given_up.results]
    return outputs


def _conditioned(
    declared: Function, config: Any, items: tuple[Resource, ...], results: list[Result]
) -> tuple[Resource, ...]:
    """Put the state of the run into a condition of the root Kptfile."""
    from krmfn.sdk.kptfile import with_condition

    kptfile = Package(items).kptfile
    if kptfile is None:
        message = "must be `Fail` where the function does not see the package's Kptfile"
        raise FunctionError(
            *results, error(message, code="no-kptfile", at=config, field="spec.onProblem")
        )
    wrong = [result for result in in_order(results) if result.severity == Severity.ERROR]
    changed = with_condition(
        kptfile,
        f"{config.api_version}.{config.kind_name}.{declared.name}",
        ready=not wrong,
        reason=wrong[0].code if wrong else "Ready",
        message="; ".join(result.message for result in wrong[:3]),
    )
    return tuple(changed if item is kptfile else item for item in items)


def _differences(before: Iterable[Resource], after: Iterable[Resource]) -> list[Result]:
    """Say, for a validator, what a render would change."""
    old = {item.slot: item for item in before}
    new = {item.slot: item for item in after if item.slot is not None}
    results = [
        error("must be rendered again: the render would change it", code="stale", at=item)
        for slot, item in new.items()
        if item is not old[slot] and not item.same_as(old[slot])
    ]
    results += [
        error("must be rendered again: the render would delete it", code="stale", at=item)
        for slot, item in old.items()
        if slot not in new
    ]
    results += [
        error("must be rendered: it is missing", code="stale", at=item)
        for item in after
        if item.slot is None
    ]
    return results
