"""A document that is imported, taken apart field by field so that nothing is dropped unseen."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from krmfn.cli.errors import CliError


@dataclass(frozen=True, slots=True)
class Loss:
    """A part of a document that no PlacementIntent can say.

    Attributes:
        document: the file and the document that it stands in.
        field: path of the field in the document.
        reason: stable name of the reason.
        why: why it cannot be kept.
    """

    document: str
    field: str
    reason: str
    why: str

    def __str__(self) -> str:
        return f"{self.field}: {self.why} ({self.reason})"


@dataclass(frozen=True, slots=True)
class Imported:
    """What becomes of a document.

    Attributes:
        intents: bodies of PlacementIntents.
        losses: what they do not say.
        notes: what they say in another way than the document does.
    """

    intents: tuple[Mapping[str, Any], ...]
    losses: tuple[Loss, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document and where it stands."""

    file: str
    body: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """Its kind; an emcoctl document has none."""
        return str(self.body.get("kind") or "")

    @property
    def group(self) -> str:
        """The group of its apiVersion."""
        return str(self.body.get("apiVersion") or "").rpartition("/")[0]

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Its metadata."""
        found = self.body.get("metadata")
        return found if isinstance(found, Mapping) else {}

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.metadata.get("name") or "")

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return str(self.metadata.get("namespace") or "")

    def __str__(self) -> str:
        name = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f'{self.file}: {self.kind or "document"} "{name}"'


@contextmanager
def naming(document: Document) -> Iterator[None]:
    """Let every error tell the document that it is about."""
    try:
        yield
    except CliError as error:
        raise CliError(f"{document}: {error}") from error


@dataclass
class Fields:
    """Fields of a document that are taken one after the other.

    `finish` tells those that nobody took, with the reason that `known` gives for their path (list
    indexes left out).
    """

    document: str
    body: Mapping[str, Any]
    path: str
    losses: list[Loss]
    known: Mapping[str, tuple[str, str]]
    taken: set[str] = field(default_factory=set)

    def take(self, name: str, default: Any = None) -> Any:
        """Take a field; one that is null counts as absent."""
        self.taken.add(name)
        value = self.body.get(name)
        return default if value is None else value

    def part(self, name: str) -> "Fields":
        """Take a field that is a map; when absent, it is an empty one."""
        return self._child(self.take(name, {}), self._path(name))

    def texts(self, name: str) -> list[str]:
        """Take a list of texts; empty when absent."""
        found = self.take(name, [])
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise CliError(f'`{self.path}.{name}` must be a list of texts, but is "{found}"')
        return found

    def number(self, name: str, default: int) -> int:
        """Take a whole number."""
        found = self.take(name, default)
        if not isinstance(found, int) or isinstance(found, bool):
            raise CliError(f'`{self.path}.{name}` must be a whole number, but is "{found}"')
        return found

    def parts(self, name: str) -> Iterator["Fields"]:
        """Take a field that is a list of maps."""
        listed = self.take(name, [])
        if not isinstance(listed, list):
            raise CliError(f'`{self.path}.{name}` must be a list, but is "{listed}"')
        for number, each in enumerate(listed):
            yield self._child(each, f"{self.path}.{name}[{number}]")

    def lose(self, name: str, reason: str, why: str) -> None:
        """Tell that a field, or the part itself where `name` is empty, cannot be kept."""
        self.taken.add(name)
        path = f"{self.path}.{name}" if name else self.path
        self.losses.append(Loss(self.document, path, reason, why))

    def finish(self) -> None:
        """Tell all fields that nobody took and that hold something."""
        for name in self.body:
            if name not in self.taken and self.body[name] not in (None, "", [], {}):
                path = f"{self.path}.{name}"
                reason, why = self.known.get(_without_indexes(path), _UNKNOWN)
                self.losses.append(Loss(self.document, path, reason, why))

    def _path(self, name: str) -> str:
        return f"{self.path}.{name}".lstrip(".")

    def _child(self, value: Any, path: str) -> "Fields":
        if not isinstance(value, Mapping):
            raise CliError(f'`{path}` must be a map, but is "{value}"')
        return Fields(self.document, value, path, self.losses, self.known)


_UNKNOWN = ("unknown-field", "is no field that the import knows")


def _without_indexes(path: str) -> str:
    return "".join(part.partition("]")[2] if "]" in part else part for part in path.split("["))


def spec_of(document: Document, losses: list[Loss], known: Mapping[str, tuple[str, str]]) -> Fields:
    """Give the fields of a document's spec."""
    return Fields(str(document), document.body, "", losses, known).part("spec")


def intent(
    name: str, namespace: str, spec: Mapping[str, Any], labels: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Give the body of a PlacementIntent; fields of `spec` that are empty are left out."""
    from krmfn.kinds.fields import INTENT_VERSION

    metadata: dict[str, Any] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = dict(labels)
    return {
        "apiVersion": INTENT_VERSION,
        "kind": "PlacementIntent",
        "metadata": metadata,
        "spec": filled(spec),
    }


def filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fields that hold something; 0 and false do."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def selector_of(given: Fields) -> dict[str, Any]:
    """Take a label selector, in Kubernetes' form."""
    found = filled(
        {
            "matchLabels": dict(given.part("matchLabels").body),
            "matchExpressions": [
                requirement_of(each, "key") for each in given.parts("matchExpressions")
            ],
        }
    )
    given.finish()
    return found


def requirement_of(given: Fields, name: str, ours: str = "") -> dict[str, Any]:
    """Take a demand on what the field `name` names, which an intent calls `ours`."""
    found = {
        ours or name: given.take(name),
        "operator": given.take("operator"),
        "values": given.texts("values"),
    }
    given.finish()
    return filled(found)


def tolerations_of(given: Fields, name: str = "tolerations") -> list[dict[str, Any]]:
    """Take tolerations, in Kubernetes' form."""
    found = []
    for each in given.parts(name):
        taken = {
            key: each.take(key)
            for key in ("key", "operator", "value", "effect", "tolerationSeconds")
        }
        each.finish()
        found.append(filled(taken))
    return found
