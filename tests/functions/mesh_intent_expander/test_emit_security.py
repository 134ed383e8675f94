"""Security objects: their form, and when they are applied."""

from typing import Any

import pytest

from krmfn.kinds.authorization import JwtProvider
from krmfn.mesh_intent_expander.emit.authorization_policy import authorization_policies
from krmfn.mesh_intent_expander.emit.peer_authentication import peer_authentications
from krmfn.mesh_intent_expander.emit.request_authentication import request_authentications
from krmfn.mesh_intent_expander.plan.security import (
    AccessPolicy,
    AccessRule,
    Called,
    Guarded,
    PeerPolicy,
    Source,
    TokenPolicy,
    When,
)
from krmfn.sdk import Resource

BY = Resource.new("intent.krmfn.dev/v1alpha1", "MutualTLS", "intent", namespace="shop")
PODS = Guarded("shop", (("app", "api"),))


@pytest.mark.parametrize(
    ("mode", "ports", "wave"),
    [
        pytest.param("PERMISSIVE", {}, "security", id="permissive"),
        pytest.param("DISABLE", {80: "PERMISSIVE"}, "security", id="disable"),
        pytest.param("STRICT", {80: "PERMISSIVE"}, "strict", id="strict"),
        pytest.param("PERMISSIVE", {80: "STRICT"}, "strict", id="strict-at-a-port"),
    ],
)
def test_what_refuses_plaintext_comes_last(mode: Any, ports: Any, wave: str) -> None:
    policy = PeerPolicy("api", "shop", mode, ("a",), BY, {"app": "api"}, ports)

    (made,) = peer_authentications([policy])

    assert (made.wave, made.clusters, made.by) == (wave, ("a",), BY)


def test_ports_are_in_order_and_stand_beside_a_selector() -> None:
    ports: Any = {8080: "STRICT", 80: "DISABLE"}
    policy = PeerPolicy("api", "shop", "PERMISSIVE", ("a",), BY, {"app": "api"}, ports)

    (made,) = peer_authentications([policy])

    assert made.body == {
        "apiVersion": "security.istio.io/v1",
        "kind": "PeerAuthentication",
        "metadata": {"name": "api", "namespace": "shop"},
        "spec": {
            "selector": {"matchLabels": {"app": "api"}},
            "mtls": {"mode": "PERMISSIVE"},
            "portLevelMtls": {"80": {"mode": "DISABLE"}, "8080": {"mode": "STRICT"}},
        },
    }
    assert [*made.body["spec"]["portLevelMtls"]] == ["80", "8080"]


def test_a_rule_has_only_what_is_given() -> None:
    rule = AccessRule(
        sources=(Source(principals=("td/ns/a/sa/b",), ip_blocks=("10.0.0.0/8",)),),
        operations=(Called(methods=("GET",), ports=(8080,)),),
        conditions=(When("source.ip", not_values=("10.0.0.1",)),),
    )
    policy = AccessPolicy("api-deny", PODS, "DENY", (rule,), ("a",), BY, dry_run=True)

    (made,) = authorization_policies([policy])

    assert made.body["metadata"]["annotations"] == {"istio.io/dry-run": "true"}
    assert made.body["spec"] == {
        "selector": {"matchLabels": {"app": "api"}},
        "action": "DENY",
        "rules": [
            {
                "from": [{"source": {"principals": ["td/ns/a/sa/b"], "ipBlocks": ["10.0.0.0/8"]}}],
                "to": [{"operation": {"methods": ["GET"], "ports": ["8080"]}}],
                "when": [{"key": "source.ip", "notValues": ["10.0.0.1"]}],
            }
        ],
    }


def test_an_authoriser_is_named_and_may_be_asked_about_everything() -> None:
    policy = AccessPolicy("x", PODS, "CUSTOM", (AccessRule(),), ("a",), BY, provider="opa")

    (made,) = authorization_policies([policy])

    assert (made.body["spec"]["provider"], made.body["spec"]["rules"]) == ({"name": "opa"}, [{}])


def test_a_policy_without_rules_has_none() -> None:
    (made,) = authorization_policies([AccessPolicy("x", PODS, "ALLOW", (), ("a",), BY)])

    assert "rules" not in made.body["spec"]


def test_a_waypoint_is_attached_by_its_service() -> None:
    target = Guarded("shop", waypoint_of="api")
    issuer = JwtProvider(issuer="https://id", forward_original_token=True)

    (made,) = request_authentications([TokenPolicy("x", target, (issuer,), ("a",), BY)])

    assert made.wave == "security"
    assert made.body["spec"] == {
        "targetRefs": [{"group": "", "kind": "Service", "name": "api"}],
        "jwtRules": [{"issuer": "https://id", "forwardOriginalToken": True}],
    }
