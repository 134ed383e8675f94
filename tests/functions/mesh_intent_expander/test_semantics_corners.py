"""Corners where istiod does other than its reference lets one think."""

from collections.abc import Mapping

import pytest

from krmfn.mesh_intent_expander.semantics.outcome import Trace
from krmfn.mesh_intent_expander.semantics.request import Client, Request
from krmfn.mesh_intent_expander.semantics.trace import Tracer
from krmfn.mesh_intent_expander.topology import Cluster, Gateway, Mesh
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource, yaml_load_all

APP = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80}, {name: tcp, port: 90}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec: {template: {metadata: {labels: {app: api}}, spec: {containers: [{name: app}]}}}
"""
OBJECT = """
apiVersion: networking.istio.io/v1
kind: %s
metadata: {name: %s, namespace: %s}
spec: %s
"""
OUTSIDE = """{hosts: [out.example], location: MESH_EXTERNAL, resolution: %s,
  ports: [{number: 80, name: http, protocol: HTTP}], exportTo: %s,
  endpoints: [{address: 192.0.2.1, locality: far}]}"""
API = "api.shop.svc.cluster.local"


def _ask(*texts: str, host: str = API, port: int = 80, namespace: str = "shop") -> Trace:
    bodies = [body for text in (APP, *texts) for body in yaml_load_all(text) if body]
    mesh = Mesh(clusters={"": Cluster("", region="here")})
    fleet = Fleet([ClusterView("", [Resource.of(body) for body in bodies])], mesh)
    return Tracer(fleet, mesh).trace(Request(Client("", namespace), host, port))


def _service_entry(resolution: str, export_to: str = "['*']", namespace: str = "shop") -> str:
    return OBJECT % ("ServiceEntry", "out", namespace, OUTSIDE % (resolution, export_to))


def _virtual_service(name: str, host: str, rules: str) -> str:
    return OBJECT % ("VirtualService", name, "shop", f"{{hosts: ['{host}'], {rules}}}")


def _destination_rule(policy: str) -> str:
    spec = f"{{host: out.example, trafficPolicy: {policy}}}"
    return OBJECT % ("DestinationRule", "out", "shop", spec)


DISTRIBUTE = "{loadBalancer: {localityLbSetting: {distribute: [{from: here, to: {here: 100}}]}}}"


def test_a_host_without_resolution_is_called_at_the_address_that_the_client_knows() -> None:
    found = _ask(_service_entry("NONE"), _destination_rule(DISTRIBUTE), host="out.example")
    assert [(each.outcome, each.leg.endpoint.address) for _, each in found.arrivals()] == [
        ("reached", "out.example")
    ]


def test_an_address_outside_may_get_nothing_by_the_locality_setting() -> None:
    found = _ask(_service_entry("STATIC"), _destination_rule(DISTRIBUTE), host="out.example")
    assert found.outcome == "no-endpoint"


def test_a_route_leads_to_a_host_of_its_clients_namespace_even_if_it_is_exported_elsewhere() -> (
    None
):
    rules = "http: [{route: [{destination: {host: out.example, port: {number: 80}}}]}]"
    route = _virtual_service("r", API, rules)
    own = _ask(_service_entry("DNS", "[other]"), route)
    of_others = _ask(_service_entry("DNS", "[other]", namespace="else"), route)
    assert (own.outcome, of_others.outcome) == ("reached", "unroutable")


def test_connections_are_routed_by_the_first_rule_of_all_routes_be_their_hosts_wildcards() -> None:
    first = "tcp: [{match: [{port: 91}], route: [{destination: {host: first}}]}]"
    second = "tcp: [{route: [{destination: {host: second}}]}]"
    wildcards = (
        _virtual_service("a", "*.shop.svc.cluster.local", first),
        _virtual_service("b", "*.svc.cluster.local", second),
    )
    found = _ask(*wildcards, port=90)
    assert found.rule
    assert found.rule.resource.name == "b"


@pytest.mark.parametrize(
    ("host", "called", "outcome"),
    [
        pytest.param("some.example", "some.example", "answered", id="by-its-name"),
        pytest.param("*.example", "some.example", "answered", id="by-a-wildcard-of-unknown-hosts"),
        pytest.param("gone.shop.svc.cluster.local", "gone", "unroutable", id="not-by-a-short-name"),
        pytest.param("*.shop.svc.cluster.local", "gone", "unroutable", id="not-for-known-hosts"),
    ],
)
def test_a_host_that_nothing_knows_is_routed(host: str, called: str, outcome: str) -> None:
    route = _virtual_service("r", host, "http: [{directResponse: {status: 418}}]")
    assert _ask(route, host=called).outcome == outcome


SIDECAR = """{egress: [
  {port: {number: 80, name: http, protocol: HTTP}, hosts: [./out.example]},
  {hosts: [%s]}]}"""


@pytest.mark.parametrize(
    ("hosts", "outcome"), [("./other", "unroutable"), ("./api.shop.svc.cluster.local", "reached")]
)
def test_a_listener_for_one_port_takes_in_only_that_port_of_where_it_leads(
    hosts: str, outcome: str
) -> None:
    rules = "http: [{route: [{destination: {host: api, port: {number: 90}}}]}]"
    route = _virtual_service("r", "out.example", rules)
    sidecar = OBJECT % ("Sidecar", "s", "shop", SIDECAR % hosts)
    assert _ask(_service_entry("DNS"), route, sidecar, host="out.example").outcome == outcome


EXPOSED = """{selector: {istio: gateway}, servers: [{hosts: ['*'], tls: {mode: AUTO_PASSTHROUGH},
  port: {number: 15443, name: tls, protocol: TLS}}]}"""
PREFERRED = """{host: %s, trafficPolicy: {outlierDetection: {}, loadBalancer:
  {localityLbSetting: {failoverPriority: ['topology.istio.io/cluster=near']}}}}"""


def _priorities(networks: Mapping[str, str]) -> dict[str, int | None]:
    """Give the priority of each cluster's pods for a client of `own`, which prefers `near`."""
    gateways = {
        name: Gateway("istio-system", {"istio": "gateway"}, (f"gw.{name}",), 15443)
        for name in networks
    }
    clusters = {
        name: Cluster(name, network, config_cluster=name, gateway=gateways[name])
        for name, network in networks.items()
    }
    mesh = Mesh(clusters=clusters)
    config = (
        OBJECT % ("Gateway", "cross", "istio-system", EXPOSED),
        OBJECT % ("DestinationRule", "api", "shop", PREFERRED % API),
    )
    bodies = [body for text in (APP, *config) for body in yaml_load_all(text) if body]
    views = [ClusterView(name, [Resource.of(body) for body in bodies]) for name in networks]
    found = Tracer(Fleet(views, mesh), mesh).trace(Request(Client("own", "shop"), API, 80))
    return {arrival.cluster: arrival.leg.priority for _, arrival in found.arrivals()}


def test_a_preferred_gateway_leads_to_all_clusters_of_its_network() -> None:
    apart = _priorities({"own": "home", "near": "east", "next": "west"})
    together = _priorities({"own": "home", "near": "east", "next": "east"})
    assert apart == {"near": 0, "own": 1, "next": 1}
    assert together == {"near": 0, "next": 0, "own": 1}
