"""CEL, the Common Expression Language, as Kubernetes speaks it.

    program = cel.compile("cluster.cpu > 4 && has(cluster.gpu)", variables=["cluster"])
    program.evaluate({"cluster": {"cpu": 8}})

An expression is read, checked and bounded by this package, and evaluated by an engine: cel-python,
which is always there, or cel-expr-python, which is faster and taken when it can be imported. What
an expression gives does not depend on the engine (ADR 6).

Beside CEL's own operators, macros and functions there are Kubernetes' quantities, versions
(`semver`), IP addresses, CIDR blocks, URLs, lists and regular expressions, CEL's strings and sets
extensions, `math.greatest` and `math.least`, and the comparisons of OCM's placement. Not there:
optional values (`a.?b`), macros with two variables, `cel.bind`, named formats, messages, the
authorizer, and the variables of a ValidatingAdmissionPolicy.

Importing this module costs nothing; an engine is imported with the first evaluation.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from krmfn.sdk.cel.nodes import CelError, NoValueError
    from krmfn.sdk.cel.program import Activation, Program, compile, engines  # noqa: A004

_HOMES = {
    "Activation": "program",
    "CelError": "nodes",
    "NoValueError": "nodes",
    "Program": "program",
    "compile": "program",
    "engines": "program",
}

__all__ = ["Activation", "CelError", "NoValueError", "Program", "compile", "engines"]


def __getattr__(name: str) -> Any:
    """Import a public name from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
