"""From what people wrote to releases: which chart is rendered with which values, and how."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from krmfn.helm_expand import checks
from krmfn.helm_expand.archive import ChartArchive, ChartError, read, verify_digest
from krmfn.helm_expand.edge.request import DEFAULT_KUBE_VERSION
from krmfn.helm_expand.intents import (
    ChartOptions,
    Cluster,
    HelmChart,
    HelmExpand,
    RenderedChart,
    RenderHelmChart,
    Values,
)
from krmfn.helm_expand.values import Layer, layers_of, merged
from krmfn.sdk import FunctionError, Kind, Package, Result, error, warning


@dataclass(frozen=True)
class Options:
    """How one chart is rendered, every choice made; see `ChartOptions` for their meaning."""

    kube_version: str = DEFAULT_KUBE_VERSION
    api_versions: tuple[str, ...] = ()
    crds: str = "Include"
    tests: str = "Drop"
    hooks: str = "Convert"
    ordering: str = "DependsOn"
    flux: Any = None
    resource_policy: str = "Convert"
    namespaces: str = "SetMissing"
    lookup: str = "Package"
    nondeterminism: str = "Fixpoint"
    trusted: bool = False


@dataclass(frozen=True)
class Sets:
    """Single values in the syntax of Helm's ``--set`` and its sisters."""

    set: tuple[str, ...] = ()
    set_string: tuple[str, ...] = ()
    set_json: tuple[str, ...] = ()
    set_literal: tuple[str, ...] = ()


@dataclass(frozen=True)
class Release:
    """One rendering of one chart: what Helm needs to know, and where its output goes.

    Attributes:
        intent: what the rendering was asked by; owns the output.
        chart: the chart, read and checked.
        name, namespace: of the release.
        layers: the values, lowest first, each with the place it was written in.
        sets: single values, applied over the layers.
        options: how to render.
        folder: where the output goes, relative to the package.
        cluster: the cluster it is for, "" for all.
        field: path of the field in `intent` that asked for it.
    """

    intent: Kind
    chart: ChartArchive
    name: str
    namespace: str
    layers: tuple[Layer, ...]
    sets: Sets
    options: Options
    folder: str
    cluster: str = ""
    field: str = "spec"

    @property
    def values(self) -> Mapping[str, Any]:
        """The layers, merged."""
        return merged(self.layers)


def resolve(
    config: HelmExpand | RenderHelmChart, package: Package
) -> tuple[list[Release], list[Result]]:
    """Decide what is rendered, and how.

    Returns:
        The releases to render, and what stands against them; a release with a problem is left out.
    """
    charts = package.of(HelmChart)
    requests = package.of(RenderHelmChart)
    if isinstance(config, RenderHelmChart) and not any(_is(config, known) for known in requests):
        requests = [config, *requests]
    common = config.spec if isinstance(config, HelmExpand) else None
    sources = _Sources(charts)
    releases: list[Release] = []
    problems: list[Result] = []
    asked: set[str] = set()
    for request in requests:
        for number, wanted in enumerate(request.helm_charts):
            field = f"helmCharts[{number}]"
            found, wrong = _requested(request, wanted, field, sources, package, common)
            problems += wrong
            releases += [found] if found else []
            asked |= {chart.metadata.name for chart in sources.named(wanted)}
    for chart in charts:
        if chart.metadata.name in asked:
            continue
        read_chart, wrong = sources.read(chart)
        problems += wrong
        if read_chart is not None:
            made, wrong = _releases(chart, read_chart, package, common)
            releases += made
            problems += wrong
    return releases, problems


class _Sources:
    """The charts of a package, each read and checked once."""

    def __init__(self, charts: Iterable[HelmChart]) -> None:
        self.charts = tuple(charts)
        self._read: dict[int, tuple[ChartArchive | None, list[Result]]] = {}

    def named(self, wanted: RenderedChart) -> list[HelmChart]:
        args = wanted.chart_args
        return [
            chart
            for chart in self.charts
            if chart.spec.chart.name == args.name
            and args.version in (None, "", chart.spec.chart.version)
        ]

    def read(self, chart: HelmChart) -> tuple[ChartArchive | None, list[Result]]:
        if id(chart) not in self._read:
            self._read[id(chart)] = _read_chart(chart)
        return self._read[id(chart)]


def _read_chart(intent: HelmChart) -> tuple[ChartArchive | None, list[Result]]:
    pinned = intent.spec.chart
    field = "spec.chart.archive"
    try:
        field, content = "spec.chart.sha256", pinned.content
        verify_digest(content, pinned.sha256)
        field, chart = "spec.chart.archive", read(content)
    except ChartError as problem:
        return None, [error(str(problem), code=problem.code, at=intent, field=field)]
    wrong = [
        error(
            f'must be the chart\'s own {what}, "{actual}", but is "{said}"',
            code="chart-name",
            at=intent,
            field=f"spec.chart.{what}",
            current=said,
            proposed=actual,
        )
        for what, actual, said in (
            ("name", chart.name, pinned.name),
            ("version", chart.version, pinned.version),
        )
        if actual != said
    ]
    notes = [
        warning(text, code="chart-content", at=intent, field="spec.chart.archive")
        for text in chart.warnings
    ]
    return (None if wrong else chart), [*wrong, *notes]


def _releases(
    intent: HelmChart, chart: ChartArchive, package: Package, common: ChartOptions | None
) -> tuple[list[Release], list[Result]]:
    """Give the releases of a chart: one for all clusters, or one for each that it names."""
    spec = intent.spec
    releases: list[Release] = []
    problems: list[Result] = []
    for cluster in spec.clusters or (None,):
        options = _options(common, spec, cluster)
        field = f"spec.clusters[{spec.clusters.index(cluster)}]" if cluster else "spec"
        wrong = [*_objections(intent, chart, options, field)]
        try:
            layers = tuple(_layers(intent, cluster, field, package))
        except FunctionError as given_up:
            wrong += given_up.results
            layers = ()
        problems += wrong
        if wrong:
            continue
        folder = (spec.path or intent.metadata.name).strip("/")
        releases.append(
            Release(
                intent=intent,
                chart=chart,
                name=spec.release_name or intent.metadata.name,
                namespace=(cluster and cluster.namespace) or spec.namespace,
                layers=layers,
                sets=_sets(spec.values, cluster.values if cluster else Values()),
                options=options,
                folder=f"clusters/{cluster.name}/{folder}" if cluster else folder,
                cluster=cluster.name if cluster else "",
                field=field,
            )
        )
    return releases, problems


def _layers(
    intent: HelmChart, cluster: Cluster | None, field: str, package: Package
) -> Iterator[Layer]:
    at = intent.resource
    if at is None:
        return
    yield from layers_of(intent.spec.values, at, "spec.values", package)
    if cluster is not None:
        yield from layers_of(cluster.values, at, f"{field}.values", package)


def _sets(*sources: Values) -> Sets:
    return Sets(
        *(
            tuple(text for source in sources for text in getattr(source, field.name))
            for field in fields(Sets)
        )
    )


def _options(common: ChartOptions | None, *sources: Any) -> Options:
    """Make every choice: the last source that says something wins over the default."""
    chosen = {}
    for source in (common, *sources):
        for field in fields(Options):
            said = getattr(source, field.name, None)
            if said is not None:
                chosen[field.name] = said
    return Options(**chosen)


def _objections(
    intent: Kind, chart: ChartArchive, options: Options, field: str
) -> Iterator[Result]:
    """Say why a chart must not be rendered."""
    for problem in checks.problems(chart, options.kube_version):
        yield error(str(problem), code=problem.code, at=intent, field=field)
    if options.ordering == "Flux" and options.flux is None:
        message = "must be set with `ordering: Flux`: Flux orders whole Kustomizations"
        yield error(message, code="flux-source", at=intent, field="spec.flux")


def _requested(
    request: RenderHelmChart,
    wanted: RenderedChart,
    field: str,
    sources: _Sources,
    package: Package,
    common: ChartOptions | None,
) -> tuple[Release | None, list[Result]]:
    """Give the release that one chart of a RenderHelmChart asks for."""
    found = sources.named(wanted)
    if len(found) != 1:
        return None, [_not_one(request, wanted, field, [chart.metadata.name for chart in found])]
    chart, problems = sources.read(found[0])
    if chart is None:
        return None, problems
    options = _options(common, _as_options(wanted))
    problems += _objections(request, chart, options, field)
    name, wrong = _release_name(request, wanted, field, chart)
    problems += wrong
    values = Values.model_validate(wanted.template_options.values.model_dump(by_alias=True))
    layers: tuple[Layer, ...] = ()
    if request.resource is not None:
        where = f"{field}.templateOptions.values"
        try:
            layers = tuple(layers_of(values, request.resource, where, package))
        except FunctionError as given_up:
            problems += given_up.results
    release = Release(
        intent=request,
        chart=chart,
        name=name,
        namespace=wanted.template_options.namespace or "default",
        layers=layers,
        sets=Sets(),
        options=options,
        folder=name,
        field=field,
    )
    broken = any(problem.severity == "error" for problem in problems)
    return (None if broken else release), problems


def _as_options(wanted: RenderedChart) -> ChartOptions:
    options = wanted.template_options
    return ChartOptions(
        api_versions=options.api_versions or None,
        crds="Include" if options.include_crds else "Skip",
        tests="Drop" if options.skip_tests else "Keep",
    )


def _release_name(
    request: RenderHelmChart, wanted: RenderedChart, field: str, chart: ChartArchive
) -> tuple[str, list[Result]]:
    """Give the release name; Helm would make a random one up where nothing is said."""
    options = wanted.template_options
    if options.release_name:
        return options.release_name, []
    if not options.name_template:
        return chart.name, []
    name = options.name_template.replace("{{.Chart.Name}}", chart.name)
    name = name.replace("{{ .Chart.Name }}", chart.name)
    if "{{" not in name:
        return name, []
    message = (
        "must use nothing but `{{ .Chart.Name }}`: a random name would change with every "
        f'render, but is "{options.name_template}"'
    )
    where = f"{field}.templateOptions.nameTemplate"
    return "", [error(message, code="random-name", at=request, field=where)]


def _not_one(
    request: RenderHelmChart, wanted: RenderedChart, field: str, found: list[str]
) -> Result:
    args = wanted.chart_args
    chart = f"{args.name} {args.version}" if args.version else args.name
    message = (
        f"must choose one chart, but {', '.join(found)} all hold {chart}"
        if found
        else f"must be a chart of the package, but no HelmChart holds {chart}; "
        "`krmfn chart vendor` puts it there"
    )
    return error(message, code="chart-missing", at=request, field=f"{field}.chartArgs.name")


def _is(config: RenderHelmChart, known: RenderHelmChart) -> bool:
    """Say whether a functionConfig is the item that stands in the package as well."""
    return (config.metadata.name, config.helm_charts) == (known.metadata.name, known.helm_charts)
