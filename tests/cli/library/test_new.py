"""`krmfn new` gives a function that works, is tested and meets the rules of the house."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from krmfn.cli.errors import CliError
from krmfn.cli.new import scaffold
from krmfn.sdk.testing import Outcome, Render, broken_promises, find_examples, unstable_files

ROOT = Path(__file__).parents[3]

Krmfn = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def render(new_tree: Path, krmfn: Krmfn) -> Render:
    """Render a package with the new function."""

    def run(package: Path) -> Outcome:
        done = krmfn(new_tree, "render", str(package))
        return Outcome(done.returncode, done.stdout + done.stderr)

    return run


def said(tree: Path, *command: str) -> str:
    """What a tool of the house has to say against the tree; "" when it is content."""
    done = subprocess.run(
        (sys.executable, "-m", *command), cwd=tree, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr if done.returncode else ""


def test_the_example_of_a_new_function_keeps_its_promise(
    new_tree: Path, render: Render, tmp_path: Path
) -> None:
    (example,) = find_examples(new_tree / "examples")
    assert example.name == "set-owner/annotates-what-matches"
    assert broken_promises(example, render, tmp_path) == []


def test_a_second_render_with_a_new_function_changes_nothing(
    new_tree: Path, render: Render, tmp_path: Path
) -> None:
    (example,) = find_examples(new_tree / "examples")
    assert unstable_files(example, render, tmp_path) == []


def test_a_new_function_refuses_what_it_must_not_do(
    new_tree: Path, render: Render, tmp_path: Path
) -> None:
    (example,) = find_examples(new_tree / "examples")
    package = example.copy_to(tmp_path)
    config = package / "set-owner.yaml"
    config.write_text(config.read_text().replace("example.org/owner", "config.k8s.io/id"))
    outcome = render(package)
    assert outcome.exit_code == 1
    assert "must not be an annotation of kpt's own" in outcome.messages


def test_the_types_of_a_new_function_are_right(new_tree: Path, pytestconfig: pytest.Config) -> None:
    assert pytestconfig.cache
    options = ("--follow-imports=silent", f"--cache-dir={pytestconfig.cache.mkdir('mypy')}")
    assert said(new_tree, "mypy", "-p", "krmfn.set_owner", *options) == ""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("set-owner", id="an ordinary name"),
        pytest.param("a", id="the shortest name"),
        pytest.param("z9", id="a name that sorts behind the SDK"),
        pytest.param("abcdefgh-" * 3 + "abcde", id="the longest name"),
    ],
)
def test_a_new_function_has_the_style_of_the_house(name: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path, text in scaffold(name).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "functions/krmfn/__init__.py").write_text('"""The library."""\n')
    assert said(tmp_path, "ruff", "check", "--no-cache", "--quiet") == ""
    assert said(tmp_path, "ruff", "format", "--check", "--no-cache", "--quiet") == ""


def test_a_new_function_has_one_name_everywhere() -> None:
    files = {path.as_posix(): text for path, text in scaffold("set-owner").items()}
    assert {path.split("/")[2] for path in files if path.startswith("functions")} == {"set_owner"}
    assert {path.split("/")[1] for path in files if path.startswith("examples")} == {"set-owner"}
    assert (
        '@function("set-owner", config="SetOwner")'
        in files["functions/krmfn/set_owner/__init__.py"]
    )
    assert not any("@" in path for path in files)


@pytest.mark.parametrize(
    "name",
    ["Set-Owner", "set_owner", "9lives", "set--owner", "-set", "set-", "", "a" * 33],
)
def test_a_name_that_cannot_be_a_functions_is_refused(name: str) -> None:
    with pytest.raises(CliError, match=f'but is "{name}"'):
        scaffold(name)


def test_a_word_of_python_is_no_name() -> None:
    with pytest.raises(CliError, match='must not be a word of Python\'s own, but is "class"'):
        scaffold("class")


def test_the_line_to_change_is_printed_as_it_must_become(tree: Path, krmfn: Krmfn) -> None:
    done = krmfn(tree, "new", "a-b")
    _, _, advice = done.stdout.partition("in pyproject.toml, change\n")
    old, to, new, _ = advice.splitlines()
    project = tree / "pyproject.toml"
    assert f"\n{old.strip()}\n" in project.read_text()
    assert (to, new.strip()) == (
        "to",
        old.strip().replace('"cluster_profiler', '"a_b | cluster_profiler'),
    )


def test_the_function_in_the_readme_does_what_the_new_one_does(
    tree: Path, krmfn: Krmfn, tmp_path: Path
) -> None:
    (source,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (tree / "functions/krmfn/set_owner/__init__.py").write_text(source)
    (example,) = find_examples(tree / "examples")

    def render(package: Path) -> Outcome:
        done = krmfn(tree, "render", str(package))
        return Outcome(done.returncode, done.stdout + done.stderr)

    assert broken_promises(example, render, tmp_path / "packages") == []


def test_nothing_that_exists_is_changed(tree: Path, krmfn: Krmfn) -> None:
    before = {file: file.read_bytes() for file in tree.rglob("*") if file.is_file()}
    done = krmfn(tree, "new", "set-owner")
    assert done.returncode == 1
    assert "must not exist" in done.stderr
    assert {file: file.read_bytes() for file in tree.rglob("*") if file.is_file()} == before
