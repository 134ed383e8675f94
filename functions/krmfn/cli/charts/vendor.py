"""From the source of a chart to the file of a `HelmChart`."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from krmfn.cli.charts.dependencies import Complete, complete, read_chart
from krmfn.cli.charts.helm import Access, origin_of
from krmfn.cli.charts.provenance import is_of, verify_provenance
from krmfn.cli.charts.sources import Fetched, fetch
from krmfn.cli.charts.write import Written, as_base64, file_for, write_chart
from krmfn.cli.errors import CliError
from krmfn.helm_expand.archive import ChartArchive


@dataclass(frozen=True)
class Order:
    """What is to be vendored, and how it is written; "" leaves a choice to the default.

    Attributes:
        source: where the chart is; see `sources.fetch`.
        repo: the address of a chart repository.
        version: a version or a range.
        keyring: the file of public keys that must have signed the chart; None not to verify.
        destination: a folder or a file.
        name: the name of the resource; the chart's when empty.
        fields: further fields of `spec`.
        force: whether the file's chart may be replaced by a chart of another name.
    """

    source: str
    repo: str = ""
    version: str = ""
    keyring: Path | None = None
    destination: Path = Path()
    name: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    force: bool = False


@dataclass(frozen=True)
class Vendored:
    """What was written.

    Attributes:
        size: bytes of the archive.
        written: what became of the file.
    """

    file: Path
    chart: ChartArchive
    size: int
    written: Written

    def __str__(self) -> str:
        done = "written" if self.written.changed else "unchanged"
        before, version = self.written.before, self.chart.version
        versions = f"{before} -> {version}" if before not in ("", version) else version
        size = f"{self.size / 1024:.1f} KiB"
        return f'{done} {self.file}: chart "{self.chart.name}" {versions}, {size}'


def vendor(order: Order, access: Access, tell: Callable[[str], None]) -> Vendored:
    """Bring a chart, with all that it depends on, into a file.

    Args:
        order: what is to be vendored.
        access: how servers are reached.
        tell: is given a line for everything that a person should know.

    Raises:
        CliError: it cannot be done; nothing was written then.
    """
    access = replace(access, origin=origin_of(order.repo or order.source))
    found = fetch(order.source, access, repo=order.repo, version=order.version)
    chart = read_chart(found)
    if order.repo and chart.name != order.source:
        raise CliError(f'"{order.repo}" gave the chart "{chart.name}" for "{order.source}"')
    if chart.type == "library":
        raise CliError(f'"{chart.name}" is a library: it renders nothing, but for other charts')
    if order.keyring:
        tell(f"signed by {', '.join(verify_provenance(found, chart, order.keyring))}")
    if found.is_local and access.username:
        access = replace(access, origin=_only_origin(chart))
    whole = complete(found, access, tell)
    for warning in whole.chart.warnings:
        tell(warning)
    name = order.name or chart.name
    file = file_for(name, order.destination)
    spec = {"chart": _carried(found, whole, file, tell), **dict(order.fields)}
    _check(name, spec)
    written = write_chart(file, name, spec, force=order.force)
    return Vendored(file, whole.chart, len(whole.archive), written)


def _carried(
    found: Fetched, whole: Complete, file: Path, tell: Callable[[str], None]
) -> dict[str, str]:
    """Give `spec.chart`."""
    source = os.path.relpath(found.source, file.parent) if found.is_local else found.source
    carried = {
        "name": whole.chart.name,
        "version": whole.chart.version,
        "source": source,
        "sha256": sha256(whole.archive).hexdigest(),
    }
    if is_of(found.provenance, whole.archive, whole.chart):
        carried["provenance"] = found.provenance
    elif found.provenance:
        tell("left out the provenance, which is not of the archive that is carried")
    return {**carried, "archive": as_base64(whole.archive)}


def _only_origin(chart: ChartArchive) -> str:
    """Give the one server that the credentials can be meant for, when the source is a path."""
    addresses = [each.repository for each in chart.dependencies if "://" in each.repository]
    origins = sorted({origin_of(address) for address in addresses} - {""})
    if len(origins) > 1:
        raise CliError(
            "credentials must be for one server, but the dependencies are on "
            f"{', '.join(origins)}; log in to registries with `helm registry login` instead"
        )
    return "".join(origins)


def _check(name: str, spec: dict[str, Any]) -> None:
    """Refuse names that the kind does not allow."""
    from krmfn.helm_expand.intents import HelmChart

    header = {"apiVersion": HelmChart.api_version, "kind": HelmChart.kind_name}
    spec = {"releaseName": name, **spec}
    problems = HelmChart.parse({**header, "metadata": {"name": name}, "spec": spec})[1]
    if problems:
        raise CliError("; ".join(f"`{each.field}` {each.message}" for each in problems))
