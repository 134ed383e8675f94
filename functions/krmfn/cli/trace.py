"""`krmfn trace`: what happens to one request in the mesh of a package."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from krmfn.cli.errors import CliError

if TYPE_CHECKING:
    from krmfn.cli.tracing.asking import Asked
    from krmfn.mesh_intent_expander.semantics.outcome import Trace

_DESCRIPTION = """\
Say what happens to one request, without a cluster: whether the client sees the
host, which route and DestinationRule hold, which endpoints it comes to, how
both ends speak, and which policy lets it in or does not.

  krmfn trace fleet --from edge-1/shop/web --to api.shop:8080 --path /cart

Nothing is rendered: the package is taken as it stands. Objects below
clusters/NAME/ are those of cluster NAME. Without a cluster in --from, every
cluster is told in which that client runs.

The exit code is 0 when a request comes to a server, 1 when none does, 2 when
the question is wrong.
"""
_EXIT_NOT_REACHED, _EXIT_WRONG = 1, 2
_FORMS = ("text", "json", "yaml")


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "trace",
        help="say what happens to one request in the mesh",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("package", type=Path, metavar="DIR", help="the package's folder")
    client = "who asks: [CLUSTER/]NAMESPACE/NAME of a workload or of a ServiceAccount"
    add("--from", dest="client", required=True, metavar="CLIENT", help=client)
    host = "who is asked: SERVICE[.NAMESPACE] or another host, and its port, if it has several"
    add("--to", dest="host", required=True, metavar="HOST[:PORT]", help=host)
    add("--method", default="GET", help="HTTP method (default: %(default)s)")
    add("--path", default="/", help="path, with or without a query (default: %(default)s)")
    repeated: dict[str, Any] = {"action": "append", "default": []}
    add("--header", metavar="NAME:VALUE", help="header; may be repeated", **repeated)
    add("--query", metavar="NAME=VALUE", help="query parameter; may be repeated", **repeated)
    claim = "claim of a valid JWT, such as iss=ISSUER; may be repeated, also of one name"
    add("--jwt-claim", dest="claim", metavar="NAME=VALUE", help=claim, **repeated)
    add("--address", default="", metavar="IP", help="the client's IP address, for ipBlocks")
    add("-o", "--output", choices=_FORMS, default="text", help="form of stdout (default: text)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Trace a request from every cluster that is asked for; stdout gets what happens."""
    from krmfn.cli.tracing.asking import Asked

    try:
        asked = Asked.of(args)
        traces = asked.traces()
    except (CliError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return _EXIT_WRONG
    _deliver(args, asked, traces)
    return 0 if any(each.is_reached for each in traces) else _EXIT_NOT_REACHED


def _deliver(args: argparse.Namespace, asked: "Asked", traces: "list[Trace]") -> None:
    import json

    from krmfn.cli.explaining.pages import show
    from krmfn.cli.rendering.terminal import terminal
    from krmfn.cli.tracing.telling import trace_page, trace_value
    from krmfn.sdk import yaml_dump

    values = [trace_value(each, asked.names[each.request.client.cluster]) for each in traces]
    if args.output == "text":
        show((part for value in values for part in trace_page(value)), terminal(sys.stdout))
        return
    value = {"package": str(args.package), "traces": values}
    if args.output == "json":
        sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(yaml_dump(value))
