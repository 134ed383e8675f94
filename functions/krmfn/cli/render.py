"""`krmfn render`: run a package's pipeline in one process, as `kpt fn render` does."""

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from krmfn.cli.errors import CliError

if TYPE_CHECKING:
    from krmfn.cli.rendering.commit import Change
    from krmfn.cli.rendering.execute import Rendering
    from krmfn.cli.rendering.tree import PackageTree

STDOUT, UNWRAP, JSON = "stdout", "unwrap", "json"
_NO_FOLDERS = ("", STDOUT, UNWRAP, JSON)
_OUTPUT_HELP = (
    "`stdout` (a ResourceList), `unwrap` (bare resources), `json` (a report of what was done), "
    "or a new folder; without it, and with `json`, the package is changed in place"
)


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "render",
        help="run a package's pipeline in one process, as kpt does",
        description="Run the pipelines of a kpt package and its sub-packages. Functions of this "
        "library run in this process; the outcome equals that of `kpt fn render`. Nothing is "
        "written unless every function succeeds.",
    )
    add = parser.add_argument
    add("package", nargs="?", type=Path, default=Path(), help="the package's folder (default: .)")
    add("-o", "--output", default="", metavar="WHERE", help=_OUTPUT_HELP)
    add("--check", action="store_true", help="write nothing; exit 1 and show what would change")
    add("--results-dir", type=Path, metavar="DIR", help="write the results to DIR/results.yaml")
    add("--allow-exec", action="store_true", help="run `exec` functions")
    add("--container", action="store_true", help="run images of others with docker or podman")
    add("--truncate-output", action="store_true", help="show at most four lines a function")
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Render a package; give 0 when that succeeded and, with `--check`, changed nothing."""
    from krmfn.cli.rendering.execute import Rendering

    if args.check and not _in_place(args):
        args.usage_error("--check writes nothing, so --output must be `json` or left out")
    _make_results_folder(args.results_dir)
    root = args.package.resolve()
    try:
        with _ended_by_sigterm(), _held(root, args):
            return _render(root, args)
    except CliError as error:
        _tell_machines(args, root, Rendering((), problem=str(error)), [])
        raise


def _make_results_folder(folder: Path | None) -> None:
    if folder:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CliError(f'"{folder}" must be a folder to write to: {error.strerror}') from error


def _render(root: Path, args: argparse.Namespace) -> int:
    from krmfn.cli.rendering.changes import changes_to
    from krmfn.cli.rendering.execute import execute
    from krmfn.cli.rendering.output import refuse_existing
    from krmfn.cli.rendering.report import Report
    from krmfn.cli.rendering.runners import Permissions, runner_of, version_warnings
    from krmfn.cli.rendering.terminal import terminal
    from krmfn.cli.rendering.tree import read_tree

    if args.output not in _NO_FOLDERS:
        refuse_existing(Path(args.output))
    tree = read_tree(root)
    report = Report(terminal(sys.stderr), tree, truncated=args.truncate_output)
    for warning in version_warnings(tree):
        report.warn(warning)
    permissions = Permissions(commands=args.allow_exec, containers=args.container)
    with closing(report):
        rendering = execute(tree, lambda step: runner_of(step, permissions), report)
    changes = changes_to(tree, rendering.items) if rendering.ok else []
    if rendering.ok:
        _deliver(args, tree, rendering, changes)
    _tell_machines(args, root, rendering, changes)
    if not rendering.ok:
        report.failed(rendering)
    elif _in_place(args):
        report.changed(rendering, changes, written=not args.check)
    else:
        report.ended(rendering, f"written to {args.output}")
    return 1 if not rendering.ok or (args.check and changes) else 0


def _deliver(
    args: argparse.Namespace, tree: "PackageTree", rendering: "Rendering", changes: "list[Change]"
) -> None:
    """Put a rendered package where it was asked for."""
    from krmfn.cli.rendering import output
    from krmfn.cli.rendering.changes import rendered_files
    from krmfn.cli.rendering.commit import commit

    if args.check:
        if not args.output:
            lines = output.differences(changes, shortened=sys.stdout.isatty())
            sys.stdout.writelines(f"{line}\n" for line in lines)
    elif _in_place(args):
        commit(tree.folder, changes)
    elif args.output == STDOUT:
        sys.stdout.write(output.wrapped(rendering.items, tree.folder))
    elif args.output == UNWRAP:
        sys.stdout.write(output.unwrapped(rendering.items))
    else:
        output.write_folder(Path(args.output), rendered_files(tree, rendering.items))


def _tell_machines(
    args: argparse.Namespace, root: Path, rendering: "Rendering", changes: "list[Change]"
) -> None:
    """Write the results, and a report, where they were asked for."""
    from krmfn.cli.rendering.results import RESULTS_FILE, document, result_list

    if args.results_dir:
        (args.results_dir / RESULTS_FILE).write_text(result_list(rendering), encoding="utf-8")
    if args.output == JSON:
        sys.stdout.write(document(rendering, root, changes))


def _in_place(args: argparse.Namespace) -> bool:
    return args.output in ("", JSON)


@contextmanager
def _held(root: Path, args: argparse.Namespace) -> Iterator[None]:
    """Keep other renders away while this one writes; one that writes elsewhere only looks."""
    from krmfn.cli.rendering.commit import locked, refuse_unfinished

    if root.is_dir() and _in_place(args) and not args.check:
        with locked(root):
            yield
    else:
        refuse_unfinished(root)
        yield


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the render as an exception does, so that nothing half-done is left."""

    def end(number: int, _: object) -> NoReturn:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
