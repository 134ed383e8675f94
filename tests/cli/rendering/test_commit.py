"""An interrupted render leaves a package as it was or complete."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from krmfn.cli.errors import CliError
from krmfn.cli.rendering.commit import STAGING, Change, commit, locked, refuse_unfinished

OLD = {"a.yaml": "a", "b.yaml": "b", "gone.yaml": "gone", "README.md": "read me"}
NEW = {"a.yaml": "A" * 5000, "b.yaml": "b", "new/deep.yaml": "new", "README.md": "read me"}
CHANGES = [
    Change("a.yaml", b"a", b"A" * 5000),
    Change("gone.yaml", b"gone", None),
    Change("new/deep.yaml", None, b"new"),
]
KILLED = """
import os, signal, sys
from pathlib import Path
from krmfn.cli.rendering.commit import Change, commit, locked

root, deadline, changes = Path(sys.argv[1]), int(sys.argv[2]), eval(sys.argv[3])
seen = 0

def count(event, arguments):
    global seen
    if event in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree"):
        seen += 1
        if seen == deadline:
            os.kill(os.getpid(), signal.SIGKILL)

with locked(root):
    sys.addaudithook(count)
    commit(root, changes)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "pkg"
    folder.mkdir()
    for path, text in OLD.items():
        (folder / path).write_text(text)
    return folder


def files(root: Path) -> dict[str, str]:
    found = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_text() for path in found}


def run(*arguments: str | Path, prepare: Callable[[], None] | None = None) -> int:
    command = [sys.executable, "-c", KILLED, *arguments, repr(CHANGES)]
    return subprocess.run(
        command, check=False, preexec_fn=prepare, stderr=subprocess.DEVNULL
    ).returncode


def test_a_commit_that_is_killed_at_any_point_leaves_the_package_as_it_was_or_complete(
    root: Path, tmp_path: Path
) -> None:
    outcomes = []
    for deadline in range(1, 100):
        package = tmp_path / f"killed-{deadline}"
        subprocess.run(["cp", "-r", root, package], check=True)
        code = run(package, str(deadline))
        with locked(package):
            outcomes.append(files(package))
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert len(outcomes) > 10
    assert outcomes[0] == OLD
    assert outcomes[-1] == NEW
    assert all(outcome in (OLD, NEW) for outcome in outcomes)


def test_a_recovery_that_is_killed_is_finished_by_the_next_one(root: Path) -> None:
    interrupt_behind_the_journal(root)
    recovery = KILLED.replace(
        "with locked(root):\n    sys.addaudithook(count)\n    commit(root, changes)",
        "sys.addaudithook(count)\nwith locked(root): pass",
    )
    for deadline in range(1, 40):
        command = [sys.executable, "-c", recovery, str(root), str(deadline), "[]"]
        if subprocess.run(command, check=False).returncode == 0:
            break
    assert files(root) == NEW


def interrupt_behind_the_journal(root: Path) -> None:
    """Kill a commit at the first point where its journal stands and nothing is applied yet."""
    for deadline in range(1, 100):
        run(root, str(deadline))
        if (root / STAGING / "journal").exists():
            return
        with locked(root):
            assert files(root) == OLD
    pytest.fail("no journal was ever left behind")


def test_a_folder_in_the_way_of_the_staging_leaves_the_package_as_it_was(root: Path) -> None:
    (root / STAGING).write_text("in the way")
    with pytest.raises(CliError, match="nothing was written: File exists"):
        commit(root, CHANGES)
    (root / STAGING).unlink()
    assert files(root) == OLD


def test_a_commit_that_cannot_go_on_is_finished_later(root: Path) -> None:
    (root / "gone.yaml").unlink()
    (root / "gone.yaml").mkdir()
    with pytest.raises(CliError, match="only a part was written: Is a directory"):
        commit(root, CHANGES)
    (root / "gone.yaml").rmdir()
    with locked(root):
        assert files(root) == NEW


def test_a_full_disk_leaves_the_package_as_it_was(root: Path) -> None:
    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    assert run(root, "0", prepare=fill) == 1
    assert files(root) == OLD
    assert not (root / STAGING).exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_between_two_files_waits_until_all_are_written(
    root: Path, number: signal.Signals
) -> None:
    signalled = KILLED.replace("signal.SIGKILL", f"signal.{number.name}").replace(
        'event in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree")',
        'event == "os.remove" and "gone" in str(arguments[0])',
    )
    command = [sys.executable, "-c", signalled, str(root), "1", repr(CHANGES)]
    done = subprocess.run(command, check=False, stderr=subprocess.DEVNULL)
    assert done.returncode != 0
    assert files(root) == NEW


def test_files_that_do_not_change_are_not_touched(root: Path) -> None:
    before = {path: (root / path).stat() for path in ("b.yaml", "README.md")}
    commit(root, CHANGES)
    for path, old in before.items():
        new = (root / path).stat()
        assert (new.st_ino, new.st_mtime_ns) == (old.st_ino, old.st_mtime_ns)


def test_a_changed_file_keeps_its_mode(root: Path) -> None:
    (root / "a.yaml").chmod(0o640)
    commit(root, CHANGES)
    assert (root / "a.yaml").stat().st_mode & 0o777 == 0o640


def test_the_folder_stays_the_same_folder(root: Path) -> None:
    before = root.stat().st_ino
    commit(root, CHANGES)
    assert root.stat().st_ino == before
    assert files(root) == NEW
    assert not (root / STAGING).exists()


def test_a_link_inside_the_package_is_written_through(root: Path) -> None:
    (root / "link.yaml").symlink_to("a.yaml")
    commit(root, [Change("link.yaml", b"a", b"A")])
    assert (root / "link.yaml").is_symlink()
    assert (root / "a.yaml").read_text() == "A"


def test_a_link_that_goes_is_taken_away_and_not_its_target(root: Path) -> None:
    (root / "link.yaml").symlink_to("a.yaml")
    commit(root, [Change("link.yaml", b"a", None)])
    assert files(root) == OLD


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        pytest.param("out/x.yaml", "must not write outside of the package", id="folder link"),
        pytest.param("out.yaml", "must not write outside of the package", id="file link"),
        pytest.param("folder", "a folder has that name", id="folder"),
        pytest.param("a.yaml/b.yaml", '"a.yaml" is a file', id="file as a folder"),
    ],
)
def test_a_path_that_cannot_be_written_is_refused_before_anything_is(
    root: Path, tmp_path: Path, path: str, problem: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (root / "out").symlink_to(tmp_path / "elsewhere")
    (root / "out.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    (root / "folder").mkdir()
    with pytest.raises(CliError, match=problem):
        commit(root, [CHANGES[0], Change(path, None, b"x")])
    assert (root / "a.yaml").read_text() == "a"
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_was_changed_since_an_interrupted_render_is_not_overwritten(root: Path) -> None:
    interrupt_behind_the_journal(root)
    (root / "a.yaml").write_text("mine")
    with pytest.raises(CliError, match=r'"a\.yaml" was changed since'), locked(root):
        pass
    assert (root / "a.yaml").read_text() == "mine"


def test_an_unfinished_package_is_not_read(root: Path) -> None:
    refuse_unfinished(root)
    interrupt_behind_the_journal(root)
    with pytest.raises(CliError, match="waits to be finished"):
        refuse_unfinished(root)


def test_what_was_staged_without_a_journal_is_forgotten(root: Path) -> None:
    (root / STAGING).mkdir()
    (root / STAGING / "0").write_text("half of it")
    with locked(root):
        assert files(root) == OLD


def test_a_package_is_rendered_by_one_process_at_a_time(root: Path) -> None:
    with (
        locked(root),
        pytest.raises(CliError, match="is being rendered by another process"),
        locked(root),
    ):
        pass


def test_the_journal_names_every_file(root: Path) -> None:
    interrupt_behind_the_journal(root)
    entries = json.loads((root / STAGING / "journal").read_text())
    assert [entry["path"] for entry in entries] == [change.path for change in CHANGES]


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_package_that_may_not_be_written_is_left_alone(root: Path) -> None:
    root.chmod(0o500)
    try:
        with pytest.raises(CliError, match="nothing was written"):
            commit(root, CHANGES)
    finally:
        root.chmod(0o700)
