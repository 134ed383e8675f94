"""Every example keeps its promise, renders the same again, and is left alone when it fails."""

import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from krmfn.cli import main as krmfn
from krmfn.sdk.testing import (
    Example,
    Outcome,
    accept,
    broken_promises,
    find_examples,
    snapshot,
    unstable_files,
)

ROOT = Path(__file__).parents[1] / "examples"
EXAMPLES = find_examples(ROOT)


def render(package: Path) -> Outcome:
    """Render a package in this process."""
    results = package.parent / f"{package.name}-results"
    messages = io.StringIO()
    with redirect_stdout(messages), redirect_stderr(messages):
        code = krmfn(["render", str(package), "--results-dir", str(results)])
    text = (results / "results.yaml").read_text()
    return Outcome(code, messages.getvalue(), text if "results:" in text else "")


@pytest.fixture(params=EXAMPLES, ids=lambda example: example.name)
def example(request: pytest.FixtureRequest) -> Example:
    return request.param


def test_a_package_renders_to_what_its_example_promises(
    example: Example, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    if pytestconfig.getoption("--accept"):
        written = accept(example, render, tmp_path)
        assert not written, f"wrote {', '.join(written)}; read them and run again"
    else:
        assert broken_promises(example, render, tmp_path) == []


def test_a_second_render_changes_nothing(example: Example, tmp_path: Path) -> None:
    assert unstable_files(example, render, tmp_path) == []


@pytest.mark.parametrize(
    "example", [each for each in EXAMPLES if each.fails], ids=lambda example: example.name
)
def test_a_failed_render_leaves_the_package_as_it_was(example: Example, tmp_path: Path) -> None:
    package = example.copy_to(tmp_path)
    before = snapshot(package)
    assert render(package).exit_code == 1
    assert snapshot(package) == before
