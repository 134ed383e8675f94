"""cel-expr-python: Google's C++ engine, for expressions over JSON values.

It goes through maps in no stable order, knows no objects but its own, and loses the type of what
passes through Python; `text.to_text` and `check.is_json` see to it that this cannot be seen.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from itertools import count
from typing import Any

from cel_expr_python import cel

from krmfn.sdk.cel.library import LIBRARY, NO_OVERLOAD, Fault
from krmfn.sdk.cel.nodes import Node
from krmfn.sdk.cel.text import NATIVE, function_name, to_text

_TYPES: dict[type, cel.Type] = {
    type(None): cel.Type.NULL,
    bool: cel.Type.BOOL,
    int: cel.Type.INT,
    float: cel.Type.DOUBLE,
    str: cel.Type.STRING,
    list: cel.Type.LIST,
    dict: cel.Type.MAP,
}
_FAULTS = [
    (re.compile(pattern, re.DOTALL), message)
    for pattern, message in (
        (r"Key not found in map : (.*)", r"no such key: \1"),
        (r"Index error: index=(-?\d+) size=.*", r"index out of range: \1"),
        (r"divide by zero.*", "division by zero"),
        (r"modulus by zero.*", "modulus by zero"),
        (r".*(?:integer overflow|out of int64 range).*", "integer overflow"),
        (r"invalid regular expression.*", "invalid regular expression"),
        (r"duplicate key in map.*", "duplicate key"),
        (r"(?:No matching overloads|Applying SELECT|Invalid (?:container|map)).*", NO_OVERLOAD),
        (r"Index error: expected.*", NO_OVERLOAD),
    )
]
_BEYOND = re.compile(r"recursion limit|recursion depth|Iteration budget")


class Beyond(Exception):  # noqa: N818
    """An expression is beyond the engine's own limits: 32 levels, 10,000 rounds of macros."""


def activation(variables: Mapping[str, Any]) -> Any:
    """Hand over the values of variables, once for many expressions."""
    return _environment().Activation(variables)


def program(node: Node) -> Callable[[Any], Any]:
    """Make a function of an expression: from the values of its variables to its value.

    The function raises Fault where the expression has no value, and Beyond where the engine cannot
    tell.
    """
    try:
        expression = _environment().compile(to_text(node), disable_check=True)
    except RuntimeError as error:  # too deep, or a constant part that has no value
        fault = _fault(str(error))
        return lambda _given: _raise(fault)

    def evaluate(given: Any) -> Any:
        try:
            result = expression.eval(given)
            value = result.plain_value()
        except RuntimeError as error:
            raise _fault(str(error)) from None
        if result.type() == cel.Type.ERROR:
            raise _fault(value)
        return value

    return evaluate


def _raise(error: Exception) -> Any:
    raise error


def _fault(text: str) -> Fault | Beyond:
    """Read the engine's message, `CODE: text` or `text [CODE]`, as one of ours."""
    if _BEYOND.search(text):
        return Beyond(text)
    message = re.sub(r"^[A-Z_]+: | \[[A-Z_]+\]$", "", text)
    for pattern, ours in _FAULTS:
        if found := pattern.match(message):
            return Fault(found.expand(ours))
    return Fault(message)


@cache
def _environment() -> Any:
    numbers = count()
    declarations = []
    for name, overloads in LIBRARY.items():
        if name in NATIVE:
            continue
        signatures = [
            cel.Overload(
                f"f{next(numbers)}",
                return_type=cel.Type.DYN,
                parameters=[_TYPES[each] for each in signature],
                impl=overload.call,
            )
            for overload in overloads
            for signature in overload.signatures()
        ]
        declarations.append(cel.FunctionDecl(function_name(name), signatures))
    return cel.NewEnv(functions=declarations)
