"""`krmfn import` on texts, without files of other projects."""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from krmfn.cli import main
from krmfn.sdk import yaml_load_all


@dataclass(frozen=True)
class Ran:
    """How a run of the command ended."""

    code: int
    out: str
    err: str

    @property
    def intents(self) -> dict[str, Any]:
        """The specs that were written, by the intent's name."""
        return {each["metadata"]["name"]: each["spec"] for each in yaml_load_all(self.out)}


RunImport = Callable[..., Ran]


@pytest.fixture
def run_import(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> RunImport:
    """Import a text, given indented as it suits the test."""

    def run(text: str, *arguments: str) -> Ran:
        file = tmp_path / "given.yaml"
        file.write_text(textwrap.dedent(text))
        code = main(["import", str(file), *arguments])
        out, err = capfd.readouterr()
        return Ran(code, out, err.replace(f"{tmp_path}/", ""))

    return run
