"""What a person sees of a rendering."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from krmfn.cli.rendering.commit import Change
from krmfn.cli.rendering.execute import Rendering, Run
from krmfn.cli.rendering.kptfile import Step
from krmfn.cli.rendering.results import worst_first
from krmfn.cli.rendering.terminal import Part, Terminal
from krmfn.cli.rendering.tree import PackageTree

_NAME_WIDTH = 48
_PLACE_WIDTH = 40
_SEVERITY_WIDTH = 8
_TRUNCATED_LINES = 4
_LISTED_FILES = 20
_STYLES = {"error": "bad", "warning": "mild", "info": "dim"}
_SIGNS = {"added": ("+", "good"), "changed": ("~", "mild"), "deleted": ("-", "bad")}


class Report:
    """Tells a person how a rendering goes.

    Args:
        terminal: where it is told.
        tree: the package.
        truncated: whether a function's results and stderr are cut to four lines, as by kpt.
    """

    def __init__(self, terminal: Terminal, tree: PackageTree, *, truncated: bool) -> None:
        self.terminal = terminal
        self.root = tree.folder.name
        self.most = _TRUNCATED_LINES if truncated else None
        names = [step.name for package in tree.walk() for step in package.kptfile.steps]
        self.width = min(max(map(len, names), default=0), _NAME_WIDTH)
        self.path: str | None = None

    def started(self, path: str, step: Step) -> None:
        """Show the package, once, and that a function runs."""
        if path != self.path:
            self.path = path
            self.terminal.line(Part(f"{self.root}/{path}".rstrip("/"), "strong"))
        self.terminal.busy(f" {step.name}")

    def finished(self, run: Run) -> None:
        """Show how a function ended, and what it had to say."""
        self.terminal.idle()
        mark, style = ("✓", "good") if run.answer.ok else ("✗", "bad")
        given = f"  on {run.given} resources" if run.step.is_selective else ""
        self.terminal.line(
            Part(f"  {mark} ", style),
            Part(f"{run.step.name:<{self.width}}"),
            Part(f"  {run.seconds:6.2f} s{given}", "dim"),
        )
        lines = [*_result_lines(run, self.terminal.width), *_stderr_lines(run)]
        for line in lines[: self.most]:
            self.terminal.line(*line)
        hidden = len(lines[self.most :]) if self.most else 0
        if hidden:
            self.terminal.line(Part(f"    … {hidden} more lines", "dim"))

    def close(self) -> None:
        """Show no longer that a function runs, however it ended."""
        self.terminal.idle()

    def warn(self, text: str) -> None:
        """Show a warning of the renderer itself."""
        self.terminal.line(Part("warning: ", "mild"), Part(text))

    def failed(self, rendering: Rendering) -> None:
        """Show why nothing became of the package."""
        self.terminal.line()
        self.terminal.line(Part("failed: ", "bad"), Part(rendering.problem))
        self.terminal.line(Part("nothing was written"))

    def changed(self, rendering: Rendering, changes: Sequence[Change], *, written: bool) -> None:
        """Show the files that change (on a terminal the first ones), and if they were written."""
        if changes and rendering.runs:
            self.terminal.line()
        most = _LISTED_FILES if self.terminal.width else len(changes)
        for change in changes[:most]:
            sign, style = _SIGNS[change.verb]
            self.terminal.line(Part(f"  {sign} ", style), Part(change.path))
        if hidden := len(changes[most:]):
            self.terminal.line(Part(f"    … {hidden} more files", "dim"))
        note = " (not written)" if changes and not written else ""
        self.ended(rendering, _counted(changes) + note)

    def ended(self, rendering: Rendering, outcome: str) -> None:
        """Show how much was done, and what came of it."""
        runs = len(rendering.runs)
        seconds = sum(run.seconds for run in rendering.runs)
        functions = f"{runs} {'function' if runs == 1 else 'functions'}"
        self.terminal.line(Part(f"{functions} in {seconds:.2f} s: {outcome}"))


def _counted(changes: Sequence[Change]) -> str:
    counts = Counter(change.verb for change in changes)
    parts = [f"{counts[verb]} {verb}" for verb in _SIGNS if counts[verb]]
    files = "1 file" if len(changes) == 1 else f"{len(changes)} files"
    if len(parts) == 1:
        return f"{files} {parts[0].partition(' ')[2]}"
    return f"{files}: {', '.join(parts)}" if parts else "nothing changed"


def _result_lines(run: Run, width: int) -> Iterator[tuple[Part, ...]]:
    """Yield a line a result; on a terminal of limited width messages are wrapped."""
    results = worst_first(run.answer.results)
    places = _told_apart(results)
    column = max((len(place) for place in places if len(place) <= _PLACE_WIDTH), default=0)
    for result, place in zip(results, places, strict=True):
        severity = str(result.get("severity") or "info")
        lead = Part(f"    {severity:<{_SEVERITY_WIDTH}} ", _STYLES.get(severity, ""))
        message = " ".join(str(result.get("message", "")).split())
        indent = len(lead.text) + column + 2
        if width and place and (width - indent < _PLACE_WIDTH or len(place) > column):
            yield lead, Part(place, "strong")
            yield from _wrapped(message, len(lead.text), width)
            continue
        first, *rest = _wrapped(message, indent, width)
        yield lead, Part(f"{place:<{column}}  ", "strong"), Part(first[0].text.lstrip())
        yield from rest


def _told_apart(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Give the places of results, with the name where one place holds several resources."""
    names: dict[str, set[str]] = {}
    for result in results:
        names.setdefault(_place(result), set()).add(_name(result))
    return [
        f"{place} ({_name(result)})" if len(names[place]) > 1 and _name(result) else place
        for result in results
        for place in [_place(result)]
    ]


def _name(result: Mapping[str, Any]) -> str:
    return str(_mapping(result, "resourceRef").get("name") or "")


def _wrapped(text: str, indent: int, width: int) -> list[tuple[Part]]:
    lead = " " * indent
    room = width - indent if width else len(text) + 1
    lines = textwrap.wrap(text, max(room, _PLACE_WIDTH), break_on_hyphens=False) or [""]
    return [(Part(lead + line),) for line in lines]


def _place(result: Mapping[str, Any]) -> str:
    """Say where a result points: file and field, else the resource."""
    file, field, ref = (_mapping(result, name) for name in ("file", "field", "resourceRef"))
    subject = file.get("path") or "/".join(
        str(ref[name]) for name in ("kind", "namespace", "name") if ref.get(name)
    )
    return ":".join(str(part) for part in (subject, field.get("path")) if part)


def _mapping(result: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = result.get(name)
    return value if isinstance(value, Mapping) else {}


def _stderr_lines(run: Run) -> Iterator[tuple[Part, ...]]:
    """Yield what a function wrote to stderr; of one with results only when it failed otherwise."""
    if run.answer.results and not run.step.command and not run.answer.problem:
        return
    for line in run.answer.stderr.rstrip().splitlines():
        yield Part("    > ", "dim"), Part(line)
