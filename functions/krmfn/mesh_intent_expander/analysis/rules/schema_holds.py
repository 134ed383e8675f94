"""Every object of Istio holds to its schema and to Istio's validation."""

from collections.abc import Iterable

from krmfn.mesh_intent_expander.analysis.finding import Finding
from krmfn.mesh_intent_expander.analysis.validation import KINDS, faults_of
from krmfn.mesh_intent_expander.analysis.validation.faults import (
    ADMISSION,
    ERROR,
    UNKNOWN,
    WARNING,
    Fault,
)
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource

CODES = (ERROR, WARNING, ADMISSION, UNKNOWN)


class _Known:
    """The faults of objects, worked out once for all clusters that have a copy of one."""

    def __init__(self) -> None:
        self._faults: dict[int, tuple[Fault, ...]] = {}

    def faults(self, resource: Resource) -> tuple[Fault, ...]:
        """Give the faults of an object; copies of one have the very same values."""
        key = id(resource.body)
        if key not in self._faults:
            self._faults[key] = tuple(faults_of(resource))
        return self._faults[key]


def check(view: ClusterView, fleet: Fleet, /) -> Iterable[Finding]:
    """Yield what Istio or the API server has to say about each object alone."""
    known = fleet.once(_Known)
    for group, kind in KINDS:
        for resource in view.of(kind, group):
            for fault in known.faults(resource):
                message = f"`{fault.path}` {fault.message}"
                yield Finding(fault.code, resource, message, field=fault.path)
