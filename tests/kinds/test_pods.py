"""Pods are found in what runs them, and count as kube-scheduler counts them."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krmfn.kinds.pods import (
    PodError,
    effective_requests,
    is_guaranteed,
    pinned,
    pod_template,
)
from krmfn.sdk import yaml_load


def spec(text: str) -> dict[str, Any]:
    """Read a pod spec."""
    return dict(yaml_load(text) or {})


TEMPLATES = {
    "deployment": (
        "{apiVersion: apps/v1, kind: Deployment, spec: {replicas: 3, template: {spec: POD}}}",
        ("spec.template.spec", 3, "spec.replicas"),
    ),
    "deployment-without-replicas": (
        "{apiVersion: apps/v1, kind: Deployment, spec: {template: {spec: POD}}}",
        ("spec.template.spec", 1, "spec.replicas"),
    ),
    "deployment-of-nothing": (
        "{apiVersion: apps/v1, kind: Deployment, spec: {replicas: 0, template: {spec: POD}}}",
        ("spec.template.spec", 0, "spec.replicas"),
    ),
    "stateful-set": (
        "{apiVersion: apps/v1, kind: StatefulSet, spec: {replicas: 2, template: {spec: POD}}}",
        ("spec.template.spec", 2, "spec.replicas"),
    ),
    "replica-set": (
        "{apiVersion: apps/v1, kind: ReplicaSet, spec: {template: {spec: POD}}}",
        ("spec.template.spec", 1, "spec.replicas"),
    ),
    "replication-controller": (
        "{apiVersion: v1, kind: ReplicationController, spec: {replicas: 4, template: {spec: POD}}}",
        ("spec.template.spec", 4, "spec.replicas"),
    ),
    "daemon-set": (
        "{apiVersion: apps/v1, kind: DaemonSet, spec: {template: {spec: POD}}}",
        ("spec.template.spec", 1, ""),
    ),
    "job": (
        "{apiVersion: batch/v1, kind: Job, spec: {parallelism: 3, template: {spec: POD}}}",
        ("spec.template.spec", 3, "spec.parallelism"),
    ),
    "job-with-fewer-completions": (
        (
            "{apiVersion: batch/v1, kind: Job, "
            "spec: {parallelism: 3, completions: 2, template: {spec: POD}}}"
        ),
        ("spec.template.spec", 2, "spec.parallelism"),
    ),
    "job-with-more-completions": (
        "{apiVersion: batch/v1, kind: Job, spec: {completions: 9, template: {spec: POD}}}",
        ("spec.template.spec", 1, "spec.parallelism"),
    ),
    "cron-job": (
        (
            "{apiVersion: batch/v1, kind: CronJob, "
            "spec: {jobTemplate: {spec: {parallelism: 2, template: {spec: POD}}}}}"
        ),
        ("spec.jobTemplate.spec.template.spec", 2, "spec.jobTemplate.spec.parallelism"),
    ),
    "pod": ("{apiVersion: v1, kind: Pod, spec: POD}", ("spec", 1, "")),
    "kind-of-others": (
        (
            "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, "
            "spec: {replicas: 5, template: {spec: POD}}}"
        ),
        ("spec.template.spec", 5, "spec.replicas"),
    ),
    "kind-of-others-without-replicas": (
        "{apiVersion: serving.knative.dev/v1, kind: Service, spec: {template: {spec: POD}}}",
        ("spec.template.spec", 1, ""),
    ),
}


@pytest.mark.parametrize(("text", "expected"), TEMPLATES.values(), ids=TEMPLATES.keys())
def test_pods_are_found_in_a_resource(text: str, expected: tuple[str, int, str]) -> None:
    found = pod_template(yaml_load(text.replace("POD", "{containers: [{name: app}]}")))
    assert found is not None
    assert found.spec == {"containers": [{"name": "app"}]}
    assert (".".join(found.path), found.replicas, ".".join(found.replicas_path)) == expected


def test_only_a_daemon_set_runs_its_pods_on_every_node() -> None:
    body = "{apiVersion: apps/v1, kind: KIND, spec: {template: {spec: {containers: []}}}}"
    per_node = {
        kind: pod_template(yaml_load(body.replace("KIND", kind)))
        for kind in ("DaemonSet", "Deployment")
    }
    assert {kind: found and found.per_node for kind, found in per_node.items()} == {
        "DaemonSet": True,
        "Deployment": False,
    }


@pytest.mark.parametrize(
    "text",
    [
        "{apiVersion: v1, kind: Service, spec: {selector: {app: a}}}",
        "{apiVersion: apps/v1, kind: Deployment}",
        "{apiVersion: apps/v1, kind: Deployment, spec: {template: {spec: {}}}}",
        "{apiVersion: batch.volcano.sh/v1alpha1, kind: Job, spec: {tasks: []}}",
        "{apiVersion: example.org/v1, kind: Thing, spec: {template: text}}",
        "{}",
    ],
)
def test_a_resource_without_containers_runs_no_pods(text: str) -> None:
    assert pod_template(yaml_load(text)) is None


@pytest.mark.parametrize("replicas", ["-1", '"3"', "true", "1.5"])
def test_replicas_must_be_a_whole_number(replicas: str) -> None:
    text = "{apiVersion: apps/v1, kind: Deployment, spec: {replicas: R, template: {spec: POD}}}"
    body = yaml_load(text.replace("R,", f"{replicas},").replace("POD", "{containers: []}"))
    with pytest.raises(PodError, match="must be a whole number of 0 or more") as raised:
        pod_template(body)
    assert raised.value.field == "spec.replicas"


REQUESTS = {
    "containers-are-summed": (
        """
        containers:
        - {name: a, resources: {requests: {cpu: 500m, memory: 1Gi}}}
        - {name: b, resources: {requests: {cpu: "1", ephemeral-storage: 1G}}}
        """,
        {"cpu": Fraction(3, 2), "memory": 2**30, "ephemeral-storage": 10**9},
    ),
    "limits-stand-in-for-requests": (
        """
        containers:
        - {name: a, resources: {limits: {cpu: 2, nvidia.com/gpu: 1}}}
        - {name: b, resources: {limits: {cpu: 3}, requests: {cpu: 100m}}}
        """,
        {"cpu": Fraction(21, 10), "nvidia.com/gpu": 1},
    ),
    "the-greatest-init-container-counts": (
        """
        initContainers:
        - {name: i, resources: {requests: {cpu: 4}}}
        - {name: j, resources: {requests: {cpu: 1, memory: 4Gi}}}
        containers:
        - {name: a, resources: {requests: {cpu: 1, memory: 1Gi}}}
        - {name: b, resources: {requests: {cpu: 1, memory: 1Gi}}}
        """,
        {"cpu": 4, "memory": 4 * 2**30},
    ),
    "a-sidecar-runs-beside-the-containers": (
        """
        initContainers:
        - {name: s, restartPolicy: Always, resources: {requests: {cpu: 1}}}
        containers:
        - {name: a, resources: {requests: {cpu: 2}}}
        """,
        {"cpu": 3},
    ),
    "an-init-container-runs-beside-the-sidecars-before-it": (
        """
        initContainers:
        - {name: i, resources: {requests: {cpu: 5}}}
        - {name: s, restartPolicy: Always, resources: {requests: {cpu: 1}}}
        - {name: j, resources: {requests: {cpu: 5}}}
        - {name: t, restartPolicy: Always, resources: {requests: {cpu: 2}}}
        containers:
        - {name: a, resources: {requests: {cpu: 1}}}
        """,
        {"cpu": 6},
    ),
    "many-sidecars-outweigh-the-start": (
        """
        initContainers:
        - {name: s, restartPolicy: Always, resources: {requests: {cpu: 3}}}
        - {name: t, restartPolicy: Always, resources: {requests: {cpu: 3}}}
        containers:
        - {name: a}
        """,
        {"cpu": 6},
    ),
    "overhead-comes-on-top": (
        """
        overhead: {cpu: 250m, memory: 120Mi}
        containers:
        - {name: a, resources: {requests: {cpu: 1}}}
        """,
        {"cpu": Fraction(5, 4), "memory": 120 * 2**20},
    ),
    "the-pod-as-a-whole-replaces-the-sum": (
        """
        resources: {requests: {cpu: 2, hugepages-2Mi: 4Mi}}
        overhead: {cpu: 1}
        containers:
        - {name: a, resources: {requests: {cpu: 3, memory: 1Gi, hugepages-2Mi: 2Mi}}}
        """,
        {"cpu": 3, "memory": 2**30, "hugepages-2Mi": 4 * 2**20},
    ),
    "limits-of-the-pod-stand-in-where-containers-ask-for-nothing": (
        """
        resources: {limits: {cpu: 4, memory: 4Gi}}
        containers:
        - {name: a, resources: {requests: {cpu: 1}}}
        """,
        {"cpu": 1, "memory": 4 * 2**30},
    ),
    "the-pod-as-a-whole-has-no-extended-resources": (
        """
        resources: {requests: {example.org/fpga: 2}}
        containers:
        - {name: a, resources: {requests: {example.org/fpga: 1}}}
        """,
        {"example.org/fpga": 1},
    ),
    "nothing-is-asked-for": ("containers: [{name: a}, {name: b, resources: null}]", {}),
}


@pytest.mark.parametrize(("text", "expected"), REQUESTS.values(), ids=REQUESTS.keys())
def test_requests_are_counted_as_the_scheduler_does(text: str, expected: dict[str, Any]) -> None:
    assert effective_requests(spec(text)) == expected


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        (
            "containers: [{name: a}, {name: b, resources: {requests: {cpu: 4x}}}]",
            "containers[1].resources.requests.cpu",
            'must be a quantity such as "500m", "2" or "4Gi", but is "4x"',
        ),
        (
            "initContainers: [{name: a, resources: {limits: {memory: -1Gi}}}]",
            "initContainers[0].resources.limits.memory",
            'must be a quantity of 0 or more, but is "-1Gi"',
        ),
        ("overhead: {cpu: null}", "overhead.cpu", "must be a quantity"),
        ("resources: {limits: [1]}", "resources.limits", "must be a mapping"),
        ("containers: {name: a}", "containers", "must be a list"),
        ("containers: [a]", "containers[0]", "must be a mapping"),
        ("containers: [{resources: 4}]", "containers[0].resources", "must be a mapping"),
    ],
)
def test_a_wrong_amount_is_located(text: str, field: str, message: str) -> None:
    with pytest.raises(PodError) as raised:
        effective_requests(spec(text))
    assert raised.value.field == field
    assert str(raised.value).startswith(message)


GUARANTEED = {
    "requests-are-limits": (
        (
            "containers: [{resources: {requests: {cpu: 1, memory: 1Gi}, "
            "limits: {cpu: 1000m, memory: 1024Mi}}}]"
        ),
        True,
    ),
    "limits-alone": ("containers: [{resources: {limits: {cpu: 1, memory: 1Gi}}}]", True),
    "requests-alone": ("containers: [{resources: {requests: {cpu: 1, memory: 1Gi}}}]", False),
    "no-memory": ("containers: [{resources: {limits: {cpu: 1}}}]", False),
    "limit-of-nothing": ("containers: [{resources: {limits: {cpu: 0, memory: 1Gi}}}]", False),
    "less-requested": (
        "containers: [{resources: {limits: {cpu: 2, memory: 1Gi}, requests: {cpu: 1}}}]",
        False,
    ),
    "one-container-asks-for-nothing": (
        "containers: [{resources: {limits: {cpu: 1, memory: 1Gi}}}, {name: b}]",
        False,
    ),
    "one-init-container-asks-for-nothing": (
        "{initContainers: [{name: i}], containers: [{resources: {limits: {cpu: 1, memory: 1}}}]}",
        False,
    ),
    "the-pod-as-a-whole": (
        "{resources: {limits: {cpu: 1, memory: 1Gi}}, containers: [{name: a}]}",
        True,
    ),
    "the-pod-as-a-whole-gets-the-sum-as-request": (
        (
            "{resources: {limits: {cpu: 2, memory: 1Gi}}, "
            "containers: [{resources: {requests: {cpu: 1}}}]}"
        ),
        False,
    ),
    "nothing": ("containers: []", False),
}


@pytest.mark.parametrize(("text", "expected"), GUARANTEED.values(), ids=GUARANTEED.keys())
def test_the_quality_of_service_is_kubernetes_own(text: str, expected: bool) -> None:
    assert is_guaranteed(spec(text)) is expected


@pytest.mark.parametrize(
    ("given_resources", "expected"),
    [
        (
            "{requests: {cpu: 1500m, memory: 1Gi}}",
            "{requests: {cpu: '2', memory: 1Gi}, limits: {cpu: '2', memory: 1Gi}}",
        ),
        (
            "{requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 4, memory: 2Gi}}",
            "{requests: {cpu: 4, memory: 2Gi}, limits: {cpu: 4, memory: 2Gi}}",
        ),
        (
            "{requests: {cpu: 2000m, memory: 1Gi}, limits: {cpu: 2, memory: 1024Mi, a.b/c: 1}}",
            "{requests: {cpu: 2000m, memory: 1Gi}, limits: {cpu: 2, memory: 1024Mi, a.b/c: 1}}",
        ),
    ],
    ids=["whole-cpus", "the-greater-one", "spelling-stays"],
)
def test_pinned_pods_request_what_they_are_limited_to(given_resources: str, expected: str) -> None:
    pod = spec(f"containers: [{{name: a, resources: {given_resources}}}]")
    assert pinned(pod) == spec(f"containers: [{{name: a, resources: {expected}}}]")


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("containers: [{resources: {limits: {cpu: 1}}}]", "containers[0].resources.limits.memory"),
        (
            "{containers: [], initContainers: [{resources: {limits: {memory: 1, cpu: 0}}}]}",
            "initContainers[0].resources.limits.cpu",
        ),
        ("{resources: {limits: {cpu: 1}}, containers: []}", "resources"),
    ],
)
def test_pods_that_cannot_be_pinned_are_refused(text: str, field: str) -> None:
    with pytest.raises(PodError, match="where CPUs are pinned") as raised:
        pinned(spec(text))
    assert raised.value.field == field


AMOUNTS = st.dictionaries(
    st.sampled_from(["cpu", "memory", "hugepages-1Gi", "nvidia.com/gpu"]),
    st.integers(1, 5000).map(lambda number: f"{number}m"),
)
CONTAINERS = st.lists(
    st.fixed_dictionaries(
        {
            "resources": st.fixed_dictionaries(
                {
                    "requests": AMOUNTS.map(lambda each: {"cpu": "1m", "memory": "1", **each}),
                    "limits": AMOUNTS,
                }
            )
        }
    ),
    max_size=3,
)
PODS = st.fixed_dictionaries({"containers": CONTAINERS, "initContainers": CONTAINERS})


@given(PODS)
def test_pinned_pods_are_guaranteed_whole_and_never_smaller(pod: dict[str, Any]) -> None:
    made = pinned(pod)
    assert is_guaranteed(made) or not (pod["containers"] or pod["initContainers"])
    assert pinned(made) == made
    before, after = effective_requests(pod), effective_requests(made)
    assert all(after[name] >= amount for name, amount in before.items())
    assert isinstance(after.get("cpu", 0), int)


@given(PODS, st.sampled_from(["initContainers", "containers"]), CONTAINERS)
def test_one_more_container_never_asks_for_less(
    pod: dict[str, Any], part: str, more: list[Any]
) -> None:
    before = effective_requests(pod)
    after = effective_requests({**pod, part: [*pod[part], *more]})
    assert all(after[name] >= amount for name, amount in before.items())
