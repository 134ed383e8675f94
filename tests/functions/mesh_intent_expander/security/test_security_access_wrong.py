"""ServiceAuthorization: what is wrong, and where it is told."""

from typing import Any

import pytest

WEB = {"serviceAccounts": ["web/web"]}
DB = {"name": "tcp-db", "port": 5432, "targetPort": 5432}
HTTP = {"name": "http", "port": 80, "targetPort": 8080}


@pytest.fixture
def decide(build: Any, world: Any) -> Any:
    def _decide(
        *rules: Any, ports: Any = (HTTP, DB), mode: str = "Strict", objects: Any = (), **spec: Any
    ) -> Any:
        api = [build.meshed(), build.service(ports=[*ports]), build.pods()]
        return world(
            [
                build.mesh("a", extensionProviders=["opa"]),
                build.mtls("all", scope="mesh", mode=mode),
                build.allows(rules=[*rules], **spec),
            ],
            {"a": [*api, *build.app("web", "web"), *objects]},
        )

    return _decide


@pytest.mark.parametrize(
    ("rule", "code", "field", "proposed"),
    [
        pytest.param(
            {"from": [{"service": "web/wep"}]},
            "error:service-unknown",
            "from[0].service",
            "web/web",
            id="service",
        ),
        pytest.param(
            {"from": [{"serviceAccounts": ["web/wep"]}]},
            "warning:account-unknown",
            "from[0].serviceAccounts[0]",
            "web/web",
            id="account",
        ),
        pytest.param(
            {"from": [{"namespaces": ["weg"]}]},
            "warning:namespace-unknown",
            "from[0].namespaces[0]",
            "web",
            id="namespace",
        ),
        pytest.param(
            {"from": [{"clusters": ["b"]}]},
            "error:cluster-unknown",
            "from[0].clusters[0]",
            None,
            id="cluster",
        ),
        pytest.param(
            {"to": [{"ports": [81]}]}, "error:port-unknown", "to[0].ports", None, id="port"
        ),
        pytest.param(
            {"to": [{"ports": [5432], "methods": ["GET"]}]},
            "error:http-rule-on-tcp",
            "to[0]",
            None,
            id="http-on-tcp",
        ),
        pytest.param(
            {"from": [WEB], "when": [{"key": "request.header[x]", "values": ["y"]}]},
            "error:condition-unknown",
            "when[0].key",
            "request.headers[x]",
            id="condition",
        ),
        pytest.param(
            {"when": [{"key": "request.headers", "values": ["y"]}]},
            "error:condition-unknown",
            "when[0].key",
            "request.headers[name]",
            id="condition-without-name",
        ),
        pytest.param(
            {"when": [{"key": "source.ip", "notValues": ["10.0.0.0/33"]}]},
            "error:condition-value",
            "when[0].notValues",
            None,
            id="condition-value",
        ),
        pytest.param(
            {"when": [{"key": "destination.port", "values": ["http"]}]},
            "error:condition-value",
            "when[0].values",
            None,
            id="condition-port",
        ),
        pytest.param(
            {"when": [{"key": "request.auth.claims[role]", "values": ["admin"]}]},
            "error:token-without-issuer",
            "",
            None,
            id="claims",
        ),
    ],
)
def test_what_cannot_be_is_told_at_its_field(
    decide: Any, rule: dict[str, Any], code: str, field: str, proposed: str | None
) -> None:
    made = decide(rule)

    assert made.codes() == [code]
    found = made.told(code.partition(":")[2])
    assert found.field == f"spec.rules[0].{field}".rstrip(".")
    assert found.proposed == proposed


@pytest.mark.parametrize(
    ("target", "code", "proposed"),
    [
        pytest.param({"service": "apj"}, "error:service-unknown", "api", id="service"),
        pytest.param({"selector": {"app": "no"}}, "error:target-empty", None, id="selector"),
        pytest.param({"service": "outer"}, "error:service-unknown", None, id="without-selector"),
    ],
)
def test_a_target_must_be_there(
    build: Any, decide: Any, target: dict[str, Any], code: str, proposed: str | None
) -> None:
    outer = build.service("outer", selector={})
    made = decide(target=target, objects=[outer])

    assert made.codes() == [code]
    assert made.told(code.partition(":")[2]).proposed == proposed


def test_a_named_port_that_no_pods_have_cannot_be_translated(decide: Any) -> None:
    made = decide({"to": [{"ports": [80]}]}, ports=[HTTP | {"targetPort": "web"}])

    assert made.codes() == ["error:port-unresolved"]


def test_rules_about_http_need_a_port_that_speaks_it(decide: Any) -> None:
    made = decide({"to": [{"paths": ["/x"]}]}, ports=[DB])

    assert made.told("http-rule-on-tcp").current == "5432"


def test_a_cluster_needs_a_trust_domain_of_its_own(build: Any, world: Any) -> None:
    rules = [{"from": [{"clusters": ["b"]}]}]
    made = world(
        [build.mesh("a", "b"), build.mtls(), build.allows(rules=rules)], {"a": build.app()}
    )

    assert made.told("trust-domain-shared").field == "spec.rules[0].from[0].clusters[0]"


@pytest.mark.parametrize(
    ("mode", "action", "codes"),
    [
        pytest.param("Strict", "Allow", [], id="strict"),
        pytest.param("Permissive", "Allow", ["warning:identity-without-mtls"], id="allow"),
        pytest.param("Permissive", "Deny", ["error:identity-without-mtls"], id="deny"),
        pytest.param("Disable", "Allow", ["error:identity-without-mtls"], id="disable"),
        pytest.param("Permissive", "ShadowDeny", [], id="only-counted"),
    ],
)
def test_rules_about_certificates_need_mutual_tls(
    decide: Any, mode: str, action: str, codes: list[str]
) -> None:
    assert decide({"action": action, "from": [WEB]}, mode=mode).codes() == codes


def test_mutual_tls_is_judged_at_the_ports_of_the_rule(build: Any, world: Any) -> None:
    service = build.service(ports=[HTTP, DB])
    port = {"service": 5432, "mode": "Permissive"}
    intents = [
        build.mtls(scope="workload", service="api", ports=[port]),
        build.allows(rules=[{"from": [WEB], "to": [{"ports": [number]}]} for number in (80, 5432)]),
    ]
    objects = [build.meshed(), service, build.pods(), *build.app("web", "web")]
    made = world([build.mesh("a"), *intents], {"a": objects})

    assert made.told("identity-without-mtls").field == "spec.rules[1].from"


def test_a_mode_that_people_wrote_counts(build: Any, world: Any) -> None:
    made = world(
        [build.mesh("a"), build.allows(rules=[{"from": [WEB]}])],
        {"a": [*build.app(), *build.app("web", "web"), build.peer("own", "STRICT")]},
    )

    assert made.codes() == []


def test_tokens_that_nobody_asks_for_are_told(decide: Any) -> None:
    made = decide({"from": [WEB]}, jwt=[{"issuer": "https://id"}])

    assert made.codes() == ["warning:token-not-required"]


def test_a_request_authentication_that_people_wrote_verifies_tokens(decide: Any) -> None:
    written = {
        "apiVersion": "security.istio.io/v1",
        "kind": "RequestAuthentication",
        "metadata": {"name": "own", "namespace": "shop"},
        "spec": {"jwtRules": [{"issuer": "https://id"}]},
    }
    made = decide({"from": [{"requestPrincipals": ["*"]}]}, objects=[written])

    assert made.codes() == []


@pytest.mark.parametrize(
    ("version", "codes"),
    [
        pytest.param("1.29", ["error:istio-too-old"], id="too-old"),
        pytest.param("1.30", [], id="new-enough"),
    ],
)
def test_a_condition_needs_an_istio_that_knows_it(
    build: Any, world: Any, version: str, codes: list[str]
) -> None:
    rule = {"when": [{"key": "source.trustDomain", "values": ["td"]}]}
    made = world(
        [
            build.mesh({"name": "a", "istioVersion": version}),
            build.mtls(),
            build.allows(rules=[rule]),
        ],
        {"a": build.app()},
    )

    assert made.codes() == codes


def test_a_rule_that_allows_what_is_allowed_by_default_is_told(decide: Any) -> None:
    assert decide({"from": [WEB]}, default="Allow").codes() == ["warning:rule-without-effect"]


def test_defaults_of_one_target_must_agree(build: Any, world: Any) -> None:
    intents = [build.allows("one"), build.allows("two", default="Allow")]
    made = world([build.mesh("a"), build.mtls(), *intents], {"a": build.app()})

    found = made.told("default-conflict")
    assert 'ServiceAuthorization "shop/one"' in found.message


@pytest.mark.parametrize(
    ("allow", "deny", "code"),
    [
        pytest.param(
            {"from": [WEB], "to": [{"paths": ["/a/*"], "methods": ["GET"]}]},
            {"from": [WEB], "to": [{"paths": ["/a/*"], "methods": ["GET"]}]},
            "warning:rule-contradicted",
            id="the-same",
        ),
        pytest.param(
            {"from": [WEB], "to": [{"paths": ["/a/b"]}]},
            {"from": [{"namespaces": ["web"]}], "to": [{"paths": ["/a/*"]}]},
            "warning:rule-shadowed",
            id="wider",
        ),
        pytest.param(
            {"from": [WEB], "to": [{"paths": ["/a/1/b"]}]},
            {"to": [{"paths": ["/a/{*}/b"]}]},
            "warning:rule-shadowed",
            id="template",
        ),
        pytest.param(
            {"from": [{"ipBlocks": ["10.1.0.0/16"]}]},
            {"from": [{"ipBlocks": ["10.0.0.0/8"]}]},
            "warning:rule-shadowed",
            id="addresses",
        ),
        pytest.param(
            {"from": [WEB], "to": [{"paths": ["/a/*"]}]},
            {"from": [WEB], "to": [{"paths": ["/a/b"]}]},
            None,
            id="narrower",
        ),
        pytest.param(
            {"from": [WEB]}, {"from": [WEB], "to": [{"ports": [80]}]}, None, id="another-port"
        ),
        pytest.param(
            {"from": [WEB]},
            {"when": [{"key": "source.ip", "values": ["10.0.0.1"]}]},
            None,
            id="on-a-condition",
        ),
    ],
)
def test_a_rule_that_another_one_refuses_in_full_is_told_with_a_request(
    decide: Any, allow: dict[str, Any], deny: dict[str, Any], code: str | None
) -> None:
    made = decide(allow, deny | {"action": "Deny"})

    wrong = [each for each in made.codes() if not each.startswith("info:")]
    assert wrong == ([code] if code else [])
    if code:
        found = made.told(code.partition(":")[2])
        assert found.field == "spec.rules[0]"
        assert found.message.endswith("is refused")
        assert "`spec.rules[1]`" in found.message
