"""`krmfn render` does to a package what real kpt does to it."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import krmfn
from krmfn.cli import main
from krmfn.sdk import yaml_load

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"
FIRST_TOP_DOWN = (60, 1)

pytestmark = pytest.mark.kpt


def packages() -> list[Any]:
    found = [path.parent for path in sorted(HERE.glob("packages/*/Kptfile"))]
    assert found
    return [pytest.param(path, id=path.name) for path in found]


def examples() -> list[Any]:
    found = [path.parent for path in sorted(EXAMPLES.rglob("Kptfile"))]
    roots = [path for path in found if not any(other in path.parents for other in found)]
    assert roots
    return [pytest.param(path, id=str(path.relative_to(EXAMPLES))) for path in roots]


@dataclass(frozen=True)
class Rendered:
    """A rendered package: the exit code, the files, and the results."""

    code: int
    files: dict[str, str]
    results: Any

    @classmethod
    def of(cls, package: Path, code: int) -> "Rendered":
        found = (path for path in sorted(package.rglob("*")) if path.is_file())
        files = {str(path.relative_to(package)): path.read_bytes().decode() for path in found}
        results = results_of(package) / "results.yaml"
        return cls(code, files, yaml_load(results.read_text()) if results.exists() else None)


@pytest.fixture(autouse=True)
def _where_functions_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    monkeypatch.setenv("PYTHONPATH", str(Path(krmfn.__file__).parents[1]))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


@dataclass(frozen=True)
class Copies:
    """Two copies of a package, one for each of those who render it."""

    folder: Path
    name: str

    @classmethod
    def of(cls, source: Path, folder: Path) -> "Copies":
        copies = cls(folder, source.name)
        for copy in (copies.theirs, copies.ours):
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns(".expected"))
        return copies

    @property
    def theirs(self) -> Path:
        return self.folder / "kpt" / self.name

    @property
    def ours(self) -> Path:
        return self.folder / "krmfn" / self.name

    def rendered(self, kpt: str) -> tuple[Rendered, Rendered]:
        """Give what kpt and what krmfn makes of the package."""
        codes = by_kpt(kpt, self.theirs), by_krmfn(self.ours)
        if codes == (0, 0):
            normalise(kpt, self.folder)
        return Rendered.of(self.theirs, codes[0]), Rendered.of(self.ours, codes[1])


def results_of(package: Path) -> Path:
    """The folder for the results of a package, beside those of all packages."""
    return package.parents[1].with_name(f"results-of-{package.parent.name}")


def by_kpt(kpt: str, package: Path) -> int:
    options: list[str | Path] = ["--allow-exec", "--results-dir", results_of(package)]
    command = [kpt, "fn", "render", package, *options]
    return subprocess.run(command, check=False, capture_output=True).returncode


def by_krmfn(package: Path) -> int:
    return main(["render", str(package), "--allow-exec", "--results-dir", str(results_of(package))])


def normalise(kpt: str, folder: Path) -> None:
    """Let kpt write all packages, lists not indented: it reformats every file, krmfn none."""
    flat = """sed "s/seqindent: 'wide'/seqindent: 'compact'/" """
    command = [kpt, "fn", "eval", str(folder), "--exec", flat]
    subprocess.run(command, check=True, capture_output=True)


def is_older_than(kpt: str, version: tuple[int, int]) -> bool:
    said = subprocess.run([kpt, "version"], check=False, capture_output=True, text=True).stdout
    found = re.search(r"beta\.(\d+)(?:\.(\d+))?", said)
    return found is not None and (int(found[1]), int(found[2] or 0)) < version


@pytest.mark.parametrize("source", packages())
def test_a_package_is_rendered_as_by_kpt(kpt: str, source: Path, tmp_path: Path) -> None:
    if source.name == "render-top-down" and is_older_than(kpt, FIRST_TOP_DOWN):
        pytest.skip("this kpt is older than top-down rendering")
    theirs, ours = Copies.of(source, tmp_path / "all").rendered(kpt)
    assert ours.files == theirs.files
    assert ours.code == theirs.code
    if not source.name.startswith("refuse-"):
        assert ours.results == theirs.results


@pytest.mark.parametrize("source", [each for each in packages() if "refuse-" in each.id])
def test_a_refused_package_is_told_so_in_the_results(source: Path, tmp_path: Path) -> None:
    """Where kpt refuses what a function gave back, its results say that all went well."""
    package = Copies.of(source, tmp_path / "all").ours
    assert by_krmfn(package) == 1
    assert Rendered.of(package, 1).results["exitCode"] == 1


@pytest.mark.parametrize("source", examples())
def test_a_function_in_this_process_does_what_it_does_under_kpt(
    kpt: str, source: Path, tmp_path: Path
) -> None:
    copies = Copies.of(source, tmp_path / "all")
    for kptfile in copies.theirs.rglob("Kptfile"):
        kptfile.write_text(as_command(kptfile.read_text()))
    theirs, ours = copies.rendered(kpt)
    files = {
        path: as_command(text) if path.endswith("Kptfile") else text
        for path, text in ours.files.items()
    }
    assert files == theirs.files
    assert ours.code == theirs.code
    for run in ours.results.get("items", []):
        run["exec"] = command_of(run.pop("image"))
    assert ours.results == theirs.results


def as_command(kptfile: str) -> str:
    """Let a pipeline start the functions of this library as processes."""
    return re.sub(
        r"image: (\S+)$", lambda image: f"exec: {command_of(image[1])}", kptfile, flags=re.MULTILINE
    )


def command_of(image: str) -> str:
    return f"python -m krmfn.{Path(image).name.partition(':')[0].replace('-', '_')}"
