"""What `krmfn explain` and `krmfn plan` share: reading packages, resolving, and printing."""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from krmfn.cli.errors import CliError
from krmfn.cli.explaining.pages import Section, markdown, show, wrapped
from krmfn.cli.explaining.resolving import Edit, Resolution, has_placement, resolved
from krmfn.cli.rendering.commit import refuse_unfinished
from krmfn.cli.rendering.execute import Run
from krmfn.cli.rendering.kptfile import Step
from krmfn.cli.rendering.report import Report
from krmfn.cli.rendering.runners import Permissions
from krmfn.cli.rendering.terminal import Part, Terminal, terminal
from krmfn.cli.rendering.tree import PackageTree, read_tree
from krmfn.sdk.dumper import dump


class Session:
    """One call of a command.

    Attributes:
        most: how many of each thing are shown, None for all.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.output: str = args.output
        self.most: int | None = None if args.all else args.top
        self.permissions = Permissions(commands=args.allow_exec, containers=args.container)
        self.stderr = terminal(sys.stderr)

    def tree(self, folder: Path) -> PackageTree:
        """Read a package.

        Raises:
            CliError: there is none, or a render was interrupted in it.
        """
        root = folder.resolve()
        refuse_unfinished(root)
        tree = read_tree(root)
        if not has_placement(tree):
            self.note(f"no pipeline of {folder} runs placement-resolver: it is run at the end")
        return tree

    def resolutions(
        self,
        tree: PackageTree,
        edit: Edit = lambda items: items,
        before: Sequence[Resolution] = (),
    ) -> Sequence[Resolution]:
        """Give what is decided for a package; tell what is wrong with it.

        Raises:
            CliError: nothing could be decided.
        """
        observer = _Quiet(self.stderr)
        with closing(observer):
            answer = resolved(tree, self.permissions, observer, edit, before)
        if answer.failed:
            Report(self.stderr, tree, truncated=False).finished(answer.failed)
        if not answer.resolutions:
            nothing = f"{tree.folder} must hold a PlacementIntent"
            raise CliError(answer.problem or nothing)
        for line in dict.fromkeys(line for each in answer.resolutions for line in each.warnings):
            self._tell(line, "mild")
        return answer.resolutions

    def note(self, text: str) -> None:
        """Tell something beside the result."""
        self._tell(f"note: {text}")

    def _tell(self, text: str, style: str = "") -> None:
        for piece in wrapped(Part(text, style), self.stderr.width):
            self.stderr.line(piece)

    def deliver(self, value: Mapping[str, Any], sections: Iterable[Section]) -> None:
        """Print a result in the form that was asked for."""
        if self.output == "json":
            sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
        elif self.output == "yaml":
            sys.stdout.write(dump(value))
        elif self.output == "markdown":
            sys.stdout.write(markdown(sections))
        else:
            show(sections, terminal(sys.stdout))


class _Quiet:
    """Shows which function runs, where that can be taken back, and nothing of those that ended."""

    def __init__(self, stderr: Terminal) -> None:
        self.stderr = stderr

    def started(self, path: str, step: Step) -> None:
        """Show that a function runs."""
        self.stderr.busy(f" {path}{' ' if path else ''}{step.name}")

    def finished(self, _: Run) -> None:
        """Show it no longer."""
        self.stderr.idle()

    def close(self) -> None:
        """Show nothing any more."""
        self.stderr.idle()
