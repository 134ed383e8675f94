"""Rendering a release: from the engine's texts to the pieces that go to the package."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, cast

from krmfn.helm_expand.changing import at_another_time, may_change
from krmfn.helm_expand.edge.request import HelmEngine, RenderRequest
from krmfn.helm_expand.emit import SOURCE, is_wanted, with_namespaces
from krmfn.helm_expand.intents import HelmChart
from krmfn.helm_expand.manifests import Manifests, read
from krmfn.helm_expand.pieces import Piece, ids, pieces_of
from krmfn.helm_expand.release import Release
from krmfn.helm_expand.scopes import cluster_kinds
from krmfn.helm_expand.sources import package_of
from krmfn.sdk import FunctionError, Package, Resource, ResourceId, Result, error, yaml_dump
from krmfn.sdk.edit import same
from krmfn.sdk.ownership import owner_of, stamp
from krmfn.sdk.resource import without_internal

_DEFINITION = "CustomResourceDefinition"


class Renderer:
    """Renders one release, any number of times.

    Attributes:
        left_out: what the last rendering gave and the options leave out.
        remarks: what Helm remarked at the last rendering, and what it left out.
    """

    def __init__(self, engine: HelmEngine, release: Release, package: Package) -> None:
        self.engine, self.release, self.package = engine, release, package
        self.left_out: list[Piece] = []
        self.remarks: tuple[str, ...] = ()

    def __call__(
        self,
        made: Sequence[Piece] = (),
        *,
        without: Collection[ResourceId] = (),
        at_another_time: bool = False,
    ) -> list[Piece]:
        """Render; see `stability.Render`.

        Raises:
            EngineError: Helm refuses.
            FunctionError: what came out are no Kubernetes resources.
        """
        request = self._then if at_another_time else self._now
        if self.looks_up:
            hidden = {*without, *ids(made)}
            kept = [body for identity, body in self._objects if identity not in hidden]
            request = replace(request, objects=[*kept, *(piece.body for piece in made)])
        rendering = self.engine.render(request)
        manifests = read(rendering.templates, rendering.crds, chart=self.release.chart.name)
        _give_up_if_wrong(self.release, manifests)
        pieces = list(pieces_of(manifests))
        own = [piece.body for piece in pieces if piece.kind == _DEFINITION]
        pieces = with_namespaces(pieces, self.release, cluster_kinds([*self._definitions, *own]))
        options = self.release.options
        self.left_out = [piece for piece in pieces if not is_wanted(piece, options)]
        self.remarks = (*rendering.warnings, *manifests.warnings)
        return _checked(self.release, [piece for piece in pieces if is_wanted(piece, options)])

    @cached_property
    def may_change(self) -> bool:
        """Whether a second rendering can differ from the first."""
        request = self._now
        texts = (request.values.encode(), *request.chart.files.values())
        return self.looks_up or may_change(texts)

    @cached_property
    def looks_up(self) -> bool:
        """Whether the chart sees the package by `lookup`."""
        return self.release.options.lookup == "Package" and replace(self._now, objects=()).looks_up

    @property
    def tells_time(self) -> bool:
        """Whether the chart asks for the time."""
        now, then = self._now, self._then
        return (now.values, now.chart.files) != (then.values, then.chart.files)

    @cached_property
    def previous(self) -> dict[ResourceId, Piece]:
        """What the package has of this release's output, from an earlier render."""
        release = self.release
        at = cast(Resource, release.intent.resource)
        owner, home = stamp("helm-expand", at), package_of(at, self.package)
        # A RenderHelmChart may own several releases, each in a folder of its own.
        folder = "" if isinstance(release.intent, HelmChart) else f"{release.folder}/"
        made = [
            Piece(item.body, template=_template(item))
            for item in self.package
            if owner_of(item) == owner
            and (item.package_path, item.cluster) == (home, release.cluster)
            and (item.path or "").startswith(folder)
        ]
        return {piece.id: piece for piece in made}

    @cached_property
    def _now(self) -> RenderRequest:
        release, options = self.release, self.release.options
        return RenderRequest(
            chart=release.chart,
            values=yaml_dump(dict(release.values)) if release.values else "",
            release_name=release.name,
            namespace=release.namespace,
            kube_version=options.kube_version,
            api_versions=options.api_versions,
            trusted=options.trusted,
        )

    @cached_property
    def _then(self) -> RenderRequest:
        """The same request, asked long ago."""
        files = {path: at_another_time(text) for path, text in self._now.chart.files.items()}
        chart = replace(self._now.chart, files=files)
        values = at_another_time(self._now.values.encode()).decode()
        return replace(self._now, chart=chart, values=values)

    @cached_property
    def _objects(self) -> list[tuple[ResourceId, Mapping[str, Any]]]:
        """What the cluster would hold: the package's resources, local ones aside."""
        return [
            (item.id, without_internal(item.body))
            for item in self.package
            if item.kind != "Kptfile"
            and not item.is_local_config
            and item.cluster == self.release.cluster
        ]

    @cached_property
    def _definitions(self) -> list[Mapping[str, Any]]:
        return [item.body for item in self.package.select(kind=_DEFINITION)]


def _template(item: Resource) -> str:
    """Give the template that a resource of an earlier render came from, as its comment says."""
    found = re.match(rf"[\s-]*{SOURCE}(\S+)", item.raw)
    return found[1] if found else ""


def _give_up_if_wrong(release: Release, manifests: Manifests) -> None:
    if manifests.problems:
        raise FunctionError(
            *(
                _wrong(
                    release,
                    problem.message,
                    tags={"template": problem.template, "line": str(problem.line)},
                )
                for problem in manifests.problems
            )
        )


def _checked(release: Release, pieces: Sequence[Piece]) -> list[Piece]:
    """Give the pieces, each once; raises FunctionError where two claim one identity, or none."""
    found: dict[ResourceId, Piece] = {}
    wrong: list[Result] = []
    chart = f'chart "{release.chart.name}"'
    for piece in pieces:
        known = found.setdefault(piece.id, piece)
        if not piece.name:
            message = f"{chart}: what `{piece.template}` renders must have `metadata.name`"
            wrong.append(_wrong(release, f"{message}, but a {piece.kind} has none"))
        elif not same(known.body, piece.body):
            origins = dict.fromkeys(f"`{each.template}`" for each in (known, piece))
            message = f"{chart} must render `{piece.id}` once, but two of them come from"
            wrong.append(_wrong(release, f"{message} {' and '.join(origins)}"))
    if wrong:
        raise FunctionError(*wrong)
    return list(found.values())


def _wrong(release: Release, message: str, **fields: Any) -> Result:
    code, field = "template-output", release.fields.chart
    return error(message, code=code, at=release.intent, field=field, **fields)
