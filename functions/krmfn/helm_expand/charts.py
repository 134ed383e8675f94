"""The charts of a package: found by name, each read and checked once."""

from collections.abc import Iterable, Iterator

from krmfn.helm_expand.archive import ChartArchive, ChartError, read, verify_digest
from krmfn.helm_expand.checks import mismatched_dependencies
from krmfn.helm_expand.intents import HelmChart
from krmfn.helm_expand.semver import matches
from krmfn.sdk import Result, Severity, error, warning


class Charts:
    """The charts that a package's HelmCharts hold."""

    def __init__(self, intents: Iterable[HelmChart]) -> None:
        self.intents = tuple(intents)
        self._read: dict[int, tuple[ChartArchive | None, list[Result]]] = {}

    def named(self, name: str, version: str, package_path: str) -> list[HelmChart]:
        """Give the HelmCharts that hold a chart, those of the same package before others.

        Args:
            name: name of the chart.
            version: a version or a range of versions, "" for any.
            package_path: the package of the one who asks.
        """
        found = [
            intent
            for intent in self.intents
            if intent.spec.chart.name == name
            and (version in ("", intent.spec.chart.version) or _fits(intent, version))
        ]
        own = [one for one in found if one.resource and one.resource.package_path == package_path]
        return own or found

    def read(self, intent: HelmChart) -> tuple[ChartArchive | None, list[Result]]:
        """Give the chart that a HelmChart holds, None when it is refused; and what to say of it."""
        if id(intent) not in self._read:
            self._read[id(intent)] = _read_chart(intent)
        return self._read[id(intent)]


def _fits(intent: HelmChart, version: str) -> bool:
    return matches(intent.spec.chart.version, version)


def _read_chart(intent: HelmChart) -> tuple[ChartArchive | None, list[Result]]:
    pinned = intent.spec.chart
    field = "spec.chart.sha256"
    try:
        verify_digest(pinned.content, pinned.sha256)
        field = "spec.chart.archive"
        chart = read(pinned.content)
    except ChartError as problem:
        return None, [error(str(problem), code=problem.code, at=intent, field=field)]
    said = [*_misnamed(intent, chart), *_remarks(intent, chart)]
    refused = any(result.severity == Severity.ERROR for result in said)
    return (None if refused else chart), said


def _misnamed(intent: HelmChart, chart: ChartArchive) -> Iterator[Result]:
    pinned = intent.spec.chart
    for what, actual, said in (
        ("name", chart.name, pinned.name),
        ("version", chart.version, pinned.version),
    ):
        if actual != said:
            message = f'must be the chart\'s own {what}, "{actual}", but is "{said}"'
            found = {"field": f"spec.chart.{what}", "current": said, "proposed": actual}
            yield error(message, code="chart-name", at=intent, **found)


def _remarks(intent: HelmChart, chart: ChartArchive) -> Iterator[Result]:
    field = "spec.chart.archive"
    for text in chart.warnings:
        yield warning(text, code="chart-content", at=intent, field=field)
    for wanted, present in mismatched_dependencies(chart):
        message = (
            f'dependency "{wanted.name}" of chart "{chart.name}" must have version '
            f'"{wanted.version}", but `charts/` holds "{present}": Helm ignores its alias'
        )
        yield warning(message, code="chart-dependency-version", at=intent, field=field)
