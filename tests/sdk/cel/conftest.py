"""The values that the tables are about, and every engine that can be asked."""

from collections.abc import Callable
from typing import Any

import pytest

from krmfn.sdk import cel
from krmfn.sdk.cel.library import Fault

VALUES = {
    "x": {
        "a": {"b": 1},
        "l": [1, 2, 3],
        "s": "abc",
        "f": 1.5,
        "n": None,
        "t": True,
        "m": {"k1": "v1", "k2": "v2"},
        "items": [{"name": "p", "v": 1}, {"name": "q", "v": 2}],
    },
    "y": {"e": [], "d": {}},
}
NO_VALUE = "must have a value, but: "


@pytest.fixture(params=["cel-python", "cel-expr-python"])
def engine(request: pytest.FixtureRequest) -> Any:
    if request.param not in cel.engines():
        pytest.skip(f"{request.param} is not installed")
    return request.param


@pytest.fixture
def outcome(engine: Any) -> Callable[[str], Any]:
    """Give what an engine makes of an expression: its value, or a Fault that says why not."""
    activation = cel.Activation(VALUES)

    def evaluate(expression: str) -> Any:
        program = cel.compile(expression, variables=VALUES, expect="any", engine=engine)
        try:
            return program.evaluate(activation)
        except cel.CelError as error:
            return Fault(error.message.removeprefix(NO_VALUE))

    return evaluate
