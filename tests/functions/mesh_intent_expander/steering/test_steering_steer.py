"""What a plan changes of routes and preferences, and which plans are refused."""

from typing import Any

import pytest
import yaml

from krmfn.sdk import Place, Resource

STEPS = ("prepare", "pin", "shift-10", "flip", "drain", "remove")


def preferred(decided: Any) -> set[tuple[str, ...]]:
    (found,) = decided.discovered
    return {policy.failover_priority for policy in found.policy.values()}


def clusters(decided: Any) -> dict[str, int]:
    (host,) = decided.hosts
    return {share.cluster: share.weight for share in host.rules[0].shares}


def moved(words: Any) -> list[Resource]:
    """Give the service as it is when the source has stopped."""
    return [*words.inside("a", words.namespace("shop"), words.service()), *words.running("b")]


@pytest.mark.parametrize(
    ("phase", "cluster"),
    [
        ("prepare", "a"),
        ("pin", "a"),
        ("shift-10", "a"),
        ("shift-100", "a"),
        ("flip", "b"),
        ("drain", "b"),
    ],
)
def test_clients_prefer_the_source_until_the_flip(words: Any, phase: str, cluster: str) -> None:
    decided = words.world(words.plan()).at(phase)
    assert preferred(decided) == {(f"topology.istio.io/cluster={cluster}",)}


def test_in_the_end_preferences_are_the_intents_own(words: Any) -> None:
    local = words.discovery(loadBalancing={"preference": "local"})
    decided = words.world(*moved(words), *words.running("c"), local, words.plan()).at("remove")
    assert preferred(decided) == {("topology.istio.io/cluster",)}


@pytest.mark.parametrize("phase", STEPS)
def test_no_cluster_is_ever_out_of_reach_by_locality(words: Any, phase: str) -> None:
    weights = words.discovery(loadBalancing={"weights": {"a": 1}})
    (found,) = words.world(weights, words.plan()).at(phase).discovered
    assert not any(policy.distribute for policy in found.policy.values())
    assert all(policy.errors for policy in found.policy.values())


@pytest.mark.parametrize(
    ("phase", "servers"), [("prepare", ("a", "b")), ("drain", ("a", "b")), ("remove", ("b",))]
)
def test_the_target_serves_from_the_first_phase_and_the_source_to_the_last(
    words: Any, phase: str, servers: tuple[str, ...]
) -> None:
    source = words.running("b" if phase in ("drain", "remove") else "a")
    (found,) = words.world(*source, words.plan()).at(phase).discovered
    assert found.servers == servers
    assert set(found.policy) >= set(servers)


def test_a_service_without_route_gets_a_rule_for_each_port(words: Any) -> None:
    ports = ((80, "http"), (81, "grpc-api"), (9000, "tcp-data"), (9443, "tls-own"), (53, "udp-dns"))
    moving = [
        each
        for cluster in "ab"
        for each in words.inside(
            cluster, words.namespace("shop"), words.service(*ports), words.workload()
        )
    ]
    hosts = words.world(*moving, words.plan()).at("shift-10").hosts
    assert {host.protocol: [rule.port for rule in host.rules] for host in hosts} == {
        "http": [80, 81],
        "tcp": [9000],
        "tls": [9443],
    }
    for host in hosts:
        assert host.hosts == (words.host,)
        assert host.clusters == ("a", "b", "c")
        for rule in host.rules:
            assert {each.cluster: each.weight for each in rule.shares} == {"a": 90, "b": 10}


def test_ports_that_a_route_leaves_out_are_steered_as_well(words: Any) -> None:
    moving = [
        each
        for cluster in "ab"
        for each in words.inside(
            cluster,
            words.namespace("shop"),
            words.service((80, "http"), (81, "http-admin")),
            words.workload(),
        )
    ]
    routed = words.intent("TrafficRoute", "api", parentRef={"service": "api", "port": 80})
    (host,) = words.world(*moving, routed, words.plan()).at("pin").hosts
    assert [rule.port for rule in host.rules] == [80, 81]
    for rule in host.rules:
        assert {each.cluster: each.weight for each in rule.shares} == {"a": 100, "b": 0}


def test_without_plan_nothing_changes(words: Any) -> None:
    world = words.world()
    decided, _ = world.resolved([])
    assert decided.hosts == ()
    assert preferred(decided) == {()}


def test_without_endpoint_discovery_the_endpoints_own_label_is_preferred(words: Any) -> None:
    flat = words.topology(endpointDiscovery=False)
    decided = words.world(words.plan(), top=flat).at("flip")
    assert preferred(decided) == {("mesh.internal/cluster=b",)}
    assert {share.host for host in decided.hosts for share in host.rules[0].shares} == {
        "api.shop.mesh.internal"
    }


def test_without_endpoint_discovery_the_sources_endpoints_go_in_the_end(words: Any) -> None:
    flat = words.topology(endpointDiscovery=False)
    world = words.world(*moved(words), words.plan(), top=flat)
    (found,) = world.at("remove").discovered
    assert {each.cluster for reach in found.reaches for each in reach.endpoints} == {"b"}
    assert {offer.cluster for offer in found.offers} == {"b"}


def test_where_it_runs_on_further_clusters_shares_alone_move_it(words: Any) -> None:
    world = words.world(*(each for c in "abc" for each in words.running(c)), words.plan())
    assert clusters(world.at("shift-50")) == {"a": 25, "b": 25, "c": 50}
    assert clusters(world.at("flip")) == {"a": 0, "b": 50, "c": 50}
    assert preferred(world.at("flip")) == {()}
    assert '"a", "c"' in world.told("relocation-spread").message


def test_in_the_gateway_api_preference_alone_moves_it(words: Any) -> None:
    phases = [words.phase(step) for step in ("Prepare", "Pin", "Flip", "Drain", "Remove")]
    world = words.world(words.plan(*phases), top=words.topology(flavor="gateway-api"))
    decided = world.at("flip")
    assert decided.hosts == ()
    assert preferred(decided) == {("topology.istio.io/cluster=b",)}


def test_a_rule_that_still_names_the_source_is_told_in_the_end(words: Any) -> None:
    routed = words.intent(
        "TrafficRoute",
        "api",
        parentRef={"service": "api"},
        rules=[{"backends": [{"cluster": "a"}]}],
    )
    world = words.world(*moved(words), routed, words.plan(at="remove"))
    told = world.told("relocation-left-behind")
    assert (told.field, told.current, told.proposed) == ("spec.rules[0]", "a", "b")
    assert clusters(world.resolved(world.plans)[0]) == {"a": 0, "b": 100}


def test_a_share_that_goes_back_is_told(words: Any) -> None:
    phases = [words.phase("Shift", 50), words.phase("Shift", 10)]
    told = words.world(words.plan(words.phase("Prepare"), *phases)).told("relocation-backwards")
    assert (str(told.severity), told.field) == ("info", "spec.phases[2]")
    assert 'from 50 % in phase "shift-50" to 10 %' in told.message


def test_clients_bound_by_a_session_are_told_of(words: Any) -> None:
    routed = words.intent(
        "TrafficRoute", "api", parentRef={"service": "api"}, sessionAffinity={"cookie": "me"}
    )
    world = words.world(routed, words.plan(at="pin"))
    assert str(world.told("relocation-affinity").severity) == "warning"


def refused(world: Any) -> list[tuple[str, str, str | None]]:
    return [
        (each.code, each.field, each.proposed)
        for each in world.results
        if str(each.severity) == "error"
    ]


@pytest.mark.parametrize(
    ("spec", "wrong"),
    [
        ({"from": "aa"}, ("cluster-unknown", "spec.from", "a")),
        ({"to": "nowhere"}, ("cluster-unknown", "spec.to", None)),
        ({"service": "apis"}, ("service-unknown", "spec.service", "api")),
        ({"from": "c"}, ("relocation-source", "spec.from", "a")),
        ({"to": "c", "phase": "flip"}, ("relocation-target", "spec.to", None)),
    ],
    ids=["from", "to", "service", "source-without-it", "target-without-it"],
)
def test_a_plan_must_speak_of_what_there_is(
    words: Any, spec: dict[str, str], wrong: tuple[str, str, str | None]
) -> None:
    assert refused(words.world(words.plan(**spec))) == [wrong]


def test_a_target_without_its_pods_is_refused_only_when_requests_come(words: Any) -> None:
    alone = [*words.running("a"), *words.inside("b", words.service())]
    assert refused(words.world(*alone, words.plan(at="pin"))) == []
    world = words.world(*alone, words.plan(at="shift-10"))
    assert refused(world) == [("relocation-target", "spec.to", None)]
    assert "no workload that the Service selects" in world.told("relocation-target").message


def test_only_what_is_discovered_can_move(words: Any) -> None:
    world = words.world(words.discovery(service={"name": "other"}), words.plan())
    assert ("relocation-undiscovered", "spec.service", None) in refused(world)


def test_without_endpoint_discovery_the_target_must_be_offered(words: Any) -> None:
    flat = words.topology(endpointDiscovery=False)
    world = words.world(*words.running("a"), words.plan(), top=flat)
    assert refused(world) == [("relocation-unoffered", "spec.to", None)]


def test_a_service_is_moved_by_one_plan(words: Any) -> None:
    second = words.intent("RelocationPlan", "other", **{"service": "api", "from": "a", "to": "c"})
    world = words.world(words.plan(), second)
    assert refused(world) == [("relocation-twice", "spec.service", None)]
    assert '"move" moves "shop/api" as well' in world.told("relocation-twice").message


def test_a_headless_service_is_refused(words: Any) -> None:
    moving = [
        each
        for cluster in "ab"
        for each in words.inside(cluster, words.service(clusterIP="None"), words.workload())
    ]
    assert ("relocation-headless", "spec.service", None) in refused(
        words.world(*moving, words.plan())
    )


def without_subsets(words: Any, clients: dict[str, str], *phases: Any) -> list[Any]:
    top = words.topology(
        **{key: value for key, value in clients.items() if key == "flavor"},
        clusters=[
            {"name": name, **({"dataPlane": "ambient"} if "dataPlane" in clients else {})}
            for name in "abc"
        ],
    )
    results = words.world(words.plan(*phases), top=top).results
    return [each for each in results if each.code == "relocation-weights"]


WITHOUT_SUBSETS = pytest.mark.parametrize(
    "clients", [{"flavor": "gateway-api"}, {"dataPlane": "ambient"}], ids=str
)


@WITHOUT_SUBSETS
def test_shares_need_subsets(words: Any, clients: dict[str, str]) -> None:
    phases = [words.phase("Pin"), words.phase("Shift", 50), words.phase("Flip")]
    (wrong,) = without_subsets(words, clients, *phases)
    assert (wrong.field, wrong.current) == ("spec.phases[1].step", "Shift")


@WITHOUT_SUBSETS
def test_who_wrote_no_phases_is_told_what_to_write(words: Any, clients: dict[str, str]) -> None:
    (wrong,) = without_subsets(words, clients)
    assert wrong.field == "spec.phases"
    said, written = wrong.message.rstrip("`").split("`phases: ")
    assert "the default phases have the step `Shift`" in said
    assert without_subsets(words, clients, *yaml.safe_load(written)) == []


def test_a_package_of_one_cluster_is_not_asked_for_the_others_pods(words: Any) -> None:
    for own, phase in (("a", "flip"), ("b", "pin")):
        pods = [each.at(Place(f"{each.kind}.yaml", 0)) for each in words.running(own)]
        world = words.of(
            [words.topology(), words.discovery(), *pods, words.plan(at=phase)], own=own
        )
        assert [each for each in refused(world) if each[0].startswith("relocation")] == []
