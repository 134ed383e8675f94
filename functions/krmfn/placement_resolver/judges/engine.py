"""What evaluates Rego: the question, the answer, and what can go wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ENTRYPOINT = "data.placement.decision"


@dataclass(frozen=True, slots=True)
class RegoQuery:
    """Ask for the decision on every workload, with ``input`` as ``{workload, clusters}``.

    Attributes:
        modules: Rego v1 texts by name.
        data: the documents below ``data``.
        clusters: the clusters by name; the same for every workload.
        workloads: the workloads.
    """

    modules: Mapping[str, str]
    data: Mapping[str, Any]
    clusters: Mapping[str, Mapping[str, Any]]
    workloads: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class RegoFault:
    """What is wrong with the Rego or its engine.

    Attributes:
        message: what must be.
        code: stable name of the reason, such as ``rego-invalid``.
        module: the module at fault; "" when it is none.
        line, column: where in the module, from 1; 0 when the place is not known.
    """

    message: str
    code: str
    module: str = ""
    line: int = 0
    column: int = 0


class RegoError(Exception):
    """Rego that cannot be evaluated; `faults` say why."""

    def __init__(self, *faults: RegoFault) -> None:
        self.faults = faults
        super().__init__("; ".join(fault.message for fault in faults))


RegoEngine = Callable[[RegoQuery], Sequence[Any]]
"""Gives the decision on each workload, None where it is undefined; raises RegoError.

What it gives depends on the query alone: it must not look at clocks, networks or environments.
"""
