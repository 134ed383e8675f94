"""Every known fault of EMCO's placement and HPA controllers is a case that comes out right."""

from typing import Any

import pytest

QAT = "feature.node.kubernetes.io/intel_qat"


def named(*names: str) -> dict[str, Any]:
    return {"clusterSelectorTerms": [{"clusterNames": list(names)}]}


def labelled(key: str) -> dict[str, Any]:
    return {"clusterSelectorTerms": [{"labelSelector": {"matchLabels": {key: "true"}}}]}


def test_a_mandatory_cluster_is_kept_beside_a_choice_that_names_it_too(
    build: Any, place: Any
) -> None:
    """`allOf: [b]` with `anyOf: [a, b]` lost b: the group of the last list won."""
    fleet = [*build.cluster("a"), *build.cluster("b")]
    all_of = {"placementType": "PickFixed", "clusterNames": ["b"]}
    found = place(fleet, build.app("all", all_of), build.app("any", named("a", "b")))
    assert found.chosen("all") == ["b"]
    assert len(found.chosen("any")) == 1


def test_overlapping_choices_each_get_their_cluster(build: Any, place: Any) -> None:
    """Overlapping `anyOf` lists collapsed into one group: one cluster instead of two."""
    fleet = [each for name in "abc" for each in build.cluster(name)]
    apart = {"workloadAntiAffinity": {"groupByLabelKey": "app"}}
    intents = [
        build.pick(name, labels={"app": "web"}, **named(*names), **apart)
        for name, names in (("one", "ab"), ("two", "bc"))
    ]
    found = place(fleet, build.deployment("one", cpu=1), build.deployment("two", cpu=1), intents)
    assert found.chosen("one")[0] in "ab"
    assert found.chosen("two")[0] in "bc"
    assert found.chosen("one") != found.chosen("two")


def test_a_label_that_no_cluster_has_fails_beside_another_intent_that_fits(
    build: Any, place: Any
) -> None:
    """A label without members was dropped in silence while another list had some."""
    found = place(build.cluster("a"), build.app("bad", labelled("east")), build.app("good"))
    (line,) = found.said()
    assert line.startswith("[error] PlacementIntent/bad spec: must fit on 1 cluster, but none does")


def test_labels_are_read_at_every_render(build: Any, place: Any) -> None:
    """Labels were frozen into names when the intent was posted, so relabelling moved nothing."""
    wish = build.app("web", labelled("east"))
    first = place(build.cluster("a", labels={"east": "true"}), build.cluster("b"), wish)
    rest = [each for each in first.items if each.kind != "ClusterProfile"]
    relabelled = [build.profile("a"), build.profile("b", labels={"east": "true"})]
    found = place(rest, relabelled)
    assert (first.chosen("web"), found.chosen("web")) == (["a"], ["b"])


def test_every_intent_of_a_package_counts(build: Any, place: Any) -> None:
    """Of several intents only the first one found was used."""
    fleet = [*build.cluster("a"), *build.cluster("b")]
    apps = [build.app(f"app-{number}", named("ab"[number % 2])) for number in range(4)]
    found = place(fleet, *apps)
    assert [found.chosen(f"app-{number}") for number in range(4)] == [["a"], ["b"], ["a"], ["b"]]


def test_a_failure_says_which_rule_removed_which_cluster(build: Any, place: Any) -> None:
    """The error said only that there are no compatible clusters."""
    fleet = [
        *build.cluster("cold", labels={"east": "true"}, healthy=False),
        *build.cluster("full", build.group(cpu=1), labels={"east": "true"}),
        *build.cluster("west"),
    ]
    found = place(fleet, build.app("web", labelled("east"), cpu=2))
    (line,) = found.said()
    assert "1 has the condition ControlPlaneHealthy, and it is not True (cold: " in line
    assert "1 has no node with cpu 2 free for a pod of Deployment web (full: cpu 1 at most)" in line
    assert "1 is selected by none of `spec.clusterSelectorTerms` (west: not selected)" in line


def test_all_resources_must_be_on_one_cluster(build: Any, place: Any) -> None:
    """CPU on a and b, the GPU on b only: a was kept, which has no GPU."""
    fleet = [
        *build.cluster("a", build.group(cpu=64)),
        *build.cluster("b", build.group(cpu=8, **{"nvidia.com/gpu": 1})),
    ]
    found = place(fleet, build.app("infer", cpu=4, **{"nvidia.com/gpu": 1}))
    assert found.chosen("infer") == ["b"]


def test_two_workloads_may_need_two_different_nodes_of_a_cluster(build: Any, place: Any) -> None:
    """The nodes of the second consumer were sought among those of the first one."""
    big = build.group("big", cpu=16, memory="8Gi", labels={"size": "big"})
    gpu = build.group("gpu", cpu=4, memory="64Gi", **{"nvidia.com/gpu": 1})
    apps = [
        build.deployment("crunch", cpu=12, memory="4Gi"),
        build.deployment("infer", cpu=2, memory="32Gi", **{"nvidia.com/gpu": 1}),
    ]
    both = build.pick("both", resourceSelectors=[{"kind": "Deployment"}])
    found = place(build.cluster("a", big, gpu), apps, both)
    assert found.chosen("both") == ["a"]
    pods = found.report("both")["assignments"][0]["pods"]
    assert {each["resource"]: each["nodeGroup"] for each in pods} == {
        "Deployment crunch": "big",
        "Deployment infer": "gpu",
    }


@pytest.mark.parametrize(
    ("mandatory", "chosen"), [(True, ["has"]), (False, ["fits"])], ids=["mandatory", "wished"]
)
def test_mandatory_and_weight_are_read(
    build: Any, place: Any, chosen: list[str], *, mandatory: bool
) -> None:
    """Every requirement was hard, and weights were never read."""
    fleet = [
        *build.cluster("has", capability__qat="true", cost__cpu_hour="0.09"),
        *build.cluster("fits", capability__qat="false", cost__cpu_hour="0.01"),
    ]
    qat = {"name": "qat", "supportMandatory": mandatory, "weight": 1}
    wish = {
        "requirements": {"capabilities": [qat]},
        "objectives": [{"name": "cost", "weight": 50}],
    }
    assert place(fleet, build.app("web", wish)).chosen("web") == chosen


def test_fractions_of_cpus_and_every_unit_of_memory_are_counted(build: Any, place: Any) -> None:
    """CPUs were whole ones, and `units` were never read."""
    tight = build.cluster("a", build.group(cpu="1500m", memory="2000Mi"))
    fits = build.app("web", replicas=3, cpu="500m", memory="650Mi")
    assert place(tight, fits).chosen("web") == ["a"]
    assert not place(tight, build.app("web", replicas=3, cpu="501m", memory="650Mi")).ok
    assert not place(tight, build.app("web", replicas=3, cpu="500m", memory="700M")).ok


def test_limits_stand_in_for_requests(build: Any, place: Any) -> None:
    """Limits without requests were refused by the schema, though the text demanded them."""
    app = build.deployment("web")
    container = app["spec"]["template"]["spec"]["containers"][0]
    container["resources"] = {"limits": {"cpu": "6"}}
    fleet = [*build.cluster("small", build.group(cpu=4)), *build.cluster("large")]
    assert place(fleet, app, build.pick("web")).chosen("web") == ["large"]


def test_memory_of_every_replica_is_counted(build: Any, place: Any) -> None:
    """Megabytes were taken from bytes, so that replicas took practically no memory."""
    fleet = [
        *build.cluster("small", build.group(cpu=64, memory="8Gi")),
        *build.cluster("large", build.group(cpu=64, memory="33Gi")),
    ]
    found = place(fleet, build.app("web", replicas=8, memory="4Gi"))
    assert found.chosen("web") == ["large"]


def test_nodes_that_refuse_the_pod_do_not_count(build: Any, place: Any) -> None:
    """Tainted nodes were counted, and node selectors of the pods were ignored."""
    taint = {"key": "team", "value": "ran", "effect": "NoSchedule"}
    tainted = build.group("tainted", cpu=64, taints=[taint])
    other = build.group("other", cpu=64, labels={"disk": "hdd"})
    right = build.group("right", cpu=4, labels={"disk": "ssd"})
    app = build.deployment("web", cpu=2)
    app["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "ssd"}
    fleet = [*build.cluster("a", tainted, other), *build.cluster("b", right)]
    assert place(fleet, app, build.pick("web")).chosen("web") == ["b"]


def test_what_one_workload_takes_the_next_one_does_not_get(build: Any, place: Any) -> None:
    """Without a reservation, two placements in a row both saw the same free GPU."""
    fleet = [
        *build.cluster("a", build.group(cpu=8, **{"nvidia.com/gpu": 1})),
        *build.cluster("b", build.group(cpu=8, **{"nvidia.com/gpu": 1})),
    ]
    apps = [build.app(name, **{"nvidia.com/gpu": 1}) for name in ("one", "two")]
    found = place(fleet, *apps)
    assert sorted(found.chosen("one") + found.chosen("two")) == ["a", "b"]
    third = place(fleet, *apps, build.app("three", **{"nvidia.com/gpu": 1}))
    assert [each.code for each in third.results] == ["unplaced"]


@pytest.mark.parametrize(
    ("demand", "chosen"),
    [
        pytest.param({"operator": "In", "values": ["1", "2"]}, {"two"}, id="In"),
        pytest.param({"operator": "Exists"}, {"two", "nine"}, id="Exists"),
        pytest.param({"operator": "Gt", "values": ["2"]}, {"nine"}, id="Gt"),
        pytest.param({"operator": "NotIn", "values": ["2"]}, {"nine", "none"}, id="NotIn"),
        pytest.param({"operator": "DoesNotExist"}, {"none"}, id="DoesNotExist"),
    ],
)
def test_labels_are_compared_by_every_operator(
    build: Any, place: Any, demand: dict[str, Any], chosen: set[str]
) -> None:
    """Labels could only be equal."""
    fleet = [
        *build.cluster("two", labels={"gen": "2"}),
        *build.cluster("nine", labels={"gen": "9"}),
        *build.cluster("none"),
    ]
    selector = {"labelSelector": {"matchExpressions": [{"key": "gen"} | demand]}}
    wish = {"placementType": "PickAll", "clusterSelectorTerms": [selector]}
    assert set(place(fleet, build.app("web", wish)).chosen("web")) == chosen


def test_labels_and_amounts_must_be_on_the_same_node(build: Any, place: Any) -> None:
    """Whether two requirements mean one node or any could not be said."""
    split = [build.group("q", cpu=1, labels={QAT: "true"}), build.group("big", cpu=8)]
    both = build.group("both", cpu=8, labels={QAT: "true"})
    app = build.deployment("web", cpu=4)
    app["spec"]["template"]["spec"]["nodeSelector"] = {QAT: "true"}
    fleet = [*build.cluster("split", *split), *build.cluster("both", both)]
    assert place(fleet, app, build.pick("web")).chosen("web") == ["both"]


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet", "Job"])
def test_pods_of_every_kind_are_counted_and_changed(build: Any, place: Any, kind: str) -> None:
    """The resource was always taken for a Deployment; any other aborted the instantiation."""
    app = build.deployment("web", cpu=6)
    app |= {"kind": kind, "apiVersion": "batch/v1" if kind == "Job" else "apps/v1"}
    fleet = [*build.cluster("small", build.group(cpu=4)), *build.cluster("large")]
    intent = build.pick("web", resourceSelectors=[{"kind": kind}])
    found = place(fleet, app, intent, config={"apply": "Overlays"})
    assert found.chosen("web") == ["large"]
    assert found.copy("large", kind, "web")["spec"]["template"]["spec"]["containers"]


@pytest.mark.parametrize(
    ("requests", "replicas", "fits"),
    [
        pytest.param({"cpu": 15}, 1, True, id="on the largest node"),
        pytest.param({"cpu": 20}, 1, False, id="on no node, though the sum is enough"),
        pytest.param({"cpu1": 1}, 1, False, id="a resource that nobody has"),
        pytest.param({"cpu": 5}, 20, False, id="too many replicas"),
        pytest.param({"cpu": 5}, 5, True, id="replicas on both nodes"),
    ],
)
def test_emcos_own_inventory_gives_its_verdicts(
    build: Any, place: Any, requests: dict[str, Any], replicas: int, *, fits: bool
) -> None:
    nodes = [build.group("one", cpu=15, memory="1G"), build.group("two", cpu=10, memory="2G")]
    wish = {"requirements": {"resources": "FromPackage"}}
    amounts = {"cpu": "0"} | requests
    found = place(build.cluster("c2", *nodes), build.app("web", wish, replicas=replicas, **amounts))
    assert found.ok is fits
