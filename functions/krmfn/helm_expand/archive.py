"""Chart archives: a `.tgz` as bytes to and from plain files, without touching a disk.

An archive is read once, within bounds, and everything else works on the files that were read:
engines get them packed anew, so what was checked is what Helm sees.
"""

import hashlib
import io
import posixpath
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from gzip import GzipFile
from typing import Any

from krmfn.helm_expand.helmignore import kept
from krmfn.helm_expand.semver import parse_version
from krmfn.sdk import YamlError, yaml_load

MAX_CHART_BYTES = 100 * 2**20
MAX_FILE_BYTES = 5 * 2**20
MAX_FILES = 10_000
MAX_NESTING = 16

_UNREADABLE = (tarfile.TarError, OSError, EOFError, zlib.error, RecursionError)
_BOM = b"\xef\xbb\xbf"
_DRIVE = re.compile(r"[a-zA-Z]:/")
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"


class ChartError(ValueError):
    """A chart that must not or cannot be rendered.

    Attributes:
        code: stable name of the reason, such as `chart-too-large`.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Dependency:
    """A dependency as `Chart.yaml` declares it."""

    name: str
    version: str = ""
    repository: str = ""
    alias: str = ""
    condition: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChartArchive:
    """A chart and everything below it.

    Attributes:
        name, version, app_version, kube_version: from `Chart.yaml`; "" when absent.
        type: `application` or `library`.
        dependencies: as declared, whether present or not.
        files: content by path relative to the chart; packed subcharts appear unpacked below
            `charts/`.
        subcharts: the charts below `charts/`.
        warnings: what was left out while reading, one sentence each.
    """

    name: str
    version: str
    app_version: str = ""
    type: str = "application"
    kube_version: str = ""
    dependencies: tuple[Dependency, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    subcharts: tuple["ChartArchive", ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def schemas(self) -> dict[str, bytes]:
        """Every `values.schema.json` of the chart and its subcharts, by path."""
        return {
            path: data
            for path, data in self.files.items()
            if re.fullmatch(r"(charts/[^/]+/)*values\.schema\.json", path)
        }

    @cached_property
    def packed(self) -> bytes:
        """The files as an uncompressed `.tgz`, for an engine."""
        return pack(self.files, level=0)


def verify_digest(data: bytes, sha256: str) -> None:
    """Raise ChartError unless the bytes have this SHA-256 digest (hex, any case)."""
    actual = hashlib.sha256(data).hexdigest()
    if actual != sha256.lower():
        raise ChartError(
            f'the chart archive must have the SHA-256 digest "{sha256}", but has "{actual}"',
            "chart-digest",
        )


def read(data: bytes) -> ChartArchive:
    """Read a chart archive; raises ChartError when it is broken, hostile or too large."""
    budget = _Budget()
    files, warnings = _unpack(data, budget, 0)
    return _chart(files, "", tuple(warnings))


def pack(files: Mapping[str, bytes], *, level: int = 9) -> bytes:
    """Pack a chart's files as a `.tgz`; the same files always give the same bytes.

    Args:
        files: content by path relative to the chart, with a `Chart.yaml`.
        level: zlib's compression level; 0 stores.
    """
    name = _metadata(files, "")["name"]
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(files, key=lambda path: (path != "Chart.yaml", path)):
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size = len(files[path])
            archive.addfile(entry, io.BytesIO(files[path]))
    content = tar.getvalue()
    deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    tail = zlib.crc32(content).to_bytes(4, "little") + len(content).to_bytes(4, "little")
    return _GZIP_HEADER + deflate.compress(content) + deflate.flush() + tail


def pack_directory(files: Mapping[str, bytes]) -> bytes:
    """Pack what a chart's directory holds, without what its `.helmignore` names."""
    try:
        wanted = kept(files)
    except ValueError as error:
        raise ChartError(f"`.helmignore` {error}", "chart-helmignore") from error
    return pack(wanted)


@dataclass
class _Budget:
    """What is left to inflate, over a chart and its packed subcharts."""

    size: int = MAX_CHART_BYTES
    files: int = MAX_FILES

    def take(self, size: int, files: int = 0) -> None:
        self.size -= size
        self.files -= files
        if self.size < 0:
            limit = f"at most {MAX_CHART_BYTES // 2**20} MiB when unpacked"
            raise ChartError(f"the chart archive must have {limit}", "chart-too-large")
        if self.files < 0:
            limit = f"at most {MAX_FILES} files"
            raise ChartError(f"the chart archive must have {limit}", "chart-too-large")


class _Inflated(io.RawIOBase):
    """The inflated bytes of a gzip stream, counted against a budget as they come."""

    def __init__(self, data: bytes, budget: _Budget) -> None:
        self.source = GzipFile(fileobj=io.BytesIO(data))
        self.budget = budget

    def read(self, size: int = -1) -> bytes:
        chunk = self.source.read(size)
        self.budget.take(len(chunk))
        return chunk


def _unpack(data: bytes, budget: _Budget, depth: int) -> tuple[dict[str, bytes], list[str]]:
    if depth > MAX_NESTING:
        raise ChartError(f"charts must be nested at most {MAX_NESTING} deep", "chart-too-large")
    files: dict[str, bytes] = {}
    warnings: list[str] = []
    try:
        with tarfile.open(fileobj=_Inflated(data, budget), mode="r|") as archive:
            for entry in archive:
                budget.take(0, 1)
                _add(archive, entry, files, warnings)
    except (*_UNREADABLE, ValueError) as error:
        if isinstance(error, ChartError):
            raise
        raise ChartError(
            f"the chart archive must be a .tgz: {error}", "chart-unreadable"
        ) from error
    for path in [path for path in files if _is_packed_subchart(path)]:
        directory = path.removesuffix(".tgz")
        if any(other.startswith(f"{directory}/") for other in files):
            raise ChartError(f"`{path}` must not lie beside `{directory}/`", "chart-unreadable")
        nested, dropped = _unpack(files.pop(path), budget, depth + 1)
        files.update({f"{directory}/{name}": content for name, content in nested.items()})
        warnings += [f"{directory}: {warning}" for warning in dropped]
    return files, warnings


def _add(
    archive: tarfile.TarFile, entry: tarfile.TarInfo, files: dict[str, bytes], warnings: list[str]
) -> None:
    """Add one entry of a tar archive to the files, or to the warnings."""
    if entry.isdir():
        return
    path = _path_in_chart(entry.name)
    if not entry.isreg():
        kind = "link" if entry.issym() or entry.islnk() else "special file"
        warnings.append(f"left out `{path}`, which is a {kind}")
        return
    if entry.size > MAX_FILE_BYTES:
        limit = f"at most {MAX_FILE_BYTES // 2**20} MiB"
        raise ChartError(f"`{path}` must have {limit}", "chart-too-large")
    content = archive.extractfile(entry)
    files[path] = content.read().removeprefix(_BOM) if content else b""


def _path_in_chart(name: str) -> str:
    """Give the path below the archive's top directory; refuses paths that lead elsewhere."""
    _, _, below = name.replace("\\", "/").partition("/")
    path = posixpath.normpath(below)
    if below.startswith("/") or path == ".." or path.startswith("../") or _DRIVE.match(path):
        raise ChartError(f'"{name}" must be a path inside the chart', "chart-path")
    if path == ".":
        raise ChartError(f'"{name}" must lie in the chart\'s directory', "chart-path")
    return path


def _is_packed_subchart(path: str) -> bool:
    head, _, name = path.rpartition("/")
    return head == "charts" and name.endswith(".tgz") and name[0] not in "._"


def _chart(files: dict[str, bytes], place: str, warnings: tuple[str, ...] = ()) -> ChartArchive:
    metadata = _metadata(files, place)
    return ChartArchive(
        name=metadata["name"],
        version=metadata["version"],
        app_version=_text(metadata.get("appVersion")),
        type=_text(metadata.get("type")) or "application",
        kube_version=_text(metadata.get("kubeVersion")),
        dependencies=tuple(_dependencies(metadata, place)),
        files=files,
        subcharts=tuple(
            _chart(nested, f"{place}{directory}/") for directory, nested in _subcharts(files)
        ),
        warnings=warnings,
    )


def _subcharts(files: Mapping[str, bytes]) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Give directory and files of each chart below `charts/`, in order of the directory."""
    nested: dict[str, dict[str, bytes]] = {}
    for path, data in files.items():
        head, _, rest = path.partition("/")
        name, _, inner = rest.partition("/")
        if head == "charts" and inner and name[0] not in "._":
            nested.setdefault(f"charts/{name}", {})[inner] = data
    yield from sorted(nested.items())


def _metadata(files: Mapping[str, bytes], place: str) -> dict[str, Any]:
    """Read `Chart.yaml`, with the dependencies of an old `requirements.yaml`."""
    if "Chart.yaml" not in files:
        raise ChartError(f"`{place}Chart.yaml` must be in the chart", "chart-metadata")
    metadata = _mapping(files, "Chart.yaml", place)
    if "requirements.yaml" in files:
        metadata |= _mapping(files, "requirements.yaml", place)
    for key in ("name", "version"):
        metadata[key] = _text(metadata.get(key))
        if not metadata[key]:
            raise ChartError(f"`{place}Chart.yaml`: `{key}` must be set", "chart-metadata")
    name, version, kind = metadata["name"], metadata["version"], _text(metadata.get("type"))
    if name in (".", "..") or "/" in name:
        _refuse(place, "name", name, "be a name without `/`")
    if parse_version(version) is None:
        _refuse(place, "version", version, "be a semantic version")
    if kind not in ("", "application", "library"):
        _refuse(place, "type", kind, "be application or library")
    return metadata


def _refuse(place: str, key: str, value: str, rule: str) -> None:
    message = f'`{place}Chart.yaml`: `{key}` must {rule}, but is "{value}"'
    raise ChartError(message, "chart-metadata")


def _mapping(files: Mapping[str, bytes], path: str, place: str) -> dict[str, Any]:
    try:
        value = yaml_load(files[path].decode())
    except (YamlError, UnicodeDecodeError) as error:
        raise ChartError(f"`{place}{path}` must be YAML: {error}", "chart-metadata") from error
    if not isinstance(value, dict):
        raise ChartError(f"`{place}{path}` must be a mapping", "chart-metadata")
    return value


def _dependencies(metadata: Mapping[str, Any], place: str) -> Iterator[Dependency]:
    declared = metadata.get("dependencies") or []
    if not isinstance(declared, list) or not all(isinstance(entry, dict) for entry in declared):
        raise ChartError(f"`{place}Chart.yaml`: `dependencies` must be a list", "chart-metadata")
    for entry in declared:
        fields = ("name", "version", "repository", "alias", "condition")
        said = entry.get("tags")
        tags = tuple(map(_text, said)) if isinstance(said, list) else ()
        name, version, repository, alias, condition = (_text(entry.get(key)) for key in fields)
        yield Dependency(name, version, repository, alias, condition, tags)


def _text(value: Any) -> str:
    """Give a scalar as the string that Helm takes it for; "" for none."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
