"""Templates of rules: Go's text/template over the features that matched."""

from collections.abc import Iterable, Mapping
from typing import Any

from krmfn.cluster_profiler.nfd.expressions import RuleError
from krmfn.cluster_profiler.nfd.template_functions import FUNCTIONS, field, printed
from krmfn.cluster_profiler.nfd.template_syntax import Block, Node, Operand, Pipeline, parse

_LAZY = ("and", "or")
_MOST_STEPS, _LONGEST_OUTPUT = 100_000, 1 << 20


def expand(template: str, elements: Mapping[str, Any]) -> dict[str, str]:
    """Expand a template into lines of `key=value`.

    Args:
        template: a template in the supported part of text/template.
        elements: the data: matched elements by domain and feature.

    Returns:
        the values by key; a later line of the same key holds.

    Raises:
        RuleError: the template is wrong, uses what is not supported, asks for what did not match,
            or gives a line without `=`.
    """
    if not template:
        return {}
    run = _Run(elements)
    run.nodes(parse(template, {*FUNCTIONS, *_LAZY}), elements)
    lines = [line.strip() for line in "".join(run.output).split("\n")]
    for line in lines:
        if line and "=" not in line:
            raise RuleError(f'a template must give lines `key=value`, but gives "{line}"')
    return dict(line.split("=", 1) for line in lines if line)


class _Run:
    """One execution of a template, with its variables and what it has printed so far."""

    def __init__(self, root: Any) -> None:
        self.output: list[str] = []
        self._variables: list[tuple[str, Any]] = [("$", root)]
        self._steps = self._printed = 0

    def nodes(self, nodes: Iterable[Node], dot: Any) -> None:
        for node in nodes:
            self._count()
            if isinstance(node, str):
                self._print(node)
            elif isinstance(node, Pipeline):
                value = self._assigned(node, dot)
                if not node.variables:
                    self._print(printed(value))
            else:
                scope = len(self._variables)
                self._block(node, dot)
                del self._variables[scope:]

    def _block(self, block: Block, dot: Any) -> None:
        if block.keyword == "range":
            self._range(block, dot)
            return
        value = self._assigned(block.pipeline, dot)
        inner = value if value and block.keyword == "with" else dot
        self.nodes(block.body if value else block.otherwise, inner)

    def _range(self, block: Block, dot: Any) -> None:
        value = self._value(block.pipeline, dot)
        if not isinstance(value, tuple | Mapping | None):
            raise RuleError(f"a template must `range` over a list or mapping, not {printed(value)}")
        rows = sorted(value.items()) if isinstance(value, Mapping) else enumerate(value or ())
        names, scope = block.pipeline.variables, len(self._variables)
        for key, each in rows:
            values = (each,) if len(names) == 1 else (key, each)
            for name, new in zip(names, values, strict=False):
                self._assign(name, new, declares=block.pipeline.declares)
            self.nodes(block.body, each)
            del self._variables[scope:]
        if not value:
            self.nodes(block.otherwise, dot)

    def _assigned(self, pipeline: Pipeline, dot: Any) -> Any:
        value = self._value(pipeline, dot)
        for name in pipeline.variables:
            self._assign(name, value, declares=pipeline.declares)
        return value

    def _assign(self, name: str, value: Any, *, declares: bool) -> None:
        if declares:
            self._variables.append((name, value))
        else:
            self._variables[self._place(name)] = (name, value)

    def _place(self, name: str) -> int:
        for place in reversed(range(len(self._variables))):
            if self._variables[place][0] == name:
                return place
        raise RuleError(f"a template must declare its variable `{name}`")

    def _value(self, pipeline: Pipeline, dot: Any) -> Any:
        piped: tuple[Any, ...] = ()
        for command in pipeline.commands:
            piped = (self._command(command, piped, dot),)
        return piped[0]

    def _command(self, command: tuple[Operand, ...], piped: tuple[Any, ...], dot: Any) -> Any:
        head, *rest = command
        if head.kind != "function":
            if piped:
                raise RuleError("a template must pipe values into functions only")
            return self._operand(head, dot)
        if head.value in _LAZY:
            return self._lazy(head.value, rest, piped, dot)
        arguments = [self._operand(operand, dot) for operand in rest]
        try:
            return FUNCTIONS[head.value](*arguments, *piped)
        except TypeError:
            raise RuleError(f"a template must give `{head.value}` its arguments") from None

    def _lazy(self, name: str, rest: list[Operand], piped: tuple[Any, ...], dot: Any) -> Any:
        """Give the first value that decides an `and` or `or`, else the last."""
        value: Any = None
        for operand in rest:
            value = self._operand(operand, dot)
            if bool(value) is (name == "or"):
                return value
        if not rest and not piped:
            raise RuleError(f"a template must give `{name}` its arguments")
        return piped[0] if piped else value

    def _operand(self, operand: Operand, dot: Any) -> Any:
        self._count()
        if operand.kind == "pipeline":
            value = self._value(operand.value, dot)
        elif operand.kind == "variable":
            value = self._variables[self._place(operand.value)][1]
        elif operand.kind == "function":
            value = self._command((operand,), (), dot)
        else:
            value = dot if operand.kind == "dot" else operand.value
        for name in operand.fields:
            value = field(value, name)
        return value

    def _count(self) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise RuleError(f"a template must end within {_MOST_STEPS} steps")

    def _print(self, text: str) -> None:
        self._printed += len(text)
        if self._printed > _LONGEST_OUTPUT:
            raise RuleError(f"a template must give at most {_LONGEST_OUTPUT} characters")
        self.output.append(text)
