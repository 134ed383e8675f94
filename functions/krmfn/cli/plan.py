"""`krmfn plan`: what a change of a package does to the placement of its workloads."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from krmfn.cli.errors import CliError

if TYPE_CHECKING:
    from krmfn.cli.planning.changing import Named

_DESCRIPTION = """\
Say which workloads would move, be placed or lose their place, and why, if
resources of a package were different:

  krmfn plan fleet --with new-facts/ --without ClusterProfile/waw-edge-1

CHANGED is a file or a folder; its resources replace those of the same
identity, or are added. CHANGED may be a whole package: its Kptfile and what
functions made in it are left out, and what DIR has beyond it stays. DIR's own
pipeline runs in memory for both, and nothing is written. The second decision
starts from the first one, as when both are rendered one after the other.
"""
_EXIT_MOVED, _EXIT_FAILED = 1, 2


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    from krmfn.cli.explain import add_output_options

    parser = subparsers.add_parser(
        "plan",
        help="say what a change does to placement",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("package", type=Path, metavar="DIR", help="the package's folder")
    repeated: dict[str, Any] = {"action": "append", "default": []}
    given = "file, folder or package of changed resources; may be repeated"
    add("--with", dest="given", type=Path, metavar="CHANGED", help=given, **repeated)
    gone = "resource that is gone: KIND/[NAMESPACE/]NAME, a ClusterProfile with its ClusterCapacity"
    add("--without", type=_named, metavar="RESOURCE", help=gone, **repeated)
    code = "exit 1 when anything moves or rendering comes to fail, 2 when that cannot be told"
    add("--exit-code", action="store_true", help=code)
    add_output_options(parser, ("table", "json", "markdown"))
    parser.set_defaults(run=run, usage_error=parser.error)


def _named(text: str) -> "Named":
    from krmfn.cli.planning.changing import Named

    try:
        return Named.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def run(args: argparse.Namespace) -> int:
    """Compare placement before and after a change; give 0, or what `--exit-code` says."""
    if not args.given and not args.without:
        args.usage_error("--with or --without must be given")
    if not args.exit_code:
        _plan(args)
        return 0
    try:
        return _EXIT_MOVED if _plan(args) else 0
    except (CliError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return _EXIT_FAILED


def _plan(args: argparse.Namespace) -> bool:
    """Print the difference, and say whether there is one."""
    from krmfn.cli.explaining.session import Session
    from krmfn.cli.planning.changing import read_changes
    from krmfn.cli.planning.differences import difference_page, difference_value

    session = Session(args)
    changes = read_changes(args.given, args.without)
    tree = session.tree(args.package)
    before = session.resolutions(tree)
    after = session.resolutions(changes.tree(tree), changes.edit, before)
    changes.refuse_unused(each for package in tree.walk() for each in package.resources())
    value = difference_value(before, after, session.most)
    session.deliver({"package": str(args.package), **value}, difference_page(value))
    return bool(value["changed"])
