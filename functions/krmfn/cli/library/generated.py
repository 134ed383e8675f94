"""What is generated in the source tree: from facts to the texts of whole files, without writing."""

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from krmfn.cli.errors import CliError
from krmfn.cli.library.catalog import (
    OWN_GROUPS,
    SDK_FOLDER,
    FunctionFolder,
    function_folders,
    owners_of_kinds,
)
from krmfn.cli.library.codes import result_codes
from krmfn.cli.library.example_charts import files_with_charts
from krmfn.cli.library.slots import fill
from krmfn.sdk import yaml_dump, yaml_load
from krmfn.sdk.schema import crd, field_table, markdown_table, undescribed

_NOTICE = "# Made by `krmfn generate` from the kinds in intents; do not edit.\n"
_MARKER = "<!-- krmfn:"
_PASSAGE = re.compile(
    rf"({_MARKER}(?!end)(\w+)(?: +(\S+))? -->\n)(?:(?!{_MARKER}).)*({_MARKER}end -->)", re.DOTALL
)

Passages = Mapping[str, Callable[[str], str]]
"""The text of a passage by its name; it is given the word behind the name, or ""."""


def stale_files(tree: Path) -> dict[Path, str]:
    """Give the generated files that are not what they must be, with the text they must have."""
    return {
        path: text
        for path, text in generated_files(tree).items()
        if not path.is_file() or path.read_text() != text
    }


def generated_files(tree: Path) -> dict[Path, str]:
    """Give the text that every generated file, or file with generated passages, must have.

    Raises:
        CliError: a field has no description, a template asks for an unknown slot, or a README
            asks for an unknown passage.
    """
    folders = function_folders(tree / "functions/krmfn")
    template = (tree / "Dockerfile.template").read_text()
    files = {}
    for folder in folders:
        files[folder.path / "crds.yaml"] = crds(folder)
        files[folder.path / "Dockerfile"] = dockerfile(template, folder)
        readme = folder.path / "README.md"
        files[readme] = with_passages(readme, _passages_of_function(tree, folder))
    readme = tree / "README.md"
    files[readme] = with_passages(readme, _passages_of_library(tree, folders))
    return files | dict(files_with_charts(tree))


def crds(folder: FunctionFolder) -> str:
    """Give the CRDs of the kinds of our own groups that people write for a function.

    Raises:
        CliError: fields of these kinds have no description.
    """
    bare = [f"{kind.kind_name} `{path}`" for kind in folder.kinds for path in undescribed(kind)]
    if bare:
        raise CliError(f"{folder.module}: these fields must have a description: {', '.join(bare)}")
    texts = [yaml_dump(crd(kind)) for kind in folder.kinds if kind.group in OWN_GROUPS]
    return _NOTICE + "---\n".join(texts)


def dockerfile(template: str, folder: FunctionFolder) -> str:
    """Give the Dockerfile of a function."""
    metadata = folder.metadata
    extra = metadata.krmfn.extra
    slots = {
        "FUNCTION": folder.name,
        "MODULE": folder.module,
        "DESCRIPTION": metadata.description.replace("\\", "\\\\").replace('"', '\\"'),
        "EXTRA": f"[{extra}]" if extra else "",
        "SLIM": "",
        **{name.upper(): text for name, text in metadata.krmfn.slots.items()},
    }
    return fill(template, slots)


def with_passages(file: Path, passages: Passages) -> str:
    """Give a Markdown file with its passages between `<!-- krmfn:NAME -->` and `end` made anew.

    Raises:
        CliError: a passage is not closed, or its name is unknown.
    """

    def rendered(match: re.Match[str]) -> str:
        opening, name, word, closing = match.groups()
        if name not in passages:
            known = ", ".join(sorted(passages))
            raise CliError(f"{file}: passage `{name}` must be one of: {known}")
        return f"{opening}\n{passages[name](word or '')}\n{closing}"

    text, count = _PASSAGE.subn(rendered, file.read_text())
    if text.count(_MARKER) != 2 * count:
        raise CliError(f"{file}: every passage must be closed by `{_MARKER}end -->`")
    return text


def _passages_of_function(tree: Path, folder: FunctionFolder) -> Passages:
    return {
        "fields": _field_table,
        "results": partial(_codes_table, folder),
        "examples": partial(_examples_table, tree, folder),
        "checks": _checks_table,
    }


def _passages_of_library(tree: Path, folders: list[FunctionFolder]) -> Passages:
    return {
        "fields": _field_table,
        "functions": partial(_functions_table, tree, folders),
        "benchmarks": partial(_benchmarks_table, tree),
    }


def _field_table(name: str) -> str:
    kinds = {kind.kind_name: kind for kind in owners_of_kinds()}
    if name not in kinds:
        known = ", ".join(sorted(kinds))
        raise CliError(f"a passage of fields must be of one of the kinds {known}, not `{name}`")
    return field_table(kinds[name])


def _codes_table(folder: FunctionFolder, _: str) -> str:
    codes = sorted({*result_codes(folder.path), *result_codes(SDK_FOLDER)})
    rows = [(f"`{each.code}`", each.severity, folder.meanings.get(each.code, "")) for each in codes]
    return markdown_table(("Code", "Severity", "Meaning"), rows)


def _checks_table(_: str) -> str:
    from krmfn.mesh_intent_expander.analysis.rules import RULES

    codes = sorted({code for rule in RULES for code in rule.CODES}, key=lambda code: code.id)
    rows = [(f"`{code.id}`", code.level.lower(), code.summary) for code in codes]
    return markdown_table(("Code", "Severity", "What must be"), rows)


def _functions_table(tree: Path, folders: list[FunctionFolder], _: str) -> str:
    rows = [
        (
            f"[{folder.name}]({folder.path.relative_to(tree)}/README.md)",
            folder.metadata.description,
            ", ".join(folder.metadata.krmfn.reads),
            ", ".join(folder.metadata.krmfn.writes),
        )
        for folder in folders
    ]
    return markdown_table(("Function", "What it does", "Reads", "Writes"), rows)


def _examples_table(tree: Path, folder: FunctionFolder, _: str) -> str:
    way = "../" * len(folder.path.relative_to(tree).parts)
    rows = [
        (f"[{file.parent.name}]({way}{file.parent.relative_to(tree)})", _description(file))
        for file in sorted((tree / "examples" / folder.name).glob("*/Kptfile"))
    ]
    return markdown_table(("Example", "What it shows"), rows)


def _description(kptfile: Path) -> str:
    description: str = yaml_load(kptfile.read_text())["info"]["description"]
    return description


def _benchmarks_table(tree: Path, _: str) -> str:
    rows = [
        (f"`{row['row']}`", f"{row['value']:g} {row['unit']}", f"{row['goal']}", row["note"])
        for row in json.loads((tree / "benchmarks/results.json").read_text())
        if row["value"] is not None
    ]
    return markdown_table(("Row", "Measured", "Goal", "On"), rows)
