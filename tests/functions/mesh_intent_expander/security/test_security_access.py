"""ServiceAuthorization: what is written, for whom, and where."""

from typing import Any

import pytest

WEB = "cluster.local/ns/web/sa/web"
SELECTOR = {"matchLabels": {"app": "api"}}
MTLS = {"mode": "Strict"}


@pytest.fixture
def decide(build: Any, world: Any) -> Any:
    """Decide about one intent in a mesh whose servers and clients are in cluster a."""

    def _decide(*clusters: Any, api: Any = None, objects: Any = (), **spec: Any) -> Any:
        served = [*(api or build.app()), *build.app("web", "web"), *objects]
        return world(
            [
                build.mesh(*(clusters or ("a",)), extensionProviders=["opa"]),
                build.mtls("all", scope="mesh", **MTLS),
                build.allows(**spec),
            ],
            {"a": served},
        )

    return _decide


def _policies(made: Any, cluster: str = "a") -> dict[str, Any]:
    found = made.written(cluster)
    return {name: spec for (kind, name), spec in found.items() if kind == "AuthorizationPolicy"}


def test_the_pods_of_a_service_may_call(decide: Any) -> None:
    made = decide(rules=[{"from": [{"service": "web/web"}], "to": [{"methods": ["GET"]}]}])

    assert _policies(made) == {
        "shop/api-allow": {
            "selector": SELECTOR,
            "action": "ALLOW",
            "rules": [
                {
                    "from": [{"source": {"principals": [WEB]}}],
                    "to": [{"operation": {"methods": ["GET"]}}],
                }
            ],
        }
    }
    assert made.codes() == []


def test_each_action_has_a_policy_of_its_own(decide: Any) -> None:
    rules = [
        {"from": [{"namespaces": ["web"]}]},
        {"action": "Deny", "to": [{"ports": [80]}]},
        {"action": "ShadowDeny", "to": [{"ports": [80]}]},
    ]
    made = decide(rules=rules)

    policies = _policies(made)
    assert {name: spec["action"] for name, spec in policies.items()} == {
        "shop/api-allow": "ALLOW",
        "shop/api-deny": "DENY",
        "shop/api-shadow-deny": "DENY",
    }
    annotated = {
        each.body["metadata"]["name"]: each.body["metadata"].get("annotations")
        for each in made.emitted
        if each.body["kind"] == "AuthorizationPolicy"
    }
    assert [name for name, value in annotated.items() if value] == ["api-shadow-deny"]
    assert annotated["api-shadow-deny"] == {"istio.io/dry-run": "true"}


@pytest.mark.parametrize(
    ("spec", "policies"),
    [
        pytest.param(
            {"rules": []},
            {"shop/api-allow": {"selector": SELECTOR, "action": "ALLOW"}},
            id="deny-without-rules-allows-nothing",
        ),
        pytest.param({"default": "Allow"}, {}, id="allow-without-rules-says-nothing"),
        pytest.param(
            {"default": "Allow", "rules": [{"action": "Deny", "to": [{"ports": [80]}]}]},
            {
                "shop/api-deny": {
                    "selector": SELECTOR,
                    "action": "DENY",
                    "rules": [{"to": [{"operation": {"ports": ["8080"]}}]}],
                }
            },
            id="allow-with-denials-only-denies",
        ),
        pytest.param(
            {"rules": [{}]},
            {"shop/api-allow": {"selector": SELECTOR, "action": "ALLOW", "rules": [{}]}},
            id="an-empty-rule-allows-everything",
        ),
    ],
)
def test_the_default_decides_what_is_written(
    decide: Any, spec: dict[str, Any], policies: dict[str, Any]
) -> None:
    assert _policies(decide(**spec)) == policies


def test_a_denial_of_http_leaves_other_ports_in_peace(build: Any, decide: Any) -> None:
    ports = [
        {"name": "http", "port": 80, "targetPort": 8080},
        {"name": "tcp-db", "port": 5432, "targetPort": 5433},
    ]
    api = [build.meshed(), build.service(ports=ports), build.pods()]
    rules = [
        {"action": "Deny", "to": [{"paths": ["/admin/*"]}]},
        {"action": "Deny", "from": [{"namespaces": ["web"]}]},
        {"action": "Deny", "when": [{"key": "request.headers[x-a]", "values": ["b"]}]},
    ]
    made = decide(api=api, rules=rules)

    denied = [rule.get("to") for rule in made.rules("shop/api-deny")]
    assert denied == [
        [{"operation": {"paths": ["/admin/*"], "ports": ["8080"]}}],
        None,
        [{"operation": {"ports": ["8080"]}}],
    ]


def test_a_rule_that_allows_http_and_other_things_is_written_as_two(
    build: Any, decide: Any
) -> None:
    ports = [{"name": "http", "port": 80}, {"name": "tcp-db", "port": 5432}]
    api = [build.meshed(), build.service(ports=ports), build.pods()]
    made = decide(api=api, rules=[{"to": [{"methods": ["GET"]}, {"ports": [5432]}]}])

    assert made.rules("shop/api-allow") == [
        {"to": [{"operation": {"methods": ["GET"]}}]},
        {"to": [{"operation": {"ports": ["5432"]}}]},
    ]


@pytest.mark.parametrize(
    ("host", "hosts"),
    [
        pytest.param("api.example.com", ["api.example.com", "api.example.com:*"], id="plain"),
        pytest.param("*.example.com", ["*.example.com", "*.example.com:80"], id="suffix"),
        pytest.param("api.*", ["api.*"], id="prefix"),
        pytest.param("api:8443", ["api:8443"], id="with-port"),
        pytest.param("*", ["*"], id="any"),
    ],
)
def test_a_host_is_meant_with_and_without_port(decide: Any, host: str, hosts: list[str]) -> None:
    made = decide(rules=[{"to": [{"hosts": [host]}]}])

    assert made.rules("shop/api-allow")[0]["to"][0]["operation"]["hosts"] == hosts


def test_ports_of_the_service_become_those_of_the_pods_in_each_cluster(
    build: Any, world: Any
) -> None:
    def cluster(number: int) -> list[dict[str, Any]]:
        ports = [{"name": "http", "port": 80, "targetPort": number}]
        return [build.meshed(), build.service(ports=ports), build.pods()]

    intents = [build.mesh("a", "b"), build.mtls(), build.allows(rules=[{"to": [{"ports": [80]}]}])]
    made = world(intents, {"a": cluster(8080), "b": cluster(8081)})

    ports = [made.rules("shop/api-allow", c)[0]["to"][0]["operation"]["ports"] for c in ("a", "b")]
    assert ports == [["8080"], ["8081"]]
    assert '80 is 8080 in cluster "a", 80 is 8081 in cluster "b"' in (
        made.told("port-translated").message
    )


def test_policies_are_written_where_the_pods_run(build: Any, world: Any) -> None:
    stub = build.service()
    made = world(
        [build.mesh("a", "b", "c"), build.mtls(), build.allows()],
        {"a": build.app(), "b": [stub], "c": []},
    )

    assert [len(_policies(made, cluster)) for cluster in ("a", "b", "c")] == [1, 0, 0]


def test_accounts_have_the_trust_domains_of_the_mesh_or_of_their_clusters(
    build: Any, world: Any
) -> None:
    clusters = [{"name": name, "trustDomain": f"td-{name}"} for name in ("a", "b")]
    mesh = build.mesh(*clusters, trustDomain="td-a", trustDomainAliases=["td-b"])
    rules = [
        {"from": [{"serviceAccounts": ["web/web"]}]},
        {"from": [{"service": "web/web"}]},
        {"from": [{"clusters": ["b"]}]},
        {"from": [{"clusters": ["b"], "serviceAccounts": ["web/web"]}, {"namespaces": ["web"]}]},
    ]
    made = world(
        [mesh, build.mtls(), build.allows(rules=rules)],
        {"a": build.app(), "b": build.app("web", "web")},
    )

    both = [f"td-{cluster}/ns/web/sa/web" for cluster in ("a", "b")]
    assert made.rules("shop/api-allow") == [
        {"from": [{"source": {"principals": both}}]},
        {"from": [{"source": {"principals": both[1:]}}]},
        {"from": [{"source": {"principals": ["td-b/*"]}}]},
        {"from": [{"source": {"namespaces": ["web"]}}]},
        {
            "from": [{"source": {"principals": both[1:]}}],
            "when": [{"key": "source.principal", "values": ["td-b/*"]}],
        },
    ]


def test_a_service_of_ambient_is_protected_at_its_waypoint_and_at_those_of_clients(
    build: Any, world: Any
) -> None:
    clusters = [{"name": name, "dataPlane": "ambient"} for name in ("a", "b", "c")]
    labels = {"istio.io/use-waypoint": "waypoint"}
    service = build.service()
    service["metadata"]["labels"] = labels
    shop = build.namespace("shop", istio_io__dataplane_mode="ambient")
    finds = build.finds(exportFrom=["a"], consumers={"clusters": ["b"]})
    allows = build.allows(rules=[{"to": [{"methods": ["GET"], "ports": [80]}]}])
    made = world(
        [build.mesh(*clusters), finds, allows],
        {"a": [shop, service, build.pods()], "b": [service], "c": [service]},
    )

    spec = _policies(made)["shop/api-allow"]
    assert spec["targetRefs"] == [{"group": "", "kind": "Service", "name": "api"}]
    assert spec["rules"][0]["to"] == [{"operation": {"methods": ["GET"], "ports": ["80"]}}]
    assert [len(_policies(made, cluster)) for cluster in ("b", "c")] == [1, 0]
    assert "warning:waypoint-missing" not in made.codes()


def test_a_service_of_ambient_without_waypoint_is_told(build: Any, world: Any) -> None:
    shop = build.namespace("shop", istio_io__dataplane_mode="ambient")
    made = world(
        [build.mesh({"name": "a", "dataPlane": "ambient"}), build.allows()],
        {"a": [shop, build.service(), build.pods()]},
    )

    assert made.told("waypoint-missing").field == "spec.target.service"


@pytest.mark.parametrize(
    ("rule", "codes"),
    [
        pytest.param({"to": [{"methods": ["GET"]}]}, ["error:rule-beyond-ztunnel"], id="http"),
        pytest.param({"to": [{"ports": [80]}]}, ["info:port-translated"], id="ports"),
    ],
)
def test_pods_of_ambient_by_their_labels_are_protected_by_what_ztunnel_knows(
    build: Any, world: Any, rule: dict[str, Any], codes: list[str]
) -> None:
    shop = build.namespace("shop", istio_io__dataplane_mode="ambient")
    allows = build.allows(target={"selector": {"app": "api"}}, rules=[rule])
    made = world(
        [build.mesh({"name": "a", "dataPlane": "ambient"}), allows],
        {"a": [shop, build.service(), build.pods()]},
    )

    assert made.codes() == codes


def test_intents_of_one_name_have_objects_of_their_own(build: Any, world: Any) -> None:
    target = {"service": "api", "namespace": "shop"}
    intents = [
        build.allows("access"),
        build.allows("access", "ops", target=target),
        build.allows("shop", "ops", target=target),
        build.allows("ops-shop", target=target),
        build.allows("x" * 70),
    ]
    made = world([build.mesh("a"), build.mtls(), *intents], {"a": build.app()})

    names = [name.removeprefix("shop/") for name in _policies(made)]
    assert names[:2] == ["access-allow", "ops-access-allow"]
    assert len({*names}) == 5
    assert all(len(name) <= 63 for name in names)


def test_tokens_are_verified_at_the_pods(decide: Any) -> None:
    jwt = [{"issuer": "https://id", "jwksUri": "https://id/keys", "audiences": ["shop"]}]
    made = decide(jwt=jwt, rules=[{"from": [{"requestPrincipals": ["https://id/*"]}]}])

    assert made.written()["RequestAuthentication", "shop/api-jwt"] == {
        "selector": SELECTOR,
        "jwtRules": jwt,
    }
    assert made.codes() == []


def test_consumers_of_a_discovery_may_call_when_nobody_else_speaks_of_the_service(
    build: Any, world: Any
) -> None:
    finds = build.finds(consumers={"serviceAccounts": ["web/web"]})
    clusters = {"a": [*build.app(), *build.app("web", "web")]}
    alone = world([build.mesh("a"), build.mtls(), finds], clusters)
    spoken = world([build.mesh("a"), build.mtls(), finds, build.allows()], clusters)

    assert alone.rules("shop/api-consumers") == [{"from": [{"source": {"principals": [WEB]}}]}]
    assert [*_policies(spoken)] == ["shop/api-allow"]


@pytest.mark.parametrize(
    ("rules", "codes"),
    [
        pytest.param([{"from": [{"serviceAccounts": ["web/web"]}]}], [], id="account"),
        pytest.param([{"from": [{"namespaces": ["web"]}]}], [], id="namespace"),
        pytest.param([{}], [], id="anyone"),
        pytest.param([], ["warning:consumer-refused"], id="nobody"),
        pytest.param(
            [{"from": [{"serviceAccounts": ["shop/api"]}]}],
            ["warning:consumer-refused"],
            id="somebody-else",
        ),
        pytest.param(
            [{}, {"action": "Deny", "from": [{"namespaces": ["web"]}]}],
            ["warning:consumer-refused"],
            id="denied",
        ),
    ],
)
def test_a_consumer_that_may_not_call_is_told_with_both_intents(
    build: Any, world: Any, rules: list[Any], codes: list[str]
) -> None:
    finds = build.finds(consumers={"serviceAccounts": ["web/web"]})
    made = world(
        [build.mesh("a"), build.mtls(), finds, build.allows("access", rules=rules)],
        {"a": [*build.app(), *build.app("web", "web")]},
    )

    assert made.codes() == codes
    if codes:
        found = made.told("consumer-refused")
        assert (found.resource.kind, found.current) == ("ServiceDiscovery", "web/web")
        assert 'ServiceAuthorization "shop/access"' in found.message
