"""The releases that a RenderHelmChart asks for, whose charts stand in the package."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

from krmfn.helm_expand.archive import ChartArchive
from krmfn.helm_expand.charts import Charts
from krmfn.helm_expand.intents import (
    ChartOptions,
    HelmChart,
    RenderedChart,
    RenderHelmChart,
    Values,
    is_flat_form,
)
from krmfn.helm_expand.release import Fields, Options, Release
from krmfn.helm_expand.sources import Neighbourhood, layers_of, package_of
from krmfn.helm_expand.values import Layer, laid
from krmfn.sdk import Package, Place, Resource, Result, Severity, error

_DEFAULT_NAMESPACE = "default"
_THIS_FUNCTION = re.compile("helm[-_]expand")
_CHART_NAME = re.compile(r"\{\{-?\s*\.Chart\.Name\s*-?\}\}")


@dataclass(frozen=True)
class Request:
    """One chart of a RenderHelmChart.

    Attributes:
        intent: the RenderHelmChart.
        number: which of its charts.
    """

    intent: RenderHelmChart
    number: int

    @property
    def wanted(self) -> RenderedChart:
        """What is asked for."""
        return self.intent.helm_charts[self.number]

    @property
    def at(self) -> Resource:
        """The resource that asks."""
        return cast(Resource, self.intent.resource)

    def field(self, inner: str) -> str:
        """Give the path of a field; the flat form names fields by their last part."""
        if self.at.kind != "ConfigMap":
            return f"helmCharts[{self.number}].{inner}".rstrip(".")
        key = {"chartArgs": "name", "templateOptions.values": ""}.get(inner, inner)
        return f"data.{key.rpartition('.')[2]}".rstrip(".")

    def flat(self, field: str) -> str:
        """Give the path of a field of values, which the flat form has one file of."""
        is_flat = self.at.kind == "ConfigMap"
        return field.replace("data.valuesFiles[0]", "data.valuesFile") if is_flat else field

    def charts(self, charts: Charts, package: Package) -> list[HelmChart]:
        """Give the charts of the package that may be meant."""
        args = self.wanted.chart_args
        return charts.named(args.name, args.version or "", package_of(self.at, package))

    def wrong(self, message: str, code: str, inner: str) -> Result:
        """Say what is wrong with a field."""
        return error(message, code=code, at=self.at, field=self.field(inner))


def flat_requests(package: Package) -> Iterator[RenderHelmChart]:
    """Yield what ConfigMaps in the pipelines of the package's Kptfiles ask this function for.

    A step sees its own ConfigMap only, but must make what the others make as well: it would prune
    it otherwise.
    """
    for kptfile in package.select(kind="Kptfile", group="kpt.dev"):
        pipeline = kptfile.body.get("pipeline")
        steps = pipeline.get("mutators") if isinstance(pipeline, Mapping) else None
        for step in steps if isinstance(steps, list) else ():
            data = step.get("configMap") if isinstance(step, Mapping) else None
            runs = f"{step.get('image', '')} {step.get('exec', '')}" if data else ""
            if isinstance(data, Mapping) and is_flat_form(data) and _THIS_FUNCTION.search(runs):
                place = Place(kptfile.path or "Kptfile", 0, kptfile.package_path)
                at = Resource.new("v1", "ConfigMap", "function-input", data=data, place=place)
                intent, _ = RenderHelmChart.from_config_map(data, resource=at)
                if intent is not None:
                    yield intent


def requested(
    request: Request, charts: Charts, package: Package, common: ChartOptions | None, home: str
) -> tuple[Release | None, list[Result]]:
    """Give the release that a request asks for, None when something stands against it."""
    found = request.charts(charts, package)
    if len(found) != 1:
        return None, [_not_one(request, found, charts)]
    chart, said = charts.read(found[0])
    if chart is None:
        return None, said
    name, wrong = _release_name(request, chart)
    layers, unreadable = _layers(request, chart, package)
    said = [*said, *wrong, *unreadable]
    if any(result.severity == Severity.ERROR for result in said):
        return None, said
    cluster = request.at.cluster
    release = Release(
        intent=request.intent,
        chart=chart,
        name=name,
        namespace=request.wanted.template_options.namespace or _DEFAULT_NAMESPACE,
        layers=layers,
        values=laid(layers),
        options=Options.chosen(common, _as_options(request.wanted)),
        folder=f"clusters/{cluster}/{name}" if cluster else name,
        home=home,
        cluster=cluster,
        fields=Fields(
            chart=request.field("chartArgs"),
            values=request.field("templateOptions.values"),
            release=request.field(""),
        ),
    )
    objections = [*release.objections()]
    return (None if objections else release), [*said, *objections]


def _layers(
    request: Request, chart: ChartArchive, package: Package
) -> tuple[tuple[Layer, ...], list[Result]]:
    """Give the layers of values; a values file may be one of the chart that lies in `chartHome`."""
    given = request.wanted.template_options.values
    values = Values(
        values_files=given.values_files,
        values_inline=given.values_inline,
        values_merge=given.values_merge,
    )
    home = posixpath.join(request.intent.helm_globals.chart_home, chart.name)
    files = {posixpath.normpath(f"{home}/{path}"): data for path, data in chart.files.items()}
    near = Neighbourhood(request.at, package, request.at.cluster, files)
    found = [
        replace(each, field=request.flat(each.field))
        for each in layers_of(values, request.field("templateOptions.values"), near)
    ]
    layers = tuple(layer for layer in found if isinstance(layer, Layer))
    return layers, [result for result in found if isinstance(result, Result)]


def _as_options(wanted: RenderedChart) -> ChartOptions:
    options = wanted.template_options
    return ChartOptions(
        api_versions=options.api_versions or None,
        crds="Include" if options.include_crds else "Skip",
        tests="Drop" if options.skip_tests else "Keep",
    )


def _release_name(request: Request, chart: ChartArchive) -> tuple[str, list[Result]]:
    """Give the release name; Helm would make a random one up where nothing is said."""
    options = request.wanted.template_options
    template = options.name_template
    if options.release_name or not template:
        return options.release_name or chart.name, []
    name = _CHART_NAME.sub(chart.name, template)
    if "{{" not in name:
        return name, []
    message = (
        "must use nothing but `{{ .Chart.Name }}`: a random name would change with every "
        f'render, but is "{template}"'
    )
    return "", [request.wrong(message, "random-name", "templateOptions.nameTemplate")]


def _not_one(request: Request, found: list[HelmChart], charts: Charts) -> Result:
    args = request.wanted.chart_args
    chart = f'"{args.name}" {args.version or ""}'.rstrip()
    held = [intent for intent in charts.intents if intent.spec.chart.name == args.name]
    if found:
        names = " and ".join(sorted(f"`HelmChart {intent.metadata.name}`" for intent in found))
        message = f"must choose one chart, but {names} hold {chart}; say its `version`"
        return request.wrong(message, "chart-ambiguous", "chartArgs.name")
    if held:
        versions = " and ".join(sorted({intent.spec.chart.version for intent in held}))
        message = f'must be a version in the package, {versions}, but is "{args.version}"'
        return request.wrong(message, "chart-missing", "chartArgs.version")
    message = (
        f"must be a chart of the package, but no HelmChart holds {chart}; "
        "`krmfn chart vendor` puts it there"
    )
    return request.wrong(message, "chart-missing", "chartArgs.name")
