"""Access to the values of pods that people wrote, with errors that say where."""

from collections.abc import Mapping, Sequence
from typing import Any


class PodError(ValueError):
    """A pod that Kubernetes would not take; `field` is the path inside the value at hand."""

    def __init__(self, message: str, field: str) -> None:
        self.field = field
        super().__init__(message)


def mapping(holder: Mapping[str, Any], key: str, field: str = "") -> Mapping[str, Any]:
    """Give a mapping inside a value, empty when it is absent; `field` is where the value stands.

    Raises:
        PodError: there is something else.
    """
    value = holder.get(key)
    if value is not None and not isinstance(value, Mapping):
        raise PodError("must be a mapping", f"{field}{key}")
    return value or {}


def mappings(holder: Mapping[str, Any], key: str, field: str = "") -> Sequence[Mapping[str, Any]]:
    """Give a list of mappings inside a value, empty when it is absent.

    Raises:
        PodError: there is something else.
    """
    value = holder.get(key)
    if value is not None and not isinstance(value, list):
        raise PodError("must be a list", f"{field}{key}")
    for number, each in enumerate(value or ()):
        if not isinstance(each, Mapping):
            raise PodError("must be a mapping", f"{field}{key}[{number}]")
    return value or ()
