"""What cannot be said in Istio's terms: rules are never about more than was asked for."""

from typing import Any

import pytest

WEB = {"serviceAccounts": ["web/web"]}
DB = {"name": "tcp-db", "port": 5432, "targetPort": 5432}
HTTP = {"name": "http", "port": 80, "targetPort": 8080}
BAD_WHEN = [{"key": "request.header[x]", "values": ["y"]}]
BY_WEB = {"source": {"principals": ["cluster.local/ns/web/sa/web"]}}
TO_80 = {"operation": {"ports": ["8080"]}}

NOTHING = [
    pytest.param({"from": [{"clusters": ["a"], "namespaces": ["web"]}]}, id="shared-trust-domain"),
    pytest.param({"from": [{"clusters": ["no"]}]}, id="unknown-cluster"),
    pytest.param({"from": [{"service": "nope"}]}, id="unknown-service"),
    pytest.param({"from": [{"service": "nope", "namespaces": ["web"]}]}, id="and-namespace"),
    pytest.param({"from": [{"service": "idle"}]}, id="service-without-pods"),
    pytest.param({"to": [{"ports": [99]}]}, id="unknown-port"),
    pytest.param({"to": [{"ports": [99], "methods": ["GET"]}]}, id="unknown-port-and-method"),
    pytest.param({"from": [WEB], "to": [{"ports": [99]}]}, id="caller-and-unknown-port"),
    pytest.param({"from": [WEB], "when": BAD_WHEN}, id="unknown-condition"),
]


@pytest.fixture
def decide(build: Any, world: Any) -> Any:
    def _decide(*rules: Any, **spec: Any) -> Any:
        api = [build.meshed(), build.service(ports=[HTTP, DB]), build.pods()]
        return world(
            [
                build.mesh("a", "b", extensionProviders=["opa"]),
                build.mtls("all", scope="mesh"),
                build.allows(rules=[*rules], **spec),
            ],
            {"a": [*api, *build.app("web", "web"), build.service("idle")]},
        )

    return _decide


def _policies(made: Any) -> dict[str, Any]:
    return {
        name: spec.get("rules")
        for (kind, name), spec in made.written().items()
        if kind == "AuthorizationPolicy"
    }


@pytest.mark.parametrize("rule", NOTHING)
def test_a_rule_that_cannot_be_said_allows_nothing(decide: Any, rule: dict[str, Any]) -> None:
    made = decide(rule)

    assert any(code.startswith("error:") for code in made.codes())
    assert _policies(made) == {"shop/api-allow": None}


@pytest.mark.parametrize("action", ["Deny", "ShadowDeny"])
@pytest.mark.parametrize("rule", NOTHING)
def test_a_rule_that_cannot_be_said_refuses_nothing(
    decide: Any, rule: dict[str, Any], action: str
) -> None:
    assert _policies(decide(rule | {"action": action}, default="Allow")) == {}


@pytest.mark.parametrize("rule", NOTHING)
def test_the_authoriser_is_not_asked_about_a_rule_that_cannot_be_said(
    decide: Any, rule: dict[str, Any]
) -> None:
    made = decide(rule | {"condition": "true"}, external={"paths": ["/x"]})

    (asked,) = _policies(made)["shop/api-external"]
    assert asked == {"to": [{"operation": {"paths": ["/x"], "ports": ["8080"]}}]}


def test_the_authoriser_is_not_asked_where_its_ports_are_unknown(decide: Any) -> None:
    assert _policies(decide(external={"ports": [99]})) == {"shop/api-allow": None}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param({"from": [{"service": "nope"}, WEB]}, {"from": [BY_WEB]}, id="caller"),
        pytest.param(
            {"to": [{"ports": [99], "methods": ["GET"]}, {"ports": [80]}]},
            {"to": [TO_80]},
            id="operation",
        ),
        pytest.param({"to": [{"ports": [99, 80]}]}, {"to": [TO_80]}, id="port"),
    ],
)
@pytest.mark.parametrize("action", ["Allow", "Deny"])
def test_what_can_be_said_of_a_rule_remains(
    decide: Any, rule: dict[str, Any], expected: dict[str, Any], action: str
) -> None:
    made = decide(rule | {"action": action}, default="Deny" if action == "Allow" else "Allow")

    assert [*_policies(made).values()] == [[expected]]


def test_a_denial_of_http_does_not_refuse_what_speaks_something_else(decide: Any) -> None:
    rule = {"action": "Deny", "to": [{"ports": [5432], "methods": ["GET"]}]}

    assert _policies(decide(rule, default="Allow")) == {}


def test_a_service_that_runs_in_none_of_the_clusters_of_a_caller_is_no_caller(
    build: Any, world: Any
) -> None:
    clusters = [{"name": name, "trustDomain": name} for name in ("a", "b")]
    rules = [{"from": [{"service": "api", "clusters": ["b"]}]}]
    made = world(
        [build.mesh(*clusters, trustDomainAliases=["a", "b"]), build.allows(rules=rules)],
        {"a": build.app()},
    )

    assert made.told("caller-unknown").field == "spec.rules[0].from[0].service"
    assert _policies(made) == {"shop/api-allow": None}


@pytest.mark.parametrize(
    ("kind", "code"),
    [("serviceAccounts", "account-unknown"), ("namespaces", "namespace-unknown")],
)
def test_unknown_names_of_a_rule_are_told_together(decide: Any, kind: str, code: str) -> None:
    made = decide({"from": [{kind: [f"n{number}" for number in range(200)]}]})

    found = made.told(code)
    assert found.message.endswith(" and 195 more")
    assert found.field == f"spec.rules[0].from[0].{kind}[0]"
