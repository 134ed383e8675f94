"""Intents that cannot be meant are told at their fields, and nothing is placed by guessing."""

from typing import Any

import pytest

APP_LABEL = {"groupByLabelKey": "app"}
NUMBERS = f"[{','.join(['1'] * 60)}]"
ENDLESS = f"{NUMBERS}.all(a, {NUMBERS}.all(b, {NUMBERS}.all(c, {NUMBERS}.all(d, a > 0))))"


def device(**fields: Any) -> dict[str, Any]:
    return {"requirements": {"devices": [{"class": "gpu"} | fields]}}


def selecting(expression: str) -> dict[str, Any]:
    return {"clusterSelectorTerms": [{"celExpressions": [expression]}]}


@pytest.mark.parametrize(
    ("amount", "what"),
    [
        pytest.param("4x", 'a quantity such as "500m", "2" or "4Gi", but is "4x"', id="no number"),
        pytest.param("-1", 'a quantity of 0 or more, but is "-1"', id="negative"),
    ],
)
def test_a_request_that_is_no_amount_is_an_error_at_its_field(
    build: Any, place: Any, amount: str, what: str
) -> None:
    found = place(build.cluster("a"), build.app("web", cpu=amount))
    assert found.said() == [
        (
            f"[error] Deployment/web spec.template.spec.containers[0].resources.limits.cpu: "
            f"must be "
            f"{what} (deployment-web.yaml) [pod-invalid]"
        )
    ]


def test_an_intent_that_selects_nothing_is_an_error(build: Any, place: Any) -> None:
    found = place(build.cluster("a"), build.intent("web"))
    assert found.said() == [
        (
            "[error] PlacementIntent/web spec.resourceSelectors: must select a resource of the "
            "package, but none matches (placementintent-web.yaml) [no-resource]"
        )
    ]


def test_a_resource_of_two_intents_is_an_error_at_the_resource(build: Any, place: Any) -> None:
    second = build.intent("other", resourceSelectors=[{"kind": "Deployment"}])
    found = place(build.cluster("a"), build.app("web"), second)
    assert found.said() == [
        (
            '[error] Deployment/web: must be placed by one PlacementIntent, but "other" and "web" '
            "select it (deployment-web.yaml) [resource-twice]"
        )
    ]


def test_more_clusters_than_there_are_is_an_error(build: Any, place: Any) -> None:
    fleet = [*build.cluster("a"), *build.cluster("b")]
    found = place(fleet, build.app("web", {"numberOfClusters": 3}))
    assert found.said() == [
        (
            "[error] PlacementIntent/web spec: must fit on 3 clusters, but 2 do "
            "(placementintent-web.yaml) [unplaced]"
        )
    ]


def test_more_clusters_than_there_are_may_be_only_a_warning(build: Any, place: Any) -> None:
    fleet = [*build.cluster("a"), *build.cluster("b")]
    wish = build.app("web", {"numberOfClusters": 3})
    found = place(fleet, build.policy(whenUnplaced="Warn"), wish)
    assert found.chosen("web") == ["a", "b"]
    assert found.report("web")["verdict"] == "Partly"
    assert [line.split()[0] for line in found.said()] == ["[warning]"]


def test_a_fixed_cluster_that_is_not_there_is_named(build: Any, place: Any) -> None:
    wish = {"placementType": "PickFixed", "clusterNames": ["a", "gone"]}
    found = place(build.cluster("a"), build.app("web", wish))
    assert not found.ok
    assert found.said("warning") == [
        (
            "[warning] PlacementIntent/web spec.clusterNames[1]: must be the name of a "
            "ClusterProfile, "
            'but is "gone" (placementintent-web.yaml) [cluster-unknown]'
        )
    ]


@pytest.mark.parametrize(
    ("labels", "first", "second", "said"),
    [
        pytest.param(
            {"app": "q"},
            {"workloadAffinity": APP_LABEL, "workloadAntiAffinity": APP_LABEL},
            {"workloadAffinity": APP_LABEL},
            'must not part it from "x", but they are together by `app=q` and apart by `app=q`',
            id="by one label",
        ),
        pytest.param(
            {"app": "q", "slot": "1"},
            {
                "workloadAffinity": APP_LABEL,
                "workloadAntiAffinity": {"groupByLabelKey": "slot"},
            },
            {
                "workloadAffinity": APP_LABEL,
                "workloadAntiAffinity": {"groupByLabelKey": "slot"},
            },
            'must not part it from "x", but they are together by `app=q` and apart by `slot=1`',
            id="by two labels",
        ),
    ],
)
def test_together_and_apart_at_once_is_an_error(
    build: Any, place: Any, labels: Any, first: Any, second: Any, said: str
) -> None:
    apps = [build.deployment("x", cpu=1), build.deployment("y", cpu=1)]
    intents = [build.pick("x", labels=labels, **first), build.pick("y", labels=labels, **second)]
    found = place(build.cluster("a"), build.cluster("b"), apps, intents)
    assert len(found.said()) == 1
    assert said in found.said()[0]
    assert found.results[0].code == "affinity-contradiction"


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        pytest.param("cluster.name ==", "must be CEL:", id="does not parse"),
        pytest.param("clstr.name == 'a'", '"clstr" must be a variable', id="unknown variable"),
        pytest.param("1", "must give a boolean, but gives a number", id="wrong type"),
    ],
)
def test_cel_that_does_not_compile_is_an_error_at_its_field(
    build: Any, place: Any, expression: str, said: str
) -> None:
    found = place(build.cluster("a"), build.app("web", selecting(expression)))
    (line,) = found.said()
    assert line.startswith(
        "[error] PlacementIntent/web spec.clusterSelectorTerms[0].celExpressions[0]: "
    )
    assert said in line
    assert " at line 1, column " in line


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("spec.overrides[0].clusters.celExpressions[0]", id="of an override"),
        pytest.param(
            "spec.replicaScheduling.weightPreference.staticWeightList[0]"
            ".targetClusters.celExpressions[0]",
            id="of a weight",
        ),
    ],
)
def test_cel_that_does_not_compile_is_found_wherever_it_stands(
    build: Any, place: Any, path: str
) -> None:
    term = {"celExpressions": ["cluster.name =="]}
    patch = [{"op": "add", "path": "/metadata/labels", "value": {}}]
    wishes = {
        "spec.overrides": {"overrides": [{"clusters": term, "patch": patch}]},
        "spec.replicaScheduling": {
            "replicaScheduling": {
                "replicaSchedulingType": "Divided",
                "weightPreference": {"staticWeightList": [{"targetClusters": term, "weight": 1}]},
            }
        },
    }
    wish = next(wish for start, wish in wishes.items() if path.startswith(start))
    found = place(build.cluster("a"), build.app("web", wish))
    assert [(each.code, each.field) for each in found.results] == [("cel-invalid", path)]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        pytest.param("cluster.name", "must give a boolean, but gives a string", id="wrong type"),
        pytest.param(ENDLESS, "must take at most 1000000 steps", id="without end"),
    ],
)
def test_cel_that_goes_wrong_on_a_cluster_is_an_error_at_its_field(
    build: Any, place: Any, expression: str, said: str
) -> None:
    found = place(build.cluster("a"), build.app("web", selecting(expression)))
    (line,) = (each.line() for each in found.results if each.code == "cel-refused")
    assert line.startswith(
        "[error] PlacementIntent/web spec.clusterSelectorTerms[0].celExpressions[0]: "
    )
    assert said in line


def test_cel_over_a_property_that_is_not_there_selects_nothing_and_is_told(
    build: Any, place: Any
) -> None:
    expression = 'double(cluster.properties["rank"]) > 1.0'
    fleet = [*build.cluster("a"), *build.cluster("b", rank="2")]
    found = place(fleet, build.app("web", selecting(expression)))
    assert found.chosen("web") == ["b"]
    assert [each.code for each in found.results] == ["cel-unknown"]


@pytest.mark.parametrize(("mandatory", "severity"), [(True, "error"), (False, "warning")])
def test_a_capability_that_nobody_defines_is_told_with_those_there_are(
    build: Any, place: Any, severity: str, *, mandatory: bool
) -> None:
    wanted = [{"name": "dpkd", "supportMandatory": mandatory}]
    cluster = build.cluster("a", capability__dpdk="true", capability__ptp="unknown")
    found = place(cluster, build.app("web", {"requirements": {"capabilities": wanted}}))
    assert found.said() == [
        (
            f"[{severity}] PlacementIntent/web spec.requirements.capabilities[0].name: must be a "
            'capability that a CapabilityRule decides (dpdk, ptp), but is "dpkd" '
            "(placementintent-web.yaml) [capability-undefined]"
        )
    ]


def test_an_area_that_nobody_defines_is_an_error(build: Any, place: Any) -> None:
    latency = {"maxMilliseconds": 10, "from": [{"area": "waw"}]}
    wish = {"requirements": {"latency": latency}}
    found = place(build.cluster("a"), build.app("web", wish))
    assert found.said() == [
        (
            "[error] PlacementIntent/web spec.requirements.latency.from[0].area: must be an "
            "area of a "
            'ClusterTopology, but is "waw" (placementintent-web.yaml) [area-undefined]'
        )
    ]


def test_devices_for_a_workload_that_is_not_there_are_an_error(build: Any, place: Any) -> None:
    found = place(build.cluster("a"), build.app("web", device(workload="wbe")))
    assert found.said() == [
        (
            "[error] PlacementIntent/web spec.requirements.devices[0].workload: must name a "
            "workload "
            'of the intent, but is "wbe" (placementintent-web.yaml) [device-workload]'
        )
    ]


def test_two_policies_are_an_error_at_the_second(build: Any, place: Any) -> None:
    found = place(build.cluster("a"), build.policy(), build.policy("more"), build.app("web"))
    assert found.said() == [
        (
            "[error] PlacementPolicy/more: must be the only PlacementPolicy of the package, "
            "but there "
            'is "policy" (placementpolicy-more.yaml) [policy-twice]'
        )
    ]


def test_an_intent_that_the_config_names_must_be_there(build: Any, place: Any) -> None:
    found = place(build.cluster("a"), build.app("web"), config={"intents": ["web", "wbe"]})
    assert found.said() == [
        (
            "[error] PlacementResolver/resolve spec.intents[1]: must be the name of a "
            "PlacementIntent "
            'of the package, but is "wbe" [intent-missing]'
        )
    ]


def test_all_that_is_wrong_is_told_at_once(build: Any, place: Any) -> None:
    found = place(
        build.cluster("a"),
        build.profile("a"),
        build.policy(),
        build.policy("more"),
        build.intent("nothing"),
        build.app("web", selecting("cluster.name ==")),
    )
    assert {each.code for each in found.results} == {
        "cel-invalid",
        "cluster-twice",
        "no-resource",
        "policy-twice",
    }
