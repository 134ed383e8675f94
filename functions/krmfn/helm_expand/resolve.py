"""From what people wrote to releases: which chart is rendered with which values, and how."""

import posixpath
from typing import cast

from krmfn.helm_expand.archive import ChartArchive
from krmfn.helm_expand.charts import Charts
from krmfn.helm_expand.intents import (
    ChartOptions,
    HelmChart,
    HelmExpand,
    RenderHelmChart,
)
from krmfn.helm_expand.release import Fields, Options, Release
from krmfn.helm_expand.requested import Request, flat_requests, requested
from krmfn.helm_expand.sources import Neighbourhood, layers_of, package_of
from krmfn.helm_expand.values import Layer, laid
from krmfn.sdk import FunctionError, Package, Resource, Result


def resolve(
    config: HelmExpand | RenderHelmChart, package: Package
) -> tuple[list[Release], list[Result]]:
    """Decide what is rendered, and how.

    A HelmChart is rendered as it says, unless a RenderHelmChart asks for its chart.

    Returns:
        The releases to render, and what is to be said of them and of those that must not be.
    """
    charts = Charts(package.of(HelmChart))
    common = config.spec if isinstance(config, HelmExpand) else None
    releases: list[Release] = []
    said: list[Result] = []
    asked: set[int] = set()
    for request in _requests(config, package):
        home = _home(request.at, package)
        release, results = requested(request, charts, package, common, home)
        releases += [release] if release else []
        said += results
        asked |= {id(intent) for intent in request.charts(charts, package)}
    for intent in charts.intents:
        if id(intent) in asked:
            continue
        chart, results = charts.read(intent)
        said += results
        if chart is None:
            continue
        for number in range(max(1, len(intent.spec.clusters))):
            release, results = _release(intent, chart, number, package, common)
            releases += [release] if release else []
            said += results
    return releases, said


def _requests(config: HelmExpand | RenderHelmChart, package: Package) -> list[Request]:
    """Give what RenderHelmCharts ask for: items, pipelines, and a functionConfig beside them."""
    intents = [*package.of(RenderHelmChart), *flat_requests(package)]
    if isinstance(config, RenderHelmChart) and not any(_is(config, known) for known in intents):
        intents = [config, *intents]
    return [
        Request(intent, number) for intent in intents for number in range(len(intent.helm_charts))
    ]


def _is(config: RenderHelmChart, known: RenderHelmChart) -> bool:
    return (config.metadata.name, config.helm_charts) == (known.metadata.name, known.helm_charts)


def _release(
    intent: HelmChart,
    chart: ChartArchive,
    number: int,
    package: Package,
    common: ChartOptions | None,
) -> tuple[Release | None, list[Result]]:
    """Give the release of a chart for one of its clusters, or for all where it names none."""
    spec, at = intent.spec, cast(Resource, intent.resource)
    cluster = spec.clusters[number] if spec.clusters else None
    field = f"spec.clusters[{number}]" if cluster else "spec"
    folder = _folder(cluster.name if cluster else at.cluster, spec.path or intent.metadata.name)
    near = Neighbourhood(at, package, _cluster(folder))
    found = [*layers_of(spec.values, "spec.values", near)]
    found += layers_of(cluster.values, f"{field}.values", near) if cluster else ()
    said = [result for result in found if isinstance(result, Result)]
    layers = tuple(layer for layer in found if isinstance(layer, Layer))
    try:
        values = laid(layers)
    except FunctionError as given_up:
        return None, [*said, *given_up.results]
    release = Release(
        intent=intent,
        chart=chart,
        name=spec.release_name or intent.metadata.name,
        namespace=(cluster and cluster.namespace) or spec.namespace,
        layers=layers,
        values=values,
        options=Options.chosen(common, spec, cluster),
        folder=folder,
        home=_home(at, package),
        cluster=_cluster(folder),
        fields=Fields(chart="spec.chart", values=f"{field}.values", release=field),
    )
    said += release.objections()
    return (None if said else release), said


def _folder(cluster: str, path: str) -> str:
    path = posixpath.normpath(f"clusters/{cluster}/{path}" if cluster else path)
    return "" if path == "." else path


def _cluster(folder: str) -> str:
    """Give the cluster whose folder it is, "" for none."""
    top, _, rest = folder.partition("/")
    return rest.partition("/")[0] if top == "clusters" else ""


def _home(at: Resource, package: Package) -> str:
    """Give the package of a resource, relative to the package whose pipeline runs."""
    root = package.kptfile.package_path if package.kptfile else ""
    home = posixpath.relpath(package_of(at, package), root) if root else "."
    return "" if home == "." else home
