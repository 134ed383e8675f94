"""What a function answers on the command line beside working as a filter."""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from krmfn.sdk.documents import read_file
from krmfn.sdk.resource import Place, Resource
from krmfn.sdk.result import error
from krmfn.sdk.runner import Function, run
from krmfn.sdk.wire import ResourceList, WireError, is_clean

_SECTION = re.compile(r"<!--mdtogo:(\w+)-->\n(.*?)<!--mdtogo(?::End)?-->", re.DOTALL)
_SUFFIXES = (".yaml", ".yml", ".json")


def answer(declared: Function, arguments: Sequence[str]) -> tuple[int, bytes]:
    """Answer a command line; give the exit code and what to print on stdout."""
    if arguments in (["-h"], ["--help"], ["help"]):
        return 0, _help(declared).encode()
    parser = _parser(declared)
    try:
        options = parser.parse_args(arguments)
    except SystemExit:
        return 2, b""
    if options.doc:
        return 0, json.dumps(_doc(declared), indent=2).encode() + b"\n"
    if options.schema:
        return 0, _schemas(declared).encode()
    return _on_files(declared, options.path, options.fn_config)


def _parser(declared: Function) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m {declared.module}",
        description="Without arguments: a ResourceList on stdin, a ResourceList on stdout.",
        add_help=False,
    )
    add = parser.add_argument
    add("--help", action="store_true", help="print this and the function's documentation")
    add("--doc", action="store_true", help="print the documentation as JSON")
    add("--schema", action="store_true", help="print the CRDs of the kinds it reads")
    add("--fn-config", type=Path, metavar="FILE", help="functionConfig for PATH")
    about = "files and folders of resources to work on; the outcome is printed as YAML documents"
    add("path", nargs="*", type=Path, metavar="PATH", help=about)
    return parser


def _help(declared: Function) -> str:
    sections = _sections(declared)
    text = f"{sections.get('Short', declared.doc)}\n\n{sections.get('Long', '')}".strip()
    return f"{declared.name}\n\n{text}\n\n{_parser(declared).format_help()}"


def _doc(declared: Function) -> dict[str, Any]:
    from krmfn.sdk.loader import load

    sections = _sections(declared)
    metadata = load(_text_of(declared, "metadata.yaml")) or {}
    return {
        "name": declared.name,
        "short": sections.get("Short", declared.doc),
        "long": sections.get("Long", ""),
        "examples": sections.get("Examples", ""),
        "functionConfig": [
            f"{each.api_version}/{each.kind_name}" for each in declared.config_kinds
        ],
        "reads": list(declared.reads),
        **{key: metadata[key] for key in metadata if key != "krmfn"},
    }


def _sections(declared: Function) -> dict[str, str]:
    """Give the passages of the README that kpt's catalogue marks."""
    return {name: text.strip() for name, text in _SECTION.findall(_text_of(declared, "README.md"))}


def _text_of(declared: Function, name: str) -> str:
    file = files(declared.module) / name
    return file.read_text() if file.is_file() else ""


def _schemas(declared: Function) -> str:
    from krmfn.sdk.dumper import dump
    from krmfn.sdk.schema import crd

    kinds = dict.fromkeys([*declared.config_kinds, *declared.read_kinds])
    return "---\n".join(dump(crd(kind)) for kind in kinds)


def _on_files(declared: Function, paths: Sequence[Path], config: Path | None) -> tuple[int, bytes]:
    """Run the function on files and folders; what they hold afterwards goes to stdout."""
    try:
        items = tuple(item for path in paths for item in _resources(path))
        function_config = next(_resources(config), None) if config else None
    except (OSError, WireError) as problem:
        sys.stderr.write(error(str(problem), code="invalid-input").line() + "\n")
        return 1, b""
    numbered = tuple(replace(item, slot=number) for number, item in enumerate(items))
    outcome = run(declared, ResourceList(numbered, function_config))
    for result in outcome.results:
        sys.stderr.write(result.line() + "\n")
    if not outcome.ok:
        return 1, b""
    texts = [item.text.removesuffix("\n") + "\n" for item in outcome.resource_list.items]
    return 0, "---\n".join(texts).encode()


def _resources(path: Path) -> Iterator[Resource]:
    """Yield the resources of a file, or of all YAML and JSON files below a folder."""
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
            if file.is_file() and not hidden and _holds_resources(file):
                yield from _documents(file, file.relative_to(path).as_posix())
    elif path.exists():
        yield from _documents(path, path.as_posix())
    else:
        raise WireError(f'"{path}" must be a file or a folder')


def _holds_resources(file: Path) -> bool:
    return file.name == "Kptfile" or file.suffix in _SUFFIXES


def _documents(file: Path, name: str) -> Iterator[Resource]:
    try:
        documents = read_file(name, file.read_bytes()).documents
    except ValueError as problem:
        raise WireError(f"{name}: {problem}") from problem
    for number, text in enumerate(documents):
        yield Resource(text, place=Place(name, number), clean=is_clean(text))
