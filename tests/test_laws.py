"""What holds for every function, on inputs drawn from the examples."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from krmfn.cli.library.catalog import FunctionFolder, function_folders
from krmfn.cli.rendering.tree import read_tree
from krmfn.sdk import Function, Resource, ResourceList, run, yaml_load
from krmfn.sdk.entry import filter_text
from krmfn.sdk.ownership import owner_of
from krmfn.sdk.testing import find_examples
from krmfn.sdk.usage import answer
from krmfn.sdk.wire import read, write

EXAMPLES = find_examples(Path(__file__).parents[1] / "examples")
FUNCTIONS = function_folders()
# A few inputs a run: each renders charts, and the suite must stay quick.
FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
SOME = settings(FEW, max_examples=40)

BYSTANDERS = """\
- apiVersion: v1
  kind: ConfigMap
  metadata:
    name: bystander   # kept as it is
    annotations:
      config.kubernetes.io/index: '0'
      config.kubernetes.io/path: 'bystander.yaml'
      internal.config.kubernetes.io/index: '0'
      internal.config.kubernetes.io/path: 'bystander.yaml'
  data:
    time: 12:30
    octal: 0644
    words: [yes, "on", 'no']   # flow
    text: |
      - not: an item
    folded: "over
      two lines"
- {"apiVersion": "example.com/v1", "kind": "Site", "metadata": {"name": "json"}, "a": 1.10}
"""

NOISE = [b"", b"\t", b"}", b"'", b"- ", b": ", b"\xff", b"&a *a", b"{"]
RESULT_SCHEMA = {
    "type": "object",
    "required": ["message", "severity", "tags"],
    "additionalProperties": False,
    "properties": {
        "message": {"type": "string", "minLength": 1},
        "severity": {"enum": ["error", "warning", "info"]},
        "resourceRef": {
            "type": "object",
            "required": ["apiVersion", "kind", "name"],
            "additionalProperties": {"type": "string", "minLength": 1},
        },
        "field": {
            "type": "object",
            "required": ["path"],
            "additionalProperties": {"type": "string"},
        },
        "file": {
            "type": "object",
            "required": ["path", "index"],
            "properties": {"path": {"type": "string"}, "index": {"type": "integer", "minimum": 0}},
        },
        "tags": {
            "type": "object",
            "required": ["code"],
            "additionalProperties": {"type": "string"},
        },
    },
}


@dataclass(frozen=True)
class Case:
    """The ResourceList that a function is given in an example."""

    name: str
    function: Function
    text: str


@cache
def cases() -> tuple[Case, ...]:
    """Give the input of every step of every example, as kpt would write it."""
    folders = {folder.name: folder for folder in FUNCTIONS}
    return tuple(
        Case(example.name, folders[step.name].declared, text)
        for example in EXAMPLES
        for step, text in _steps(example.folder, folders)
    )


@dataclass(frozen=True)
class _Step:
    name: str


def _steps(folder: Path, folders: Mapping[str, FunctionFolder]) -> list[tuple[_Step, str]]:
    tree = read_tree(folder)
    items = [item for package in tree.walk() for item in package.resources()]
    found = []
    for step in yaml_load((folder / "Kptfile").read_text())["pipeline"]["mutators"]:
        name = step["image"].rpartition("/")[2].partition(":")[0]
        if name in folders:
            given = ResourceList(items=tuple(items), function_config=_config(step, items))
            found.append((_Step(name), write(given)))
    return found


def _config(step: Mapping[str, object], items: list[Resource]) -> Resource | None:
    if path := step.get("configPath"):
        return next(item for item in items if item.path == path)
    if data := step.get("configMap"):
        return Resource.new("v1", "ConfigMap", "function-input", data=data)
    return None


def by_place(text: str) -> dict[tuple[str, str | None, int | None], str]:
    """Give the text of every item by where it stands."""
    return {(item.package_path, item.path, item.index): item.text for item in read(text).items}


def drawn() -> st.SearchStrategy[Case]:
    return st.sampled_from(range(len(cases()))).map(lambda number: cases()[number])


@FEW
@given(case=drawn(), seed=st.integers(0, 2**16))
def test_the_order_of_items_does_not_matter(case: Case, seed: int) -> None:
    given_list = read(case.text)
    shuffled = list(given_list.items)
    random.Random(seed).shuffle(shuffled)
    other = write(ResourceList(tuple(shuffled), given_list.function_config))
    code, output = filter_text(case.function, case.text.encode())
    other_code, other_output = filter_text(case.function, other.encode())
    assert code == other_code
    assert by_place(output.decode()) == by_place(other_output.decode())
    assert read(output.decode()).results == read(other_output.decode()).results


@FEW
@given(case=drawn())
def test_a_second_run_changes_nothing_and_a_repeated_one_gives_the_same_bytes(case: Case) -> None:
    code, once = filter_text(case.function, case.text.encode())
    assert filter_text(case.function, case.text.encode()) == (code, once)
    config = read(case.text).function_config
    outcome = run(case.function, ResourceList(read(once.decode()).items, config))
    assert by_place(write(outcome.resource_list)) == by_place(once.decode())


@FEW
@given(case=drawn())
def test_what_a_function_does_not_touch_leaves_byte_for_byte(case: Case) -> None:
    head, _, rest = case.text.partition("items:\n")
    mixed = f"{head}items:\n{BYSTANDERS}{rest}"
    code, output = filter_text(case.function, mixed.encode())
    assert BYSTANDERS in output.decode()
    alone_code, alone = filter_text(case.function, case.text.encode())
    assert code == alone_code
    assert output.decode().replace(BYSTANDERS, "") == alone.decode()


@FEW
@given(case=drawn())
def test_an_error_leaves_the_items_and_says_why(case: Case) -> None:
    code, output = filter_text(case.function, case.text.encode())
    after = read(output.decode())
    if code:
        assert write(ResourceList(after.items, after.function_config)) == case.text
        assert any(result["severity"] == "error" for result in after.results)
    else:
        assert all(result["severity"] != "error" for result in after.results)


@FEW
@given(case=drawn())
def test_every_result_has_the_form_of_the_specification(case: Case) -> None:
    _, output = filter_text(case.function, case.text.encode())
    results = read(output.decode()).results
    for result in results:
        Draft202012Validator(RESULT_SCHEMA).validate(result)
    ranks = [["error", "warning", "info"].index(result["severity"]) for result in results]
    assert ranks == sorted(ranks)


@FEW
@given(case=drawn())
def test_what_people_wrote_is_never_deleted(case: Case) -> None:
    _, output = filter_text(case.function, case.text.encode())
    left = {item.id for item in read(output.decode()).items}
    assert {item.id for item in read(case.text).items if not owner_of(item)} <= left


@SOME
@given(case=drawn(), data=st.data())
def test_broken_input_ends_in_an_error_or_in_a_whole_answer(
    case: Case, data: st.DataObject
) -> None:
    text = case.text.encode()
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start, min(len(text), start + 200)))
    noise = data.draw(st.sampled_from(NOISE))
    code, output = filter_text(case.function, text[:start] + noise + text[end:])
    answer = read(output.decode())
    if code == 0:
        assert answer.items
        assert all(result["severity"] != "error" for result in answer.results)
    else:
        assert any(result["severity"] == "error" for result in answer.results)
    assert all(result["tags"]["code"] != "internal-error" for result in answer.results)


@pytest.mark.parametrize("folder", FUNCTIONS, ids=lambda folder: folder.name)
def test_an_empty_package_stays_empty(folder: FunctionFolder) -> None:
    empty = b"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n"
    assert filter_text(folder.declared, empty) == (0, empty)


@pytest.mark.parametrize("folder", FUNCTIONS, ids=lambda folder: folder.name)
def test_a_path_that_leads_nowhere_is_told_and_nothing_is_printed(
    folder: FunctionFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(folder.declared, ["nosuch"]) == (1, b"")
    assert '"nosuch" must be a file or a folder' in capsys.readouterr().err


@pytest.mark.parametrize("folder", FUNCTIONS, ids=lambda folder: folder.name)
def test_every_function_is_exercised_by_an_example(folder: FunctionFolder) -> None:
    assert any(case.function.name == folder.name for case in cases())
