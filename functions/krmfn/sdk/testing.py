"""Example packages as tests.

An example is a kpt package with a folder `.expected`:

- whole files that a render changes or adds, at their paths,
- `results.yaml`, the results as `kpt fn render --results-dir` writes them, when there are any,
- `config.yaml` with what files cannot say: `exitCode`, `stdErr` (text, or texts, that the messages
  contain) and `deleted` (paths of files that the render deletes).

Each example is rendered by whatever `render` it is given: in one process, by kpt, by containers.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from krmfn.sdk.dumper import dump
from krmfn.sdk.loader import load

EXPECTED = ".expected"
CONFIG, RESULTS = "config.yaml", "results.yaml"
KEPT = ".gitkeep"


@dataclass(frozen=True)
class Outcome:
    """What rendering a package gave, beside its files.

    Attributes:
        exit_code: 0 or 1, as kpt's.
        messages: all that was said to people.
        results: the results as YAML, "" when there are none.
    """

    exit_code: int
    messages: str = ""
    results: str = ""


Render = Callable[[Path], Outcome]


@dataclass(frozen=True)
class Example:
    """An example package.

    Attributes:
        folder: where it stands.
        name: its function and its claim, such as ``helm-expand/render-a-chart``.
    """

    folder: Path
    name: str

    @property
    def expected(self) -> Path:
        """The folder that holds the promise."""
        return self.folder / EXPECTED

    @property
    def config(self) -> dict[str, Any]:
        """What files cannot say; empty when everything is as usual."""
        file = self.expected / CONFIG
        return (load(file.read_text()) or {}) if file.exists() else {}

    @property
    def fails(self) -> bool:
        """Whether the promise is an error."""
        return bool(self.config.get("exitCode"))

    def copy_to(self, folder: Path) -> Path:
        """Copy the package, without the promise, below a folder."""
        target = folder / self.folder.name
        shutil.copytree(self.folder, target, ignore=shutil.ignore_patterns(EXPECTED, ".git"))
        return target


def find_examples(root: Path) -> list[Example]:
    """Give the example packages below a folder.

    Raises:
        ValueError: there is none, so that nothing would be tested.
    """
    found = []
    for kptfile in sorted(root.rglob("Kptfile")):
        folder = kptfile.parent
        if any((parent / "Kptfile").exists() for parent in folder.parents if parent != root.parent):
            continue  # a sub-package of an example
        found.append(Example(folder, folder.relative_to(root).as_posix()))
    if not found:
        raise ValueError(f'"{root}" must hold example packages')
    return found


def broken_promises(example: Example, render: Render, workspace: Path) -> list[str]:
    """Render a copy of an example; say in words what is not as its `.expected` promises."""
    if not example.expected.is_dir():
        return [f"{example.name} must have a folder {EXPECTED}"]
    package = example.copy_to(workspace)
    before = snapshot(package)
    outcome = render(package)
    config = example.config
    said = [] if outcome.exit_code == config.get("exitCode", 0) else [_exit_code(outcome)]
    said += [
        f'the messages must contain "{text}", but are:\n{outcome.messages}'
        for text in _texts(config.get("stdErr"))
        if text not in outcome.messages
    ]
    promised = promise_of(example)
    actual = _changed_files(before, snapshot(package), outcome)
    deleted = sorted(set(before) - set(snapshot(package)))
    if deleted != sorted(config.get("deleted", [])):
        said.append(f"deleted must be {config.get('deleted', [])}, but is {deleted}")
    return said + list(_unlike(promised, actual))


def unstable_files(example: Example, render: Render, workspace: Path) -> list[str]:
    """Render a copy of an example twice; give the files that the second render changes."""
    package = example.copy_to(workspace)
    render(package)
    once = snapshot(package)
    render(package)
    twice = snapshot(package)
    return sorted(path for path in {*once, *twice} if once.get(path) != twice.get(path))


def accept(example: Example, render: Render, workspace: Path) -> list[str]:
    """Make what an example renders to its promise; give the files of `.expected` that changed."""
    package = example.copy_to(workspace)
    before, config = snapshot(package), example.config
    promised = promise_of(example) if example.expected.is_dir() else {}
    outcome = render(package)
    actual = _changed_files(before, snapshot(package), outcome)
    config.pop("exitCode", None)
    config.pop("deleted", None)
    if outcome.exit_code:
        config["exitCode"] = outcome.exit_code
    if deleted := sorted(set(before) - set(snapshot(package))):
        config["deleted"] = deleted
    written = (example.expected / CONFIG).read_bytes() if example.config else b""
    unchanged = config == example.config
    shutil.rmtree(example.expected, ignore_errors=True)
    for path, content in actual.items():
        file = example.expected / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    example.expected.mkdir(exist_ok=True)
    if config:
        (example.expected / CONFIG).write_bytes(written if unchanged else dump(config).encode())
    elif not actual:
        (example.expected / KEPT).touch()
    return sorted(path for path in {*promised, *actual} if promised.get(path) != actual.get(path))


def promise_of(example: Example) -> dict[str, bytes]:
    """Give the promised files by path, `results.yaml` among them."""
    files = snapshot(example.expected)
    return {path: text for path, text in files.items() if path not in (CONFIG, KEPT)}


def snapshot(folder: Path) -> dict[str, bytes]:
    """Give the content of all files below a folder, by path."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and ".git" not in file.relative_to(folder).parts
    }


def _changed_files(
    before: dict[str, bytes], after: dict[str, bytes], outcome: Outcome
) -> dict[str, bytes]:
    changed = {path: text for path, text in after.items() if before.get(path) != text}
    return changed | ({RESULTS: outcome.results.encode()} if outcome.results else {})


def _unlike(promised: dict[str, bytes], actual: dict[str, bytes]) -> Iterator[str]:
    from difflib import unified_diff

    for path in sorted({*promised, *actual}):
        if promised.get(path) == actual.get(path):
            continue
        old, new = (
            files.get(path, b"").decode(errors="replace").splitlines(keepends=True)
            for files in (promised, actual)
        )
        yield "".join(unified_diff(old, new, f"promised/{path}", f"rendered/{path}"))


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _exit_code(outcome: Outcome) -> str:
    return f"the exit code is {outcome.exit_code}; the messages are:\n{outcome.messages}"
