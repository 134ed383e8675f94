"""`krmfn chart vendor`: bring a chart into a package, as a resource with the archive inside."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from krmfn.cli.errors import CliError

if TYPE_CHECKING:
    from krmfn.cli.charts.helm import Access
    from krmfn.cli.charts.vendor import Order

_SOURCE_HELP = (
    "a directory, a .tgz, https://HOST/CHART.tgz, oci://HOST/PATH[:TAG], or with --repo the name "
    "of a chart"
)
_DEST_HELP = (
    "folder, or .yaml file, to write to (default: .); a file that carries the chart already keeps "
    "everything but the chart"
)


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    chart = subparsers.add_parser("chart", help="bring Helm charts into a package")
    commands = chart.add_subparsers(metavar="COMMAND", required=True)
    parser = commands.add_parser(
        "vendor",
        help="write a chart, with its dependencies, to a HelmChart resource",
        description="Write a chart with all its dependencies to a HelmChart resource, pinned by "
        "its SHA-256, so that rendering needs no network. Standard output gets one line on what "
        "was written where; all else goes to standard error.",
    )
    add = parser.add_argument
    add("source", metavar="SOURCE", help=_SOURCE_HELP)
    add("--version", default="", metavar="RANGE", help="a version or a range (default: newest)")
    add("--repo", default="", metavar="URL", help="address of a chart repository")
    _add_output(parser)
    _add_access(parser)
    parser.set_defaults(run=run, usage_error=parser.error)


def _add_output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is written")
    add = group.add_argument
    add("--dest", type=Path, default=Path(), metavar="DIR|FILE", help=_DEST_HELP)
    add("--name", default="", help="name of the resource (default: the chart's)")
    add("--release-name", default="", metavar="NAME", help="release name (default: the resource's)")
    add("--namespace", default="", help='release namespace (default: "default")')
    add("--force", action="store_true", help="replace even a chart of another name")
    add("--kptfile", action="store_true", help="add helm-expand to the Kptfile, or make one")


def _add_access(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how servers are reached and believed")
    add = group.add_argument
    add("--verify", action="store_true", help="refuse a chart that is not signed by a known key")
    add("--keyring", type=Path, metavar="FILE", help="public keys (default: GnuPG's pubring.gpg)")
    add("--username", default="", help="user name at the source's server, and at no other")
    add("--password-stdin", action="store_true", help="read the password from stdin")
    add("--ca-file", type=Path, metavar="FILE", help="authorities that may vouch for servers")
    add("--cert-file", type=Path, metavar="FILE", help="certificate to show to servers")
    add("--key-file", type=Path, metavar="FILE", help="key of that certificate")
    add("--insecure-skip-tls-verify", action="store_true", help="believe any certificate")
    add("--plain-http", action="store_true", help="allow addresses without TLS")
    add("--timeout", type=float, default=120, metavar="SECONDS", help="for a request (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Vendor a chart; stdout gets a line on what was written where, stderr all else."""
    from krmfn.cli.charts.vendor import vendor

    if bool(args.username) is not args.password_stdin:
        args.usage_error("--username and --password-stdin must be given together")
    vendored = vendor(_order(args), _access(args), _tell)
    print(vendored, flush=True)
    try:
        _tell_next(vendored.file.parent, with_kptfile=args.kptfile)
    except CliError as error:
        if args.kptfile:
            raise
        _tell(str(error))
    return 0


def _order(args: argparse.Namespace) -> "Order":
    from krmfn.cli.charts.vendor import Order

    fields = {"releaseName": args.release_name, "namespace": args.namespace}
    return Order(
        source=args.source,
        repo=args.repo,
        version=args.version,
        keyring=(args.keyring or _gnupg_keyring()) if args.verify else None,
        destination=args.dest,
        name=args.name,
        fields=tuple((field, text) for field, text in fields.items() if text),
        force=args.force,
    )


def _access(args: argparse.Namespace) -> "Access":
    from krmfn.cli.charts.helm import Access

    files = {name: getattr(args, name) for name in ("ca_file", "cert_file", "key_file")}
    for name, file in files.items():
        if file and not file.is_file():
            raise CliError(f'`--{name.replace("_", "-")}` must be a file, but is "{file}"')
    return Access(
        username=args.username,
        password=sys.stdin.read().rstrip("\r\n") if args.password_stdin else "",
        insecure_skip_tls_verify=args.insecure_skip_tls_verify,
        plain_http=args.plain_http,
        timeout=args.timeout,
        **{name: str(file) if file else "" for name, file in files.items()},
    )


def _gnupg_keyring() -> Path:
    """Give the file that `helm` looks keys up in by default."""
    return Path(os.environ.get("GNUPGHOME") or "~/.gnupg").expanduser() / "pubring.gpg"


def _tell_next(folder: Path, *, with_kptfile: bool) -> None:
    from krmfn.cli.charts.kptfile import add_function, package_of, renders_charts

    package = package_of(folder)
    if with_kptfile and not (package and renders_charts(package)):
        package = package or folder
        _tell(f"added {add_function(package)} to {package / 'Kptfile'}")
    if not package:
        _tell(f"{folder} is in no kpt package; --kptfile makes it one that renders its charts")
    elif not renders_charts(package):
        _tell(f"{package / 'Kptfile'} does not run helm-expand yet; --kptfile adds it")
    else:
        _tell(f"next: krmfn render {package}, or kpt fn render {package}")


def _tell(line: str) -> None:
    print(line, file=sys.stderr)
