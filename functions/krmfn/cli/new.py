"""`krmfn new`: the files of a new function that works and is tested from the start."""

import argparse
import re
from pathlib import Path
from typing import Any

from krmfn.cli.errors import CliError

_SCAFFOLD = Path(__file__).with_name("scaffold")
_SUFFIX = ".in"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_NAME = 40  # Porch makes pod names of at most 63 characters from it


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "new",
        help="start a new function",
        description="Add a folder, metadata and an example of a new function to the source tree. "
        "No file that exists is changed.",
    )
    parser.add_argument("name", metavar="NAME", help="its name in kebab-case, such as set-owner")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the files, and say what to do next."""
    from krmfn.cli.library.catalog import source_tree

    tree = source_tree()
    files = scaffold(args.name)
    for path in files:
        if (tree / path).exists():
            raise CliError(f"`{path}` must not exist: choose another name than `{args.name}`")
    for path, text in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
        print(f"wrote {path}")
    print("Next: `krmfn generate`, add its folder to the layers in pyproject.toml, `make check`.")
    return 0


def scaffold(name: str) -> dict[Path, str]:
    """Give the files of a new function, by their paths in the source tree.

    Raises:
        CliError: the name cannot be that of a function.
    """
    from importlib.metadata import version

    from krmfn.cli.library.slots import fill

    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise CliError(
            "NAME must be lower-case words joined by `-`, such as set-owner, "
            f'of {_LONGEST_NAME} characters or fewer, but is "{name}"'
        )
    slots = {
        "FUNCTION": name,
        "FOLDER": name.replace("-", "_"),
        "KIND": "".join(word.capitalize() for word in name.split("-")),
        "VERSION": version("krm-fn"),
    }
    return {
        Path(fill(str(file.relative_to(_SCAFFOLD)), slots).removesuffix(_SUFFIX)): fill(
            file.read_text(), slots
        )
        for file in sorted(_SCAFFOLD.rglob(f"*{_SUFFIX}"))
    }
