"""`krmfn import`: PlacementIntents from the placement intents of other projects."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from krmfn.cli.errors import CliError

if TYPE_CHECKING:
    from krmfn.cli.importing.source import Document, Imported
    from krmfn.cli.importing.translating import Translation

_STDOUT = "-"


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "import",
        help="make PlacementIntents of other projects' placement",
        description="Translate Open Cluster Management's Placement, Karmada's "
        "(Cluster)PropagationPolicy, Azure Fleet's (Cluster)ResourcePlacement, and EMCO's generic "
        "placement and HPA intents into PlacementIntents. What cannot be kept is refused: every "
        "such field is named with the reason, and nothing is written.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="YAML to translate")
    parser.add_argument(
        "--output",
        default=_STDOUT,
        metavar="DIR",
        help="folder to write a file for each intent to (default: -, standard output)",
    )
    parser.add_argument(
        "--allow-loss",
        action="store_true",
        help="write what can be kept, with a comment on every field that is lost",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Translate the files; 1 when something cannot be kept and that is not allowed."""
    from krmfn.cli.importing.translating import read_documents, translate

    documents = [each for path in args.files for each in read_documents(path)]
    translation = translate(documents)
    if not translation.imported:
        raise CliError("FILE must hold placement intents of OCM, Karmada, Azure Fleet or EMCO")
    _tell_passed(translation.passed)
    lost = [f"{loss.document}: {loss}" for _, each in translation.imported for loss in each.losses]
    label = "lost" if args.allow_loss else "error"
    for line in lost:
        print(f"{label}: {line}", file=sys.stderr)
    if lost and not args.allow_loss:
        return 1
    _write(translation, args.output)
    return 0


def _tell_passed(documents: "tuple[Document, ...]") -> None:
    kinds = Counter(each.kind or "emcoctl document" for each in documents)
    if kinds:
        counted = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        print(f"passed over what says nothing about placement: {counted}", file=sys.stderr)


def _write(translation: "Translation", output: str) -> None:
    texts = dict(_texts(translation))
    if output == _STDOUT:
        print("---\n".join(texts.values()), end="")
        return
    folder = Path(output)
    for name in texts:
        if (folder / name).exists():
            raise CliError(f"`{folder / name}` must not exist")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
        print(f"wrote {folder / name}")


def _texts(translation: "Translation") -> Iterator[tuple[str, str]]:
    """Yield the file name and the text of every intent, with what there is to know about it."""
    from krmfn.sdk import yaml_dump

    for document, each in translation.imported:
        for body in each.intents:
            comments = "".join(f"# {line}\n" for line in _comments(document, each, body))
            metadata = body["metadata"]
            name = "-".join(filter(None, (metadata.get("namespace"), metadata["name"])))
            yield f"{name}.yaml", comments + yaml_dump(body)


def _comments(document: "Document", imported: "Imported", body: Mapping[str, Any]) -> Iterator[str]:
    for loss in imported.losses:
        place = "" if loss.document == str(document) else f"{loss.document}: "
        yield f"lost: {place}{loss}"
    for note in imported.notes:
        yield f"note: {note}"
    if "resourceSelectors" not in body["spec"]:
        yield "note: without resourceSelectors it places the whole package"
