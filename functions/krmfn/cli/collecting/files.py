"""Files that a command writes anew each time, and what people wrote beside them.

A file is a command's own when every document in it carries the command's stamp; nothing else is
ever replaced or removed.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from krmfn.cli.errors import CliError
from krmfn.cli.rendering.commit import Change, commit, locked
from krmfn.sdk.documents import read_file
from krmfn.sdk.ownership import OWNER

_IN_ANNOTATIONS = r"^metadata:\n(?:  .*\n)*?  annotations:\n(?:    .*\n)*?"
_CLUSTER_FILES = "clusters/*/*.yaml"


def replace_files(root: Path, stamp: str, files: Mapping[str, str]) -> list[Change]:
    """Write files, and remove those that the same command wrote before and writes no longer.

    Args:
        root: the package's folder; it is made when it is not there.
        stamp: the value of the owner's annotation in these files.
        files: the new text, by slash path below `root`.

    Returns:
        What changed, by path.

    Raises:
        CliError: somebody else's file is in the way, or the disk refuses; nothing is written then.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CliError(f'"{root}" must be a folder to write to: {error.strerror}') from error
    with locked(root):
        paths = {*files, *(each.relative_to(root).as_posix() for each in root.glob(_CLUSTER_FILES))}
        before = _own(root, stamp, sorted(paths), wanted=files)
        after = {path: text.encode() for path, text in files.items()}
        changes = [
            Change(path, before.get(path), after.get(path))
            for path in sorted({*before, *after})
            if before.get(path) != after.get(path)
        ]
        commit(root, changes)
    return changes


def _own(
    root: Path, stamp: str, paths: Iterable[str], wanted: Mapping[str, str]
) -> dict[str, bytes]:
    """Give the content of those files that carry the stamp, by path."""
    own: dict[str, bytes] = {}
    for path in paths:
        file = root / path
        if not file.exists():
            continue
        content = file.read_bytes() if file.is_file() else b""
        if _is_stamped(path, content, stamp):
            own[path] = content
        elif path in wanted:
            raise CliError(f'must not replace "{file}": this command did not write it; move it')
    return own


def _is_stamped(path: str, content: bytes, stamp: str) -> bool:
    if stamp.encode() not in content:
        return False
    line = rf"    {OWNER}: [\"']?{re.escape(stamp)}[\"']?$"
    annotation = re.compile(_IN_ANNOTATIONS + line, re.MULTILINE)
    try:
        documents = read_file(path, content).documents
    except ValueError:
        return False
    return bool(documents) and all(annotation.search(document) for document in documents)
