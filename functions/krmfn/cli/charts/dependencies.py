"""A chart's dependencies, brought below its `charts/` as `helm dependency build` would."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from krmfn.cli.charts.helm import Access
from krmfn.cli.charts.lock import locked_versions
from krmfn.cli.charts.sources import Fetched, fetch
from krmfn.cli.errors import CliError
from krmfn.helm_expand.archive import ChartArchive, ChartError, pack, read
from krmfn.helm_expand.checks import missing_dependencies
from krmfn.helm_expand.semver import matches
from krmfn.sdk import yaml_load

_FILE = "file://"


class Complete(NamedTuple):
    """A chart with all its dependencies, and its .tgz: as found, when nothing was missing."""

    chart: ChartArchive
    archive: bytes


class _Wanted(NamedTuple):
    """A dependency; `locked` is the version in the lock, "" when there is no lock."""

    name: str
    version: str
    repository: str
    locked: str

    def is_met_by(self, name: str, version: str) -> bool:
        """Say whether a chart of this name and version is the dependency."""
        allowed = version == self.locked if self.locked else matches(version, self.version)
        return name == self.name and allowed

    def __str__(self) -> str:
        return f'"{self.name}" {self.locked or self.version}'.strip()


def read_chart(found: Fetched) -> ChartArchive:
    """Read what was found.

    Raises:
        CliError: it is no chart.
    """
    try:
        return read(found.archive)
    except ChartError as error:
        raise CliError(f'"{found.source}" must be a chart: {error}') from error


def complete(
    found: Fetched, access: Access, tell: Callable[[str], None], above: tuple[str, ...] = ()
) -> Complete:
    """Fetch what a chart depends on and does not hold.

    A directory must hold what its lock says. An archive was completed by who published it, so one
    that holds its dependencies, in whatever version, stays as it is.

    Args:
        found: the chart.
        access: how servers are reached.
        tell: is given a line for every dependency that is added.
        above: the charts that depend on this one, by name and version.

    Raises:
        CliError: it is no chart, its lock is out of date, or a dependency cannot be had.
    """
    chart = read_chart(found)
    identity = f'"{chart.name}" {chart.version}'
    if identity in above:
        raise CliError(f"{identity} must not depend on itself")
    wanted = _wanted(chart) if found.directory or missing_dependencies(chart) else []
    files = _without_outdated(chart.files, wanted)
    missing = _missing(files, wanted)
    for each in missing:
        try:
            dependency = _fetch(each, found, access)
            subchart = complete(dependency, access, tell, (*above, identity)).chart
            files |= _placed(subchart, each)
            tell(f'added "{subchart.name}" {subchart.version} from {dependency.source}')
        except CliError as error:
            raise CliError(f"dependency {each} of {identity}: {error}") from error
    if not missing:
        return Complete(chart, found.archive)
    archive = pack(files)
    return Complete(read_chart(Fetched(found.source, archive)), archive)


def _wanted(chart: ChartArchive) -> list[_Wanted]:
    versions = locked_versions(chart.files) or [""] * len(chart.dependencies)
    return [
        _Wanted(each.name, each.version, each.repository, locked)
        for each, locked in zip(chart.dependencies, versions, strict=True)
    ]


def _missing(files: Mapping[str, bytes], wanted: Sequence[_Wanted]) -> list[_Wanted]:
    held = _subcharts(files).values()
    missing = [each for each in wanted if not any(each.is_met_by(*subchart) for subchart in held)]
    return list(dict.fromkeys(missing))


def _without_outdated(files: Mapping[str, bytes], wanted: Sequence[_Wanted]) -> dict[str, bytes]:
    """Leave out subcharts that are there in another version than is wanted."""
    names = {each.name for each in wanted}
    outdated = tuple(
        f"{folder}/"
        for folder, subchart in _subcharts(files).items()
        if subchart[0] in names and not any(each.is_met_by(*subchart) for each in wanted)
    )
    return {path: content for path, content in files.items() if not path.startswith(outdated)}


def _subcharts(files: Mapping[str, bytes]) -> dict[str, tuple[str, str]]:
    """Give name and version of each chart below `charts/`, by its folder."""
    found = {}
    for path, content in files.items():
        folder, _, file = path.rpartition("/")
        if file == "Chart.yaml" and folder.startswith("charts/") and folder.count("/") == 1:
            metadata = yaml_load(content.decode())
            found[folder] = (str(metadata["name"]), str(metadata["version"]))
    return found


def _fetch(wanted: _Wanted, parent: Fetched, access: Access) -> Fetched:
    repository, version = wanted.repository, wanted.locked or wanted.version
    if not repository:
        raise CliError("it names no repository, so it must lie in the chart's `charts/`")
    if repository.startswith(("@", "alias:")):
        raise CliError(f'its repository must be an address, but is the alias "{repository}"')
    if repository.startswith(_FILE):
        if parent.directory is None:
            raise CliError(f'"{repository}" can be found only beside a chart in a directory')
        path = os.path.normpath(parent.directory / repository.removeprefix(_FILE))
        return fetch(path, access)
    if repository.startswith("oci:"):
        return fetch(f"{repository.rstrip('/')}/{wanted.name}", access, version=version)
    return fetch(wanted.name, access, repo=repository, version=version)


def _placed(subchart: ChartArchive, wanted: _Wanted) -> dict[str, bytes]:
    """Give the files of a subchart by their paths in the chart above it."""
    if not wanted.is_met_by(subchart.name, subchart.version):
        raise CliError(f'what is there is "{subchart.name}" {subchart.version}')
    folder = f"charts/{subchart.name}-{subchart.version}"
    return {f"{folder}/{path}": content for path, content in subchart.files.items()}
