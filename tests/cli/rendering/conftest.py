"""What the tests of `krmfn render` share."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def package(tmp_path: Path) -> Write:
    """Writes a package and gives its folder; a Kptfile may be just its pipeline."""

    def write(files: Mapping[str, str]) -> Path:
        root = tmp_path / "pkg"
        for path, text in files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(kptfile(text, file.parent.name) if file.name == "Kptfile" else text)
        return root

    return write


def kptfile(text: str, name: str) -> str:
    if text.startswith("apiVersion:"):
        return text
    return f"apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: {name}\n{text}"
