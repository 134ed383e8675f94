"""What a person sees."""

import io
import os
import pty
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import pytest

from krmfn.cli.rendering.calls import Answer
from krmfn.cli.rendering.commit import Change
from krmfn.cli.rendering.execute import Rendering, Run
from krmfn.cli.rendering.kptfile import Kptfile, Step
from krmfn.cli.rendering.report import Report
from krmfn.cli.rendering.terminal import Part, terminal
from krmfn.cli.rendering.tree import PackageTree

STEP = Step("pipeline.mutators[0]", image="a/b:v1")
SELECTIVE = Step("pipeline.mutators[1]", command="a longer command", exclude=())
TREE = PackageTree(
    Path("/x/pkg"),
    "",
    Kptfile((STEP,)),
    (),
    (PackageTree(Path("/x/pkg/sub"), "sub", Kptfile((SELECTIVE,)), (), ()),),
)
ERROR = {
    "message": "must be\n  better",
    "severity": "error",
    "file": {"path": "a.yaml", "index": 1},
    "field": {"path": "spec.a"},
}
WARNING = {
    "message": "is odd",
    "severity": "warning",
    "resourceRef": {"kind": "Pod", "name": "a", "namespace": "n"},
}


def run(*results: dict[str, Any], step: Step = STEP, **answer: Any) -> Run:
    return Run("", step, Answer((), results, **answer), 2, 1.234)


def shown(*runs: Run, truncated: bool = False, width: int = 0) -> list[str]:
    stream = io.StringIO()
    plain = terminal(stream)
    plain.width = width
    report = Report(plain, TREE, truncated=truncated)
    for each in runs:
        report.started(each.package, each.step)
        report.finished(each)
    return stream.getvalue().splitlines()


def test_a_function_is_shown_below_its_package_with_its_time() -> None:
    assert shown(run(), run()) == [
        "pkg",
        "  ✓ a/b:v1              1.23 s",
        "  ✓ a/b:v1              1.23 s",
    ]


def test_results_are_shown_worst_first_with_file_and_field() -> None:
    assert shown(run({"message": "fine"}, WARNING, ERROR, exit_code=1))[1:] == [
        "  ✗ a/b:v1              1.23 s",
        "    error    a.yaml:spec.a  must be better",
        "    warning  Pod/n/a        is odd",
        "    info                    fine",
    ]


def test_resources_of_one_file_are_told_apart_by_name() -> None:
    one, two = ({**ERROR, "resourceRef": {"kind": "Pod", "name": name}} for name in "ab")
    places = [line.split("  ")[-2] for line in shown(run(one, two))[2:]]
    assert places == ["a.yaml:spec.a (a)", "a.yaml:spec.a (b)"]


def test_a_long_message_is_wrapped_below_itself() -> None:
    long = {**ERROR, "message": "must be " + "much " * 12 + "better"}
    assert shown(run(long), width=80)[2:] == [
        "    error    a.yaml:spec.a  must be much much much much much much much much much",
        "                            much much much better",
    ]


def test_a_long_place_gets_a_line_of_its_own() -> None:
    long = {**ERROR, "field": {"path": "spec." + "deeper." * 8 + "a"}}
    assert shown(run(long, WARNING), width=80)[2:] == [
        "    error    a.yaml:spec." + "deeper." * 8 + "a",
        "             must be better",
        "    warning  Pod/n/a  is odd",
    ]


def test_what_a_command_said_is_shown() -> None:
    step = Step("pipeline.mutators[0]", command="cat")
    assert shown(run(WARNING, step=step, stderr="one\ntwo\n"))[3:] == ["    > one", "    > two"]


def test_what_a_library_function_said_in_results_is_not_said_twice() -> None:
    assert len(shown(run(ERROR, exit_code=1, stderr="[error] must be better\n"))) == 3
    assert shown(run(exit_code=1, stderr="Traceback\n"))[2:] == ["    > Traceback"]


def test_what_is_said_can_be_cut_to_four_lines() -> None:
    assert shown(run(*[WARNING] * 6), truncated=True)[5:] == [
        "    warning  Pod/n/a  is odd",
        "    … 2 more lines",
    ]


def test_a_selective_function_says_how_much_it_was_given() -> None:
    step = Step("pipeline.mutators[0]", command="cat", exclude=(object(),))  # type: ignore[arg-type]
    assert shown(run(step=step))[1].endswith("1.23 s  on 2 resources")


def ended(changes: list[Change], *, written: bool = True, width: int = 0) -> list[str]:
    stream = io.StringIO()
    plain = terminal(stream)
    plain.width = width
    report = Report(plain, TREE, truncated=False)
    report.changed(Rendering((run(), run())), changes, written=written)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("changes", "summary"),
    [
        ([], "nothing changed"),
        ([Change("a", None, b"")], "1 file added"),
        ([Change("a", b"", b"x"), Change("b", b"", b"x")], "2 files changed"),
        (
            [Change("a", None, b""), Change("b", b"", b"x"), Change("c", b"", None)],
            "3 files: 1 added, 1 changed, 1 deleted",
        ),
    ],
)
def test_a_summary_says_what_became_of_the_files(changes: list[Change], summary: str) -> None:
    assert ended(changes)[-1] == f"2 functions in 2.47 s: {summary}"


def test_changed_files_are_listed() -> None:
    changes = [Change("a", None, b""), Change("b", b"", b"x"), Change("c", b"", None)]
    assert ended(changes, written=False) == [
        "",
        "  + a",
        "  ~ b",
        "  - c",
        "2 functions in 2.47 s: 3 files: 1 added, 1 changed, 1 deleted (not written)",
    ]


def test_on_a_terminal_many_changed_files_are_counted() -> None:
    changes = [Change(f"{number}", None, b"") for number in range(25)]
    assert ended(changes)[25:] == ["  + 24", "2 functions in 2.47 s: 25 files added"]
    lines = ended(changes, width=80)
    assert lines[20:] == ["  + 19", "    … 5 more files", "2 functions in 2.47 s: 25 files added"]


def test_a_failure_says_why_and_that_nothing_was_written() -> None:
    stream = io.StringIO()
    report = Report(terminal(stream), TREE, truncated=False)
    report.warn("beware")
    report.failed(Rendering((), problem="no such thing"))
    assert stream.getvalue() == "warning: beware\n\nfailed: no such thing\nnothing was written\n"


def on_terminal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    """What arrives at a terminal when a line, and something going on, is shown there."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "80", **environment}.items():
        monkeypatch.setenv(name, value)
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        shown = terminal(stream)
        shown.busy("working")
        shown.idle()
        shown.line(Part("ok", "good"), Part(" done"))
    with os.fdopen(ours) as screen:
        return "".join(iter(partial(read_some, screen), ""))


def read_some(screen: TextIO) -> str:
    try:
        return os.read(screen.fileno(), 1000).decode()
    except OSError:
        return ""


def test_a_terminal_shows_colours_and_what_is_going_on(monkeypatch: pytest.MonkeyPatch) -> None:
    text = on_terminal(monkeypatch)
    assert "\x1b[32mok\x1b[0m done" in text
    assert "working" in text


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_that_wants_no_colour_gets_none(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    assert on_terminal(monkeypatch, **{name: value}) == "ok done\r\n"
