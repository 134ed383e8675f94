"""What a function is given, and what it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from krmfn.cli.rendering.kptfile import Step
from krmfn.sdk.resource import Resource


@dataclass(frozen=True)
class Call:
    """One function to run.

    Attributes:
        step: the function as the Kptfile names it.
        items: the resources that it is given; `slot` is the position in them.
        config: its functionConfig, None when there is none.
        validates: whether only its exit code and results count, not what it makes of the items.
    """

    step: Step
    items: tuple[Resource, ...]
    config: Resource | None
    validates: bool = False


@dataclass(frozen=True)
class Answer:
    """What a function gave back.

    Attributes:
        items: the resources; `slot` tells which of the given ones each one was, None for new ones.
        results: results as plain values, as the specification has them.
        exit_code: 0 for success.
        stderr: what it wrote to stderr.
        problem: why its answer cannot be used, "" where it can.
    """

    items: tuple[Resource, ...] = ()
    results: tuple[Mapping[str, Any], ...] = ()
    exit_code: int = 0
    stderr: str = ""
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether the pipeline goes on; the severity of results has no say in it."""
        return self.exit_code == 0 and not self.problem


Runner = Callable[[Call], Answer]
