"""Whatever the input, collecting gives facts or says what is wrong with it."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from krmfn.cli.collecting.answers import answer_of
from krmfn.cli.collecting.facts import FACT_KINDS
from krmfn.cli.collecting.nodes import collect
from krmfn.cli.collecting.queries import MetricsQuery
from krmfn.cli.errors import CliError
from krmfn.sdk import yaml_load

SOME = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
AT = "2026-08-01T10:00:00Z"
KINDS = [(f"{each.group}/v1".lstrip("/"), each.kind) for each in FACT_KINDS] + [("v1", "Pod")] * 9
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("100m")
FIELDS = st.sampled_from(
    [
        *("name", "namespace", "labels", "annotations", "taints", "conditions", "phase", "zones"),
        *("nodeName", "containers", "initContainers", "resources", "requests", "cpu", "overhead"),
        *("containerStatuses", "allocatedResources", "clusterName", "interfaces", "Vfs", "status"),
        *("data", "resultType", "result", "metric", "value", "cluster", "error", "warnings"),
    ]
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(FIELDS, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def objects(draw: st.DrawFn) -> dict[str, Any]:
    api_version, kind = draw(st.sampled_from(KINDS))
    named = st.fixed_dictionaries({"name": st.sampled_from("abc")}, optional={"labels": VALUES})
    placed = st.fixed_dictionaries({"nodeName": st.just("w1"), "containers": VALUES})
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": draw(named | VALUES),
        "spec": draw(placed | VALUES),
        "status": draw(VALUES),
    }


@SOME
@given(st.lists(objects(), max_size=3))
def test_objects_become_files_that_hold_them_or_an_error_for_people(
    given_objects: list[dict[str, Any]],
) -> None:
    with suppress(CliError):
        collected = collect(given_objects, "waw-edge-1", AT, "owner")
        for path, text in collected.files.items():
            body = yaml_load(text)
            assert path.startswith(
                f"clusters/{body['metadata']['annotations']['krmfn.dev/cluster']}/"
            )
            assert ".." not in path.split("/")


@SOME
@given(st.lists(objects(), max_size=3), st.randoms(use_true_random=False))
def test_the_order_of_objects_changes_nothing(
    given_objects: list[dict[str, Any]], random: Any
) -> None:
    shuffled = [*given_objects]
    random.shuffle(shuffled)
    found = []
    for each in (given_objects, shuffled):
        try:
            found.append(dict(collect(each, "waw-edge-1", AT, "owner").files))
        except CliError:
            found.append({})
    assert found[0] == found[1]


@SOME
@given(VALUES | st.builds(lambda data: {"status": "success", "data": data}, VALUES))
def test_answers_become_a_metric_or_an_error_for_people(reply: Any) -> None:
    query = MetricsQuery(name="a", query="b", property="load.krmfn.dev/cpu")
    with suppress(CliError):
        answer_of(query, reply, at=datetime(2026, 8, 1, tzinfo=UTC))
