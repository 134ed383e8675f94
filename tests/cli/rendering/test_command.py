"""`krmfn render` as a command."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

import pytest

from krmfn.cli import main
from krmfn.cli.rendering.commit import STAGING
from krmfn.sdk import yaml_load, yaml_load_all

Write = Callable[[Mapping[str, str]], Path]

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a # kept\ndata:\n  a: old\n"
RENAME = "pipeline:\n  mutators:\n  - exec: sed s/ol[d]/new/\n"
FAIL = f"{RENAME}  - exec: sh -c 'exit 3'\n"
KRMFN = [sys.executable, "-m", "krmfn.cli"]


@pytest.fixture
def root(package: Write) -> Path:
    return package({"Kptfile": RENAME, "a.yaml": MAP, "README.md": "read me"})


def render(*arguments: object) -> int:
    return main(["render", "--allow-exec", *map(str, arguments)])


def files(root: Path) -> dict[str, str]:
    found = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_text() for path in found}


def test_a_package_is_rendered_in_place(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(root)
    assert render(root) == 0
    assert files(root) == {**before, "a.yaml": MAP.replace("old", "new")}
    said = capsys.readouterr()
    assert said.out == ""
    assert re.sub(r"\d\.\d\d", "0.00", said.err).splitlines() == [
        "pkg",
        "  ✓ sed s/ol[d]/new/    0.00 s",
        "",
        "  ~ a.yaml",
        "1 function in 0.00 s: 1 file changed",
    ]


def test_a_second_render_touches_nothing(root: Path) -> None:
    render(root)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    assert render(root) == 0
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_the_package_is_the_current_folder_by_default(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    assert render() == 0
    assert "a: new" in (root / "a.yaml").read_text()


def test_a_failed_render_changes_nothing(
    package: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    root = package({"Kptfile": FAIL, "a.yaml": MAP})
    before = files(root)
    assert render(root) == 1
    assert files(root) == before
    assert "failed: sh -c 'exit 3' ended with exit code 3" in capsys.readouterr().err


def test_a_check_shows_what_would_change(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(root)
    assert render(root, "--check") == 1
    assert files(root) == before
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "--- a/a.yaml",
        "+++ b/a.yaml",
        "@@ -5,2 +5,2 @@",
        " data:",
        "-  a: old",
        "+  a: new",
    ]
    assert said.err.endswith("1 file changed (not written)\n")


def test_a_check_of_a_rendered_package_succeeds(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    render(root)
    assert render(root, "--check") == 0
    assert capsys.readouterr().out == ""


def test_a_report_is_written_as_json(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert render(root, "--output", "json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["files"] == [{"path": "a.yaml", "change": "changed"}]
    assert "a: new" in (root / "a.yaml").read_text()
    assert render(root, "--output", "json", "--check") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["files"], report["upToDate"]) == ([], True)


def test_a_check_says_as_json_that_a_render_is_due(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert render(root, "--check", "--output", "json") == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["ok"], report["upToDate"]) == (True, False)
    assert report["files"] == [{"path": "a.yaml", "change": "changed"}]
    assert "a: old" in (root / "a.yaml").read_text()


def test_a_failed_render_is_not_up_to_date(
    package: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert render(package({"Kptfile": FAIL}), "--check", "--output", "json") == 1
    assert json.loads(capsys.readouterr().out)["upToDate"] is False


def test_a_report_says_why_nothing_could_be_rendered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert render(tmp_path, "-o", "json", "--results-dir", tmp_path / "results") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False
    assert "must hold a Kptfile" in report["problem"]
    assert yaml_load((tmp_path / "results/results.yaml").read_text())["exitCode"] == 1


@pytest.mark.parametrize("where", ["stdout", "unwrap", "folder"])
def test_a_rendered_package_may_go_elsewhere(
    root: Path, tmp_path: Path, where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(root)
    target = tmp_path / "out" if where == "folder" else where
    assert render(root, "-o", target) == 0
    assert files(root) == before
    said = capsys.readouterr()
    assert said.err.endswith(f": written to {target}\n")
    if where == "stdout":
        assert [item["kind"] for item in yaml_load(said.out)["items"]] == ["Kptfile", "ConfigMap"]
    elif where == "unwrap":
        assert yaml_load_all(said.out)[1]["data"] == {"a": "new"}
    else:
        new = {name: text.replace("old", "new") for name, text in before.items()}
        assert files(tmp_path / "out") == {name: new[name] for name in ("Kptfile", "a.yaml")}


def test_results_are_written_to_a_folder(root: Path, tmp_path: Path) -> None:
    assert render(root, "--results-dir", tmp_path / "deep/results") == 0
    written = yaml_load((tmp_path / "deep/results/results.yaml").read_text())
    assert written["items"] == [{"exec": "sed s/ol[d]/new/", "exitCode": 0}]


def test_results_must_be_writable(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert render(root, "--results-dir", root / "a.yaml/x") == 1
    assert "must be a folder to write to" in capsys.readouterr().err
    assert "a: old" in (root / "a.yaml").read_text()


def test_a_folder_to_write_to_must_be_new(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert render(root, "-o", tmp_path) == 1
    assert "must not exist yet" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        pytest.param(["--check", "-o", "stdout"], "--check writes nothing", id="check elsewhere"),
        pytest.param(["--unknown"], "unrecognized arguments", id="unknown option"),
    ],
)
def test_wrong_usage_ends_with_2(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["render", *arguments])
    assert ended.value.code == 2
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        pytest.param("a.yaml", b"a: \xff", "sub/a.yaml: must be UTF-8", id="no UTF-8"),
        pytest.param("a.yaml", b"a: [\n", "sub/a.yaml: line ", id="no YAML"),
        pytest.param("a.yaml", b"- a\n", "sub/a.yaml: line 1", id="no mapping"),
        pytest.param("Kptfile", b"a: [\n", "sub/Kptfile: line ", id="no Kptfile"),
        pytest.param("Kptfile", b"a: 1\n", "sub/Kptfile: must be a kpt.dev/v1", id="other kind"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    package: Write, name: str, text: bytes, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = package({"Kptfile": RENAME, "sub/Kptfile": RENAME})
    (root / "sub" / name).write_bytes(text)
    assert render(root) == 1
    assert problem in capsys.readouterr().err


def test_a_broken_link_is_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "gone.yaml").symlink_to("nowhere")
    assert render(root) == 1
    assert "gone.yaml: cannot be read: no such file or directory" in capsys.readouterr().err


def test_links_to_files_are_read_and_links_to_folders_are_not(root: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/x.yaml").write_text("not: krm\n")
    (root / "folder").symlink_to(tmp_path / "other")
    (root / "link.yaml").symlink_to("a.yaml")
    assert render(root) == 0
    assert "a: new" in (root / "a.yaml").read_text()
    assert (root / "link.yaml").is_symlink()


def test_what_git_keeps_is_not_read(root: Path) -> None:
    (root / ".git").mkdir()
    (root / ".git/x.yaml").write_text("not: krm\n")
    assert render(root) == 0


@pytest.mark.parametrize(
    ("number", "code", "said"), [(signal.SIGTERM, 143, ""), (signal.SIGINT, 130, "interrupted")]
)
def test_a_render_that_is_ended_leaves_the_package_as_it_was(
    package: Write, number: signal.Signals, code: int, said: str
) -> None:
    root = package(
        {"Kptfile": "pipeline:\n  mutators:\n  - exec: sh -c 'touch started; exec sleep 60'\n"}
    )
    before = files(root)
    process = subprocess.Popen(
        [*KRMFN, "render", "--allow-exec"], cwd=root, stderr=subprocess.PIPE, text=True
    )
    while not (root / "started").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    assert process.communicate(timeout=10)[1].strip() == f"pkg\n{said}".strip()
    assert process.returncode == code
    (root / "started").unlink()
    assert files(root) == before
    assert not (root / STAGING).exists()


def test_a_reader_that_goes_away_is_no_defect(root: Path) -> None:
    command = [*KRMFN, "render", str(root), "--allow-exec", "-o", "unwrap"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, text=True, stdout=pipe, stderr=pipe) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 1
    assert "BrokenPipe" not in said


def test_the_command_knows_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"krmfn {version('krm-fn')}\n"


def test_the_command_helps(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "run a package's pipeline in one process" in capsys.readouterr().out


def test_the_command_asks_for_a_subcommand(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_a_subcommand_imports_no_other_one() -> None:
    code = (
        "import sys; from krmfn.cli import main\n"
        "try: main(['render', '--help'])\n"
        "except SystemExit: pass\n"
        "assert not {'rich', 'pydantic', 'yaml', 'krmfn.cli.chart'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
