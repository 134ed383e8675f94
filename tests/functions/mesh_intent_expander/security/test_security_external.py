"""External authorisers: what they are asked about, and who knows them."""

from typing import Any

import pytest

ENTRY = {"service": "opa.shop.svc.cluster.local", "port": 9191, "timeout": "0.5s"}


@pytest.fixture
def decide(build: Any, world: Any) -> Any:
    def _decide(*rules: Any, mesh: Any = None, objects: Any = (), **spec: Any) -> Any:
        return world(
            [
                build.mesh("a", **(mesh or {"extensionProviders": ["opa"]})),
                build.mtls(),
                build.allows(rules=[*rules], **({"external": {}} | spec)),
            ],
            {"a": [*build.app(), *build.app("web", "web"), *objects]},
        )

    return _decide


@pytest.mark.parametrize(
    ("external", "rules", "asked"),
    [
        pytest.param({}, [], [{}], id="everything"),
        pytest.param(
            {"paths": ["/x/*"]},
            [],
            [{"to": [{"operation": {"paths": ["/x/*"], "ports": ["8080"]}}]}],
            id="paths-at-ports-that-speak-http",
        ),
        pytest.param(
            {"ports": [80]}, [], [{"to": [{"operation": {"ports": ["8080"]}}]}], id="ports"
        ),
        pytest.param(
            {"paths": ["/x/*"]},
            [{"condition": "true", "to": [{"methods": ["PUT"]}]}],
            [
                {"to": [{"operation": {"paths": ["/x/*"], "ports": ["8080"]}}]},
                {"to": [{"operation": {"methods": ["PUT"], "ports": ["8080"]}}]},
            ],
            id="and-what-rules-leave-to-it",
        ),
        pytest.param(
            {"paths": ["/x/*"]},
            [{"condition": "true", "from": [{"namespaces": ["web"]}]}],
            [{}],
            id="everything-when-a-rule-does-not-say-what-is-called",
        ),
        pytest.param(
            {"paths": ["/x"]},
            [
                {
                    "condition": "true",
                    "from": [{"ipBlocks": ["10.0.0.0/8"], "namespaces": ["web"]}],
                    "when": [
                        {"key": "source.principal", "values": ["*"]},
                        {"key": "request.headers[x-a]", "values": ["b"]},
                    ],
                }
            ],
            [
                {"to": [{"operation": {"paths": ["/x"], "ports": ["8080"]}}]},
                {
                    "from": [{"source": {"ipBlocks": ["10.0.0.0/8"]}}],
                    "to": [{"operation": {"ports": ["8080"]}}],
                    "when": [{"key": "request.headers[x-a]", "values": ["b"]}],
                },
            ],
            id="without-identities",
        ),
    ],
)
def test_the_authoriser_is_asked_about(
    decide: Any, external: dict[str, Any], rules: list[Any], asked: list[Any]
) -> None:
    made = decide(*rules, external=external)

    spec = made.written()["AuthorizationPolicy", "shop/api-external"]
    assert (spec["action"], spec["provider"]) == ("CUSTOM", {"name": "opa"})
    assert spec["rules"] == asked


def test_what_a_condition_allows_is_allowed_and_what_it_denies_is_the_authorisers_alone(
    decide: Any,
) -> None:
    made = decide(
        {"condition": "a", "from": [{"namespaces": ["web"]}]},
        {"condition": "b", "action": "Deny", "to": [{"paths": ["/x"]}]},
    )

    names = [name for kind, name in made.written() if kind == "AuthorizationPolicy"]
    assert names == ["shop/api-allow", "shop/api-external"]
    assert made.rules("shop/api-allow") == [{"from": [{"source": {"namespaces": ["web"]}}]}]


def test_a_provider_that_nobody_knows_is_told_with_the_entry_to_add(decide: Any) -> None:
    made = decide(mesh={"extensionProviders": ["opal"]}, external={"timeout": "200ms"})

    found = made.told("provider-unknown")
    assert (found.severity, found.proposed) == ("error", "opal")
    assert "extensionProviders:\n- name: opa\n  envoyExtAuthzGrpc:" in found.message
    assert "timeout: 200ms" in found.message


@pytest.mark.parametrize(
    ("entry", "external", "codes"),
    [
        pytest.param(ENTRY, {}, [], id="as-wanted"),
        pytest.param(ENTRY, {"failOpen": True}, ["warning:provider-differs"], id="fail-open"),
        pytest.param(ENTRY, {"timeout": "2s"}, ["warning:provider-differs"], id="timeout"),
        pytest.param(
            {"service": "opa", "port": 9191}, {}, ["warning:provider-differs"], id="no-timeout"
        ),
        pytest.param({"timeout": 3}, {}, ["warning:provider-differs"], id="hostile"),
    ],
)
def test_a_provider_of_the_mesh_config_is_compared(
    build: Any, decide: Any, entry: dict[str, Any], external: dict[str, Any], codes: list[str]
) -> None:
    config = build.mesh_config(extensionProviders=[{"name": "opa", "envoyExtAuthzGrpc": entry}])
    made = decide(mesh={}, objects=[config], external=external)

    assert made.codes() == codes


def test_pods_ask_one_provider_only(build: Any, world: Any) -> None:
    labels = {"app": "api", "tier": "back"}
    intents = [
        build.allows("one", external={"provider": "opa"}),
        build.allows("two", target={"selector": {"tier": "back"}}, external={"provider": "cerbos"}),
    ]
    mesh = build.mesh("a", extensionProviders=["opa", "cerbos"])
    made = world([mesh, build.mtls(), *intents], {"a": build.app(labels=labels)})
    apart = world([mesh, build.mtls(), *intents[:1], build.allows("three")], {"a": build.app()})

    assert made.told("provider-rivalry").proposed == "cerbos"
    assert apart.codes() == []


def test_a_provider_that_people_ask_counts(decide: Any) -> None:
    written = {
        "apiVersion": "security.istio.io/v1",
        "kind": "AuthorizationPolicy",
        "metadata": {"name": "own", "namespace": "shop"},
        "spec": {"action": "CUSTOM", "provider": {"name": "other"}, "rules": [{}]},
    }
    made = decide(objects=[written])

    assert 'AuthorizationPolicy "shop/own"' in made.told("provider-rivalry").message
