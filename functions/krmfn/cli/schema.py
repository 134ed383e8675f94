"""`krmfn schema`: the CRD, the JSON schema or the field table of a kind."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from krmfn.cli.errors import CliError

if TYPE_CHECKING:
    from krmfn.sdk.model import Kind

_FORMATS = ("crd", "json-schema", "table")


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "schema",
        help="print the schema of a kind",
        description="Print the schema of a kind, or list the kinds and the functions they are for.",
    )
    parser.add_argument("kind", nargs="?", metavar="KIND", help="a kind, such as HelmChart")
    parser.add_argument(
        "--format",
        choices=_FORMATS,
        default=_FORMATS[0],
        help="crd (default) for clusters, json-schema for editors, table for people",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print what is asked for."""
    from krmfn.cli.library.catalog import owners_of_kinds

    owners = owners_of_kinds()
    print(_rendered(_chosen(args.kind, [*owners]), args.format) if args.kind else _list(owners))
    return 0


def _chosen(name: str, kinds: "list[type[Kind]]") -> "type[Kind]":
    found = {
        f"{kind.kind_name}.{kind.group}": kind
        for kind in kinds
        if name.lower() in {kind.kind_name.lower(), f"{kind.kind_name}.{kind.group}".lower()}
    }
    if len(found) > 1:
        raise CliError(f"`{name}` must be said with its group: {' or '.join(found)}")
    for kind in found.values():
        return kind
    known = ", ".join(sorted(kind.kind_name for kind in kinds))
    raise CliError(f"`{name}` must be one of the kinds: {known}")


def _rendered(kind: "type[Kind]", form: str) -> str:
    from krmfn.sdk import schema, yaml_dump

    match form:
        case "json-schema":
            return json.dumps(schema.json_schema(kind), indent=2, ensure_ascii=False)
        case "table":
            return schema.field_table(kind).rstrip("\n")
        case _:
            return yaml_dump(schema.crd(kind)).rstrip("\n")


def _list(owners: "dict[type[Kind], list[str]]") -> str:
    rows = sorted(
        (kind.kind_name, kind.api_version, ", ".join(functions))
        for kind, functions in owners.items()
    )
    table = [("KIND", "APIVERSION", "FUNCTIONS"), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(2)]
    return "\n".join(
        f"{kind:<{widths[0]}}  {version:<{widths[1]}}  {functions}".rstrip()
        for kind, version, functions in table
    )
