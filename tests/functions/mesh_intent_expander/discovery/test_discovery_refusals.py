"""What keeps a service from being found, and how that is said."""

from typing import Any

import pytest


def case(name: str, code: str, field: str, **given: Any) -> Any:
    return pytest.param(given, code, field, id=name)


LOCAL = {"preference": "local"}
REMOTE = {"type": "remote", "configCluster": "b"}


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        case(
            "unknown service",
            "error:service-unknown",
            "spec.service.name",
            intent={"service": {"name": "review", "namespace": "bookinfo"}},
        ),
        case(
            "unknown port",
            "error:port-unknown",
            "spec.service.ports[0].number",
            intent={
                "service": {"name": "reviews", "namespace": "bookinfo", "ports": [{"number": 81}]}
            },
        ),
        case(
            "unknown cluster of servers",
            "error:cluster-unknown",
            "spec.exportFrom",
            intent={"exportFrom": ["a", "x"]},
        ),
        case(
            "unknown cluster of clients",
            "error:cluster-unknown",
            "spec.consumers.clusters",
            intent={"consumers": {"clusters": ["x"]}},
        ),
        case(
            "unknown namespace",
            "error:namespace-unknown",
            "spec.consumers.namespaces",
            intent={"consumers": {"namespaces": ["bookinfos"]}},
        ),
        case(
            "unknown placement",
            "error:placement-unknown",
            "spec.placement",
            intent={"placement": "x"},
        ),
        case(
            "exported from where it is not",
            "error:service-not-there",
            "spec.exportFrom",
            intent={"exportFrom": ["c"]},
        ),
        case(
            "weights without localities",
            "error:locality-shared",
            "spec.loadBalancing.weights",
            intent={"loadBalancing": {"weights": {"a": 1, "b": 1}}},
            b={"region": "region-a"},
        ),
        case(
            "kept local without localities",
            "error:locality-shared",
            "spec.loadBalancing.failover",
            intent={"loadBalancing": LOCAL | {"failover": {"to": "None"}}},
            b={"region": None},
        ),
        case(
            "weights of nobody",
            "error:weights-unmet",
            "spec.loadBalancing.weights",
            intent={"loadBalancing": {"weights": {"a": 0, "b": 0}}},
        ),
        case(
            "weights that leave one out",
            "warning:weight-missing",
            "spec.loadBalancing.weights",
            intent={"loadBalancing": {"weights": {"a": 1}}},
        ),
        case(
            "order of an unknown cluster",
            "error:cluster-unknown",
            "spec.loadBalancing.order",
            intent={"loadBalancing": {"preference": "ordered", "order": ["x", "a"]}},
        ),
        case(
            "order of a cluster without it",
            "warning:not-offered",
            "spec.loadBalancing.order",
            intent={"loadBalancing": {"preference": "ordered", "order": ["c", "a"]}},
        ),
        case(
            "failover with one cluster",
            "warning:failover-nowhere",
            "spec.loadBalancing.failover",
            intent={"exportFrom": ["a"], "loadBalancing": LOCAL | {"failover": {"to": "Any"}}},
        ),
        case(
            "threshold above all",
            "error:threshold-too-high",
            "spec.loadBalancing.failover.threshold",
            intent={"loadBalancing": {"failover": {"threshold": "120%"}}},
        ),
        case(
            "gateway without address",
            "error:gateway-without-address",
            "spec.clusters[1].eastWestGateway.addresses",
            b={"eastWestGateway": {"addresses": []}},
        ),
        case(
            "trust domain without alias",
            "error:trust-domain-without-alias",
            "spec.mesh.trustDomainAliases",
            b={"trustDomain": "other.example.com"},
        ),
        case(
            "version too old",
            "error:version-too-old",
            "spec.clusters[1].istioVersion",
            b={"istioVersion": "1.21.3"},
        ),
        case(
            "ambient beside sidecars on another network",
            "error:data-plane-mixed",
            "spec.clusters",
            b={"dataPlane": "ambient"},
        ),
        case(
            "ambient with a remote control plane",
            "error:ambient-remote",
            "spec.clusters",
            b={"dataPlane": "ambient"},
            a={"dataPlane": "ambient", "controlPlane": REMOTE},
        ),
        case(
            "federated with a remote control plane",
            "error:federated-remote",
            "spec.clusters",
            intent={"hostname": "global"},
            a={"controlPlane": REMOTE},
        ),
        case(
            "name of the cluster set without its API",
            "error:mcs-disabled",
            "spec.hostname",
            intent={"hostname": "clusterSet"},
        ),
        case(
            "own name without endpoint discovery",
            "error:hostname-not-federated",
            "spec.hostname",
            intent={"hostname": "clusterLocal"},
            mesh={"endpointDiscovery": False},
        ),
        case(
            "domain of Services",
            "error:global-domain-taken",
            "spec.globalDomain",
            intent={"hostname": "global"},
            mesh={"globalDomain": "svc.cluster.local"},
        ),
    ],
)
def test_what_cannot_be_is_told_with_its_field(
    words: Any, given: dict[str, Any], code: str, field: str
) -> None:
    clusters = [words.cluster(name, **given.get(name, {})) for name in "abc"]
    world = words.world(
        words.topology(*clusters, **given.get("mesh", {})),
        words.discovery(**given.get("intent", {})),
        a=words.service(),
        b=words.service(),
    )
    assert code in world.codes()
    assert world.told(code.partition(":")[2]).field == field


def test_an_unknown_name_is_told_with_the_nearest_known_one(words: Any) -> None:
    world = words.world(
        words.topology("a", "b"), words.discovery("bookinfo/review"), a=words.service()
    )
    assert world.told("service-unknown").proposed == "bookinfo/reviews"


def test_a_service_is_claimed_by_one_intent(words: Any) -> None:
    twice = words.discovery().replace("name: bookinfo-reviews", "name: zz")
    world = words.world(words.topology("a", "b"), words.discovery(), twice, a=words.service())
    told = world.told("service-claimed-twice")
    assert told.resource.name == "zz"
    assert '"bookinfo-reviews"' in told.message


def test_services_with_other_ports_in_other_clusters_are_told(words: Any) -> None:
    world = words.world(
        words.topology("a", "b"),
        words.discovery(),
        a=words.service(),
        b=words.service(port=9081),
    )
    assert world.codes() == ["warning:service-inconsistent"]


def test_an_order_that_istio_does_not_keep_is_told(words: Any) -> None:
    balancing = {"preference": "ordered", "order": ["b", "a", "c"]}
    world = words.world(
        words.topology("a", "b", "c"),
        words.discovery(loadBalancing=balancing),
        **dict.fromkeys("abc", words.service()),
    )
    assert world.codes() == ["warning:order-shortened"]


def test_clusters_of_one_istiod_cannot_be_treated_differently(words: Any) -> None:
    remote = words.cluster("b", controlPlane={"type": "remote", "configCluster": "a"})
    balancing = LOCAL | {"failover": {"to": "None"}}
    world = words.world(
        words.topology("a", remote),
        words.discovery(loadBalancing=balancing),
        a=words.service(),
        b=words.service(),
    )
    assert world.codes() == ["error:config-shared"]


def test_a_cluster_that_obeys_no_known_one_is_borne(words: Any) -> None:
    lost = words.cluster("b", controlPlane={"type": "remote", "configCluster": "nowhere"})
    world = words.world(
        words.topology("a", lost),
        words.discovery(consumers={"namespaces": ["bookinfo"]}),
        a=words.service(),
        b=words.service(),
    )
    assert "error:cluster-unknown" in world.codes()


def test_more_services_than_addresses_are_told(words: Any) -> None:
    names = [f"bookinfo/s{number}" for number in range(3)]
    world = words.world(
        words.topology("a", "b", endpointDiscovery=False, vipRange="10.0.0.0/30"),
        *(words.discovery(name) for name in names),
        a=[words.service(name) for name in names],
    )
    assert "error:vip-range-exhausted" in world.codes()


def test_an_alias_makes_another_trust_domain_the_meshs_own(words: Any) -> None:
    strange = words.cluster("b", trustDomain="other")
    mesh = {"trustDomainAliases": ["other"]}
    world = words.world(
        words.topology("a", strange, mesh=mesh), words.discovery(), a=words.service()
    )
    assert world.codes() == []


@pytest.mark.parametrize("strange", ["[]", "null", "7", "{a: 1}", "x"])
@pytest.mark.parametrize("kind", ["Gateway", "Sidecar", "ServiceEntry", "DestinationRule"])
def test_objects_of_any_shape_are_borne(words: Any, kind: str, strange: str) -> None:
    shapes = [
        f"apiVersion: networking.istio.io/v1\nkind: {kind}\nmetadata: {{name: x}}\nspec: {spec}"
        for spec in (
            strange,
            f"{{selector: {strange}, servers: {strange}, addresses: {strange}, hosts: {strange}}}",
            f"{{servers: [{{tls: {strange}, hosts: {strange}}}], addresses: [{strange}]}}",
        )
    ]
    placed = f"""
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: PlacementDecision
metadata: {{name: p, labels: {{multicluster.x-k8s.io/placement-key: p}}}}
decisions: [{strange}]
"""
    for shape in shapes:
        world = words.world(
            words.topology("a", "b"),
            placed,
            words.discovery(hostname="global", placement="p"),
            a=[words.service(), shape],
        )
        assert world.codes() == ["error:service-nowhere"]
