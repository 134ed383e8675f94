"""What a chart rendered, on its way to the package."""

from collections.abc import Iterator, Mapping
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
        names = (self.group, self.kind, self.namespace, self.name)
        return ResourceId(*names)

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
        return self.body.get("metadata") or {}

    @property
    def annotations(self) -> Mapping[str, Any]:
        """The annotations, empty when there are none."""
        return self.metadata.get("annotations") or {}

    def with_metadata(self, **fields: Any) -> "Piece":
        """Give the piece with other metadata; a field that is None goes."""
        metadata = {**self.metadata, **fields}
        kept = {key: value for key, value in metadata.items() if value is not None}
        return replace(self, body={**self.body, "metadata": kept})

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def pieces_of(manifests: Manifests) -> Iterator[Piece]:
    """Yield all that was rendered: CRDs first, then in Helm's order."""
    yield from (_piece(each, is_crd=True) for each in manifests.crds)
    yield from map(_piece, (*manifests.resources, *manifests.hooks, *manifests.tests))


def _piece(manifest: Manifest, *, is_crd: bool = False) -> Piece:
    return Piece(manifest.body, manifest.text, manifest.template, manifest.hook, is_crd)
