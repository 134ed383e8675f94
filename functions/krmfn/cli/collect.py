"""`krmfn collect`: write what is known about clusters into a package, for cluster-profiler."""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from krmfn.cli.errors import CliError

if TYPE_CHECKING:
    from krmfn.cli.collecting.objects import Body
    from krmfn.cli.collecting.prometheus import Server
    from krmfn.cli.rendering.commit import Change

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_HEADER = re.compile(r"(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?P<value>.*)", re.DOTALL)
_NODES = """\
Write the nodes of a cluster, what is known about them, and how much its pods
request of them, to DIR/clusters/NAME. Facts are read with kubectl, or from
what it printed elsewhere; leave out what the cluster does not have:

  kubectl get nodes,pods,nodefeatures,noderesourcetopologies \\
    --all-namespaces -o yaml > facts.yaml
  krmfn collect nodes --cluster waw-edge-1 facts.yaml --output fleet

Also read: NodeFeatureRule, NodePtpDevice, SriovNetworkNodeState,
SriovNetworkNodePolicy, SriovNetwork, NetworkAttachmentDefinition,
PerformanceProfile, KubeletConfig, ClusterProperty; and from a hub, for the
clusters that they describe, OCM's ManagedCluster and AddOnPlacementScore,
Karmada's Cluster, Fleet's MemberCluster, Nephio's WorkloadCluster. Pods,
addresses, machine IDs and annotations of other tools are not written. What
this command wrote for NAME before and finds no longer goes; other files stay.
Facts in FILEs are as old as the last heartbeat of a node in them; where they
hold none, --observed-at says when they were read.
"""
_METRICS = """\
Ask Prometheus, Thanos, Mimir or Cortex for metrics of clusters, and write the
answers, with their times, as a MetricsSnapshot to DIR:

  krmfn collect metrics --url https://thanos.example.org --output fleet

The label `cluster` tells clusters apart; of a Prometheus that watches just one
cluster, --cluster says which. Nothing is written when a query fails. Queries
of your own are written like those that --print-queries shows.
"""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    collect = subparsers.add_parser("collect", help="write facts of clusters into a package")
    commands = collect.add_subparsers(metavar="COMMAND", required=True)
    _add_nodes(commands)
    _add_metrics(commands)


def _add_nodes(commands: Any) -> None:
    parser = _parser(commands, "nodes", "nodes, their features, and what pods use of them", _NODES)
    add = parser.add_argument
    add("files", nargs="*", metavar="FILE", help="what `kubectl get` printed; `-` is stdin")
    add("--cluster", required=True, type=_name, metavar="NAME", help="name of the cluster")
    add("--kubeconfig", type=Path, metavar="FILE", help="read the cluster with kubectl")
    add("--context", default="", metavar="NAME", help="context in it (default: its current one)")
    at = (
        "when the facts were read, such as 2026-08-01T10:00:00Z (default: now; of FILEs, the "
        "last heartbeat of a node)"
    )
    add("--observed-at", type=_instant, metavar="TIME", help=at)
    _add_common(parser)
    parser.set_defaults(run=run_nodes, usage_error=parser.error)


def _add_metrics(commands: Any) -> None:
    parser = _parser(commands, "metrics", "values that a Prometheus knows", _METRICS)
    add = parser.add_argument
    url = "address of the server, as in front of /api/v1; Mimir's ends in /prometheus"
    add("--url", required=True, type=_url, help=url)
    add("--queries", type=Path, metavar="FILE", help="a MetricsQueries (default: built in)")
    add("--print-queries", action=_PrintQueries, help="print the built-in queries and exit")
    only = "cluster that series without a label for it belong to"
    add("--cluster", type=_name, metavar="NAME", help=only)
    named = "name of the resource (default: that of the cluster, or `fleet`)"
    add("--name", type=_name, help=named)
    add("--at", type=_instant, metavar="TIME", help="evaluate at this time (default: now)")
    _add_common(parser)
    add = parser.add_argument_group("how the server is reached and believed").add_argument
    add("--tenant", default="", help="tenant, for Mimir and Cortex: sent as X-Scope-OrgID")
    add("--bearer-token-file", type=Path, metavar="FILE", help="file with a token to log in")
    header = "further header; other users see it in the list of processes"
    add("--header", action="append", default=[], metavar="NAME=VALUE", help=header)
    add("--ca-file", type=Path, metavar="FILE", help="authorities that may vouch for the server")
    add("--plain-http", action="store_true", help="send credentials even without TLS")
    parser.set_defaults(run=run_metrics)


def _parser(commands: Any, name: str, short: str, text: str) -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=short, description=text, formatter_class=form
    )
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--output", type=Path, required=True, metavar="DIR", help="the package's folder")
    wait = "for one answer (default: %(default)s)"
    add("--timeout", type=_seconds, default=30, metavar="SECONDS", help=wait)


def run_nodes(args: argparse.Namespace) -> int:
    """Write the facts of a cluster; stdout gets a line on what was written where."""
    from krmfn.cli.collecting.answers import text_of
    from krmfn.cli.collecting.files import replace_files
    from krmfn.cli.collecting.nodes import collect

    if bool(args.files) is bool(args.kubeconfig):
        args.usage_error("either FILE or --kubeconfig must be given")
    if args.context and not args.kubeconfig:
        args.usage_error("--context is of a --kubeconfig")
    read_at = args.observed_at or (_now() if args.kubeconfig else None)
    objects = _objects(args)
    observed_at = text_of(read_at or _last_heartbeat(objects))
    stamp = f"collect-nodes/{args.cluster}"
    files, kinds = collect(objects, args.cluster, observed_at, stamp)
    changes = replace_files(args.output, stamp, files)
    what = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    print(f"{args.output}: {what} ({_summary(changes)})")
    if "NodeUsage" not in kinds:
        _warn("no pods were found, so what is free on the nodes is unknown")
    return 0


def run_metrics(args: argparse.Namespace) -> int:
    """Write a snapshot of metrics; stdout gets a line on what was written where."""
    from krmfn.cli.collecting.files import replace_files
    from krmfn.cli.collecting.metrics import Origin, path_of, snapshot, text_of_snapshot
    from krmfn.cli.collecting.queries import read_queries

    queries, server = read_queries(args.queries), _server(args)
    origin = Origin(source=args.url, at=args.at or _now(), cluster=args.cluster or "")
    name = args.name or origin.cluster or "fleet"
    taken = snapshot(name, queries, server.ask, origin, _warn)
    stamp = f"collect-metrics/{name}"
    path = path_of(name, origin.cluster)
    changes = replace_files(args.output, stamp, {path: text_of_snapshot(taken, origin, stamp)})
    values = sum(len(metric.samples) for metric in taken.spec.metrics)
    what = f"metrics: {len(queries)}, values: {values}"
    print(f"{args.output / path}: {what} ({_summary(changes)})")
    return 0


def _objects(args: argparse.Namespace) -> "list[Body]":
    from krmfn.cli.collecting.kubectl import Cluster
    from krmfn.cli.collecting.objects import objects_in

    if args.kubeconfig:
        return Cluster(args.kubeconfig, args.context, args.timeout).read(_warn)
    return [each for name in args.files for each in objects_in(_text(name), name)]


def _last_heartbeat(objects: "Iterable[Body]") -> datetime:
    from krmfn.cli.collecting.nodes import last_heartbeat

    heard = last_heartbeat(objects)
    if heard is None:
        raise CliError(
            "`--observed-at` must say when FILE was read: it holds no Node with a "
            "`lastHeartbeatTime` that would tell"
        )
    return heard


def _text(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f'"{name}" must be a file that can be read: {error}') from error


def _server(args: argparse.Namespace) -> "Server":
    from krmfn.cli.collecting.prometheus import Server

    headers = dict(_header(text) for text in args.header)
    if args.tenant:
        headers["X-Scope-OrgID"] = args.tenant
    if args.bearer_token_file:
        headers["Authorization"] = f"Bearer {_text(str(args.bearer_token_file)).strip()}"
    for name, value in headers.items():
        if not value.isascii() or not value.isprintable():
            raise CliError(f"the header `{name}` must be one line of printable ASCII")
    if args.url.startswith("http:") and "authorization" in {name.lower() for name in headers}:
        _allow_plain(args)
    return Server(args.url, headers, args.ca_file, args.timeout)


def _allow_plain(args: argparse.Namespace) -> None:
    if not args.plain_http:
        raise CliError(
            f'"{args.url}" must begin with https:// to be sent credentials, or be allowed with '
            "--plain-http"
        )


def _header(text: str) -> tuple[str, str]:
    found = _HEADER.fullmatch(text)
    if not found:
        raise CliError("`--header` must be NAME=VALUE")
    return found["name"], found["value"].strip()


def _summary(changes: "Iterable[Change]") -> str:
    verbs = Counter(change.verb for change in changes)
    counts = (f"{verbs[verb]} {verb}" for verb in ("added", "changed", "deleted") if verbs[verb])
    return ", ".join(counts) or "nothing changed"


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _instant(text: str) -> datetime:
    from krmfn.sdk.times import parse_instant

    try:
        return datetime.fromtimestamp(parse_instant(text), UTC)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        form = "a name of lower-case letters, digits, `-` and `.`"
        raise argparse.ArgumentTypeError(f'must be {form}, but is "{text}"')
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < 86_400:
        raise argparse.ArgumentTypeError(f'must be a number of seconds, but is "{text}"')
    return seconds


def _url(text: str) -> str:
    parts = urlsplit(text)
    if "@" in parts.netloc:
        raise argparse.ArgumentTypeError("must hold no user and password: --bearer-token-file")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise argparse.ArgumentTypeError(f'must be http[s]://HOST[:PORT][/PATH], but is "{text}"')
    return text.rstrip("/")


def _warn(line: str) -> None:
    print(f"warning: {line}", file=sys.stderr)


class _PrintQueries(argparse.Action):
    """Prints the built-in queries, which are read only then."""

    def __init__(self, option_strings: list[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, help=options["help"])

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from krmfn.cli.collecting.queries import default_queries

        print(default_queries(), end="")
        parser.exit()
