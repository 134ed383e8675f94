"""Where a chart comes from: a directory, an archive, an address, a repository or a registry."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from krmfn.cli.charts.directory import read_directory
from krmfn.cli.charts.explain import NotFoundError
from krmfn.cli.charts.helm import Access, Download, download, read_index, read_tags
from krmfn.cli.errors import CliError
from krmfn.helm_expand.archive import MAX_CHART_BYTES, ChartError, pack
from krmfn.helm_expand.semver import is_range, matches, parse_version

_SHOWN = 10


@dataclass(frozen=True)
class Fetched:
    """A chart as it was found.

    Attributes:
        source: where it came from, without credentials.
        archive: the .tgz: byte for byte as it was found, or made of a directory.
        provenance: the .prov file beside it, "" when there is none.
        directory: the directory that the archive was made of.
    """

    source: str
    archive: bytes
    provenance: str = ""
    directory: Path | None = None

    @property
    def is_local(self) -> bool:
        """Whether the source is a path, not an address."""
        return "://" not in self.source


def fetch(source: str, access: Access, *, repo: str = "", version: str = "") -> Fetched:
    """Find the chart that the source names.

    Args:
        source: a directory, a .tgz, an `https://` or `oci://` address, or with `repo` a name.
        access: how servers are reached.
        repo: the address of a chart repository.
        version: a version or a range; "" for the newest release.

    Raises:
        CliError: there is no such chart, or it cannot be had; the message says how to mend that.
    """
    if version and not is_range(version):
        raise CliError(f'a version must be like "1.2.3" or "^1.2", but is "{version}"')
    if repo and "/" in source:
        raise CliError(f'with `--repo` the source must be a chart\'s name, but is "{source}"')
    if repo:
        return _from_repository(_checked(repo), source, version, access)
    if source.startswith("oci://"):
        return _from_registry(_checked(source), version, access)
    if version:
        raise CliError(f'a version can be chosen in a repository or registry, not in "{source}"')
    if "://" in source:
        return _from_address(_checked(source), access)
    return _from_disk(Path(source))


def _from_repository(repo: str, name: str, version: str, access: Access) -> Fetched:
    index = read_index(repo, access)
    entries = index.get(name) or []
    if not entries:
        similar = get_close_matches(name, index, n=_SHOWN) or index
        raise CliError(f'"{repo}" has no chart "{name}"; it has {_some(similar)}')
    chosen = choose([str(entry.get("version")) for entry in entries], version, f"{repo} {name}")
    entry = next(entry for entry in entries if entry.get("version") == chosen)
    if not entry.get("urls"):
        raise CliError(f'the index of "{repo}" has no address for "{name}" {chosen}')
    found = fetch(urljoin(f"{repo.rstrip('/')}/", str(entry["urls"][0])), access)
    _check_digest(found.archive, entry, f'"{name}" {chosen} in the index of "{repo}"')
    return replace(found, source=repo)


def _check_digest(archive: bytes, entry: dict[str, Any], place: str) -> None:
    stated = str(entry.get("digest") or "").removeprefix("sha256:")
    actual = sha256(archive).hexdigest()
    if stated and stated != actual:
        raise CliError(f"the digest of {place} is {stated}, but what it leads to has {actual}")


def _from_registry(reference: str, version: str, access: Access) -> Fetched:
    folder, _, last = reference.rpartition("/")
    name, _, tag = last.partition(":")
    if version and tag:
        raise CliError(f'`--version` must not be given when the source has a tag: "{reference}"')
    if "@" in last:
        return Fetched(reference, *download(reference, access))
    repository = f"{folder}/{name}"
    chosen = _as_version(tag) if tag else choose(read_tags(repository, access), version, repository)
    found = _download_version(repository, chosen, access)
    return Fetched(f"{repository}:{chosen.replace('+', '_')}", *found)


def _as_version(tag: str) -> str:
    """Give the version that a tag stands for; a tag cannot hold the `+` of a version."""
    version = tag.replace("_", "+")
    if parse_version(version) is None:
        raise CliError(f'the tag of a chart must be a version, but is "{tag}"')
    return version


def _download_version(repository: str, version: str, access: Access) -> Download:
    try:
        return download(repository, access, version=version)
    except NotFoundError as error:
        tags = read_tags(repository, access)
        raise CliError(f'"{repository}" has no tag "{version}"; it has {_some(tags)}') from error


def _from_address(url: str, access: Access) -> Fetched:
    found = download(url, access)
    return Fetched(url.partition("?")[0], *found)


def _from_disk(path: Path) -> Fetched:
    if path.is_dir():
        return _from_directory(path)
    if not path.exists():
        raise CliError(f'"{path}" is no directory and no file; a chart\'s name needs --repo')
    if not path.is_file() or path.stat().st_size > MAX_CHART_BYTES:
        most = f"{MAX_CHART_BYTES // 2**20} MiB"
        raise CliError(f'"{path}" must be a directory, or a file of at most {most}')
    provenance = path.with_name(f"{path.name}.prov")
    try:
        signed = provenance.read_text("utf-8") if provenance.is_file() else ""
        return Fetched(str(path), path.read_bytes(), signed)
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f'cannot read "{path}": {error}') from error


def _from_directory(path: Path) -> Fetched:
    try:
        return Fetched(str(path), pack(read_directory(path)), directory=path)
    except ChartError as error:
        raise CliError(f'"{path}" must be a chart: {error}') from error


def choose(versions: Sequence[str], wanted: str, place: str) -> str:
    """Give the newest of the versions (given newest first) that the range allows.

    Raises:
        CliError: there is none; the message names some that are there.
    """
    if wanted in versions:
        return wanted
    for version in versions:
        if matches(version, wanted or "*"):
            return version
    kind = f'version in the range "{wanted}"' if wanted else "release"
    raise CliError(f'"{place}" has no {kind}; it has {_some(versions)}')


def _some(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(islice(names, _SHOWN)) + more if names else "nothing"


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http", "oci") or not parts.hostname:
        raise CliError(f'an address must begin with https:// or oci://, but is "{url}"')
    if "@" in parts.netloc:
        raise CliError("an address must not hold credentials; use --username and --password-stdin")
    return url
