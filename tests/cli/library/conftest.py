"""A source tree of its own, with one new function, and the `krmfn` command that runs from it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
README = "# A library\n\n<!-- krmfn:functions -->\n<!-- krmfn:end -->\n\nThe end.\n"

Krmfn = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def krmfn() -> Krmfn:
    """Run the `krmfn` of a source tree, in that tree or in another folder."""

    def run(
        tree: Path, *arguments: str, cwd: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        command = (sys.executable, "-m", "krmfn.cli", *arguments)
        environment = {**os.environ, "PYTHONPATH": str(tree / "functions")}
        return subprocess.run(
            command, cwd=cwd or tree, env=environment, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture(scope="session")
def bare_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source tree without any function; not to be changed."""
    tree = tmp_path_factory.mktemp("bare")
    ignored = shutil.ignore_patterns("__pycache__", "metadata.yaml", "set_owner")
    shutil.copytree(ROOT / "functions", tree / "functions", ignore=ignored)
    for name in ("pyproject.toml", "Dockerfile.template"):
        shutil.copy(ROOT / name, tree)
    (tree / "README.md").write_text(README)
    return tree


@pytest.fixture(scope="session")
def new_tree(bare_tree: Path, krmfn: Krmfn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source tree after `krmfn new set-owner`; not to be changed."""
    tree = tmp_path_factory.mktemp("new") / "tree"
    shutil.copytree(bare_tree, tree)
    done = krmfn(tree, "new", "set-owner")
    assert done.returncode == 0, done.stderr
    return tree


@pytest.fixture
def tree(new_tree: Path, tmp_path: Path) -> Path:
    """The source tree after `krmfn new set-owner`, to be changed."""
    return Path(shutil.copytree(new_tree, tmp_path / "tree"))
