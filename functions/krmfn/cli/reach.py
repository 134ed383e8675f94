"""`krmfn reach`: who reaches what in the mesh of a package, and what a change opens and closes."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from krmfn.cli.errors import CliError

if TYPE_CHECKING:
    from krmfn.cli.reaching.asking import Asked

_DESCRIPTION = """\
Say who reaches which service in which cluster, without a cluster: which
requests come there, over which path, how both ends speak, and by which policy.

  krmfn reach fleet
  krmfn reach fleet --client portal/portal --service analytics/api
  krmfn reach fleet --since ../main/fleet --exit-code
  krmfn reach fleet -o svg > reach.svg

Nothing is rendered: the package is taken as it stands, as `krmfn trace` does.
Asked for are the clients that a ServiceDiscovery declares, those that a policy
names and those beside the service; "anyone else" stands for a workload of the
mesh that nobody speaks of, "plaintext" for one without proxy. Requests are
tried for all methods, paths, headers and tokens that routes and policies tell
apart, and for any other.
"""
_EXIT_OPENED, _EXIT_FAILED = 1, 2
_FORMS = ("table", "markdown", "json", "mermaid", "svg")
_PICTURES = ("mermaid", "svg")
_DEFAULT_TOP = 50


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "reach",
        help="say who reaches what in the mesh",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("package", type=Path, metavar="DIR", help="the package's folder")
    since = "an older state of the package: tell only what is different"
    add("--since", type=Path, metavar="OLD_DIR", help=since)
    client = "only [CLUSTER/]NAMESPACE/NAME of a workload or ServiceAccount; anyone; plaintext"
    add("--client", default="", metavar="CLIENT", help=client)
    service = "only [NAMESPACE/]NAME of a service, or a host"
    add("--service", default="", metavar="SERVICE", help=service)
    add("-o", "--output", choices=_FORMS, default="table", help="form of stdout (default: table)")
    most = parser.add_mutually_exclusive_group()
    top = "show at most N services or differences, and how many more there are (default: 50)"
    most.add_argument("--top", type=_positive, default=_DEFAULT_TOP, metavar="N", help=top)
    most.add_argument("--all", action="store_true", help="show everything")
    code = "with --since: exit 1 when ways open or lose protection, 2 when that cannot be told"
    add("--exit-code", action="store_true", help=code)
    parser.set_defaults(run=run, usage_error=parser.error)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'must be a number above 0, but is "{text}"')
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Tell who reaches what, or what is different; give 0, or what `--exit-code` says."""
    from krmfn.cli.reaching.asking import Asked

    if args.since is None and args.exit_code:
        args.usage_error("--exit-code must be given with --since")
    if args.since is not None and args.output in _PICTURES:
        args.usage_error("--output must be table, markdown or json with --since")
    if args.since is None:
        _tell(args, Asked.of(args, args.package))
        return 0
    try:
        weakens = _compare(args)
    except (CliError, OSError) as error:
        if not args.exit_code:
            raise
        print(f"error: {error}", file=sys.stderr)
        return _EXIT_FAILED
    return _EXIT_OPENED if weakens and args.exit_code else 0


def _tell(args: argparse.Namespace, asked: "Asked") -> None:
    from krmfn.cli.reaching.telling import reach_page, reach_value
    from krmfn.mesh_intent_expander.report.markdown import markdown
    from krmfn.mesh_intent_expander.report.mermaid import mermaid
    from krmfn.mesh_intent_expander.report.svg import svg

    status = asked.status(None if args.all else args.top)
    if args.output == "svg":
        sys.stdout.write(svg(status.reachability))
    elif args.output == "mermaid":
        sys.stdout.write(mermaid(status.reachability))
    elif args.output == "markdown":
        sys.stdout.write(markdown(status))
    else:
        _deliver(args, {"package": str(args.package), **reach_value(status)}, reach_page(status))


def _compare(args: argparse.Namespace) -> bool:
    """Tell the difference, and say whether anything opens or loses protection."""
    from krmfn.cli.reaching.asking import Asked
    from krmfn.cli.reaching.comparing import difference_page, difference_value
    from krmfn.mesh_intent_expander.report.difference import difference

    new, old = Asked.of(args, args.package), Asked.of(args, args.since, known=False)
    changes = list(difference(old.side, new.side))
    value = difference_value(changes, None if args.all else args.top)
    packages = {"package": str(args.package), "since": str(args.since)}
    _deliver(args, {**packages, **value}, difference_page(value))
    return any(each.weakens for each in changes)


def _deliver(args: argparse.Namespace, value: dict[str, Any], sections: Any) -> None:
    import json

    from krmfn.cli.explaining.pages import markdown, show
    from krmfn.cli.rendering.terminal import terminal

    if args.output == "json":
        sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    elif args.output == "markdown":
        sys.stdout.write(markdown(sections))
    else:
        show(sections, terminal(sys.stdout))
