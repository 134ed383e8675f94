"""The file of a `HelmChart`: made, or given another chart while all else in it stays."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from krmfn.cli.errors import CliError
from krmfn.sdk import Resource, YamlError
from krmfn.sdk.documents import SourceFile, new_file, read_file

_KIND = "HelmChart"
_API_VERSION = "intent.krmfn.dev/v1alpha1"
_LOCAL_CONFIG = {"config.kubernetes.io/local-config": "true"}
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class Written:
    """What became of the file of a HelmChart.

    Attributes:
        changed: whether the file is another one than before.
        before: the version of the chart that it carried before; "" when it carried none.
    """

    changed: bool
    before: str = ""


def as_base64(archive: bytes) -> str:
    """Give base64 in lines: they become a block scalar, which kpt writes back byte for byte."""
    return base64.encodebytes(archive).decode()


def file_for(name: str, destination: Path) -> Path:
    """Give the file for a chart: the destination, or in a folder the one that has it already.

    Args:
        name: the name of the HelmChart resource.
        destination: a folder, or a `.yaml` file.
    """
    if destination.is_file() or (destination.suffix in _SUFFIXES and not destination.is_dir()):
        return destination
    usual = destination / f"helmchart_{name}.yaml"
    others = sorted(each for suffix in _SUFFIXES for each in destination.glob(f"*{suffix}"))
    return next((each for each in (usual, *others) if _holds(each, name)), usual)


def write_chart(file: Path, name: str, spec: Mapping[str, Any], *, force: bool = False) -> Written:
    """Write a HelmChart to its file.

    Args:
        file: what it holds already stays, but for the fields in `spec`.
        name: the name of the resource; one that the file does not hold is added behind the others.
        spec: the fields of `spec` to set, each as a whole.
        force: whether the resource may carry a chart of another name now.

    Raises:
        CliError: the file cannot be used; it stays as it is then.
    """
    source = _read(file)
    content, before = _updated(source, name, spec, force=force)
    if content == source.content:
        return Written(changed=False, before=before)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    except OSError as error:
        raise CliError(f'cannot write "{file}": {error}') from error
    return Written(changed=True, before=before)


def _updated(
    source: SourceFile, name: str, spec: Mapping[str, Any], *, force: bool
) -> tuple[bytes, str]:
    """Give the new content, and the version of the chart in the old one."""
    documents = _resources(source)
    entries: list[tuple[int | None, str]] = [
        (number, each.text) for number, each in enumerate(documents)
    ]
    number = next((n for n, each in enumerate(documents) if _is_chart(each, name)), None)
    if number is None:
        entries.append((None, _new(name, spec).text))
        return source.rewritten(entries), ""
    old = documents[number].body.get("spec") or {}
    chart = old.get("chart") or {}
    carried = chart.get("name", spec["chart"]["name"])
    if carried != spec["chart"]["name"] and not force:
        raise CliError(
            f'"{source.path}" carries the chart "{carried}", not "{spec["chart"]["name"]}"; '
            "--force replaces it"
        )
    body = {**documents[number].body, "spec": {**old, **spec}}
    entries[number] = (number, documents[number].replaced(body).text)
    return source.rewritten(entries), str(chart.get("version") or "")


def _new(name: str, spec: Mapping[str, Any]) -> Resource:
    return Resource.new(_API_VERSION, _KIND, name, annotations=_LOCAL_CONFIG, spec=dict(spec))


def _holds(file: Path, name: str) -> bool:
    try:
        source = _read(file)
        return _KIND.encode() in source.content and any(
            _is_chart(each, name) for each in _resources(source)
        )
    except CliError:
        return False


def _read(file: Path) -> SourceFile:
    try:
        return read_file(str(file), file.read_bytes()) if file.exists() else new_file(str(file))
    except (OSError, ValueError) as error:
        raise CliError(f'cannot use "{file}": {error}') from error


def _resources(source: SourceFile) -> list[Resource]:
    try:
        return [Resource.parse(document) for document in source.documents]
    except (YamlError, ValueError) as error:
        raise CliError(f'"{source.path}" must hold resources: {error}') from error


def _is_chart(resource: Resource, name: str) -> bool:
    return (resource.api_version, resource.kind, resource.name) == (_API_VERSION, _KIND, name)
