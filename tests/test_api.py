"""The public names of the SDK: said once, importable, and free until they are used."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import krmfn.sdk

SOURCE = ast.parse(Path(krmfn.sdk.__file__).read_text())


def names_for_type_checkers() -> dict[str, str]:
    """Give what is imported under TYPE_CHECKING: public name to module and name there."""
    (block,) = (node for node in SOURCE.body if isinstance(node, ast.If))
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_the_public_names_are_the_same_everywhere() -> None:
    homes = krmfn.sdk._HOMES  # noqa: SLF001 - what is said to readers is what is done
    assert krmfn.sdk.__all__ == sorted(homes)
    assert sorted(names_for_type_checkers()) == sorted(homes)


@pytest.mark.parametrize("name", krmfn.sdk.__all__)
def test_a_public_name_is_what_type_checkers_take_it_for(name: str) -> None:
    module, _, attribute = names_for_type_checkers()[name].rpartition(".")
    assert getattr(krmfn.sdk, name) is getattr(import_module(module), attribute)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = krmfn.sdk.nothing


@pytest.mark.parametrize(
    "names", ["", "Resource, Package, Place, Result, error", "function, run, main, ResourceList"]
)
def test_importing_the_sdk_imports_neither_pydantic_nor_yaml(names: str) -> None:
    program = f"""
import sys
import krmfn.sdk
{f"from krmfn.sdk import {names}" if names else ""}
assert not {{"pydantic", "yaml", "rich", "jsonpatch"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
