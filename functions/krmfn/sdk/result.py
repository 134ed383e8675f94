"""Results: what a function has to say, in the form of kpt's functions specification."""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from krmfn.sdk.resource import Resource


class Severity(StrEnum):
    """How bad a result is; only an error fails the render."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


_LONGEST_MESSAGE, _LONGEST_VALUE = 4_000, 1_000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_RANK = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True)
class Result:
    """One finding of a function.

    Attributes:
        message: one sentence that says what must be.
        severity: error, warning or info.
        code: a stable name for this kind of finding, written to `tags.code`.
        resource: the resource at fault, None when there is none.
        field: the path of the field at fault, as in ``spec.allowFrom[1]``.
        current, proposed: the field's value, and a better one; always text.
        file, index: the file and document at fault; taken from `resource` when empty.
        tags: further text for machines.
    """

    message: str
    severity: Severity = Severity.ERROR
    code: str = ""
    resource: Resource | None = None
    field: str = ""
    current: str | None = None
    proposed: str | None = None
    file: str = ""
    index: int | None = None
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def path(self) -> str:
        """The file at fault, or "" when it is not known."""
        return self.file or (self.resource.path if self.resource else "") or ""

    def to_value(self) -> dict[str, Any]:
        """Give the result as the specification writes it."""
        value: dict[str, Any] = {"message": self.message, "severity": str(self.severity)}
        if self.resource is not None and self.resource.kind and self.resource.name:
            value["resourceRef"] = _reference(self.resource)
        if self.field:
            given = {"currentValue": self.current, "proposedValue": self.proposed}
            value["field"] = {"path": self.field}
            value["field"] |= {key: str(text) for key, text in given.items() if text is not None}
        if self.path:
            index = self.index if self.index is not None else self._index_of_resource()
            value["file"] = {"path": self.path, "index": index}
        tags = {"code": self.code} if self.code else {}
        tags |= {key: str(text) for key, text in self.tags.items()}
        if tags:
            value["tags"] = tags
        return value

    def line(self) -> str:
        """Give the result as one line of a terminal."""
        subject = [f"{self.resource.kind}/{self.resource.name}"] if self.resource else []
        subject += [self.field] if self.field else []
        lead = f"{' '.join(subject)}: " if subject else ""
        where = f" ({self.path})" if self.path else ""
        code = f" [{self.code}]" if self.code else ""
        return f"[{self.severity}] {lead}{' '.join(self.message.split())}{where}{code}"

    def _index_of_resource(self) -> int:
        return (self.resource.index if self.resource else None) or 0


class FunctionError(Exception):
    """A function gives up; its results say why."""

    def __init__(self, *results: Result) -> None:
        self.results = results
        super().__init__("; ".join(result.message for result in results))


def error(message: str, *, code: str, at: Any = None, **fields: Any) -> Result:
    """Make an error: the render fails and the package stays as it was."""
    return _result(Severity.ERROR, message, code, at, fields)


def warning(message: str, *, code: str, at: Any = None, **fields: Any) -> Result:
    """Make a warning: the render goes on."""
    return _result(Severity.WARNING, message, code, at, fields)


def info(message: str, *, code: str, at: Any = None, **fields: Any) -> Result:
    """Make a piece of information."""
    return _result(Severity.INFO, message, code, at, fields)


def graded(message: str, *, code: str, fails: bool, at: Any = None, **fields: Any) -> Result:
    """Make an error where it is to fail the render, else a warning."""
    severity = Severity.ERROR if fails else Severity.WARNING
    return _result(severity, message, code, at, fields)


def in_order(results: Iterable[Result]) -> list[Result]:
    """Put results in order: worst first, then by file, document and field; doubles once."""
    unique = {repr(result.to_value()): result for result in results}
    return sorted(
        unique.values(),
        key=lambda result: (
            _RANK[result.severity],
            result.path,
            result._index_of_resource(),  # noqa: SLF001
            result.field,
            result.code,
            result.message,
        ),
    )


def _result(severity: Severity, message: str, code: str, at: Any, fields: dict[str, Any]) -> Result:
    resource = at if isinstance(at, Resource) or at is None else at.resource
    for name in ("current", "proposed"):
        if fields.get(name) is not None:
            fields[name] = _bounded(str(fields[name]), _LONGEST_VALUE)
    message = _bounded(message, _LONGEST_MESSAGE)
    return Result(message=message, severity=severity, code=code, resource=resource, **fields)


def _reference(resource: Resource) -> dict[str, str]:
    reference = {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "namespace": resource.namespace,
        "name": resource.name,
    }
    return {key: text for key, text in reference.items() if text}


def _bounded(text: str, length: int) -> str:
    """Cut a text that would drown all others; show control characters instead of sending them."""
    shown = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text[: length + 1])
    return shown if len(text) <= length else f"{shown[:length]}…"
