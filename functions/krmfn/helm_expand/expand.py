"""Rendering the releases that `resolve` decided on, and saying what went wrong with one."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from krmfn.helm_expand.edge.request import EngineError, HelmEngine, RenderRequest
from krmfn.helm_expand.emit import emit, with_namespaces
from krmfn.helm_expand.manifests import Manifests, read
from krmfn.helm_expand.pieces import Piece, pieces_of
from krmfn.helm_expand.resolve import Release
from krmfn.helm_expand.scopes import cluster_kinds
from krmfn.helm_expand.stability import Stable, may_change, stabilise
from krmfn.helm_expand.values import origin
from krmfn.sdk import (
    FunctionError,
    Generated,
    Package,
    Resource,
    ResourceId,
    Result,
    error,
    info,
    yaml_dump,
)
from krmfn.sdk.ownership import owner_of, stamp
from krmfn.sdk.resource import without_internal


def expand_release(
    engine: HelmEngine, release: Release, package: Package
) -> Iterator[Generated | Result]:
    """Yield what one release renders to, or why it does not render."""
    try:
        stable = _rendered(engine, release, package)
    except EngineError as problem:
        yield from _explained(problem, release)
        return
    except FunctionError as given_up:
        yield from given_up.results
        return
    if stable.unstable and release.options.nondeterminism == "Error":
        yield from (_unstable(release, piece, path) for piece, path in stable.unstable)
        return
    yield from _notes(release, stable)
    yield from emit(release, stable.pieces)


def _rendered(engine: HelmEngine, release: Release, package: Package) -> Stable:
    values = yaml_dump(dict(release.values)) if release.values else ""
    objects = [] if release.options.lookup == "Empty" else _objects(release, package)
    definitions = [item.body for item in package.select(kind="CustomResourceDefinition")]

    def render(found: Sequence[Mapping[str, Any]]) -> list[Piece]:
        rendering = engine.render(_request(release, values, found))
        manifests = read(rendering.templates, rendering.crds, chart=release.chart.name)
        _give_up_if_wrong(release, manifests)
        pieces = list(pieces_of(manifests))
        known = cluster_kinds([*definitions, *(each.body for each in pieces if each.is_crd)])
        return with_namespaces(pieces, release, known)

    if not may_change(release.chart.files, values):
        return Stable(render(objects))
    return stabilise(
        render,
        objects,
        _previous(release, package),
        fixpoint=release.options.nondeterminism == "Fixpoint",
    )


def _give_up_if_wrong(release: Release, manifests: Manifests) -> None:
    if manifests.problems:
        raise FunctionError(
            *(
                error(
                    problem.message,
                    code="template-output",
                    at=release.intent,
                    field=release.field,
                    tags={"template": problem.template, "line": str(problem.line)},
                )
                for problem in manifests.problems
            )
        )


def _request(release: Release, values: str, objects: Sequence[Mapping[str, Any]]) -> RenderRequest:
    options = release.options
    return RenderRequest(
        chart=release.chart,
        values=values,
        set=release.sets.set,
        set_string=release.sets.set_string,
        set_json=release.sets.set_json,
        set_literal=release.sets.set_literal,
        release_name=release.name,
        namespace=release.namespace,
        kube_version=options.kube_version,
        api_versions=options.api_versions,
        objects=None if options.lookup == "Empty" else objects,
        trusted=options.trusted,
    )


def _objects(release: Release, package: Package) -> list[Mapping[str, Any]]:
    """Give what the cluster would hold: the package's resources, local ones aside."""
    return [
        without_internal(item.body)
        for item in package
        if item.kind != "Kptfile" and not item.is_local_config and item.cluster == release.cluster
    ]


def _previous(release: Release, package: Package) -> dict[ResourceId, Mapping[str, Any]]:
    """Give what an earlier render made of this release."""
    intent = release.intent.resource
    owner = stamp("helm-expand", intent) if intent else ""
    return {
        item.id: item.body
        for item in package
        if owner_of(item) == owner and item.cluster == release.cluster
    }


def _explained(problem: EngineError, release: Release) -> Iterator[Result]:
    """Say what went wrong at the field that a person can change."""
    if not problem.violations:
        where = f" (`{problem.template}`, line {problem.line})" if problem.line else ""
        told = "" if problem.template and problem.template in str(problem) else where
        yield error(
            f"{problem}{told}",
            code=problem.code,
            at=release.intent,
            field=_field_of(problem.value_path.split("."), release)[1],
        )
        return
    for violation in problem.violations:
        resource, field = _field_of(violation.path, release)
        path = ".".join(violation.path)
        yield error(
            f'value "{path}" of chart "{release.chart.name}" {violation.message}',
            code=problem.code,
            at=resource or release.intent,
            field=field,
        )


def _field_of(path: Sequence[str], release: Release) -> tuple[Resource | None, str]:
    """Give the field in which a value was written; the chart's own field for a default."""
    found = origin(release.layers, [step for step in path if step])
    return found or (None, f"{release.field}.values")


def _unstable(release: Release, piece: Piece, path: Sequence[str | int]) -> Result:
    message = (
        f"must render the same every time, but `{_dotted(path)}` of {piece} "
        f"({piece.template}) changes with every render"
    )
    return error(message, code="nondeterministic", at=release.intent, field=release.field)


def _notes(release: Release, stable: Stable) -> Iterator[Result]:
    for piece, path in stable.pinned:
        yield info(
            f"kept `{_dotted(path)}` of {piece} as the package has it: "
            f"{piece.template} makes a new one with every render",
            code="pinned",
            at=release.intent,
            field=release.field,
        )
    for piece, path in stable.unstable:
        yield info(
            f"made `{_dotted(path)}` of {piece} up: it is random, and stays as it is from now on",
            code="random-field",
            at=release.intent,
            field=release.field,
        )


def _dotted(path: Sequence[str | int]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "all"
