"""EMCO's intents as PlacementIntents, and the clusters that these lead to."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from krmfn.placement_resolver.intents import PlacementResolver
from krmfn.placement_resolver.resolve import resolve
from krmfn.sdk import Package, Resource, yaml_dump, yaml_load_all

GROUP = "projects/p/composite-apps/c/v1/deployment-intent-groups/d"


def _document(anchor: str, name: str, spec: Any) -> dict[str, Any]:
    return {
        "version": "emco/v2",
        "resourceContext": {"anchor": f"{GROUP}/{anchor}"},
        "metadata": {"name": name},
        "spec": spec,
    }


def _app(
    every: Iterable[Any] = (), some: Iterable[Any] = (), name: str = "one", plan: str = "g"
) -> dict[str, Any]:
    wanted = {"allOf": [*every], "anyOf": [*some]}
    anchor = f"generic-placement-intents/{plan}/app-intents"
    return _document(anchor, name, {"app": "web", "intent": wanted})


def _named(*names: str, provider: str = "aws") -> list[dict[str, str]]:
    return [{"clusterProvider": provider, "cluster": name} for name in names]


def _labelled(*labels: str, provider: str = "aws") -> list[dict[str, str]]:
    return [{"clusterProvider": provider, "clusterLabel": label} for label in labels]


def _hardware(consumers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give HPA intents: by consumer its replicas and what it asks for."""
    documents = [_document("hpa-intents", "h", {"app": "web"})]
    for name, (replicas, asked) in consumers.items():
        spec = {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"r1-{name}"}
        anchor = "hpa-intents/h/hpa-resource-consumers"
        documents.append(_document(anchor, name, spec | {"replicas": replicas}))
        for number, each in enumerate(asked):
            place = f"{anchor}/{name}/resource-requirements"
            documents.append(_document(place, f"{name}-{number}", {"mandatory": True, **each}))
    return documents


def _amount(name: str, requests: int, **more: Any) -> dict[str, Any]:
    return {"allocatable": True, "resource": {"name": name, "requests": requests, **more}}


def _label(key: str) -> dict[str, Any]:
    return {"allocatable": False, "resource": {"key": key, "value": "true"}}


def _text(*documents: Any) -> str:
    return "---\n".join(yaml_dump(each) for each in documents)


def _cluster(name: str, labels: Iterable[str] = (), nodes: Iterable[Any] = ()) -> list[Any]:
    return [
        {
            "apiVersion": "multicluster.x-k8s.io/v1alpha1",
            "kind": "ClusterProfile",
            "metadata": {"name": name, "labels": dict.fromkeys(labels, "")},
            "spec": {"clusterManager": {"name": "test"}},
        },
        {
            "apiVersion": "intent.krmfn.dev/v1alpha1",
            "kind": "ClusterCapacity",
            "metadata": {"name": name},
            "spec": {
                "nodeGroups": [
                    {"name": f"n{number}", "count": 1, "allocatable": amounts, "labels": labels}
                    for number, (amounts, labels) in enumerate(nodes)
                ]
            },
        },
    ]


def _placed(written: str, fleet: Iterable[Any]) -> dict[str, list[str]]:
    """Give the clusters of every intent; resources are left out, since there is no package."""
    bodies = yaml_load_all(written)
    for body in bodies:
        del body["spec"]["resourceSelectors"]
    package = Package([Resource.of(each) for each in [*bodies, *fleet]])
    plan, problems = resolve(PlacementResolver.default(), package, lambda *_: {})
    assert plan, problems
    return {
        decision.intent.metadata.name: sorted(each.cluster.name for each in decision.assignments)
        for decision in plan.decisions
    }


EDGES = [
    part
    for number in range(1, 12)
    for label in [
        {1: "us1", 2: "us1", 3: "us1", 4: "us2", 5: "us2", 6: "us3", 7: "us3"}.get(number)
    ]
    for part in _cluster(f"edge{number}", [label] if label else [])
]


def test_all_of_some_and_one_of_each_list_is_chosen(run_import: Callable[..., Any]) -> None:
    every = [
        *_named("edge10", "edge11"),
        *_labelled("us3"),
        {"anyOf": _labelled("us1", "us2")},
        {"anyOf": _named("edge8", "edge9")},
    ]
    ran = run_import(_text(_app(every)))
    assert (ran.code, ran.err) == (0, "")
    placed = _placed(ran.out, EDGES)
    assert placed["web-all"] == ["edge10", "edge11"]
    assert placed["web-all-us3"] == ["edge6", "edge7"]
    ((first,), (second,)) = placed["web-any-1"], placed["web-any-2"]
    assert first in {"edge1", "edge2", "edge3", "edge4", "edge5"}
    assert second in {"edge8", "edge9"}


def test_one_demand_is_one_intent_of_the_apps_name(run_import: Callable[..., Any]) -> None:
    spec = run_import(_text(_app(some=_labelled("us1", "us2")))).intents["web"]
    assert spec == {
        "resourceSelectors": [{"path": "web"}],
        "requirements": {"resources": "None"},
        "placementType": "PickN",
        "numberOfClusters": 1,
        "clusterSelectorTerms": [
            {"labelSelector": {"matchExpressions": [{"key": label, "operator": "Exists"}]}}
            for label in ("us1", "us2")
        ],
    }


def test_a_mandatory_cluster_is_not_lost_to_a_list_that_names_it(
    run_import: Callable[..., Any],
) -> None:
    ran = run_import(_text(_app(_named("edge2"), _named("edge1", "edge2"))))
    assert _placed(ran.out, EDGES) == {"web-all": ["edge2"], "web-any-1": ["edge1"]}


def test_a_list_that_mandatory_clusters_meet_is_met(run_import: Callable[..., Any]) -> None:
    ran = run_import(_text(_app(_named("edge1", "edge2"), _named("edge2"))))
    assert _placed(ran.out, EDGES) == {"web": ["edge1", "edge2"]}


def test_lists_that_overlap_get_a_cluster_each(run_import: Callable[..., Any]) -> None:
    lists = [{"anyOf": _named("edge1", "edge2")}, {"anyOf": _named("edge2")}]
    ran = run_import(_text(_app(lists)))
    assert _placed(ran.out, EDGES) == {"web-any-1": ["edge1"], "web-any-2": ["edge2"]}


def test_a_list_takes_no_cluster_that_a_label_demands_anyway(
    run_import: Callable[..., Any],
) -> None:
    ran = run_import(_text(_app(_labelled("us3"), _named("edge6", "edge8"))))
    assert _placed(ran.out, EDGES) == {"web-all-us3": ["edge6", "edge7"], "web-any-1": ["edge8"]}


def test_a_label_that_no_cluster_has_is_missed(run_import: Callable[..., Any]) -> None:
    ran = run_import(_text(_app(_labelled("nowhere"), _named("edge1"))))
    assert _placed(ran.out, EDGES) == {"web-all-nowhere": [], "web-any-1": ["edge1"]}


def test_every_app_intent_and_every_plan_counts(run_import: Callable[..., Any]) -> None:
    second = _app(_named("edge2"), name="two")
    third = _app(some=_named("edge3"), plan="other")
    ran = run_import(_text(_app(_named("edge1")), second, third))
    assert _placed(ran.out, EDGES) == {"web-all": ["edge1", "edge2"], "web-any-1": ["edge3"]}


def test_providers_are_told_apart_where_there_are_several(run_import: Callable[..., Any]) -> None:
    ran = run_import(_text(_app(some=[*_named("edge1"), *_labelled("us1", provider="azure")])))
    first, second = ran.intents["web"]["clusterSelectorTerms"]
    key = "emco.krmfn.dev/cluster-provider"
    assert first["labelSelector"]["matchLabels"] == {key: "aws"}
    assert second["labelSelector"]["matchLabels"] == {key: "azure"}


def test_all_that_a_pod_asks_for_is_on_one_node(run_import: Callable[..., Any]) -> None:
    asked = [_amount("cpu", 4), _amount("nvidia.com/gpu", 1), _label("qat")]
    ran = run_import(_text(_app(some=_labelled("edge")), *_hardware({"c": (1, asked)})))
    qat = {"qat": "true"}
    fleet = [
        *_cluster("a", ["edge"], [({"cpu": "8"}, qat), ({"nvidia.com/gpu": "1"}, qat)]),
        *_cluster("b", ["edge"], [({"cpu": "8", "nvidia.com/gpu": "1"}, {})]),
        *_cluster("c", ["edge"], [({"cpu": "8", "nvidia.com/gpu": "1"}, qat)]),
    ]
    assert _placed(ran.out, fleet) == {"web": ["c"]}


def test_pods_of_two_kinds_may_need_different_nodes(run_import: Callable[..., Any]) -> None:
    consumers = {"c": (1, [_amount("cpu", 8)]), "g": (1, [_amount("nvidia.com/gpu", 1)])}
    ran = run_import(_text(_app(some=_labelled("edge")), *_hardware(consumers)))
    fleet = _cluster("a", ["edge"], [({"cpu": "8"}, {}), ({"nvidia.com/gpu": "1"}, {})])
    assert _placed(ran.out, fleet) == {"web": ["a"]}


@pytest.mark.parametrize(("replicas", "clusters"), [(2, ["a"]), (3, [])])
def test_every_replica_takes_its_memory(
    run_import: Callable[..., Any], replicas: int, clusters: list[str]
) -> None:
    consumers = {"c": (replicas, [_amount("memory", 2000)])}
    ran = run_import(_text(_app(some=_labelled("edge")), *_hardware(consumers)))
    fleet = _cluster("a", ["edge"], [({"memory": "5G"}, {})])
    assert _placed(ran.out, fleet) == {"web": clusters}


def test_what_is_not_mandatory_is_a_wish(run_import: Callable[..., Any]) -> None:
    wish = {**_amount("intel.com/qat", 2), "mandatory": False, "weight": 30}
    ran = run_import(_text(_app(some=_labelled("edge")), *_hardware({"c": (1, [wish])})))
    assert ran.intents["web"]["requirements"] == {"resources": [{"name": "r1-c", "replicas": 1}]}
    demand = {"name": "available.krmfn.dev/intel.com.qat", "operator": "Ge", "values": ["2"]}
    assert ran.intents["web"]["preferences"] == [
        {"weight": 30, "propertySelector": {"matchExpressions": [demand]}}
    ]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({**_label("qat"), "mandatory": False}, "node-wish"),
        (_amount("cpu", 2, limits=4), "limits"),
        (_amount("cpu", 2, units="cores"), "units"),
    ],
)
def test_what_an_intent_cannot_say_is_refused_by_name(
    run_import: Callable[..., Any], asked: Any, reason: str
) -> None:
    ran = run_import(_text(_app(some=_labelled("edge")), *_hardware({"c": (1, [asked])})))
    assert (ran.code, ran.out) == (1, "")
    assert f"({reason})" in ran.err


def test_a_loss_names_the_file_and_the_document_that_it_stands_in(
    run_import: Callable[..., Any], tmp_path: Path
) -> None:
    more = tmp_path / "more.yaml"
    more.write_text(_text(*_hardware({"c": (1, [_amount("cpu", 2, limits=4)])})))
    app = _text(_app(some=_labelled("edge")))

    ran = run_import(app, str(more))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith('error: more.yaml: document "c-0": spec.resource.limits: ')

    ran = run_import(app, str(more), "--allow-loss")
    first = ran.out.replace(f"{tmp_path}/", "").splitlines()[0]
    assert first.startswith('# lost: more.yaml: document "c-0": spec.resource.limits: ')


def _moved(document: dict[str, Any], anchor: str) -> dict[str, Any]:
    return document | {"resourceContext": {"anchor": f"{GROUP}/{anchor}"}}


INTENT, CONSUMER, REQUIREMENT = _hardware({"c": (1, [_amount("cpu", 1)])})


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ([_app(some=[{"cluster": "a"}])], "must have clusterProvider, and cluster or clusterLabel"),
        (
            [_app(some=_named("a")), INTENT | {"spec": {"app": "other"}}],
            '`spec.app` must have an app intent, but is "other"',
        ),
        (
            [_app(some=_named("a")), INTENT, REQUIREMENT],
            "`resourceContext.anchor` must name what the files hold",
        ),
        (
            [
                _app(some=_named("a")),
                INTENT,
                _moved(CONSUMER, "hpa-intents/other/hpa-resource-consumers"),
            ],
            "`resourceContext.anchor` must name what the files hold",
        ),
    ],
    ids=["no provider", "no app", "no consumer", "no intent"],
)
def test_documents_that_do_not_belong_together_are_refused(
    run_import: Callable[..., Any], documents: list[Any], message: str
) -> None:
    ran = run_import(_text(*documents))
    assert (ran.code, ran.out) == (1, "")
    assert message in ran.err


def test_documents_of_projects_and_clusters_are_passed_over(
    run_import: Callable[..., Any],
) -> None:
    project = {
        "version": "emco/v2",
        "resourceContext": {"anchor": "projects"},
        "metadata": {"name": "p"},
    }
    ran = run_import(_text(project, _app(some=_named("a"))))
    assert ran.code == 0
    assert ran.err == "passed over what says nothing about placement: 1 emcoctl document\n"
