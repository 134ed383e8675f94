"""Checks that istioctl has not: whom policies name, whom they ask, and on which ports."""

from textwrap import dedent

import pytest

from krmfn.mesh_intent_expander.analysis.finding import Finding
from krmfn.mesh_intent_expander.analysis.rules import (
    ambient_obeys,
    policies_fit_ports,
    principals_exist,
    providers_exist,
)
from krmfn.mesh_intent_expander.topology import Cluster, Mesh
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource, yaml_load_all

RULES = (ambient_obeys, policies_fit_ports, principals_exist, providers_exist)
SHOP = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{name: http, port: 80, targetPort: 8080}, {name: tcp-db, port: 5432, targetPort: 5432}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  template:
    metadata: {labels: {app: cart}}
    spec: {serviceAccountName: cart, containers: [{name: app, ports: [{containerPort: 8080}]}]}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: STRICT}}
"""


def objects(*texts: str) -> list[Resource]:
    return [Resource.of(body) for text in texts for body in yaml_load_all(dedent(text)) if body]


def found(*texts: str, mesh: Mesh | None = None) -> list[Finding]:
    view = ClusterView("one", objects(*texts))
    fleet = Fleet([view], mesh)
    return [each for rule in RULES for each in rule.check(view, fleet)]


def told(*texts: str, mesh: Mesh | None = None) -> list[str]:
    return [
        f"{each.code.id} {each.resource.name} {each.field}" for each in found(*texts, mesh=mesh)
    ]


def policy(rules: str = "", action: str = "ALLOW", name: str = "ap", more: str = "") -> str:
    return f"""
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: {name}, namespace: shop}}
spec: {{action: {action}, rules: [{rules}], {more}}}
"""


def custom(provider: str, name: str = "ap", more: str = "") -> str:
    return policy("{}", "CUSTOM", name, f"provider: {{name: {provider}}}, {more}")


def config(*providers: str, more: str = "") -> str:
    listed = ", ".join(providers)
    return f"kind: MeshConfig\nmetadata: {{name: mesh}}\nextensionProviders: [{listed}]\n{more}"


OPA = "{name: opa, envoyExtAuthzGrpc: {service: opa, port: 9191, timeout: 1s}}"
MESH = Mesh(clusters={"one": Cluster("one", config_cluster="one")})


@pytest.mark.parametrize(
    ("asked", "known", "expected"),
    [
        pytest.param("opa", config(OPA), False, id="one of the mesh"),
        pytest.param("oap", config(OPA), True, id="none of the mesh"),
        pytest.param("oap", "", False, id="nothing is known of the mesh"),
        pytest.param("logs", config("{name: logs, envoyFileAccessLog: {}}"), True, id="no judge"),
    ],
)
def test_a_policy_asks_an_authoriser_of_the_mesh(asked: str, known: str, expected: bool) -> None:
    assert told(custom(asked), known) == (
        ["unknown-extension-provider ap spec.provider.name"] * expected
    )


def test_the_topology_may_name_providers() -> None:
    mesh = Mesh(clusters=MESH.clusters, extension_providers=("opa",))
    assert told(custom("opa"), mesh=mesh) == []
    assert told(custom("oap"), mesh=mesh) != []


@pytest.mark.parametrize(
    ("provider", "expected"), [("zipkin", True), ("prometheus", False), ("opa", False)]
)
def test_telemetry_goes_to_a_provider_of_the_mesh(provider: str, expected: bool) -> None:
    telemetry = f"""
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {{name: logs}}
spec: {{accessLogging: [{{providers: [{{name: {provider}}}]}}]}}
"""
    field = "spec.accessLogging[0].providers[0].name"
    assert told(telemetry, config(OPA)) == [f"unknown-telemetry-provider logs {field}"] * expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param("", "", True, id="for all pods"),
        pytest.param("", "selector: {matchLabels: {app: cart}}", True, id="for some of the pods"),
        pytest.param("", "selector: {matchLabels: {app: pay}}", False, id="for other pods"),
    ],
)
def test_pods_ask_one_authoriser(one: str, other: str, expected: bool) -> None:
    policies = custom("opa", "a", one), custom("oauth", "b", other)
    assert told(SHOP, *policies) == ["two-custom-providers b spec.provider.name"] * expected
    assert told(SHOP, custom("opa", "a", one), custom("opa", "b", other)) == []


@pytest.mark.parametrize(("timeout", "expected"), [("", True), (", timeout: 1s", False)])
def test_an_authoriser_should_have_a_timeout(timeout: str, expected: bool) -> None:
    provider = f"{{name: opa, envoyExtAuthzHttp: {{service: opa, port: 80{timeout}}}}}"
    field = "extensionProviders[0].envoyExtAuthzHttp.timeout"
    assert told(config(provider)) == [f"provider-without-timeout mesh {field}"] * expected


def source(principal: str, field: str = "principals") -> str:
    return f"{{from: [{{source: {{{field}: ['{principal}']}}}}]}}"


PRINCIPALS = "spec.rules[0].from[0].source.principals"


@pytest.mark.parametrize(
    ("principal", "code"),
    [
        pytest.param("cluster.local/ns/shop/sa/cart", "", id="of a workload"),
        pytest.param("spiffe://cluster.local/ns/shop/sa/cart", "principal-with-scheme", id="URI"),
        pytest.param("cluster.local/ns/shop/sa/crat", "principal-of-unknown-account", id="nobody"),
        pytest.param("cluster.local/ns/pay/sa/crat", "", id="of a namespace that is not known"),
        pytest.param("cluster.local/ns/shop/sa/*", "", id="a wildcard"),
        pytest.param("td/ns/shop/sa/cart", "principal-of-unknown-trust-domain", id="a far domain"),
        pytest.param("old/ns/shop/sa/cart", "", id="an alias"),
        pytest.param("cluster.local/ns/shop/sa/gw-istio", "", id="of a gateway"),
        pytest.param("cluster.local/ns/shop/sa/job", "", id="of an account that is there"),
    ],
)
def test_a_principal_is_that_of_a_workload(principal: str, code: str) -> None:
    mesh = Mesh(clusters=MESH.clusters, trust_domain_aliases=("old",))
    gateway = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n"
    gateway += "metadata: {name: gw, namespace: shop}\n"
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: job, namespace: shop}\n"
    expected = [f"{code} ap {PRINCIPALS}"] if code else []
    assert told(SHOP, policy(source(principal)), gateway, account, mesh=mesh) == expected


def test_a_principal_in_a_condition_is_looked_at_too() -> None:
    rule = "{when: [{key: source.principal, notValues: ['spiffe://td/ns/shop/sa/cart']}]}"
    expected = "principal-with-scheme ap spec.rules[0].when[0].notValues"
    assert told(SHOP, policy(rule)) == [expected]


def test_trust_domains_are_not_doubted_where_none_is_known() -> None:
    far = policy(source("td/ns/shop/sa/cart"))
    assert told(SHOP, far) == []
    assert told(SHOP, far, config(more="trustDomain: here")) != []


@pytest.mark.parametrize(
    ("rule", "action", "effect"),
    [
        pytest.param(source("cluster.local/ns/shop/sa/cart"), "ALLOW", "refused", id="allowed"),
        pytest.param(source("cluster.local/ns/shop/sa/cart"), "DENY", "pass", id="denied"),
        pytest.param(source("shop", "notNamespaces"), "ALLOW", "pass", id="all others allowed"),
    ],
)
def test_clients_of_plaintext_have_no_identity(rule: str, action: str, effect: str) -> None:
    permissive = SHOP.replace("STRICT", "PERMISSIVE")
    (finding,) = found(permissive, policy(rule, action))
    assert finding.code.id == "principal-without-strict"
    assert finding.message.endswith(effect)
    assert found(SHOP, policy(rule, action)) == []


def operation(*fields: str) -> str:
    return f"{{to: [{{operation: {{{', '.join(fields)}}}}}]}}"


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        pytest.param(operation("ports: ['5432']", "methods: [GET]"), "methods", id="of a TCP port"),
        pytest.param(operation("ports: ['8080']", "methods: [GET]"), "", id="of an HTTP port"),
        pytest.param(operation("methods: [GET]"), "", id="of all ports, some of them HTTP"),
        pytest.param(operation("ports: ['5432']"), "", id="nothing of HTTP"),
        pytest.param(
            operation("notPorts: ['8080']", "paths: [/a]"), "", id="of ports that are not named"
        ),
    ],
)
@pytest.mark.parametrize("action", ["ALLOW", "DENY"])
def test_http_is_asked_of_ports_that_speak_it(rule: str, field: str, action: str) -> None:
    expected = f"http-policy-on-tcp ap spec.rules[0].to[0].operation.{field}"
    assert told(SHOP, policy(rule, action)) == ([expected] if field else [])


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        pytest.param("80", True, id="of the Service"),
        pytest.param("8080", False, id="of the pods"),
        pytest.param("5432", False, id="of both"),
        pytest.param("9000", False, id="of neither"),
    ],
)
def test_a_policy_names_the_ports_of_pods(port: str, expected: bool) -> None:
    expectation = "policy-names-service-port ap spec.rules[0].to[0].operation.ports"
    assert told(SHOP, policy(operation(f"ports: ['{port}']"))) == [expectation] * expected


AMBIENT = SHOP.replace("istio-injection: enabled", "istio.io/dataplane-mode: ambient")


@pytest.mark.parametrize(
    ("rule", "action", "field"),
    [
        pytest.param(
            operation("methods: [GET]"), "ALLOW", "spec.rules[0].to[0].operation.methods", id="HTTP"
        ),
        pytest.param(operation("ports: ['8080']"), "DENY", "", id="a port"),
        pytest.param("{}", "CUSTOM", "spec.action", id="an authoriser"),
    ],
)
def test_ztunnel_obeys_no_policy_for_http(rule: str, action: str, field: str) -> None:
    assert told(AMBIENT, policy(rule, action)) == (
        [f"l7-policy-at-ztunnel ap {field}"] if field else []
    )
    assert told(SHOP, policy(rule, action)) == []
    waypoint = "targetRefs: [{kind: Service, group: '', name: cart}]"
    assert told(AMBIENT, policy(rule, action, more=waypoint)) == []


@pytest.mark.parametrize(
    ("kind", "spec", "field"),
    [
        pytest.param("security/PeerAuthentication", "mtls: {mode: DISABLE}", "mtls.mode", id="off"),
        pytest.param("security/PeerAuthentication", "mtls: {mode: PERMISSIVE}", "", id="mild"),
        pytest.param("networking/DestinationRule", "exportTo: ['.']", "exportTo", id="private"),
        pytest.param("networking/DestinationRule", "exportTo: ['*']", "", id="public"),
        pytest.param(
            "networking/VirtualService",
            "http: [{match: [{sourceLabels: {app: web}}]}]",
            "http[0].match[0].sourceLabels",
            id="clients by their labels",
        ),
        pytest.param("networking/VirtualService", "http: [{match: [{port: 80}]}]", "", id="a port"),
    ],
)
def test_in_ambient_nothing_is_said_that_only_sidecars_obey(
    kind: str, spec: str, field: str
) -> None:
    group, _, name = kind.partition("/")
    text = f"apiVersion: {group}.istio.io/v1\nkind: {name}\n"
    text += f"metadata: {{name: it, namespace: shop}}\nspec: {{{spec}}}\n"
    assert told(AMBIENT, text) == ([f"ignored-in-ambient it spec.{field}"] if field else [])
    assert told(SHOP, text) == []


GLOBAL = "labels: {istio.io/global: 'true'}"


SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop, %s}\n"
WAYPOINT = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: cart, namespace: shop, %s}
spec: {gatewayClassName: istio-waypoint}
"""


@pytest.mark.parametrize("kind", [SERVICE, WAYPOINT], ids=["Service", "waypoint"])
def test_what_is_global_is_so_in_all_clusters_of_ambient(kind: str) -> None:
    def differing(plane: str, here: str, there: str) -> list[str]:
        views = [
            ClusterView(name, objects(kind % labels))
            for name, labels in (("one", here), ("two", there))
        ]
        clusters = {
            view.name: Cluster(view.name, config_cluster=view.name, data_plane=plane)  # type: ignore[arg-type]
            for view in views
        }
        fleet = Fleet(views, Mesh(clusters=clusters))
        return [each.code.id for view in views for each in ambient_obeys.check(view, fleet)]

    assert differing("ambient", "", GLOBAL) == ["global-label-differs"]
    assert differing("ambient", GLOBAL, GLOBAL) == []
    assert differing("ambient", "", "") == []
    assert differing("sidecar", "", GLOBAL) == []
