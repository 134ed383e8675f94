"""`krmfn new`: the files of a new function that works and is tested from the start."""

import argparse
import json
import re
import tomllib
from keyword import iskeyword
from pathlib import Path
from typing import Any

from krmfn.cli.errors import CliError

_SCAFFOLD = Path(__file__).with_name("scaffold")
_SUFFIX = ".in"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_NAME = 32  # Porch adds tag, number and digest, and the sum must fit a pod's name
_OWN_IMPORTS = re.compile(r"(?:^ *from krmfn\..*\n)+", re.MULTILINE)


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "new",
        help="start a new function",
        description="Add a folder, metadata and an example of a new function to the source tree, "
        "and generate what is made from them.",
    )
    parser.add_argument("name", metavar="NAME", help="its name in kebab-case, such as set-owner")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the files, generate what is made from them, and say what to do next."""
    from krmfn.cli.generate import update
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
    update(tree)
    layers = _layers((tree / "pyproject.toml").read_text())
    functions = sorted([*layers[1].split(" | "), _folder(args.name)])
    print("Next: in pyproject.toml, change")
    print(f"  layers = {json.dumps(layers)}")
    print("to")
    print(f"  layers = {json.dumps([layers[0], ' | '.join(functions), *layers[2:]])}")
    print("and run `make check test`.")
    return 0


def _layers(project: str) -> list[str]:
    """Give the layers of the library, of which the second one is the functions."""
    contracts = tomllib.loads(project)["tool"]["importlinter"]["contracts"]
    return next(each["layers"] for each in contracts if each.get("containers") == ["krmfn"])


def _folder(name: str) -> str:
    return name.replace("-", "_")


def scaffold(name: str) -> dict[Path, str]:
    """Give the files of a new function, by their paths in the source tree.

    Raises:
        CliError: the name cannot be that of a function.
    """
    from importlib.metadata import version

    from krmfn.cli.library.slots import fill

    if iskeyword(name):
        raise CliError(f'NAME must not be a word of Python\'s own, but is "{name}"')
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise CliError(
            "NAME must be lower-case words joined by `-`, such as set-owner, "
            f'of {_LONGEST_NAME} characters or fewer, but is "{name}"'
        )
    slots = {
        "FUNCTION": name,
        "FOLDER": _folder(name),
        "KIND": "".join(word.capitalize() for word in name.split("-")),
        "VERSION": version("krm-fn"),
    }
    files = {}
    for template in sorted(_SCAFFOLD.rglob(f"*{_SUFFIX}")):
        path = fill(template.relative_to(_SCAFFOLD).as_posix(), slots).removesuffix(_SUFFIX)
        files[Path(path)] = _sorted_imports(fill(template.read_text(), slots))
    return files


def _sorted_imports(text: str) -> str:
    """Put the imports of krmfn in order, which depends on the name of the function."""
    return _OWN_IMPORTS.sub(lambda block: "".join(sorted(block[0].splitlines(True))), text)
