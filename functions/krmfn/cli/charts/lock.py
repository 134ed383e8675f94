"""`Chart.lock`: the versions that a chart's dependencies were once resolved to."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from krmfn.cli.errors import CliError
from krmfn.sdk import yaml_load

_IMPORTS = "import-values"
# The fields in the order in which Helm writes them before it takes the digest.
_FIELDS = ("name", "version", "repository", "condition", "tags", "enabled", _IMPORTS, "alias")
_EVEN_EMPTY = ("name", "repository")
_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&"}

_Dependency = Mapping[str, Any]


def locked_versions(files: Mapping[str, bytes]) -> list[str]:
    """Give the locked versions of a chart's dependencies, in their order; [] without a lock.

    Raises:
        CliError: the lock is not of the dependencies that the chart declares.
    """
    declaring, locking = "Chart.yaml", "Chart.lock"
    if "requirements.yaml" in files:
        declaring, locking = "requirements.yaml", "requirements.lock"
    if locking not in files:
        return []
    declared, (locked, digest) = _read(files, declaring)[0], _read(files, locking)
    if len(locked) != len(declared) or digest not in _digests(declared, locked):
        raise CliError(
            f"`{locking}` must be of the dependencies in `{declaring}`, which have changed since; "
            "run `helm dependency update` on the chart"
        )
    return [str(dependency.get("version")) for dependency in locked]


def _read(files: Mapping[str, bytes], path: str) -> tuple[list[_Dependency], str]:
    """Give the dependencies and the digest of a file."""
    try:
        body = yaml_load(files[path].decode())
        return [dict(each) for each in body.get("dependencies") or []], str(body.get("digest"))
    except (AttributeError, TypeError, ValueError) as error:
        raise CliError(f"`{path}` must hold a list of dependencies: {error}") from error


def _digests(declared: Sequence[_Dependency], locked: Sequence[_Dependency]) -> Sequence[str]:
    """Give the digests that the lock may have: that of Helm 3 and later, and that of Helm 2."""
    declared, locked = ([_ordered(each) for each in side] for side in (declared, locked))
    texts = (
        json.dumps(content, separators=(",", ":"), ensure_ascii=False).translate(_ESCAPES)
        for content in ([declared, locked], {"dependencies": declared})
    )
    return [f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" for text in texts]


def _ordered(dependency: _Dependency) -> dict[str, Any]:
    return {
        field: _sorted(dependency.get(field) or "")
        for field in _FIELDS
        if dependency.get(field) or field in _EVEN_EMPTY
    }


def _sorted(value: Any) -> Any:
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return dict(sorted(value.items())) if isinstance(value, dict) else value
