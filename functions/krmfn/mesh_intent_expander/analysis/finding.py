"""What a check finds, and the codes under which it is told."""

from dataclasses import dataclass
from enum import StrEnum

from krmfn.sdk import Resource


class Level(StrEnum):
    """How bad a finding is, in istioctl's words."""

    ERROR = "Error"
    WARNING = "Warning"
    INFO = "Info"


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of finding.

    Attributes:
        id: istioctl's code such as ``IST0109``, or a name of ours such as ``mtls-mismatch``.
        name: istioctl's name of the message, or "" for one of ours.
        summary: what must be, in one sentence.
    """

    id: str
    level: Level
    summary: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in one object that must be otherwise.

    Attributes:
        message: one sentence that says what must be.
        field: path of the field at fault, as in ``spec.http[0].route[1].destination.host``.
        others: objects that take part, such as the other one of a conflict.
    """

    code: Code
    resource: Resource
    message: str
    field: str = ""
    others: tuple[Resource, ...] = ()
