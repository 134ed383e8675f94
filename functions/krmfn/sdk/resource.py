"""One Kubernetes resource: its text, and its values when somebody asks for them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from krmfn.sdk import head

PATH = "internal.config.kubernetes.io/path"
INDEX = "internal.config.kubernetes.io/index"
PACKAGE_PATH = "internal.config.kubernetes.io/package-path"
LEGACY_PATH = "config.kubernetes.io/path"
LEGACY_INDEX = "config.kubernetes.io/index"
LOCAL_CONFIG = "config.kubernetes.io/local-config"
_INTERNAL = re.compile(
    r"internal\.config\.(?:kubernetes|k8s)\.io/.*|config\.k8s\.io/id"
    r"|config\.kubernetes\.io/(?:path|index)"
)

_PATH_LINE = re.compile(r"config\.kubernetes\.io/path: ['\"]?([^'\"\n]+)")
_LONGEST_INDEX = 10
_CLUSTER = re.compile(r"clusters/([^/]+)/")


class ResourceId(NamedTuple):
    """What tells one resource from another; the API version does not take part."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        kind = f"{self.group}/{self.kind}" if self.group else self.kind
        return f"{kind} {self.namespace}/{self.name}" if self.namespace else f"{kind} {self.name}"


@dataclass(frozen=True)
class Place:
    """Where a resource stands: file in its package, document in the file, package on disk."""

    path: str
    index: int
    package_path: str = ""


@dataclass(frozen=True, eq=False)
class Resource:
    """A resource as text; its values are read when they are asked for.

    Attributes:
        raw: the text as it came, `column` characters to the right of where it would stand alone.
        column: 0 for a text that stands alone.
        place: where it stands, when that is known beside its annotations.
        slot: its number in the input list; None for a resource that was not in the input.
        clean: whether no line of `raw` can hide a field (see `wire`), so that the head of the
            resource can be found without parsing it.
    """

    raw: str
    column: int = 0
    place: Place | None = None
    slot: int | None = None
    clean: bool = False

    @classmethod
    def parse(cls, text: str, *, place: Place | None = None) -> "Resource":
        """Give the resource that the text of one YAML document holds.

        Raises:
            YamlError: the text is no YAML, or holds more than one document.
            ValueError: the document is not a mapping.
        """
        resource = cls(raw=text, place=place)
        _ = resource.body
        return resource

    @classmethod
    def new(  # noqa: PLR0913 - a resource's head has that many fields
        cls,
        api_version: str,
        kind: str,
        name: str,
        *,
        namespace: str = "",
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        place: Place | None = None,
        **fields: Any,
    ) -> "Resource":
        """Give a resource made of values, such as ``spec={...}`` or ``data={...}``."""
        metadata: dict[str, Any] = {"name": name}
        optional = {"namespace": namespace, "labels": labels, "annotations": annotations}
        metadata |= {
            key: dict(value) if isinstance(value, Mapping) else value
            for key, value in optional.items()
            if value
        }
        body = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
        return cls.of(body, place=place)

    @classmethod
    def of(cls, body: Mapping[str, Any], *, place: Place | None = None) -> "Resource":
        """Give the resource that has these values, written in block style."""
        from krmfn.sdk.dumper import dump

        made = cls(raw=dump(body), place=place)
        made.__dict__.update(body=_copy(body), is_made=True)
        return made

    @cached_property
    def text(self) -> str:
        """The YAML text at column 0, comments and spelling as they came."""
        return dedent(self.raw, self.column)

    @cached_property
    def body(self) -> Mapping[str, Any]:
        """The plain values; they must not be changed in place.

        Raises:
            YamlError: the text is no YAML.
        """
        return self.parsed()

    def parsed(self) -> Mapping[str, Any]:
        """Give the plain values without keeping them, for what is read once and by the thousand.

        Raises:
            YamlError: the text is no YAML.
        """
        from krmfn.sdk.loader import YamlError, load

        value = load(self.text)
        if not isinstance(value, dict):
            raise YamlError("a resource must be a mapping with apiVersion, kind and metadata", 1, 1)
        return value

    @property
    def api_version(self) -> str:
        """The `apiVersion`, or "" when there is none."""
        return self._head("apiVersion")

    @property
    def kind(self) -> str:
        """The `kind`, or "" when there is none."""
        return self._head("kind")

    @property
    def group(self) -> str:
        """The API group: "" for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def name(self) -> str:
        """The name, or "" when there is none."""
        return self._named[0]

    @property
    def namespace(self) -> str:
        """The namespace, or "" when there is none."""
        return self._named[1]

    @cached_property
    def id(self) -> ResourceId:
        """The identity: group, kind, namespace and name."""
        return ResourceId(self.group, self.kind, self.namespace, self.name)

    @property
    def labels(self) -> dict[str, str]:
        """The labels, empty when there are none."""
        return _strings(self._metadata.get("labels"))

    @property
    def annotations(self) -> dict[str, str]:
        """The annotations, kpt's own included; empty when there are none."""
        return _strings(self._metadata.get("annotations"))

    @property
    def path(self) -> str | None:
        """The file the resource stands in, relative to its package."""
        if self.place:
            return self.place.path
        return self._annotation(PATH) or self._annotation(LEGACY_PATH) or None

    @property
    def index(self) -> int | None:
        """The number of the document in its file."""
        if self.place:
            return self.place.index
        index = self._annotation(INDEX) or self._annotation(LEGACY_INDEX)
        return int(index) if index.isdecimal() and len(index) < _LONGEST_INDEX else None

    @property
    def package_path(self) -> str:
        """The folder of the (sub-)package the resource belongs to; "" when it is not known."""
        return self.place.package_path if self.place else self._annotation(PACKAGE_PATH)

    @property
    def cluster(self) -> str:
        """The cluster it belongs to in a fleet's package (``clusters/<name>/…``), or ""."""
        found = _CLUSTER.match(self.path or "")
        return found[1] if found else ""

    @property
    def is_local_config(self) -> bool:
        """Whether the resource never reaches a cluster."""
        return self.annotations.get(LOCAL_CONFIG, "false") != "false"

    @cached_property
    def is_made(self) -> bool:
        """Whether the text was written from the values, so that writing it anew loses nothing."""
        return False

    def thawed(self) -> dict[str, Any]:
        """Give a copy of the values that may be changed; what aliases shared is shared no more."""
        copied: dict[str, Any] = _copy(self.body)
        return copied

    def replaced(self, body: Mapping[str, Any]) -> "Resource":
        """Give the resource with other values; its text changes only where they differ."""
        from krmfn.sdk.edit import edit, same

        if same(self.body, body):
            return self
        if self.is_made:
            return self._keeping(Resource.of(body), place=self.place, slot=self.slot)
        return replace(self, raw=edit(self.text, body), column=0, clean=False)

    def merged(self, patch: Mapping[str, Any]) -> "Resource":
        """Give the resource with a JSON merge patch (RFC 7386) applied to it."""
        return self.replaced(merge_patch(self.body, patch))

    def at(self, place: Place) -> "Resource":
        """Give the resource at another place."""
        moved = object.__new__(Resource)
        vars(moved).update(vars(self), place=place)
        return moved

    def clone(self, **metadata: str) -> "Resource":
        """Give a copy under another name or namespace, without kpt's internal annotations."""
        named = {**self.body, "metadata": {**self._metadata, **metadata}}
        return replace(self, slot=None, place=None).replaced(without_internal(named))

    def same_as(self, other: "Resource") -> bool:
        """Say whether both mean the same, kpt's internal annotations aside."""
        from krmfn.sdk.edit import same

        return same(without_internal(self.body), without_internal(other.body))

    @staticmethod
    def _keeping(resource: "Resource", **changes: Any) -> "Resource":
        """Give a resource with other fields but the same text, and with what was read of it."""
        changed = replace(resource, **changes)
        known = vars(resource)
        vars(changed).update((key, known[key]) for key in ("body", "is_made") if key in known)
        return changed

    @property
    def _metadata(self) -> Mapping[str, Any]:
        metadata = self.body.get("metadata")
        return metadata if isinstance(metadata, dict) else {}

    def _head(self, key: str) -> str:
        if self._is_unread and (found := head.field(self.raw, self.column, key)):
            return found
        value = self.body.get(key)
        return value if isinstance(value, str) else ""

    def _annotation(self, key: str) -> str:
        found = head.annotation(self.raw, self.column, key) if self._is_unread else None
        return self.annotations.get(key, "") if found is None else found

    @property
    def _is_unread(self) -> bool:
        return self.clean and "body" not in self.__dict__

    @cached_property
    def _named(self) -> tuple[str, str]:
        if self._is_unread and (found := head.names(self.raw, self.column)):
            return found
        name, namespace = self._metadata.get("name"), self._metadata.get("namespace")
        return _text(name), _text(namespace)


def path_in(text: str) -> str:
    """Find the file that kpt's annotation names in an item's text, be it YAML or not; else ""."""
    found = _PATH_LINE.search(text)
    return found[1] if found else ""


def dedent(text: str, column: int) -> str:
    """Move a text `column` characters to the left; its first line may begin with a dash."""
    if not column:
        return text
    if not text[:column].strip(" -"):
        text = " " * column + text[column:]
    return re.sub(rf"^ {{1,{column}}}", "", text, flags=re.MULTILINE)


def without_internal(body: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values without kpt's internal annotations, and without an empty annotations map."""
    metadata = body.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("annotations"), dict):
        return dict(body)
    kept = {k: v for k, v in metadata["annotations"].items() if not is_internal(k)}
    rest = {key: value for key, value in metadata.items() if key != "annotations"}
    return {**body, "metadata": {**rest, "annotations": kept} if kept else rest}


def is_internal(annotation: str) -> bool:
    """Say whether an annotation belongs to kpt and must not be carried to a copy."""
    return _INTERNAL.fullmatch(str(annotation)) is not None


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7386): maps merge, None deletes, all else replaces."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list | tuple) else value


def _strings(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {str(key): item for key, item in value.items() if isinstance(item, str)}


def _text(value: Any) -> str:
    """Give a name as text; what YAML reads as a number is meant as it is spelled."""
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, str):
        return value
    from krmfn.sdk.dumper import dump_scalar

    return dump_scalar(value)
