"""What all areas of the plan speak of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from krmfn.sdk import Resource

Wave = Literal["security", "exposure", "destinations", "routes", "strict"]
"""In which order objects are applied: make before break. `security` first, `strict` last, since
a server may refuse plaintext only when no client is told to send it."""

WAVES: tuple[Wave, ...] = get_args(Wave)
"""The waves, in their order."""


class ServiceKey(NamedTuple):
    """A service of the mesh: it is the same one in every cluster that has it."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Emitted:
    """An object that is the same in some clusters.

    Attributes:
        body: its values; emitters of the area that decided it made them.
        clusters: where it is written.
        wave: when it is applied.
        by: the intent that owns it.
    """

    body: Mapping[str, Any]
    clusters: tuple[str, ...]
    wave: Wave
    by: Resource
