"""From files of other projects' placement to PlacementIntents, or to what they cannot say."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from krmfn.cli.errors import CliError
from krmfn.cli.importing import emco, fleet, karmada, ocm
from krmfn.cli.importing.source import Document, Imported, Loss, naming
from krmfn.sdk import YamlError, yaml_load_all

_PEERS = (ocm, karmada, fleet)


@dataclass(frozen=True, slots=True)
class Translation:
    """What all documents become.

    Attributes:
        imported: the documents that speak of placement, with what becomes of each.
        passed: the documents that do not.
    """

    imported: tuple[tuple[Document, Imported], ...]
    passed: tuple[Document, ...]


def read_documents(path: Path) -> list[Document]:
    """Read the YAML documents of a file; a List is its items.

    Raises:
        CliError: the file cannot be read, or holds something else.
    """
    try:
        bodies = yaml_load_all(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CliError(f"{path}: must be a readable file: {error.strerror}") from error
    except (UnicodeDecodeError, YamlError) as error:
        raise CliError(f"{path}: must be YAML: {error}") from error
    return [Document(str(path), body) for each in bodies for body in _bodies(each, path)]


def _bodies(body: Any, path: Path) -> Iterator[Mapping[str, Any]]:
    if body is None:
        return
    if not isinstance(body, Mapping):
        raise CliError(f'{path}: must hold maps, but holds "{str(body)[:60]}"')
    if body.get("kind") == "List":
        for item in body.get("items") or []:
            yield from _bodies(item, path)
    else:
        yield body


def translate(documents: Sequence[Document]) -> Translation:
    """Translate all documents that speak of placement.

    Raises:
        CliError: a document is not as its project has it, or two intents have one name.
    """
    imported = list(_imported(documents))
    emco_documents = [each for each in documents if emco.is_placing(each)]
    imported += emco.translate(emco_documents)
    known = {(peer.GROUP, kind) for peer in _PEERS for kind in peer.KINDS | peer.HELPERS}
    placing = {id(each) for each in emco_documents}
    passed = tuple(
        each
        for each in documents
        if (each.group, each.kind) not in known and id(each) not in placing
    )
    _check_names(imported)
    return Translation(tuple((one, _checked(one, each)) for one, each in imported), passed)


def _imported(documents: Sequence[Document]) -> Iterator[tuple[Document, Imported]]:
    for document in documents:
        for peer in _PEERS:
            if document.group == peer.GROUP and document.kind in peer.KINDS:
                with naming(document):
                    yield document, peer.translate(document, documents)


def _check_names(imported: Iterable[tuple[Document, Imported]]) -> None:
    seen: dict[tuple[str, str], Document] = {}
    for document, each in imported:
        for body in each.intents:
            key = (body["metadata"].get("namespace", ""), body["metadata"]["name"])
            first = seen.setdefault(key, document)
            if first is not document:
                raise CliError(f'{document}: must not be named like {first}: "{key[1]}"')


def _checked(document: Document, imported: Imported) -> Imported:
    """Add what the schema of PlacementIntent does not allow to what cannot be kept."""
    from krmfn.placement_resolver.intents import PlacementIntent

    losses = list(imported.losses)
    for body in imported.intents:
        _, problems = PlacementIntent.parse(body)
        losses += [Loss(str(document), each.field, "invalid", each.message) for each in problems]
    return replace(imported, losses=tuple(losses))
