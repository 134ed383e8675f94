"""Requests of pods are counted as the scheduler counts them."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.cli.collecting.usage import effective_requests, node_requests
from krmfn.cli.errors import CliError


def container(name: str = "main", *, sidecar: bool = False, **requests: str) -> dict[str, Any]:
    wanted = {"name": name, "resources": {"requests": requests}}
    return wanted | ({"restartPolicy": "Always"} if sidecar else {})


def pod(
    *containers: Any,
    name: str = "p",
    node: str = "w1",
    status: dict[str, Any] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "core"},
        "spec": {"containers": [*containers], "nodeName": node, **spec},
        "status": {"phase": "Running", **(status or {})},
    }


def has(name: str, **requests: str) -> dict[str, Any]:
    return {"name": name, "resources": {"requests": requests}}


INFEASIBLE = {"type": "PodResizePending", "status": "True", "reason": "Infeasible"}


@pytest.mark.parametrize(
    ("given", "cpu"),
    [
        pytest.param(pod(container(cpu="1")), 1, id="one container"),
        pytest.param(pod(container("a", cpu="1"), container("b", cpu="2")), 3, id="containers add"),
        pytest.param(pod(container()), 0, id="no requests"),
        pytest.param(
            pod(container(cpu="1"), initContainers=[container("i", cpu="4")]),
            4,
            id="a larger init container",
        ),
        pytest.param(
            pod(container(cpu="5"), initContainers=[container("i", cpu="4")]),
            5,
            id="a smaller init container",
        ),
        pytest.param(
            pod(
                container(cpu="1"),
                initContainers=[container("i", cpu="3"), container("j", cpu="2")],
            ),
            3,
            id="init containers do not add",
        ),
        pytest.param(
            pod(container(cpu="1"), initContainers=[container("s", cpu="2", sidecar=True)]),
            3,
            id="a sidecar stays",
        ),
        pytest.param(
            pod(
                container(cpu="1"),
                initContainers=[container("s", cpu="2", sidecar=True), container("i", cpu="4")],
            ),
            6,
            id="a sidecar beside a later init container",
        ),
        pytest.param(
            pod(
                container(cpu="1"),
                initContainers=[container("i", cpu="4"), container("s", cpu="2", sidecar=True)],
            ),
            4,
            id="a sidecar behind an init container",
        ),
        pytest.param(pod(container(cpu="1"), overhead={"cpu": "2"}), 3, id="overhead adds"),
        pytest.param(
            pod(
                container(cpu="1"),
                resources={"requests": {"cpu": "8"}},
                overhead={"cpu": "1"},
            ),
            9,
            id="requests of the pod as a whole",
        ),
        pytest.param(
            pod(container(cpu="1"), status={"containerStatuses": [has("main", cpu="3")]}),
            3,
            id="shrinking, not shrunk yet",
        ),
        pytest.param(
            pod(container(cpu="4"), status={"containerStatuses": [has("main", cpu="3")]}),
            4,
            id="growing, not grown yet",
        ),
        pytest.param(
            pod(
                container(cpu="4"),
                status={
                    "containerStatuses": [{"name": "main", "allocatedResources": {"cpu": "2"}}],
                    "conditions": [INFEASIBLE],
                },
            ),
            2,
            id="growth that was refused",
        ),
    ],
)
def test_a_pod_takes_what_the_scheduler_reserves(given: dict[str, Any], cpu: int) -> None:
    assert effective_requests(given).get("cpu", 0) == cpu


INITS = st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=5)


@settings(deadline=None)
@given(running=st.lists(st.integers(0, 9), min_size=1, max_size=3), inits=INITS)
def test_a_pod_takes_the_most_that_ever_runs_at_once(
    running: list[int], inits: list[tuple[int, bool]]
) -> None:
    moments, staying = [], 0
    for amount, sidecar in inits:
        moments.append(staying + amount)
        staying += amount if sidecar else 0
    moments.append(staying + sum(running))

    containers = [container(f"c{n}", cpu=str(amount)) for n, amount in enumerate(running)]
    starting = [
        container(f"i{n}", cpu=str(amount), sidecar=sidecar)
        for n, (amount, sidecar) in enumerate(inits)
    ]

    assert effective_requests(pod(*containers, initContainers=starting))["cpu"] == max(moments)


def test_requests_are_summed_up_by_node_in_canonical_quantities() -> None:
    first = pod(container(cpu="1500m", memory="512Mi", **{"example.org/vf": "1000"}), name="a")
    second = pod(container(cpu="500m", memory="1536Mi", **{"hugepages-1Gi": "16Gi"}), name="b")
    third = pod(container(cpu="250m", memory="1001"), name="c", node="w2")

    found = node_requests(["w3"], [third, second, first])

    assert [(each.name, each.pods, each.requested) for each in found] == [
        (
            "w1",
            2,
            {"cpu": "2", "example.org/vf": "1k", "hugepages-1Gi": "16Gi", "memory": "2Gi"},
        ),
        ("w2", 1, {"cpu": "250m", "memory": "1001"}),
        ("w3", 0, {}),
    ]


@pytest.mark.parametrize(
    ("phase", "node", "counts"),
    [
        ("Running", "w1", True),
        ("Pending", "w1", True),
        ("Unknown", "w1", True),
        ("Succeeded", "w1", False),
        ("Failed", "w1", False),
        ("Pending", "", False),
    ],
)
def test_a_pod_counts_from_its_node_to_its_end(phase: str, node: str, *, counts: bool) -> None:
    found = node_requests([], [pod(container(cpu="1"), node=node, status={"phase": phase})])
    assert bool(found) is counts


def test_a_pod_that_is_listed_twice_counts_once() -> None:
    (node,) = node_requests([], [pod(container(cpu="1"))] * 2)
    assert (node.requested, node.pods) == ({"cpu": "1"}, 1)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        pytest.param(
            pod(container(cpu="4x")),
            "`containers[0].resources.requests.cpu` must be a quantity such as",
            id="no quantity",
        ),
        pytest.param(
            pod(container(), overhead={"cpu": "-1"}),
            "`overhead.cpu` must be a quantity of 0 or more",
            id="less than nothing",
        ),
        pytest.param(
            pod(container(cpu="1"), status={"containerStatuses": [has("main", cpu="4x")]}),
            "must be a quantity such as",
            id="no quantity of what it has",
        ),
        pytest.param(pod(1), "`containers[0]` must be a mapping", id="a number"),
    ],
)
def test_a_pod_that_kubernetes_would_not_give_is_refused_by_name(
    broken: dict[str, Any], message: str
) -> None:
    said = f'the pod "core/p" must be as Kubernetes gives it: {message}'
    with pytest.raises(CliError, match=re.escape(said)):
        node_requests([], [broken])


def test_a_node_that_kubernetes_would_not_name_is_refused() -> None:
    with pytest.raises(CliError, match="the nodes of pods must be as Kubernetes names them"):
        node_requests([], [pod(container(cpu="1"), node="w" * 300)])
