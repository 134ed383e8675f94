"""`krmfn generate`: all files and passages that are copies of a fact written elsewhere."""

import argparse
from pathlib import Path
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
    if not args.check:
        update(tree)
        return 0
    stale = stale_files(tree)
    for path in stale:
        print(f"stale: {path.relative_to(tree)}")
    return 1 if stale else 0


def update(tree: Path) -> None:
    """Write what is stale in a source tree, and name it."""
    from krmfn.cli.library.generated import stale_files

    for path, text in stale_files(tree).items():
        path.write_text(text)
        print(f"wrote {path.relative_to(tree)}")
