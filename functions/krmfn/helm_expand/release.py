"""A release: one rendering of one chart, every choice made."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from krmfn.helm_expand import checks
from krmfn.helm_expand.archive import ChartArchive
from krmfn.helm_expand.edge.request import DEFAULT_KUBE_VERSION
from krmfn.helm_expand.intents import RELEASE_NAME, FluxOrdering, HelmChart
from krmfn.helm_expand.values import Layer
from krmfn.sdk import Kind, Result, error

_LONGEST_NAME = 53


@dataclass(frozen=True)
class Options:
    """How one chart is rendered, every choice made; see `ChartOptions` for their meaning."""

    kube_version: str = DEFAULT_KUBE_VERSION
    api_versions: tuple[str, ...] = ()
    crds: str = "Include"
    tests: str = "Drop"
    hooks: str = "Convert"
    ordering: str = "DependsOn"
    flux: FluxOrdering | None = None
    resource_policy: str = "Convert"
    namespaces: str = "SetMissing"
    lookup: str = "Package"
    nondeterminism: str = "Fixpoint"
    trusted: bool = False

    @classmethod
    def chosen(cls, *sources: Any) -> "Options":
        """Make every choice: the last source that says something wins over the default."""
        said = {
            field.name: choice
            for source in sources
            for field in fields(cls)
            if (choice := getattr(source, field.name, None)) is not None
        }
        return cls(**said)


@dataclass(frozen=True)
class Fields:
    """Paths of the fields of an intent that ask for a release: its chart, its values, itself."""

    chart: str
    values: str
    release: str


@dataclass(frozen=True)
class Release:
    """One rendering of one chart: what Helm needs to know, and where its output goes.

    Attributes:
        intent: what the rendering was asked by; owns the output.
        chart: the chart, read and checked.
        name, namespace: of the release.
        layers: the values and where each was written, lowest first.
        values: the layers, laid over each other.
        options: how to render.
        folder: where the output goes, relative to the package of the intent.
        home: the package of the intent, relative to the package whose pipeline runs.
        cluster: the cluster it is for, "" for all.
        fields: where it was asked for.
    """

    intent: Kind
    chart: ChartArchive
    name: str
    namespace: str
    layers: tuple[Layer, ...]
    values: Mapping[str, Any]
    options: Options
    folder: str
    home: str
    cluster: str
    fields: Fields

    def option(self, name: str) -> str:
        """Give the path of the field that sets an option; a RenderHelmChart has none for most."""
        return f"spec.{name}" if isinstance(self.intent, HelmChart) else self.fields.release

    def objections(self) -> Iterator[Result]:
        """Say why it must not be rendered."""
        for problem in checks.problems(self.chart, self.options.kube_version):
            is_old = problem.code.endswith("kube-version")
            field = self.option("kubeVersion") if is_old else self.fields.chart
            yield error(str(problem), code=problem.code, at=self.intent, field=field)
        if len(self.name) > _LONGEST_NAME or not re.fullmatch(RELEASE_NAME.regex, self.name):
            message = (
                f"must be {RELEASE_NAME.words}, {_LONGEST_NAME} characters or fewer, "
                f'but is "{self.name}"'
            )
            field = self.option("releaseName")
            yield error(message, code="release-name", at=self.intent, field=field)
        if self.options.ordering == "Flux" and self.options.flux is None:
            message = "must be set with `ordering: Flux`: Flux orders whole Kustomizations"
            yield error(message, code="flux-source", at=self.intent, field=self.option("flux"))
