"""What is wrong in one object, and under which code it is told."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from krmfn.mesh_intent_expander.analysis.finding import Code, Level

ERROR = Code(
    "IST0106",
    Level.ERROR,
    "an object must be one that Istio reads and accepts",
    "SchemaValidationError",
)
WARNING = Code(
    "IST0133",
    Level.WARNING,
    "an object must have nothing that Istio accepts only with a warning",
    "SchemaValidationWarning",
)
ADMISSION = Code(
    "refused-on-admission",
    Level.ERROR,
    "an object must be one that the API server and Istio's webhook accept; istioctl lets it pass",
)
UNKNOWN = Code(
    "unknown-field",
    Level.WARNING,
    "a field must be one of its kind; others are dropped when the object is stored",
)

Spec: TypeAlias = Mapping[str, Any]
"""A message as `decoding` gives it: known fields, right types, nothing empty but messages."""


class Fault(NamedTuple):
    """Something wrong at a place of an object.

    Attributes:
        path: as in ``spec.http[0].timeout``.
        message: what must be there, without the path.
    """

    path: str
    message: str
    code: Code = ERROR


Faults: TypeAlias = Iterator[Fault]


def refuse(path: str, complaint: str, code: Code = ERROR) -> Faults:
    """Yield a fault unless the complaint is empty."""
    if complaint:
        yield Fault(path, complaint, code)


def errors_only(faults: Iterable[Fault]) -> Faults:
    """Leave out warnings, as Istio does inside lists of some kinds."""
    return (fault for fault in faults if fault.code is not WARNING)


def quoted(names: Iterable[str]) -> str:
    """Give names for a message, as in ``"a", "b" or "c"``."""
    *most, last = [f'"{name}"' for name in names]
    return f"{', '.join(most)} or {last}" if most else last


def at_most_one(path: str, spec: Spec, fields: str, code: Code = ERROR) -> Faults:
    """Yield a fault when a message has more than one of some fields, named with spaces between."""
    given = [f"`{field}`" for field in fields.split() if spec.get(field) is not None]
    if len(given) > 1:
        said = " and ".join(given)
        yield Fault(path, f"must have only one of {said}", code)
