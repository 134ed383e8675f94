"""Nothing is listed twice or forgotten: folders, metadata, examples and documentation agree."""

import re
import tomllib
from pathlib import Path

import pytest

from krmfn.cli.library.catalog import (
    SDK_FOLDER,
    FunctionFolder,
    function_folders,
    shared_meanings,
)
from krmfn.cli.library.codes import result_codes
from krmfn.sdk import yaml_load
from krmfn.sdk.testing import Example, find_examples

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "functions/krmfn"
FUNCTIONS = function_folders()
EXAMPLES = find_examples(ROOT / "examples")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SHARED = {"sdk", "kinds", "cli"}
of_each_function = pytest.mark.parametrize("folder", FUNCTIONS, ids=lambda folder: folder.name)


def functions_used_by(example: Example) -> set[str]:
    images = re.findall(r"image: \S*/([a-z0-9-]+):", (example.folder / "Kptfile").read_text())
    return set(images)


def test_every_folder_is_a_function_or_shared() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert folders - SHARED == {folder.path.name for folder in FUNCTIONS}


@of_each_function
def test_a_function_declares_the_name_of_its_folder(folder: FunctionFolder) -> None:
    assert folder.declared.name == folder.name
    assert folder.declared.module == folder.module
    assert folder.metadata.image.rpartition("/")[2] == folder.name


@of_each_function
def test_a_function_has_every_file_that_belongs_to_it(folder: FunctionFolder) -> None:
    expected = {"__init__.py", "__main__.py", "README.md", "metadata.yaml", "Dockerfile"}
    assert expected | {"crds.yaml"} <= {path.name for path in folder.path.iterdir()}


@of_each_function
def test_metadata_lists_the_examples_there_are(folder: FunctionFolder) -> None:
    listed = {url.rpartition("/")[2] for url in folder.metadata.example_package_urls}
    there = {path.name for path in (ROOT / "examples" / folder.name).iterdir()}
    assert listed == there


@of_each_function
def test_every_example_of_a_function_uses_it(folder: FunctionFolder) -> None:
    own = [example for example in EXAMPLES if example.name.startswith(f"{folder.name}/")]
    assert own
    for example in own:
        assert folder.name in functions_used_by(example), example.name


@of_each_function
def test_metadata_names_an_extra_that_exists(folder: FunctionFolder) -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    assert folder.metadata.krmfn.extra in {"", *extras}


@of_each_function
def test_a_function_describes_the_codes_it_gives_and_no_others(folder: FunctionFolder) -> None:
    given = {each.code for each in result_codes(folder.path)}
    assert {*folder.metadata.krmfn.results} == given


def test_the_sdk_describes_the_codes_it_gives_and_no_others() -> None:
    assert {*shared_meanings()} == {each.code for each in result_codes(SDK_FOLDER)}


@of_each_function
def test_a_code_is_described_in_one_sentence(folder: FunctionFolder) -> None:
    for meaning in folder.meanings.values():
        assert re.fullmatch(r"[A-Z`].+[^.]\.", meaning), meaning


@of_each_function
def test_the_map_of_a_function_shows_every_module(folder: FunctionFolder) -> None:
    _, _, text = (ROOT / "CONTRIBUTING.md").read_text().partition(f"### {folder.name}\n")
    text, _, _ = text.partition("\n##")
    shown = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)))
    there = {path.stem for path in folder.path.iterdir() if path.suffix in ("", ".py")}
    assert {*shown} == {
        name for name in there if not name.startswith("__") and name != "Dockerfile"
    }


@of_each_function
def test_a_function_stands_in_the_contract_of_layers(folder: FunctionFolder) -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each.get("containers") == ["krmfn"])
    assert folder.path.name in layers[1].split(" | ")


@of_each_function
def test_the_documentation_describes_every_kind_that_people_write(folder: FunctionFolder) -> None:
    readme = (folder.path / "README.md").read_text()
    for kind in folder.kinds:
        assert f"<!-- krmfn:fields {kind.kind_name} -->" in readme


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_is_described_and_hides_its_promise(example: Example) -> None:
    title = (example.folder / "README.md").read_text().partition("\n")[0]
    assert title.startswith("# ")
    assert ".expected" in (example.folder / ".krmignore").read_text().splitlines()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_runs_functions_of_this_library_at_this_version(example: Example) -> None:
    steps = yaml_load((example.folder / "Kptfile").read_text())["pipeline"]["mutators"]
    version = PROJECT["project"]["version"]
    known = {f"{folder.metadata.image}:v{version}" for folder in FUNCTIONS}
    assert {step["image"] for step in steps} <= known


def test_the_commands_of_the_makefile_are_described() -> None:
    text = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", text, re.MULTILINE))
    described = set(re.findall(r"^([a-z][a-z0-9-]*):.*## ", text, re.MULTILINE))
    assert targets == described


def test_the_readme_names_commands_that_exist() -> None:
    text = (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z0-9]+)", text)) <= targets
    for path in re.findall(r"\]\(([A-Za-z][^):#]*)\)", text):
        assert (ROOT / path).exists(), path
