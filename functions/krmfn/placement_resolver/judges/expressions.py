"""CEL over the clusters of a fleet: each expression once a cluster, for all workloads if it can."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from krmfn.placement_resolver.demand import Workload
from krmfn.placement_resolver.fleet import Cluster
from krmfn.placement_resolver.judges.places import Place, Use
from krmfn.placement_resolver.judges.values import cluster_value, workload_value
from krmfn.placement_resolver.vectors import Column, mask_of
from krmfn.placement_resolver.view import View
from krmfn.sdk import Result, cel, error, warning

if TYPE_CHECKING:
    from krmfn.placement_resolver.judges.reads import Way
    from krmfn.sdk.cel.program import Expected

_VARIABLES = ("cluster", "workload")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class _Expression:
    """An expression that compiles, and the parts of the workload that it reads."""

    text: str
    use: Use
    program: "cel.Program"
    reads: "tuple[Way, ...]"


@dataclass
class Expressions:
    """The CEL of a package, evaluated over the clusters of one fleet."""

    _compiled: dict[tuple[str, Use], _Expression] = field(default_factory=dict)
    _places: dict[str, Place] = field(default_factory=dict)
    _verdicts: dict[tuple[str, Use, str], Any] = field(default_factory=dict)
    _unknown: dict[str, tuple[str, set[str]]] = field(default_factory=dict)
    _refused: dict[str, str] = field(default_factory=dict)

    def problems(self, places: Iterable[Place]) -> Iterator[Result]:
        """Compile all expressions, and yield what is wrong with them."""
        for place in places:
            self._places.setdefault(place.text, place)
            try:
                self._compile(place.text, place.use)
            except cel.CelError as problem:
                yield error(
                    str(problem),
                    code="cel-invalid",
                    at=place.owner,
                    field=place.field,
                    current=place.text,
                )

    def failures(self) -> Iterator[Result]:
        """Yield one result for every expression that did not give a value of its type.

        What a cluster lacks is a warning; too much work, and a value of another type, are errors.
        """
        for text, message in self._refused.items():
            yield error(message, code="cel-refused", **self._where(text))
        for text, (first, clusters) in self._unknown.items():
            if text not in self._refused:
                count = f"{len(clusters)} cluster{'s' * (len(clusters) > 1)}"
                message = f"must have a value, but has none on {count}, first on {first}"
                yield warning(message, code="cel-unknown", **self._where(text))

    def holds(self, text: str, view: View, workload: Workload) -> int:
        """Mark the clusters for which an expression gives true."""
        mask: int = self._verdict(text, "holds", view, workload)
        return mask

    def rates(self, text: str, view: View, workload: Workload) -> Column:
        """Give what an expression rates the clusters, from 0 to 1; beyond counts as the end."""
        return self._verdict(text, "rates", view, workload)

    def found(self, text: str, cluster: Cluster, workload: Workload) -> str:
        """Say what an expression gives for a cluster that it does not hold for."""
        values = {"cluster": cluster_value(cluster), "workload": workload_value(workload)}
        try:
            self._compile(text, "holds").program.evaluate(values)
        except cel.CelError as problem:
            return f"`{text[:_LONGEST]}` {problem}"
        return f"`{text[:_LONGEST]}` is false"

    def _verdict(self, text: str, use: Use, view: View, workload: Workload) -> Any:
        expression = self._compile(text, use)
        key = (text, use, _seen(expression, workload))
        if key not in self._verdicts:
            together = [expression] if expression.reads else self._of_clusters_alone()
            for each, answers in self._answers(together, view, workload).items():
                verdict: Any = mask_of(map(bool, answers))
                if each[1] == "rates":
                    verdict = view.vectors.column(answers)
                self._verdicts[(*each, key[2])] = verdict
        return self._verdicts[key]

    def _of_clusters_alone(self) -> list[_Expression]:
        """Give those that read nothing of workloads, so that each cluster is converted once."""
        return [
            each
            for each in self._compiled.values()
            if not each.reads and (each.text, each.use, "") not in self._verdicts
        ]

    def _answers(
        self, expressions: Iterable[_Expression], view: View, workload: Workload
    ) -> dict[tuple[str, Use], list[float]]:
        answers: dict[tuple[str, Use], list[float]] = {
            (each.text, each.use): [] for each in expressions
        }
        seen = workload_value(workload)
        for cluster in view.clusters:
            activation = cel.Activation({"cluster": cluster_value(cluster), "workload": seen})
            for key, numbers in answers.items():
                numbers.append(self._number(self._compiled[key], activation, cluster.name))
        return answers

    def _number(self, expression: _Expression, activation: "cel.Activation", cluster: str) -> float:
        """Evaluate an expression to a number from 0 to 1; 0 where it has no value."""
        text = expression.text
        if text in self._refused:
            return 0.0
        try:
            value = expression.program.evaluate(activation)
        except cel.NoValueError as problem:
            said = problem.message.partition(": ")[2]
            self._unknown.setdefault(text, (f'"{cluster}": {said}', set()))[1].add(cluster)
            return 0.0
        except cel.CelError as problem:
            self._refused[text] = f'{problem.message}, on "{cluster}"'
            return 0.0
        if not isinstance(value, (bool, int, float)):
            self._refused[text] = f'must give a boolean or a number, but does not on "{cluster}"'
            return 0.0
        return min(max(float(value), 0.0), 1.0) if value == value else 0.0  # noqa: PLR0124 - NaN

    def _compile(self, text: str, use: Use) -> _Expression:
        if (text, use) not in self._compiled:
            from krmfn.placement_resolver.judges.reads import reads

            expect: Expected = "boolean" if use == "holds" else "any"
            program = cel.compile(text, variables=_VARIABLES, expect=expect)
            self._compiled[text, use] = _Expression(text, use, program, reads(program.node))
        return self._compiled[text, use]

    def _where(self, text: str) -> dict[str, Any]:
        place = self._places[text]
        return {"at": place.owner, "field": place.field, "current": text}


def _seen(expression: _Expression, workload: Workload) -> str:
    """Give as text what an expression sees of a workload; those alike in that are judged once."""
    if not expression.reads:
        return ""
    from krmfn.placement_resolver.judges.reads import seen

    return seen(expression.reads, workload_value(workload))
