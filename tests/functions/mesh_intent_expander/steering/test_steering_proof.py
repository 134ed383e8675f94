"""The model check: which moments there are, and that it finds what is planted."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.mesh_intent_expander.plan.common import Emitted
from krmfn.mesh_intent_expander.steering.proof import Moment, Stage, gaps, moments, prove
from krmfn.sdk import Resource

A, BOTH, B = frozenset("a"), frozenset("ab"), frozenset("b")


def stage(name: str, *running: frozenset[str], waves: Any = ()) -> Stage:
    return Stage(name, frozenset(running), tuple(waves))


def far(*waves: Any) -> frozenset[Any]:
    return frozenset(waves)


def test_every_pair_of_how_far_two_clusters_are_is_looked_at_once() -> None:
    stages = [stage("before", A), stage("pin", A, BOTH, waves=("destinations", "routes"))]
    found = [(each.client, each.others, each.running) for each in moments(stages, index=1)]
    parts = [far(), far("destinations"), far("destinations", "routes")]
    ends = {(parts[0], parts[0]), (parts[2], parts[2])}
    between = [(x, y, A) for x in parts for y in parts if (x, y) not in ends]
    assert found == [*between, (parts[2], parts[2], A), (parts[2], parts[2], BOTH)]


def test_what_is_taken_away_may_go_in_either_order() -> None:
    leaving = Stage("remove", frozenset({B}), ("routes", "destinations", "security"), True)
    assert leaving.reached == [
        far(),
        far("routes"),
        far("security"),
        far("destinations", "routes"),
        far("destinations", "security"),
        far("destinations", "routes", "security"),
    ]


def test_a_stage_that_changes_no_object_is_looked_at_in_itself() -> None:
    stages = [stage("before", A), stage("same", A)]
    assert len(list(moments(stages, 1))) == 1


def test_what_starts_or_stops_needs_a_stage_of_its_own() -> None:
    stages = [stage("before", A), stage("shift", BOTH), stage("drain", BOTH, B), stage("end", B)]
    assert list(gaps(stages)) == [1]
    assert not prove([], stages, lambda _client, _moment: "").holds


def test_the_first_loss_on_the_way_to_each_stage_is_kept() -> None:
    stages = [stage("before", A), *(stage(name, A, waves=("routes",)) for name in ("one", "two"))]

    def lost(client: str, moment: Moment) -> str:
        return "gone" if client == "web" and moment.client < moment.others else ""

    proof = prove(["web", "cli"], stages, lost)
    assert [(each.client, each.moment.stage, each.why) for each in proof.losses] == [
        ("web", 1, "gone"),
        ("web", 2, "gone"),
    ]
    assert proof.states == 14


def codes(world: Any, change: Any = None) -> list[str]:
    _, results = world.followed(*([change] if change else []))
    return [each.code for each in results]


def problem(world: Any, change: Any = None) -> tuple[str, str]:
    _, results = world.followed(*([change] if change else []))
    (told,) = [each for each in results if str(each.severity) == "error"]
    return told.field, told.message


VERSIONS = (
    {"version": {"labels": {"version": "v1"}}, "weight": 90},
    {
        "version": {"labels": {"version": "v2"}},
        "weight": 10,
    },
)


def versioned(words: Any, cluster: str) -> list[Resource]:
    named = [
        Resource.of({**each.body, "metadata": {"name": f"api-{version}", "namespace": "shop"}})
        for version in ("v1", "v2")
        for each in (words.workload(version=version),)
    ]
    return words.inside(cluster, words.namespace("shop"), words.service(), *named)


def test_the_usual_plan_is_safe(words: Any) -> None:
    assert codes(words.world(words.plan())) == ["relocation-proved"]


@pytest.mark.parametrize("at", ["prepare", "pin"])
def test_it_is_safe_before_the_target_has_anything(words: Any, at: str) -> None:
    assert codes(words.world(*words.running("a"), words.plan(at=at))) == ["relocation-proved"]


@pytest.mark.parametrize("at", ["drain", "remove"])
def test_it_is_safe_when_the_source_has_nothing_any_more(words: Any, at: str) -> None:
    assert codes(words.world(*words.running("b"), words.plan(at=at))) == ["relocation-proved"]


def test_it_is_safe_with_versions_and_permissions(words: Any) -> None:
    world = words.world(
        *versioned(words, "a"),
        *versioned(words, "b"),
        words.intent(
            "TrafficRoute",
            "api",
            parentRef={"service": "api"},
            rules=[
                {"matches": [{"path": {"value": "/beta"}}], "backends": [VERSIONS[1]]},
                {"backends": list(VERSIONS)},
            ],
        ),
        words.intent("MutualTLS", "shop"),
        words.intent(
            "ServiceAuthorization",
            "api",
            target={"service": "api"},
            rules=[
                {
                    "from": [{"serviceAccounts": ["web/web"]}],
                    "to": [{"methods": ["GET"], "paths": ["/results/*", "/beta/*"]}],
                }
            ],
        ),
        words.plan(),
    )
    assert codes(world) == ["relocation-proved"]


def test_it_is_safe_without_endpoint_discovery(words: Any) -> None:
    world = words.world(words.plan(), top=words.topology(endpointDiscovery=False))
    assert codes(world) == ["relocation-proved"]


def test_it_is_safe_where_one_istiod_rules_two_clusters(words: Any) -> None:
    top = words.topology()
    remote = {"controlPlane": {"type": "remote", "configCluster": "a"}}
    listed = [
        {**each, **(remote if each["name"] == "b" else {})} for each in top.body["spec"]["clusters"]
    ]
    assert codes(words.world(words.plan(), top=words.topology(clusters=listed))) == [
        "relocation-proved"
    ]


def test_it_is_safe_in_ambient(words: Any) -> None:
    ambient = {"istio.io/dataplane-mode": "ambient"}
    top = words.topology(
        flavor="gateway-api",
        clusters=[
            {
                "name": name,
                "network": f"net-{name}",
                "dataPlane": "ambient",
                "eastWestGateway": {"addresses": [f"198.51.100.{number}"]},
            }
            for number, name in enumerate("abc")
        ],
    )
    moving = [
        each
        for cluster in "ab"
        for each in words.inside(
            cluster, words.namespace("shop", **ambient), words.service(), words.workload()
        )
    ]
    callers = words.inside("c", words.namespace("web", **ambient), words.workload("web", "web"))
    phases = [words.phase(step) for step in ("Prepare", "Pin", "Flip", "Drain", "Remove")]
    world = words.world(*moving, *callers, words.plan(*phases), top=top, clients="")
    assert codes(world) == ["relocation-proved"]


def test_a_subset_must_be_known_before_anybody_is_sent_there(words: Any) -> None:
    phases = [words.phase("Pin"), words.phase("Shift", 50), words.phase("Drain")]
    field, message = problem(words.world(words.plan(*phases)))
    assert field == "spec.phases[0]"
    assert 'on the way to phase "pin"' in message
    assert '"b" has applied all of it and the other clusters nothing of it' in message
    assert 'subset "a" is not known to the gateway of cluster "a"' in message


def test_a_subset_that_the_targets_gateway_lacks_is_found(words: Any) -> None:
    def change(_plan: Any, each: Emitted) -> Emitted:
        is_rule = each.body["kind"] == "DestinationRule"
        return Emitted(each.body, ("a", "c"), each.wave, each.by) if is_rule else each

    phases = [words.phase(step) for step in ("Prepare", "Drain")]
    field, message = problem(words.world(words.plan(*phases), clients="c"), change)
    assert field == "spec.phases[1]"
    assert 'subset "b" is not known to the gateway of cluster "b"' in message


def test_shares_by_locality_that_empty_the_sources_gateway_are_found(words: Any) -> None:
    def change(plan: Any, each: Emitted) -> Emitted:
        at = plan.spec.current.step if plan else ""
        if each.body["kind"] != "DestinationRule" or at != "Flip":
            return each
        body = deepcopy(dict(each.body))
        shares = [{"from": "*", "to": {"b/*": 100}}]
        body["spec"]["trafficPolicy"]["loadBalancer"] = {
            "localityLbSetting": {"distribute": shares}
        }
        return Emitted(body, each.clusters, each.wave, each.by)

    phases = [words.phase("Prepare"), words.phase("Shift", 50), words.phase("Flip")]
    field, message = problem(words.world(words.plan(*phases)), change)
    assert field == "spec.phases[2]"
    assert 'leaves the gateway of cluster "a" no endpoint' in message


def test_a_target_that_allows_nobody_is_found(words: Any) -> None:
    nobody = Resource.new(
        "security.istio.io/v1", "AuthorizationPolicy", "nobody", namespace="shop", spec={}
    )
    field, message = problem(words.world(words.plan(), *words.inside("b", nobody)))
    assert field == "spec.phases[2]"
    assert "10 % of its requests are lost" in message
    assert "(and so it is in 6 later phases)" in message


def test_a_target_that_refuses_a_clients_plaintext_is_found(words: Any) -> None:
    flat = words.topology(clusters=[{"name": name} for name in "abc"])
    strict = Resource.new(
        "security.istio.io/v1",
        "PeerAuthentication",
        "default",
        namespace="shop",
        spec={"mtls": {"mode": "STRICT"}},
    )
    plain = Resource.new(
        "networking.istio.io/v1",
        "DestinationRule",
        "api",
        namespace="web",
        spec={
            "host": words.host,
            "trafficPolicy": {"tls": {"mode": "DISABLE"}},
            "subsets": [
                {"name": name, "labels": {"topology.istio.io/cluster": name}} for name in "ab"
            ],
        },
    )
    world = words.world(
        words.plan(), *words.inside("b", strict), *words.inside("c", plain), top=flat
    )
    _, message = problem(world)
    assert 'from "web/web" in cluster "c" is lost' in message
    assert "mutual TLS" in message


def test_a_client_without_proxy_cannot_follow_to_another_network(words: Any) -> None:
    outside = words.inside("a", words.namespace("web", mesh="no"), words.workload("web", "web"))
    world = words.world(*outside, words.plan(), clients="bc")
    _, message = problem(world)
    assert 'from "web/web" in cluster "a" is lost' in message


@pytest.mark.parametrize(
    ("steps", "field", "step"),
    [
        ((("Shift", 50), ("Flip", None)), "spec.phases[0]", "Pin"),
        ((("Prepare", None), ("Shift", 50), ("Remove", None)), "spec.phases[2]", "Drain"),
    ],
    ids=["start", "stop"],
)
def test_a_plan_must_leave_time_to_start_and_to_stop(
    words: Any, steps: Any, field: str, step: str
) -> None:
    phases = [words.phase(name, weight) for name, weight in steps]
    _, results = words.world(words.plan(*phases)).followed()
    told = next(each for each in results if each.code == "relocation-gap")
    assert told.field == field
    assert f"a phase of step `{step}`" in told.message


def test_without_pods_there_is_nothing_to_prove(words: Any) -> None:
    bare = [*words.inside("a", words.service()), *words.inside("b", words.service())]
    assert codes(words.world(*bare, words.plan())) == ["relocation-unproven"]


def test_without_clients_there_is_nothing_to_prove(words: Any) -> None:
    world = words.world(words.discovery(consumers={}), words.plan(), clients="")
    deny = Resource.new(
        "security.istio.io/v1", "AuthorizationPolicy", "nobody", namespace="shop", spec={}
    )
    denied = words.world(words.plan(), *(e for c in "ab" for e in words.inside(c, deny)))
    assert codes(denied) == ["relocation-unused"]
    assert codes(world) == ["relocation-proved"]


@settings(max_examples=20, deadline=None)
@given(
    pinned=st.booleans(),
    weights=st.lists(st.integers(1, 99), max_size=3, unique=True).map(sorted),
    flipped=st.booleans(),
    others=st.booleans(),
)
def test_any_plan_with_growing_weights_is_safe(
    words: Any, pinned: bool, weights: list[int], flipped: bool, others: bool
) -> None:
    phases = [
        words.phase("Prepare"),
        *([words.phase("Pin")] if pinned else []),
        *(words.phase("Shift", weight) for weight in weights),
        *([words.phase("Flip")] if flipped else []),
        words.phase("Drain"),
        words.phase("Remove"),
    ]
    servers = "abc" if others else "ab"
    moving = [each for cluster in servers for each in words.running(cluster)]
    assert codes(words.world(*moving, words.plan(*phases))) == ["relocation-proved"]
