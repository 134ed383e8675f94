"""Where a rendered package goes when it does not go back to where it came from."""

import difflib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from krmfn.cli.errors import CliError
from krmfn.cli.rendering.commit import Change
from krmfn.cli.rendering.exchange import annotated, ended
from krmfn.cli.rendering.placing import path_in_root, place_of
from krmfn.sdk.resource import Place, Resource
from krmfn.sdk.wire import ResourceList, write

_DIFF_LINES = 12


def wrapped(items: Iterable[Resource], root: Path) -> str:
    """Give the resources as a ResourceList, annotated with their files."""
    placed = (
        replace(item, slot=None, place=Place(path_in_root(item, root), place_of(item).index))
        for item in items
    )
    return write(ResourceList(tuple(annotated(item) for item in placed)))


def unwrapped(items: Iterable[Resource]) -> str:
    """Give the resources as YAML documents."""
    return "---\n".join(ended(item.text) for item in items)


def refuse_existing(folder: Path) -> None:
    """Refuse a folder that exists.

    Raises:
        CliError: it does.
    """
    if folder.exists():
        raise CliError(f'"{folder}" must not exist yet')


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files to a folder that does not exist yet: all of them, or no folder.

    Raises:
        CliError: the folder exists.
    """
    refuse_existing(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        draft.chmod(0o755)
        for path, content in files.items():
            file = draft / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def differences(changes: Sequence[Change], *, shortened: bool = False) -> Iterator[str]:
    """Yield the lines of a unified diff for every change, the first ones of each if shortened."""
    for change in changes:
        before, after = (
            [] if text is None else text.decode(errors="replace").splitlines()
            for text in (change.before, change.after)
        )
        lines = difflib.unified_diff(
            before, after, f"a/{change.path}", f"b/{change.path}", n=1, lineterm=""
        )
        for number, line in enumerate(lines):
            if shortened and number == _DIFF_LINES + 2:
                yield "…"
                break
            yield line
