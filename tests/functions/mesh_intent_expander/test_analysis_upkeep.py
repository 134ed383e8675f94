"""Analysis of what is out of date, refused, unverified or unsafe."""

from typing import Any

import pytest

from krmfn.mesh_intent_expander.analysis.checking import analyze
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource


def told(code: str, *objects: Resource) -> list[str]:
    """Give the names of the objects of which a code is told."""
    found = analyze(Fleet([ClusterView("", objects)]))
    return [each.resource.name for each in found if each.code.id == code]


def networking(kind: str, **spec: Any) -> Resource:
    return Resource.new("networking.istio.io/v1", kind, "a", namespace="shop", spec=spec)


def definition(name: str, version: str = "", **spec: Any) -> Resource:
    annotations = {"gateway.networking.k8s.io/bundle-version": version} if version else {}
    return Resource.new(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        name,
        annotations=annotations,
        spec=spec,
    )


@pytest.mark.parametrize(
    ("delay", "expected"),
    [
        pytest.param({"percent": 5}, ["a"], id="the old field"),
        pytest.param({"percent": 0}, [], id="nothing in it"),
        pytest.param({"percentage": {"value": 5}}, [], id="the new field"),
    ],
)
def test_a_percent_is_deprecated(delay: Any, expected: list[str]) -> None:
    assert told("IST0002", networking("VirtualService", http=[{"fault": {"delay": delay}}])) == (
        expected
    )


def test_an_egress_proxy_is_deprecated() -> None:
    proxy = {"mode": "ALLOW_ANY", "egressProxy": {"host": "egress"}}
    assert told("IST0002", networking("Sidecar", outboundTrafficPolicy=proxy)) == ["a"]
    assert told("IST0002", networking("Sidecar", outboundTrafficPolicy={"mode": "ALLOW_ANY"})) == []


def test_kinds_that_istio_dropped_are_deprecated() -> None:
    def of(group: str, kind: str) -> Resource:
        return definition("a", group=group, names={"kind": kind})

    assert told("IST0002", of("rbac.istio.io", "ServiceRole")) == ["a"]
    assert told("IST0002", of("rbac.istio.io", "Other"), of("acme.io", "ServiceRole")) == []


def test_lightstep_is_deprecated() -> None:
    providers = [{"name": "old", "lightstep": {"service": "x"}}, {"name": "new", "zipkin": {}}]
    config = Resource.of(
        {"apiVersion": "v1", "kind": "MeshConfig", "extensionProviders": providers}
    )

    def of(name: str) -> Resource:
        spec = {"tracing": [{"providers": [{"name": name}]}]}
        return Resource.new("telemetry.istio.io/v1", "Telemetry", name, namespace="a", spec=spec)

    assert told("IST0002", of("old"), of("new"), config) == ["old"]
    assert told("IST0002", of("old")) == []


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("tlsroutes", "v1.4.1", True),
        ("tlsroutes", "v1.5.0", False),
        ("tlsroutes", "v1.5.0-rc.1", False),
        ("tcproutes", "1.5", True),
        ("grpcroutes", "v1.0.0+build", True),
        ("grpcroutes", "v1.1.0", False),
        ("backendtlspolicies", "v1.3.9", True),
        ("httproutes", "v0.1.0", False),
        ("tlsroutes", "", False),
        ("tlsroutes", "old", False),
    ],
)
def test_the_gateway_api_is_recent(name: str, version: str, expected: bool) -> None:
    full = f"{name}.gateway.networking.k8s.io"
    assert told("IST0176", definition(full, version)) == [full] * expected
    assert told("IST0176", definition(f"{name}.acme.io", version)) == []


def condition(name: str, status: str, reason: str = "Why") -> dict[str, str]:
    return {"type": name, "status": status, "reason": reason, "message": "so"}


@pytest.mark.parametrize(
    ("version", "kind", "types"),
    [
        ("v1", "Service", ["istio.io/WaypointBound"]),
        ("networking.istio.io/v1", "ServiceEntry", ["istio.io/WaypointBound"]),
        ("networking.istio.io/v1", "WorkloadEntry", ["istio.io/WaypointBound"]),
        ("security.istio.io/v1", "AuthorizationPolicy", ["ZtunnelAccepted", "WaypointAccepted"]),
        ("gateway.networking.k8s.io/v1", "Gateway", ["Accepted", "Programmed", "ResolvedRefs"]),
        ("gateway.networking.k8s.io/v1", "HTTPRoute", ["Accepted", "ResolvedRefs"]),
        ("gateway.networking.k8s.io/v1", "GRPCRoute", ["Accepted", "ResolvedRefs"]),
    ],
)
def test_a_condition_that_is_false_is_told(version: str, kind: str, types: list[str]) -> None:
    def of(*conditions: dict[str, str]) -> Resource:
        said: dict[str, Any] = {"conditions": list(conditions)}
        status = {"parents": [said]} if kind.endswith("Route") else said
        return Resource.new(version, kind, "a", namespace="shop", status=status)

    for name in types:
        assert told("IST0171", of(condition(name, "False"))) == ["a"]
    assert told("IST0171", of(*(condition(name, "True") for name in types))) == []
    assert told("IST0171", of(condition("Other", "False"), condition(types[0], "Unknown"))) == []


def test_a_policy_that_a_waypoint_took_in_part_is_told() -> None:
    given = Resource.new(
        "security.istio.io/v1",
        "AuthorizationPolicy",
        "a",
        namespace="shop",
        status={"conditions": [condition("WaypointAccepted", "True", "PartiallyInvalid")]},
    )
    assert told("IST0171", given) == ["a"]


@pytest.mark.parametrize(
    ("tls", "selector", "expected"),
    [
        pytest.param({"mode": "SIMPLE"}, None, True, id="nothing to verify with"),
        pytest.param({"mode": "MUTUAL", "clientCertificate": "c"}, None, True, id="only its own"),
        pytest.param({"mode": "SIMPLE", "caCertificates": "ca"}, None, False, id="an authority"),
        pytest.param({"mode": "ISTIO_MUTUAL"}, None, False, id="Istio's own"),
        pytest.param({"mode": "DISABLE"}, None, False, id="no TLS"),
        pytest.param({"mode": "SIMPLE", "credentialName": "c"}, None, True, id="nobody's secret"),
        pytest.param(
            {"mode": "SIMPLE", "credentialName": "c"}, {"matchLabels": {}}, False, id="a secret"
        ),
    ],
)
def test_servers_are_verified(tls: Any, selector: Any, expected: bool) -> None:
    extra = {} if selector is None else {"workloadSelector": selector}
    whole = networking("DestinationRule", host="db", trafficPolicy={"tls": tls}, **extra)
    ports = {"portLevelSettings": [{"port": {"number": 1}, "tls": tls}]}
    single = networking("DestinationRule", host="db", trafficPolicy=ports, **extra)
    names = ["a"] * expected
    assert (told("IST0128", whole), told("IST0129", whole)) == (names, [])
    assert (told("IST0128", single), told("IST0129", single)) == ([], names)


@pytest.mark.parametrize(
    ("app", "value", "expected"),
    [
        pytest.param("istiod", "10.0.0.0/8", [], id="restricted"),
        pytest.param("istiod", "", ["a"], id="to nothing"),
        pytest.param("other", "", [], id="not istiod"),
    ],
)
def test_key_sets_are_fetched_from_restricted_places(
    app: str, value: str, expected: list[str]
) -> None:
    env = [{"name": "BLOCKED_CIDRS_IN_JWKS_URIS", "value": value}]
    spec = {"template": {"spec": {"containers": [{"name": "discovery", "env": env}]}}}
    istiod = Resource.new("apps/v1", "Deployment", "a", labels={"app": app}, spec=spec)
    user = Resource.new("security.istio.io/v1", "RequestAuthentication", "jwt", namespace="shop")
    assert told("IST0175", istiod, user) == expected
    assert told("IST0175", istiod) == []


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"securityContext": {"runAsUser": 1337}}, True, id="the pod"),
        pytest.param(
            {"containers": [{"name": "app", "securityContext": {"runAsUser": 1337}}]},
            True,
            id="a container",
        ),
        pytest.param(
            {"containers": [{"name": "istio-proxy", "securityContext": {"runAsUser": 1337}}]},
            False,
            id="the proxy",
        ),
        pytest.param({"securityContext": {"runAsUser": 1338}}, False, id="another user"),
    ],
)
@pytest.mark.parametrize("kind", ["Pod", "Deployment"])
def test_an_application_is_not_the_proxys_user(
    kind: str, spec: dict[str, Any], expected: bool
) -> None:
    def of(**labels: str) -> Resource:
        if kind == "Pod":
            return Resource.new("v1", kind, "a", labels=labels, spec=spec)
        template = {"template": {"spec": spec}}
        return Resource.new("apps/v1", kind, "a", labels=labels, spec=template)

    assert told("IST0144", of()) == ["a"] * expected
    assert told("IST0144", of(istio="ingressgateway")) == []
