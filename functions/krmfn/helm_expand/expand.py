"""Rendering the releases that `resolve` decided on, and saying what went wrong with one."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from krmfn.helm_expand.differences import Field
from krmfn.helm_expand.edge import choose
from krmfn.helm_expand.edge.request import EngineError, HelmEngine
from krmfn.helm_expand.emit import about_hooks, emit
from krmfn.helm_expand.intents import HelmExpand, RenderHelmChart
from krmfn.helm_expand.release import Release
from krmfn.helm_expand.rendering import Renderer
from krmfn.helm_expand.stability import Stable, stabilise
from krmfn.helm_expand.values import origin
from krmfn.helm_expand.violations import demand
from krmfn.sdk import FunctionError, Generated, Package, Result, error, info, warning
from krmfn.sdk.messages import path_of


@contextmanager
def engine_of(config: HelmExpand | RenderHelmChart) -> Iterator[HelmEngine]:
    """Give the engine that a configuration asks for; raises FunctionError when there is none."""
    try:
        engine = choose(config.engine, config.engine_version)
    except EngineError as problem:
        field = "spec.engineVersion" if config.engine_version else "spec.engine"
        raise FunctionError(
            error(str(problem), code=problem.code, at=config, field=field)
        ) from problem
    try:
        yield engine
    finally:
        engine.close()


def expand_release(
    engine: HelmEngine, release: Release, package: Package
) -> Iterator[Generated | Result]:
    """Yield what one release renders to, or why it does not render."""
    renderer = Renderer(engine, release, package)
    try:
        stable = _stable(renderer)
    except EngineError as problem:
        yield from _explained(problem, release)
        return
    except FunctionError as given_up:
        yield from given_up.results
        return
    if wrong := [*_unstable(release, stable)]:
        yield from wrong
        return
    for remark in renderer.remarks:
        yield warning(remark, code="helm", at=release.intent, field=release.fields.chart)
    yield from about_hooks(release, [*stable.pieces, *renderer.left_out])
    yield from _about_fields(release, stable)
    yield from emit(release, stable.pieces)


def _stable(renderer: Renderer) -> Stable:
    if not renderer.may_change:
        return Stable(renderer())
    return stabilise(
        renderer,
        renderer.previous,
        renderer.release.options.nondeterminism,
        looks_up=renderer.looks_up,
        tells_time=renderer.tells_time,
    )


def _unstable(release: Release, stable: Stable) -> Iterator[Result]:
    """Say what keeps a rendering from being the same every time."""
    chart, field = f'chart "{release.chart.name}"', release.option("nondeterminism")
    for piece in stable.unsteady:
        message = (
            f"{chart} must render the same resources every time, "
            f"but `{piece.template}` renders a {piece.kind} only now and then"
        )
        yield error(message, code="nondeterministic", at=release.intent, field=field)
    if release.options.nondeterminism != "Error":
        return
    for piece, path, _ in stable.new:
        what = f"`{path_of(path)}` of {piece}" if path else f"a {piece.kind}"
        message = (
            f"{chart} must render the same every time, "
            f"but {what} (`{piece.template}`) is random or tells the time"
        )
        yield error(message, code="nondeterministic", at=release.intent, field=field)


def _about_fields(release: Release, stable: Stable) -> Iterator[Result]:
    if stable.pinned:
        message = f"kept as the package has it, since the chart changes it: {_named(stable.pinned)}"
        yield info(message, code="pinned", at=release.intent)
    if stable.new:
        message = f"made up by the chart, and kept from now on: {_named(stable.new)}"
        yield info(message, code="random-field", at=release.intent)
    if secrets := [str(piece) for piece, *_ in stable.new if piece.kind == "Secret"]:
        message = (
            f"must be fit to lie in Git, or come from elsewhere, since the chart made its content "
            f"up: {', '.join(dict.fromkeys(secrets))}"
        )
        yield warning(message, code="secret-made-up", at=release.intent)


def _named(fields: Iterable[Field]) -> str:
    return ", ".join(f"`{path_of(field.path)}` of {field.piece}" for field in fields)


def _explained(problem: EngineError, release: Release) -> Iterator[Result]:
    """Say what went wrong at the field that a person can change."""
    for violation in problem.violations:
        value = f"`{path_of(violation.path)}`" if violation.path else "the values"
        message = f'chart "{release.chart.name}": {value} {demand(violation.message)}'
        yield _at_fault(problem, release, violation.path, message)
    if not problem.violations:
        path = filter(None, problem.value_path.split("."))
        yield _at_fault(problem, release, path, f"{problem}{_where(problem)}")


def _at_fault(problem: EngineError, release: Release, path: Iterable[str], message: str) -> Result:
    if found := origin(release.layers, path):
        fields = {"field": found.field, "current": found.current}
        return error(message, code=problem.code, at=found.resource, **fields)
    is_about_values = problem.kind in ("values", "schema") or problem.code == "template-failed"
    field = release.fields.values if is_about_values else release.fields.chart
    return error(message, code=problem.code, at=release.intent, field=field)


def _where(problem: EngineError) -> str:
    """Say where in the chart it went wrong, unless the message does."""
    if not problem.template or problem.template in str(problem):
        return ""
    return f" (`{problem.template}`, line {problem.line})"
