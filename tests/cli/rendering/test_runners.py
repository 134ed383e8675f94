"""Functions in this process, as commands, and in containers."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from krmfn.cli.errors import CliError
from krmfn.cli.rendering.calls import Answer, Call
from krmfn.cli.rendering.kptfile import Step
from krmfn.cli.rendering.runners import (
    Permissions,
    command_runner,
    image_name,
    image_tag,
    library,
    library_runner,
    runner_of,
    version_warnings,
)
from krmfn.cli.rendering.tree import read_tree
from krmfn.sdk import Package, Place, Resource, function

Write = Callable[[Mapping[str, str]], Path]

ITEM = Resource(raw="kind: X\nmetadata:\n  name: a\n", place=Place("a.yaml", 0, "/pkg"), slot=0)
ALL = Permissions(commands=True, containers=True)
RUNTIME = """\
#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
case "$1 $2" in
  "image inspect") test -e "$(dirname "$0")/present" ;;
  pull*) echo "no such image" >&2; test ! -e "$(dirname "$0")/unknown" ;;
  run*) cat ;;
esac
"""


def step(command: str = "", image: str = "") -> Step:
    return Step("pipeline.mutators[0]", image=image, command=command)


def call(*items: Resource, to: Step | None = None) -> Call:
    return Call(to or step("cat"), items, None)


def run(command: str) -> Answer:
    return runner_of(step(command), ALL)(call(ITEM))


def test_a_command_is_split_as_by_a_shell() -> None:
    assert run("sed 's/name: a/name: b c/'").items[0].name == "b c"


def test_a_command_has_an_exit_code_and_says_something() -> None:
    assert run("sh -c 'echo no >&2; exit 3'") == Answer(exit_code=3, stderr="no\n")


def test_a_command_that_a_signal_ends_has_no_exit_code_of_its_own() -> None:
    assert run("sh -c 'kill -9 $$'").exit_code == -1


def test_a_command_that_is_not_there_is_a_problem() -> None:
    assert (
        run("no-such-command").problem == "no-such-command cannot be run: no such file or directory"
    )


def test_a_command_must_end_in_time() -> None:
    answer = command_runner(["sleep", "9"], seconds=0.1)(call(ITEM))
    assert answer.problem == "sleep must end within 0.1 s"


def test_a_command_runs_in_the_current_folder_with_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAID", "so")
    run("sh -c 'cat >/dev/null; echo $SAID > here'")
    assert (tmp_path / "here").read_text() == "so\n"


def test_a_command_must_be_allowed() -> None:
    with pytest.raises(CliError, match="--allow-exec"):
        runner_of(step("cat"), Permissions())


def test_a_command_must_be_one() -> None:
    with pytest.raises(CliError, match="must be a valid command: no closing quotation"):
        runner_of(step("echo 'a"), ALL)


@pytest.mark.parametrize(
    ("image", "name", "tag"),
    [
        ("helm-expand", "helm-expand", ""),
        ("ghcr.io/a/helm-expand:v0.1.0", "helm-expand", "v0.1.0"),
        ("localhost:5000/helm-expand", "helm-expand", ""),
        ("a/b:v1@sha256:00", "b", "v1"),
        ("a/b@sha256:00", "b", ""),
    ],
)
def test_an_image_has_a_name_and_a_tag(image: str, name: str, tag: str) -> None:
    assert (image_name(image), image_tag(image)) == (name, tag)


def test_the_library_is_the_folders_that_describe_a_function() -> None:
    assert library()["helm-expand"].name == "helm_expand"


def test_a_function_of_the_library_runs_here() -> None:
    runner = runner_of(step(image="example.com/any/helm-expand:v0.1.0"), Permissions())
    assert runner(call(ITEM)).items == (ITEM,)


def test_what_is_wrong_for_a_function_of_the_library_is_a_result() -> None:
    config = Resource.new("v1", "Secret", "a")
    runner = runner_of(step(image="helm-expand"), Permissions())
    answer = runner(Call(step(), (ITEM,), config))
    assert (answer.exit_code, answer.items) == (1, (ITEM,))
    assert answer.results[0]["severity"] == "error"
    assert answer.stderr.startswith("[error] ")


def test_a_defect_of_a_function_is_a_result() -> None:
    @function("broken", config="Broken", reads=("/X",))
    def broken(_config: object, _package: Package) -> Iterable[Resource]:
        raise AssertionError

    answer = library_runner(broken)(call(Resource(raw="apiVersion: v1\nkind: X\n")))
    assert answer.exit_code == 1
    assert answer.results[0]["tags"] == {"code": "internal-error"}
    assert answer.stderr.startswith("Traceback")


def test_an_image_of_others_needs_a_container() -> None:
    with pytest.raises(CliError, match=r'is "a/b:v1", .* run with `--container`'):
        runner_of(step(image="a/b:v1"), Permissions())


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of a container engine that notes how it is called, as `podman`."""
    program = tmp_path / "podman"
    program.write_text(RUNTIME)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("KRM_FN_RUNTIME", "podman")
    return tmp_path


def test_a_container_is_run_as_by_kpt(runtime: Path) -> None:
    (runtime / "present").touch()
    answer = runner_of(step(image="a/present:v1"), ALL)(call(ITEM))
    assert answer.items == (ITEM,)
    options = "--rm -i --network none --user nobody --security-opt=no-new-privileges --pull never"
    assert (runtime / "calls").read_text().splitlines() == [
        "image inspect a/present:v1",
        f"run {options} a/present:v1",
    ]


def test_an_image_that_is_missing_is_fetched_once(runtime: Path) -> None:
    for _ in range(2):
        runner_of(step(image="a/missing:v1"), ALL)(call(ITEM))
    calls = (runtime / "calls").read_text().splitlines()
    assert [each.split()[0] for each in calls] == ["image", "pull", "run", "run"]


def test_an_image_that_cannot_be_fetched_is_named(runtime: Path) -> None:
    (runtime / "unknown").touch()
    with pytest.raises(CliError, match='podman cannot fetch "a/unknown:v1": no such image'):
        runner_of(step(image="a/unknown:v1"), ALL)(call(ITEM))


def test_the_container_engine_must_be_one_that_kpt_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRM_FN_RUNTIME", "rm")
    with pytest.raises(CliError, match=r'KRM_FN_RUNTIME must be one of .*, but is "rm"'):
        runner_of(step(image="a/b:v1"), ALL)


def test_a_container_engine_must_be_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("KRM_FN_RUNTIME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CliError, match="docker or podman must be installed"):
        runner_of(step(image="a/b:v1"), ALL)


@pytest.mark.parametrize(
    ("tag", "warned"),
    [
        (":v0.1.0", False),
        (":v0.1", False),
        (":v0", False),
        (":v0.1.9", False),
        ("", False),
        (":latest", False),
        (":v0.2.0", True),
        (":v1", True),
    ],
)
def test_another_version_than_ours_is_warned_of(package: Write, tag: str, warned: bool) -> None:
    root = package({"Kptfile": f"pipeline: {{mutators: [{{image: 'a/helm-expand{tag}'}}]}}\n"})
    found = version_warnings(read_tree(root))
    assert bool(found) is warned
    assert all("is run as version 0.1.0" in each for each in found)
