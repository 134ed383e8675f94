"""What an intent overrides in the copies of its resources, as JSON patches (RFC 6902)."""

from collections.abc import Mapping
from typing import Any

import jsonpatch

from krmfn.placement_resolver.emit.differences import differences
from krmfn.placement_resolver.emit.pods import Mutation
from krmfn.placement_resolver.plan import Patch

_FAILURES = (
    jsonpatch.JsonPatchException,
    jsonpatch.JsonPointerException,
    TypeError,
    ValueError,
    LookupError,
)


class PatchError(ValueError):
    """A patch that cannot be applied; `field` is its operation in the intent."""

    def __init__(self, message: str, field: str) -> None:
        self.field = field
        super().__init__(message)


def with_patch(body: Mapping[str, Any], patch: Patch) -> tuple[Mapping[str, Any], list[Mutation]]:
    """Give a patched resource, and what was changed.

    Raises:
        PatchError: an operation does not fit, or what is left is no resource.
    """
    patched: Any = body
    for number, operation in enumerate(patch.operations):
        field = f"{patch.field}.patch[{number}]"
        try:
            patched = jsonpatch.JsonPatch([operation]).apply(patched)
        except _FAILURES as problem:
            raise PatchError(f"must be applicable: {problem}", field) from None
        if not _is_resource(patched):
            raise PatchError("must leave apiVersion, kind and metadata.name in place", field)
    return patched, [Mutation(path, patch.field) for path in differences(body, patched)]


def _is_resource(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("metadata"), dict):
        return False
    head = (value.get("apiVersion"), value.get("kind"), value["metadata"].get("name"))
    return all(isinstance(text, str) and text for text in head)
