"""What a chart rendered, on its way to the package."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from krmfn.helm_expand.manifests import Hook, Manifest, Manifests
from krmfn.sdk import ResourceId


@dataclass(frozen=True)
class Piece:
    """One rendered resource.

    Attributes:
        body: its values, as they are to be written.
        text: YAML that means what was rendered, with its comments; "" for a resource of our own.
        template: the template it came from, "" for a resource of our own.
        hook: how Helm treats it, None for an ordinary resource.
        is_crd: whether it came from a `crds/` folder.
        phase: the folder below the release's own that it goes to, "" for none.
    """

    body: Mapping[str, Any]
    text: str = ""
    template: str = ""
    hook: Hook | None = None
    is_crd: bool = False
    phase: str = ""

    @cached_property
    def id(self) -> ResourceId:
        """The identity."""
        return ResourceId(self.group, self.kind, self.namespace, self.name)

    @property
    def group(self) -> str:
        """The API group, "" for the core group."""
        return str(self.body.get("apiVersion", "")).rpartition("/")[0]

    @property
    def kind(self) -> str:
        """The kind."""
        return str(self.body.get("kind", ""))

    @property
    def name(self) -> str:
        """The name, "" when there is none."""
        return str(self.metadata.get("name") or "")

    @property
    def namespace(self) -> str:
        """The namespace, "" when there is none."""
        return str(self.metadata.get("namespace") or "")

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The metadata, empty when there is none."""
        return _map(self.body.get("metadata"))

    @property
    def annotations(self) -> Mapping[str, Any]:
        """The annotations, empty when there are none."""
        return _map(self.metadata.get("annotations"))

    @property
    def is_test(self) -> bool:
        """Whether `helm test` runs it."""
        return self.hook is not None and self.hook.is_test

    def annotated(self, annotations: Mapping[str, Any]) -> "Piece":
        """Give the piece with these annotations instead of those it has."""
        metadata = {**self.metadata, "annotations": dict(annotations)}
        if not annotations:
            del metadata["annotations"]
        return replace(self, body={**self.body, "metadata": metadata})

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def pieces_of(manifests: Manifests) -> Iterator[Piece]:
    """Yield all that was rendered: CRDs first, then in Helm's order."""
    yield from (_piece(each, is_crd=True) for each in manifests.crds)
    yield from map(_piece, (*manifests.resources, *manifests.hooks, *manifests.tests))


def ids(pieces: Iterable[Piece]) -> set[ResourceId]:
    """Give the identities of pieces."""
    return {piece.id for piece in pieces}


def _piece(manifest: Manifest, *, is_crd: bool = False) -> Piece:
    return Piece(manifest.body, manifest.text, manifest.template, manifest.hook, is_crd)


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
