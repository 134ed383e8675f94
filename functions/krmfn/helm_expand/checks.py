"""What must hold before a chart may be rendered.

`helm template` checks the first three itself, Helm as a library checks none. The fourth is ours:
Helm would fetch a schema that another schema refers to.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from krmfn.helm_expand.archive import ChartArchive, ChartError, Dependency
from krmfn.helm_expand.semver import matches

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_KNOWN_METASCHEMA = re.compile(
    r"https?://json-schema\.org/(draft-0[467]/|draft/2019-09/|draft/2020-12/|)schema#?"
)
_KUBE_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")


def problems(chart: ChartArchive, kube_version: str) -> tuple[ChartError, ...]:
    """Give every reason why the chart must not be rendered for this Kubernetes version."""
    return (
        *_library(chart),
        *_missing(chart),
        *_incompatible(chart, kube_version),
        *_remote_references(chart),
    )


def missing_dependencies(chart: ChartArchive) -> tuple[Dependency, ...]:
    """Give the declared dependencies that are not below `charts/`.

    As in Helm, a dependency must be there even when a condition or tag turns it off.
    """
    present = {subchart.name for subchart in chart.subcharts}
    return tuple(wanted for wanted in chart.dependencies if wanted.name not in present)


def mismatched_dependencies(chart: ChartArchive) -> tuple[tuple[Dependency, str], ...]:
    """Give the dependencies that are there in another version only, with that version.

    Helm renders them all the same, but ignores the alias then.
    """
    return tuple(
        (wanted, versions[0])
        for wanted in chart.dependencies
        if (versions := [sub.version for sub in chart.subcharts if sub.name == wanted.name])
        and not any(matches(version, wanted.version) for version in versions)
    )


def _library(chart: ChartArchive) -> Iterator[ChartError]:
    if chart.type == "library":
        message = f'chart "{chart.name}" must be an application, but is a library'
        yield ChartError(message, "chart-library")


def _missing(chart: ChartArchive) -> Iterator[ChartError]:
    if missing := missing_dependencies(chart):
        names = ", ".join(f'"{wanted.name}" {wanted.version}'.strip() for wanted in missing)
        message = f'chart "{chart.name}" must hold its dependencies in `charts/`, but lacks {names}'
        yield ChartError(message, "chart-dependency-missing")


def _incompatible(chart: ChartArchive, kube_version: str) -> Iterator[ChartError]:
    """Compare as Helm 4 does: a provider's suffix such as `-gke.1` does not count."""
    version = _KUBE_VERSION.match(kube_version)
    if not version:
        message = f'the Kubernetes version must be like v1.32.0, but is "{kube_version}"'
        yield ChartError(message, "kube-version")
        return
    core = ".".join(part or "0" for part in version.groups())
    if chart.kube_version and not matches(core, chart.kube_version):
        message = f'chart "{chart.name}" must have Kubernetes "{chart.kube_version}"'
        yield ChartError(f'{message}, but it is "{kube_version}"', "chart-kube-version")


def _remote_references(chart: ChartArchive) -> Iterator[ChartError]:
    for path, data in chart.schemas.items():
        try:
            schema = json.loads(data.decode())
        except (ValueError, RecursionError) as error:
            yield ChartError(f"`{path}` must be JSON: {error}", "chart-schema")
            continue
        for pointer, keyword, target in _fetched(schema):
            message = f'`{path}`: `{keyword}` at "{pointer}" must begin with `#`'
            if keyword == "$schema":
                message = f'`{path}`: `$schema` at "{pointer}" must name a JSON Schema draft'
            yield ChartError(f'{message}, but is "{target}"', "chart-schema-reference")


def _fetched(schema: Any) -> Iterator[tuple[str, str, str]]:
    """Give pointer, keyword and target of all that Helm would fetch.

    Everything is searched, data such as `default` too, since a reference may point there.
    """
    pending = [("", schema)]
    while pending:
        pointer, node = pending.pop()
        if isinstance(node, list):
            pending += [(f"{pointer}/{index}", item) for index, item in enumerate(node)]
        if not isinstance(node, dict):
            continue
        for keyword, value in node.items():
            if not isinstance(value, str):
                escaped = keyword.replace("~", "~0").replace("/", "~1")
                pending.append((f"{pointer}/{escaped}", value))
            elif (keyword in _REFERENCES and not value.startswith("#")) or (
                keyword == "$schema" and not _KNOWN_METASCHEMA.fullmatch(value)
            ):
                yield pointer, keyword, value
