"""Which endpoints a request comes to, in which order, and over which path."""

from dataclasses import replace
from typing import Any

import pytest

from krmfn.mesh_intent_expander.semantics.locality import priorities
from krmfn.mesh_intent_expander.semantics.outcome import Trace
from krmfn.mesh_intent_expander.semantics.request import Client, Request
from krmfn.mesh_intent_expander.semantics.trace import Tracer
from krmfn.mesh_intent_expander.topology import Cluster, Gateway, Mesh
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource, yaml_load_all

SERVICE = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}
"""
PODS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec: {template: {metadata: {labels: {app: api, version: v1}}, spec: {containers: [{name: app}]}}}
"""
EXPOSED = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: cross-network, namespace: istio-system}
spec:
  selector: {istio: eastwestgateway}
  servers:
  - port: {number: 15443, name: tls, protocol: TLS}
    tls: {mode: AUTO_PASSTHROUGH}
    hosts: ["%s"]
"""
RULE = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: %(name)s, namespace: %(namespace)s}
spec: {host: %(host)s, %(spec)s}
"""
HOST = "api.shop.svc.cluster.local"
ALL = EXPOSED % "*.local"


def _rule(spec: str, name: str = "api", namespace: str = "shop", host: str = HOST) -> str:
    return RULE % {"spec": spec, "name": name, "namespace": namespace, "host": host}


def _cluster(name: str, network: str = "") -> Cluster:
    gateway = Gateway("istio-system", {"istio": "eastwestgateway"}, (f"gw.{name}",), 15443)
    return Cluster(
        name, network or f"net-{name}", f"region-{name}", config_cluster=name, gateway=gateway
    )


TWO = Mesh(clusters={name: _cluster(name) for name in ("a", "b")})


def _ask(
    objects: dict[str, tuple[str, ...]], mesh: Mesh = TWO, host: str = HOST, **asked: Any
) -> Trace:
    """Ask for a host from namespace shop of cluster a."""
    views = (
        ClusterView(
            name, [Resource.of(body) for text in texts for body in yaml_load_all(text) if body]
        )
        for name, texts in objects.items()
    )
    client = Client("a", asked.pop("namespace", "shop"), "web", **asked)
    return Tracer(Fleet(views, mesh), mesh).trace(Request(client, host, 80))


def _ways(found: Trace) -> list[tuple[str, int | None, str]]:
    """Give where a request may come to: cluster, priority, and the path."""
    return [(each.cluster, each.leg.priority, each.leg.path) for _, each in found.arrivals()]


HERE, THERE = ("a", 0, "direct"), ("b", 0, "gateway")


def test_endpoints_of_another_network_are_reached_through_its_gateway() -> None:
    found = _ask({"a": (SERVICE, PODS), "b": (SERVICE, PODS, ALL)})
    assert _ways(found) == [HERE, THERE]


def test_endpoints_of_the_same_network_are_reached_directly() -> None:
    mesh = Mesh(clusters={name: _cluster(name, "one") for name in ("a", "b")})
    found = _ask({"a": (SERVICE,), "b": (SERVICE, PODS)}, mesh)
    assert _ways(found) == [("b", 0, "direct")]


def test_without_endpoint_discovery_a_cluster_sees_its_own_endpoints_only() -> None:
    mesh = replace(TWO, endpoint_discovery=False)
    found = _ask({"a": (SERVICE, PODS), "b": (SERVICE, PODS, ALL)}, mesh)
    assert _ways(found) == [HERE]


def test_a_name_resolves_where_its_service_is_or_where_proxies_answer_dns() -> None:
    objects = {"a": (), "b": (SERVICE, PODS, ALL)}
    assert _ask(objects).outcome == "unroutable"
    answering = {**TWO.clusters, "a": replace(TWO.clusters["a"], dns_capture=True)}
    assert _ask(objects, replace(TWO, clusters=answering)).outcome == "reached"


EXPORT = """
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: ServiceExport
metadata: {name: api, namespace: shop}
"""
SET_HOST = "api.shop.svc.clusterset.local"


@pytest.mark.parametrize(
    ("export", "members", "ways"),
    [
        pytest.param((EXPORT,), ("a", "b"), [THERE], id="exported"),
        pytest.param((), ("a", "b"), [], id="not-exported"),
        pytest.param((EXPORT,), ("b",), [], id="client-outside-of-the-set"),
        pytest.param((EXPORT,), ("a",), [], id="server-outside-of-the-set"),
    ],
)
def test_a_set_of_clusters_knows_the_services_that_its_clusters_export(
    export: tuple[str, ...], members: tuple[str, ...], ways: list[tuple[str, int | None, str]]
) -> None:
    """The client's own cluster does not export the Service, so its pods are not meant."""
    clusters = {name: replace(each, mcs=name in members) for name, each in TWO.clusters.items()}
    objects = {"a": (SERVICE, PODS), "b": (SERVICE, PODS, ALL, *export)}
    found = _ask(objects, replace(TWO, clusters=clusters), host=SET_HOST)
    assert _ways(found) == ways


LOCAL = """
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data: {mesh: "serviceSettings: [{settings: {clusterLocal: %s}, hosts: ['%s']}]"}
"""


def test_a_cluster_local_host_has_endpoints_of_its_own_cluster_only() -> None:
    found = _ask({"a": (SERVICE, PODS, LOCAL % ("true", "*")), "b": (SERVICE, PODS, ALL)})
    assert _ways(found) == [HERE]


def test_a_workload_without_replicas_has_no_endpoint() -> None:
    gone = PODS.replace("spec: {template", "spec: {replicas: 0, template")
    assert _ask({"a": (SERVICE, gone), "b": ()}).outcome == "no-endpoint"


SUBSETS = "subsets: [{name: one, labels: {version: v1}}]"
TO_SUBSET = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api, namespace: shop}
spec: {hosts: [api], http: [{route: [{destination: {host: api, subset: one}}]}]}
"""
DISABLED = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: DISABLE}}
"""
PLAIN = SERVICE.replace("enabled", "disabled")
UNREACHED = {
    "nothing-exposes-the-host": ((SERVICE,), (SERVICE, PODS), "no Gateway"),
    "another-host-is-exposed": (
        (SERVICE,),
        (SERVICE, PODS, EXPOSED % "web.shop.svc.cluster.local"),
        "no Gateway",
    ),
    "the-gateway-does-not-know-the-subset": (
        (SERVICE, _rule(SUBSETS), TO_SUBSET),
        (SERVICE, PODS, ALL),
        "subset",
    ),
    "the-client's-control-plane-has-plaintext": (
        (SERVICE, DISABLED),
        (SERVICE, PODS, ALL),
        "mutual TLS",
    ),
    "the-server's-control-plane-has-plaintext": (
        (SERVICE,),
        (SERVICE, PODS, ALL, DISABLED),
        "no endpoint with mutual TLS",
    ),
    "the-client-disables-tls": (
        (SERVICE, _rule("trafficPolicy: {tls: {mode: DISABLE}}")),
        (SERVICE, PODS, ALL),
        "mutual TLS",
    ),
    "the-pods-have-no-proxy": ((SERVICE,), (PLAIN, PODS, ALL), "mutual TLS"),
    "the-server's-port-has-another-number": (
        (SERVICE,),
        (SERVICE.replace("port: 80,", "port: 81,"), PODS, ALL),
        "not known to the gateway",
    ),
}


@pytest.mark.parametrize(("here", "there", "why"), UNREACHED.values(), ids=UNREACHED)
def test_a_gateway_leads_only_to_what_it_knows(
    here: tuple[str, ...], there: tuple[str, ...], why: str
) -> None:
    found = _ask({"a": here, "b": there})
    assert found.outcome == "no-endpoint"
    assert any(why in each.reason for _, each in found.arrivals())


def test_subsets_are_known_to_both_ends() -> None:
    rule = _rule(SUBSETS)
    found = _ask({"a": (SERVICE, rule, TO_SUBSET), "b": (SERVICE, PODS, ALL, rule)})
    assert found.outcome == "reached"


def test_a_network_whose_gateway_has_no_address_is_not_reached() -> None:
    silent = replace(TWO.clusters["b"], gateway=None)
    mesh = replace(TWO, clusters={**TWO.clusters, "b": silent})
    found = _ask({"a": (SERVICE,), "b": (SERVICE, PODS, ALL)}, mesh)
    assert "no east-west gateway" in found.reason


def test_a_trust_domain_must_be_that_of_the_server_or_an_alias() -> None:
    foreign = {**TWO.clusters, "a": replace(TWO.clusters["a"], trust_domain="other")}
    objects = {"a": (SERVICE,), "b": (SERVICE, PODS, ALL)}
    mesh = replace(TWO, clusters=foreign)
    assert _ask(objects, mesh).outcome == "refused"
    assert _ask(objects, replace(mesh, trust_domain_aliases=("other",))).outcome == "reached"


FAILOVER = "trafficPolicy: {%s loadBalancer: {localityLbSetting: {%s}}}"
OUTLIERS = "outlierDetection: {},"
ORDER = {
    "localityLbSetting.default-without-outlier-detection": ("trafficPolicy: {}", [HERE, THERE]),
    "localityLbSetting.default": (
        f"trafficPolicy: {{{OUTLIERS[:-1]}}}",
        [HERE, ("b", 1, "gateway")],
    ),
    "localityLbSetting.disabled": (FAILOVER % (OUTLIERS, "enabled: false"), [HERE, THERE]),
    "localityLbSetting.failoverPriority-own-cluster": (
        FAILOVER % (OUTLIERS, "failoverPriority: ['topology.istio.io/cluster']"),
        [HERE, ("b", 1, "gateway")],
    ),
    "localityLbSetting.failoverPriority-named-cluster": (
        FAILOVER % (OUTLIERS, "failoverPriority: ['topology.istio.io/cluster=b']"),
        [THERE, ("a", 1, "direct")],
    ),
    "localityLbSetting.failoverPriority-needs-outlier-detection": (
        FAILOVER % ("", "failoverPriority: ['topology.istio.io/cluster=b']"),
        [HERE, THERE],
    ),
    "localityLbSetting.distribute-empties-what-it-does-not-list": (
        FAILOVER % ("", "distribute: [{from: region-a, to: {region-b: 100}}]"),
        [THERE, ("a", None, "direct")],
    ),
    "localityLbSetting.distribute-of-other-clients": (
        FAILOVER % ("", "distribute: [{from: region-z, to: {region-b: 100}}]"),
        [HERE, THERE],
    ),
}


@pytest.mark.parametrize(("spec", "ways"), ORDER.values(), ids=ORDER)
def test_endpoints_are_preferred_as_the_locality_setting_says(
    spec: str, ways: list[tuple[str, int | None, str]]
) -> None:
    found = _ask({"a": (SERVICE, PODS, _rule(spec)), "b": (SERVICE, PODS, ALL)})
    assert _ways(found) == ways


def test_the_distribution_at_the_servers_gateway_counts_as_well() -> None:
    """A gateway is a client of its own cluster, whose rule sends all to another region."""
    spec = FAILOVER % ("", "distribute: [{from: region-b, to: {region-a: 100}}]")
    found = _ask({"a": (SERVICE,), "b": (SERVICE, PODS, ALL, _rule(spec))})
    assert "`distribute` leaves the gateway" in found.reason


def test_region_labels_do_not_tell_gateways_apart() -> None:
    """A gateway endpoint has the labels of its cluster and network only (istio#49500)."""
    spec = FAILOVER % (OUTLIERS, "failoverPriority: ['topology.kubernetes.io/region=region-b']")
    found = _ask({"a": (SERVICE, PODS, _rule(spec)), "b": (SERVICE, PODS, ALL)})
    assert {rank for _, rank, _ in _ways(found)} == {0}


@pytest.mark.parametrize(
    ("setting", "places", "expected"),
    [
        pytest.param(
            {},
            ["r/z/s", "r/z/t", "r/y", "q/z"],
            [0, 1, 2, 3],
            id="same-subzone-zone-region-then-others",
        ),
        pytest.param({}, ["r/y", "q/z"], [0, 1], id="priorities-skip-no-number"),
        pytest.param(
            {"failover": [{"from": "r", "to": "q"}]},
            ["p", "q", "r/z"],
            [2, 1, 0],
            id="failover-region",
        ),
    ],
)
def test_localities_are_ranked_by_how_far_they_are(
    setting: dict[str, Any], places: list[str], expected: list[int]
) -> None:
    endpoints: list[tuple[str, dict[str, str]]] = [(place, {}) for place in places]
    found = priorities(setting, fails_over=True, client=("r/z/s", {}), endpoints=endpoints)
    assert found == expected


def _mode(*rules: str, namespace: str = "shop") -> str:
    """Give how a client in a namespace of a single cluster speaks to the host."""
    mesh = Mesh(clusters={"a": Cluster("a", config_cluster="a")})
    found = _ask({"a": (SERVICE, PODS, *rules)}, mesh, namespace=namespace)
    ((_, arrival),) = found.arrivals()
    return arrival.leg.client_mode


PLAINTEXT = "trafficPolicy: {tls: {mode: DISABLE}}"
HOLDING = {
    "push-context.host's-namespace": ((_rule(PLAINTEXT),), "client", "plaintext"),
    "push-context.client's-namespace-hides-the-host's": (
        (_rule(PLAINTEXT), _rule("trafficPolicy: {}", "own", "client")),
        "client",
        "mtls",
    ),
    "push-context.root-namespace-last": (
        (_rule("trafficPolicy: {}"), _rule(PLAINTEXT, namespace="istio-system")),
        "client",
        "mtls",
    ),
    "push-context.root-namespace": (
        (_rule(PLAINTEXT, namespace="istio-system", host="'*.local'"),),
        "client",
        "plaintext",
    ),
    "push-context.third-namespace-never": (
        (_rule(PLAINTEXT, namespace="third"),),
        "client",
        "mtls",
    ),
    "DestinationRule.exportTo-own-namespace": (
        (_rule(PLAINTEXT + ", exportTo: ['.']"),),
        "client",
        "mtls",
    ),
    "DestinationRule.exportTo-named": (
        (_rule(PLAINTEXT + ", exportTo: [client]"),),
        "client",
        "plaintext",
    ),
    "DestinationRule.exact-host-over-wildcard": (
        (_rule("trafficPolicy: {}"), _rule(PLAINTEXT, "all", host="'*.local'")),
        "client",
        "mtls",
    ),
    "DestinationRule.short-host": ((_rule(PLAINTEXT, host="api"),), "client", "plaintext"),
    "DestinationRule.portLevelSettings": (
        (
            _rule(
                "trafficPolicy: {portLevelSettings: [{port: {number: 80}, tls: {mode: DISABLE}}]}"
            ),
        ),
        "client",
        "plaintext",
    ),
    "DestinationRule.endpoints-are-told-by-the-policy-around-a-port-without-tls": (
        (
            _rule(
                "trafficPolicy: {tls: {mode: DISABLE}, portLevelSettings:"
                " [{port: {number: 80}, loadBalancer: {simple: RANDOM}}]}"
            ),
        ),
        "client",
        "plaintext",
    ),
    "DestinationRule.first-policy-of-two-holds": (
        (_rule(PLAINTEXT, "a"), _rule("trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}", "b")),
        "client",
        "plaintext",
    ),
}


@pytest.mark.parametrize(("rules", "namespace", "mode"), HOLDING.values(), ids=HOLDING)
def test_the_destination_rule_that_holds_is_the_one_of_the_reference(
    rules: tuple[str, ...], namespace: str, mode: str
) -> None:
    assert _mode(*rules, namespace=namespace) == mode


def test_what_went_into_a_rule_for_fewer_namespaces_is_not_there_for_others() -> None:
    narrow = _rule(SUBSETS + ", exportTo: [other]", "a")
    wide = _rule(PLAINTEXT + ", exportTo: [other, client]", "b")
    assert _mode(narrow, wide, namespace="client") == "mtls"
    assert _mode(wide, namespace="client") == "plaintext"


def test_a_rule_for_some_pods_takes_in_the_private_rule_of_its_namespace() -> None:
    some = _rule("workloadSelector: {matchLabels: {app: web}}", "a")
    private = _rule(PLAINTEXT + ", exportTo: ['.']", "b")
    assert _mode(private) == "plaintext"
    assert _mode(some, private) == "mtls"


def test_the_subsets_of_two_rules_for_one_host_are_put_together() -> None:
    rules = (_rule("trafficPolicy: {}", "a"), _rule(SUBSETS, "b"))
    mesh = Mesh(clusters={"a": Cluster("a", config_cluster="a")})
    found = _ask({"a": (SERVICE, PODS, TO_SUBSET, *rules)}, mesh)
    assert [each.rule.name for each in found.backends if each.rule] == ["b"]


ENTRY = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api, namespace: shop}
spec:
  hosts: [api.mesh.example]
  location: MESH_INTERNAL
  resolution: DNS
  ports: [{number: 80, name: http, protocol: HTTP}]
  subjectAltNames: ["spiffe://cluster.local/ns/shop/sa/%(account)s"]
  endpoints:
  - {address: api.shop.svc.cluster.local, ports: {http: 80}, labels: {%(labels)s, at: a}}
  - {address: gw.b, ports: {http: 15443}, labels: {%(labels)s, at: b}}
"""
SERVER_ENTRY = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api, namespace: istio-system}
spec:
  hosts: [api.mesh.example]
  location: MESH_INTERNAL
  resolution: DNS
  exportTo: ["."]
  ports: [{number: 80, name: http, protocol: HTTP}]
  endpoints:
  - address: api.shop.svc.cluster.local
    ports: {http: 80}
    labels: {security.istio.io/tlsMode: istio}
"""
FEDERATED = replace(TWO, endpoint_discovery=False)
MTLS = "security.istio.io/tlsMode: istio"


def _federated(*there: str, account: str = "default", labels: str = MTLS) -> Trace:
    entry = ENTRY % {"account": account, "labels": labels}
    spec = FAILOVER % (OUTLIERS, "failoverPriority: ['at=a']")
    rule = _rule(spec, host="api.mesh.example")
    objects = {"a": (SERVICE, PODS, entry, rule), "b": (SERVICE, PODS, *there)}
    return _ask(objects, FEDERATED, host="api.mesh.example")


def test_a_service_entry_leads_to_pods_behind_its_addresses() -> None:
    found = _federated(EXPOSED % "api.mesh.example", SERVER_ENTRY)
    assert _ways(found) == [HERE, ("b", 1, "gateway")]
    assert [each.outcome for _, each in found.arrivals()] == ["reached", "reached"]


@pytest.mark.parametrize(
    ("there", "why"),
    [
        pytest.param((SERVER_ENTRY,), "no Gateway", id="not-exposed"),
        pytest.param((EXPOSED % "api.mesh.example",), "not known", id="no-server-entry"),
        pytest.param(
            (EXPOSED % "api.mesh.example", SERVER_ENTRY.replace("MESH_INTERNAL", "MESH_EXTERNAL")),
            "not known",
            id="external-server-entry",
        ),
        pytest.param(
            (
                EXPOSED % "api.mesh.example",
                SERVER_ENTRY.replace("tlsMode: istio", "tlsMode: disabled"),
            ),
            "no endpoint with mutual TLS",
            id="endpoint-without-mtls",
        ),
    ],
)
def test_a_service_entry_needs_its_server_side(there: tuple[str, ...], why: str) -> None:
    found = _federated(*there)
    assert [each.outcome for _, each in found.arrivals()] == ["reached", "no-endpoint"]
    assert why in found.backends[0].arrivals[1].reason


def test_a_destination_rule_does_not_make_an_endpoint_speak_mtls() -> None:
    plain = SERVER_ENTRY.replace("tlsMode: istio", "tlsMode: disabled")
    rule = _rule(
        "trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}", "m", "istio-system", "api.mesh.example"
    )
    found = _federated(EXPOSED % "api.mesh.example", plain, rule)
    assert "mutual TLS" in found.backends[0].arrivals[1].reason


def test_the_account_of_an_entry_makes_it_speak_mtls() -> None:
    named = SERVER_ENTRY.replace(
        "labels: {security.istio.io/tlsMode: istio}", "serviceAccount: api"
    )
    found = _federated(EXPOSED % "api.mesh.example", named)
    assert [each.outcome for _, each in found.arrivals()] == ["reached", "reached"]


def test_a_client_refuses_a_server_of_another_identity() -> None:
    found = _federated(EXPOSED % "api.mesh.example", SERVER_ENTRY, account="other")
    assert found.outcome == "refused"


def test_an_entry_that_does_not_say_mtls_is_called_in_plaintext() -> None:
    found = _federated(EXPOSED % "api.mesh.example", SERVER_ENTRY, labels="x: y")
    assert [each.leg.client_mode for _, each in found.arrivals()] == ["plaintext", "plaintext"]


AMBIENT = SERVICE.replace("istio-injection: enabled", "istio.io/dataplane-mode: ambient")
WAYPOINT = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: waypoint, namespace: shop}
spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
"""
USED = AMBIENT.replace(
    "metadata: {name: api, namespace: shop}",
    "metadata: {name: api, namespace: shop, labels: {istio.io/use-waypoint: waypoint}}",
)
ONLY_GET = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: get, namespace: shop}
spec:
  targetRefs: [{kind: Service, group: "", name: api}]
  rules: [{to: [{operation: {methods: [%s]}}]}]
"""
SELECTED = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/%s]}}]}]
"""
ONE = Mesh(clusters={"a": Cluster("a", config_cluster="a")})


def _ambient(*texts: str, service: str = USED) -> Trace:
    return _ask({"a": (service, PODS, *texts)}, ONE, data_plane="ambient")


def test_ztunnel_speaks_mutual_tls_and_routes_nothing() -> None:
    found = _ambient(TO_SUBSET, service=AMBIENT)
    ((_, arrival),) = found.arrivals()
    assert (found.rule, arrival.leg.client_mode, arrival.leg.path) == (None, "mtls", "direct")


def test_a_waypoint_routes_for_the_clients_of_its_service() -> None:
    found = _ambient(TO_SUBSET, WAYPOINT, _rule(SUBSETS))
    assert found.rule is not None
    assert [each.leg.path for _, each in found.arrivals()] == ["waypoint"]


@pytest.mark.parametrize(("method", "outcome"), [("GET", "reached"), ("PUT", "denied")])
def test_a_policy_for_a_service_is_enforced_at_its_waypoint(method: str, outcome: str) -> None:
    assert _ambient(WAYPOINT, ONLY_GET % method).outcome == outcome


VERSION = """
apiVersion: v1
kind: Service
metadata: {name: api-v1, namespace: shop}
spec: {selector: {app: api, version: v1}, ports: [{name: http, port: 80, targetPort: 8080}]}
"""
TO_VERSION = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: api, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: api, port: 80}]
  rules: [{backendRefs: [{name: api-v1, port: 80}]}]
"""


@pytest.mark.parametrize(("method", "outcome"), [("GET", "reached"), ("PUT", "denied")])
def test_a_waypoint_enforces_the_policies_of_the_called_service_wherever_it_routes(
    method: str, outcome: str
) -> None:
    found = _ambient(WAYPOINT, VERSION, TO_VERSION, ONLY_GET % method)
    assert [each.host for each in found.backends] == ["api-v1.shop.svc.cluster.local"]
    assert found.outcome == outcome


@pytest.mark.parametrize(
    ("kind", "namespace", "outcome"),
    [
        ("gateway.networking.k8s.io, kind: Gateway, name: waypoint", "shop", "denied"),
        ("gateway.networking.k8s.io, kind: Gateway, name: waypoint", "istio-system", "reached"),
        ("gateway.networking.k8s.io, kind: GatewayClass, name: istio-waypoint", "shop", "reached"),
        (
            "gateway.networking.k8s.io, kind: GatewayClass, name: istio-waypoint",
            "istio-system",
            "denied",
        ),
    ],
    ids=["gateway", "gateway-of-another-namespace", "class-not-of-the-root", "class"],
)
def test_a_waypoint_enforces_its_own_policies_and_those_of_its_class(
    kind: str, namespace: str, outcome: str
) -> None:
    policy = (ONLY_GET % "PUT").replace('kind: Service, group: "", name: api', f"group: {kind}")
    policy = policy.replace("namespace: shop", f"namespace: {namespace}")
    assert _ambient(WAYPOINT, policy).outcome == outcome


def test_pods_behind_a_waypoint_see_the_waypoint_as_caller() -> None:
    assert _ambient(WAYPOINT, SELECTED % "web").outcome == "denied"
    assert _ambient(WAYPOINT, SELECTED % "waypoint").outcome == "reached"


def test_other_clusters_are_used_by_ambient_for_global_services_only() -> None:
    clusters = {name: replace(each, data_plane="ambient") for name, each in TWO.clusters.items()}
    mesh = replace(TWO, clusters=clusters)
    objects = {"a": (AMBIENT,), "b": (AMBIENT, PODS)}
    assert _ask(objects, mesh, data_plane="ambient").outcome == "no-endpoint"
    world = AMBIENT.replace(
        "metadata: {name: api, namespace: shop}",
        "metadata: {name: api, namespace: shop, labels: {istio.io/global: 'true'}}",
    )
    gateway = WAYPOINT.replace("istio-waypoint", "istio-east-west").replace("shop", "istio-system")
    objects = {"a": (world,), "b": (world, PODS, gateway)}
    assert _ways(_ask(objects, mesh, data_plane="ambient")) == [THERE]
