"""`krmfn explain`: why every workload of a package runs where it does, and why not elsewhere."""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from krmfn.cli.errors import CliError

if TYPE_CHECKING:
    from krmfn.cli.explaining.pages import Section
    from krmfn.cli.explaining.resolving import Resolution
    from krmfn.cli.rendering.tree import PackageTree

_DESCRIPTION = """\
Say where the workloads of a package run, and why: all of them; one INTENT,
with why here and why not there; or one INTENT on one CLUSTER, with every
check and every term of the score.

The package's pipeline runs in memory as far as placement-resolver, and nothing
is written. A rendered package is explained as it stands; of one that is not,
or was changed since, what rendering it would give.
"""
_DEFAULT_TOP = 10
_MOST_MATCHES = 3


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "explain",
        help="say why workloads are placed where they are",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("package", type=Path, metavar="DIR", help="the package's folder")
    intent = "a PlacementIntent, as [NAMESPACE/]NAME"
    add("intent", nargs="?", default="", metavar="INTENT", help=intent)
    add("cluster", nargs="?", default="", metavar="CLUSTER", help="a cluster of the fleet")
    add_output_options(parser, ("table", "json", "yaml", "markdown"))
    parser.set_defaults(run=run)


def add_output_options(parser: argparse.ArgumentParser, forms: Sequence[str]) -> None:
    """Add the options that say what is shown, and the pipeline's permissions."""
    add = parser.add_argument
    add("-o", "--output", choices=forms, default="table", help="form of stdout (default: table)")
    most = parser.add_mutually_exclusive_group()
    top = "show at most N of each thing, and how many more there are (default: %(default)s)"
    most.add_argument("--top", type=_positive, default=_DEFAULT_TOP, metavar="N", help=top)
    most.add_argument("--all", action="store_true", help="show everything")
    add("--allow-exec", action="store_true", help="run `exec` functions")
    add("--container", action="store_true", help="run images of others with docker or podman")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'must be a number above 0, but is "{text}"')
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Explain placement; stdout gets the explanation, stderr all else."""
    from krmfn.cli.explaining.session import Session

    session = Session(args)
    tree = session.tree(args.package)
    resolutions = session.resolutions(tree)
    for each in resolutions:
        if not each.is_rendered:
            state = "was changed since it was rendered" if each.rendered else "is not rendered yet"
            session.note(f"{args.package} {state}: this is what rendering it would give")
            break
    value, sections = _explained(args, tree, resolutions, session.most)
    session.deliver({"package": str(args.package), **value}, sections)
    return 0


def _explained(
    args: argparse.Namespace,
    tree: "PackageTree",
    resolutions: "Sequence[Resolution]",
    most: int | None,
) -> "tuple[dict[str, Any], list[Section]]":
    """Give what is asked for, as a value and as a page."""
    if not args.intent:
        from krmfn.cli.explaining.overview import overview_page, overview_value

        values = [overview_value(each, most) for each in resolutions]
        return {"placements": values}, [part for each in values for part in overview_page(each)]
    resolution, position = _find(args.intent, tree, resolutions)
    if not args.cluster:
        from krmfn.cli.explaining.intents import intent_page, intent_value

        value = intent_value(resolution, position, most)
        return value, list(intent_page(value))
    from krmfn.cli.explaining.clusters import cluster_page, cluster_value

    index = resolution.solved.layout.view.index
    if args.cluster not in index:
        raise CliError(unknown("CLUSTER", "a cluster of the fleet", args.cluster, index))
    value = cluster_value(resolution, position, index[args.cluster], most)
    return value, list(cluster_page(value))


def _find(
    name: str, tree: "PackageTree", resolutions: "Sequence[Resolution]"
) -> "tuple[Resolution, int]":
    """Give the latest decision of an intent; its namespace may be left out where it is clear."""
    known = {
        key: (each, position) for each in resolutions for key, position in each.positions.items()
    }
    if name in known:
        return known[name]
    short = [key for key in known if key.rpartition("/")[2] == name]
    if len(short) == 1:
        return known[short[0]]
    if short:
        raise CliError(f'INTENT must be one of {", ".join(sorted(short))}, but is "{name}"')
    decided = "that `spec.intents` of the functionConfig lets the run decide on"
    where = decided if _is_intent(name, tree) else "of the package"
    raise CliError(unknown("INTENT", f"a PlacementIntent {where}", name, known))


def _is_intent(name: str, tree: "PackageTree") -> bool:
    resources = (each for package in tree.walk() for each in package.resources())
    return any(
        each.kind == "PlacementIntent" and name in (each.name, f"{each.namespace}/{each.name}")
        for each in resources
    )


def unknown(argument: str, what: str, given: str, known: Iterable[str]) -> str:
    """Say that a name is not known, with those that are close to it or, of few, all of them."""
    from difflib import get_close_matches

    names = sorted(known)
    close = get_close_matches(given, names, _MOST_MATCHES)
    few = names if len(names) <= _MOST_MATCHES else []
    hint = ", ".join(f'"{name}"' for name in close or few)
    asked = f"; did you mean {hint}?" if close else f"; there are {hint}" if hint else ""
    return f'{argument} must be {what}, but is "{given}"{asked}'
