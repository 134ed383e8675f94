"""Objects of others may have any shape: the answer is a profile or an error, never a crash."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from krmfn.cluster_profiler import cluster_profiler
from krmfn.sdk import Place, Resource, ResourceList, yaml_load_all
from krmfn.sdk.runner import run_guarded

EXAMPLES = Path(__file__).parents[3] / "examples/cluster-profiler"
FACTS = [
    (str(path.relative_to(example)), body)
    for example in sorted(EXAMPLES.iterdir())
    for path in sorted(example.rglob("*.yaml"))
    if ".expected" not in path.parts
    for body in yaml_load_all(path.read_text())
    if "krmfn.dev" not in body["apiVersion"]
]
JUNK: list[Any] = [None, [], {}, "", "ł", -1, 2**70, 0.5, float("nan"), True, [None], {"a": [1]}]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value below the head of an object."""
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    for step, inner in steps:
        if (*path, step) not in {("apiVersion",), ("kind",), ("metadata",), ("metadata", "name")}:
            yield (*path, step)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, step))


def changed(value: Any, path: tuple[Any, ...], junk: Any) -> Any:
    """Give a copy with something else at a path."""
    if not path:
        return junk
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], junk)
    return copy


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(number=st.integers(0, len(FACTS) - 1), data=st.data())
def test_whatever_a_fact_holds_the_function_answers(number: int, data: st.DataObject) -> None:
    file, body = FACTS[number]
    path = data.draw(st.sampled_from(list(places(body))))
    odd = changed(body, path, data.draw(st.sampled_from(JUNK)))
    siblings = [(name, each) for name, each in FACTS if each is not body][:12]
    items = tuple(
        Resource.of(each, place=Place(name, index))
        for index, (name, each) in enumerate([(file, odd), *siblings])
    )
    outcome = run_guarded(cluster_profiler, ResourceList(items))
    assert all(result.code != "internal-error" for result in outcome.results), outcome.trace
