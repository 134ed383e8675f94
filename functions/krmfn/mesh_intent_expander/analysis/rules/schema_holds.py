"""Every object of Istio holds to its schema and to Istio's validation."""

from collections.abc import Iterable

from krmfn.mesh_intent_expander.analysis.finding import Finding
from krmfn.mesh_intent_expander.analysis.validation import KINDS, faults_of
from krmfn.mesh_intent_expander.analysis.validation.faults import (
    ADMISSION,
    ERROR,
    UNKNOWN,
    WARNING,
)
from krmfn.mesh_intent_expander.view import ClusterView, Fleet

CODES = (ERROR, WARNING, ADMISSION, UNKNOWN)


def check(view: ClusterView, _fleet: Fleet, /) -> Iterable[Finding]:
    """Yield what Istio or the API server has to say about each object alone."""
    for group, kind in KINDS:
        for resource in view.of(kind, group):
            for fault in faults_of(resource):
                message = f"`{fault.path}` {fault.message}"
                yield Finding(fault.code, resource, message, field=fault.path)
