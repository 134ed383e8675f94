"""`krmfn generate`: all files and passages that are copies of a fact written elsewhere."""

import argparse
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "generate",
        help="write the generated files of the source tree",
        description="Write the CRDs and Dockerfiles of the functions, and the generated passages "
        "of the READMEs, from the kinds, metadata.yaml and Dockerfile.template.",
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; name what is stale and exit with 1"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write what is stale, or only name it."""
    from krmfn.cli.library.catalog import source_tree
    from krmfn.cli.library.generated import stale_files

    tree = source_tree()
    stale = stale_files(tree)
    for path, text in stale.items():
        print(f"{'stale: ' if args.check else 'wrote '}{path.relative_to(tree)}")
        if not args.check:
            path.write_text(text)
    return 1 if args.check and stale else 0
