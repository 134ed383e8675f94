"""Checks that istioctl has not: what is used across networks, and preferences by locality."""

from textwrap import dedent
from typing import Any

import pytest

from krmfn.mesh_intent_expander.analysis.finding import Finding
from krmfn.mesh_intent_expander.analysis.rules import (
    destinations_exist,
    gateways_lead_on,
    localities_are_served,
    networks_are_labelled,
)
from krmfn.mesh_intent_expander.topology import Cluster, Gateway, Mesh
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource, yaml_load_all

RULES = (gateways_lead_on, localities_are_served, networks_are_labelled)
HOST = "cart.shop.svc.cluster.local"

SERVER = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {selector: {app: cart}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart-v1, namespace: shop}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: cart, version: v1}}
    spec: {containers: [{name: app, ports: [{containerPort: 8080}]}]}
---
"""


def gateway(host: str = "'*.local'") -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: cross, namespace: istio-system}}
spec:
  selector: {{istio: eastwestgateway}}
  servers:
  - {{port: {{number: 15443, protocol: TLS}}, tls: {{mode: AUTO_PASSTHROUGH}}, hosts: [{host}]}}
---
"""


def route(subset: str = "") -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: cart, namespace: shop}}
spec:
  hosts: [{HOST}]
  http: [{{route: [{{destination: {{host: {HOST}, port: {{number: 80}}{subset}}}}}]}}]
---
"""


def rule(subset: str = "v1", labels: str = "version: v1", policy: str = "") -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: cart, namespace: shop}}
spec:
  host: {HOST}
  subsets: [{{name: {subset}, labels: {{{labels}}}}}]
  {policy}
---
"""


def cluster(name: str, **known: Any) -> Cluster:
    addresses = known.pop("addresses", ("192.0.2.1",))
    way_in = Gateway("istio-system", {"istio": "eastwestgateway"}, addresses, 15443)
    return Cluster(
        name, **{"network": f"net-{name}", "config_cluster": name, "gateway": way_in, **known}
    )


def found(client: str, server: str, *clusters: Cluster) -> list[Finding]:
    known = {each.name: each for each in clusters or (cluster("client"), cluster("server"))}
    texts = {"client": client, "server": server}
    views = [
        ClusterView(name, [Resource.of(body) for body in yaml_load_all(dedent(text)) if body])
        for name, text in texts.items()
    ]
    fleet = Fleet(views, Mesh(clusters=known))
    return [each for one in RULES for view in views for each in one.check(view, fleet)]


def told(client: str, server: str, *clusters: Cluster) -> list[str]:
    return [
        f"{each.code.id} {each.resource.kind} {each.field}"
        for each in found(client, server, *clusters)
    ]


V1 = ", subset: v1"
DESTINATION = "spec.http[0].route[0].destination"


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        pytest.param(rule(), False, id="it is known there"),
        pytest.param("", True, id="no rule is there"),
        pytest.param(rule("v2"), True, id="another subset is there"),
        pytest.param(rule().replace("namespace: shop", "namespace: front"), True, id="of a client"),
    ],
)
def test_the_gateway_of_the_server_knows_a_subset(server: str, expected: bool) -> None:
    assert told(route(V1) + rule(), SERVER + gateway() + server) == (
        [f"subset-unknown-to-server VirtualService {DESTINATION}"] * expected
    )


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param("version: v2", id="with another label"),
        pytest.param("topology.istio.io/cluster: client", id="in another cluster"),
    ],
)
def test_a_subset_without_pods_there_need_not_be_known_there(labels: str) -> None:
    assert told(route(V1) + rule(labels=labels), SERVER + gateway()) == []


def test_in_one_network_no_gateway_is_needed() -> None:
    clusters = [cluster(each, network="net", gateway=None) for each in ("client", "server")]
    assert told(route(V1) + rule(), SERVER, *clusters) == []


SIDECAR = f"""
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {{name: default, namespace: front}}
spec: {{egress: [{{hosts: [./*, shop/{HOST}]}}]}}
"""


@pytest.mark.parametrize(
    ("client", "server", "expected"),
    [
        pytest.param(route(), gateway(HOST), [], id="by its name"),
        pytest.param(route(), gateway(), [], id="by a wildcard"),
        pytest.param(route(), gateway("pay.shop.svc.cluster.local"), [DESTINATION], id="another"),
        pytest.param(route(), "", [DESTINATION], id="no gateway"),
        pytest.param(
            route(),
            gateway().replace("istio: eastwest", "istio: other"),
            [DESTINATION],
            id="at other pods",
        ),
        pytest.param(SIDECAR, "", ["spec.egress[0].hosts[1]"], id="that a Sidecar shows"),
        pytest.param("", "", [], id="that nobody uses"),
    ],
)
def test_the_gateway_of_the_server_exposes_a_host(
    client: str, server: str, expected: list[str]
) -> None:
    kind = "Sidecar" if client == SIDECAR else "VirtualService"
    assert told(client, SERVER + server) == [f"host-not-exposed {kind} {each}" for each in expected]


def test_a_network_that_is_used_has_a_gateway() -> None:
    closed = cluster("server", gateway=None)
    expected = f"network-without-gateway VirtualService {DESTINATION}"
    assert told(route(), SERVER, cluster("client"), closed) == [expected]
    assert '"server"' in found(route(), SERVER, cluster("client"), closed)[0].message


def test_the_address_of_a_gateway_may_be_that_of_its_service() -> None:
    service = """
apiVersion: v1
kind: Service
metadata: {name: eastwest, namespace: istio-system}
spec: {selector: {istio: eastwestgateway}, ports: [{name: tls, port: 15443}]}
---
""".replace("istio-system}", "istio-system, labels: {topology.istio.io/network: net-server}}")
    clusters = cluster("client"), cluster("server", addresses=())
    assert told(route(), SERVER + gateway() + service, *clusters) == []
    assert told(route(), SERVER + gateway(), *clusters) != []


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        pytest.param(SERVER, False, id="a sidecar"),
        pytest.param(SERVER.replace("enabled", "disabled"), True, id="no sidecar"),
        pytest.param(SERVER.partition("---")[2], False, id="it is not known if a sidecar"),
        pytest.param(
            SERVER
            + "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\n"
            + "metadata: {name: off, namespace: shop}\nspec: {mtls: {mode: DISABLE}}\n---\n",
            True,
            id="mutual TLS is off",
        ),
    ],
)
def test_what_another_network_uses_speaks_mutual_tls(server: str, expected: bool) -> None:
    assert told(route(), server + gateway()) == (
        [f"remote-endpoint-without-mtls VirtualService {DESTINATION}"] * expected
    )


def test_a_gateway_that_a_service_entry_leads_to_exposes_its_host() -> None:
    entry = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: pay, namespace: shop}
spec:
  hosts: [pay.mesh.example]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP}]
  endpoints: [{address: 192.0.2.9, ports: {http: 15443}}]
"""
    clusters = cluster("client"), cluster("server", addresses=("192.0.2.9",))
    assert told(entry, gateway(HOST), *clusters) == ["host-not-exposed ServiceEntry spec.hosts[0]"]
    assert told(entry.replace("192.0.2.9", "192.0.2.7"), gateway(HOST), *clusters) == []


ROOT = "apiVersion: v1\nkind: Namespace\nmetadata: {name: istio-system, labels: {%s}}\n---\n"
EAST_WEST = """
apiVersion: v1
kind: Service
metadata: {name: eastwest, namespace: istio-system, labels: {%s}}
spec: {selector: {istio: eastwestgateway}}
"""


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        pytest.param("topology.istio.io/network: net-client", False, id="its own"),
        pytest.param("topology.istio.io/network: net-server", True, id="another"),
        pytest.param("", True, id="none"),
    ],
)
@pytest.mark.parametrize("text", [ROOT, EAST_WEST], ids=["namespace", "gateway"])
def test_a_cluster_says_its_network(text: str, label: str, expected: bool) -> None:
    codes = [each.code.id for each in found(text % label, "")]
    assert codes == ["network-label-missing"] * expected
    alone = [cluster(each, network="net") for each in ("client", "server")]
    assert found(text % label, "", *alone) == []


LOCAL = SERVER + gateway()
NEAR = cluster("client", region="eu", zone="a"), cluster("server", region="us", zone="b")
LB = "trafficPolicy.loadBalancer.localityLbSetting"


def balanced(setting: str, more: str = "") -> str:
    policy = f"trafficPolicy: {{loadBalancer: {{localityLbSetting: {{{setting}}}}}{more}}}"
    return rule(policy=policy)


OUTLIERS = ", outlierDetection: {maxEjectionPercent: 100}"


@pytest.mark.parametrize(
    ("setting", "more", "expected"),
    [
        pytest.param(
            "distribute: [{from: eu/*, to: {'eu/*': 80, 'us/*': 20}}]", OUTLIERS, "", id="all named"
        ),
        pytest.param(
            "distribute: [{from: eu/*, to: {'eu/*': 80, 'asia/*': 20}}]",
            "",
            "distribute-drops-locality distribute[0].to",
            id="one that has servers is not named",
        ),
        pytest.param(
            "distribute: [{from: asia/*, to: {'asia/*': 100}}]", "", "", id="not for these clients"
        ),
        pytest.param(
            "distribute: [{from: eu/*, to: {eu/a: 100}}]",
            OUTLIERS,
            "distribute-without-failover distribute[0].to",
            id="everything to one, and yet outlier detection",
        ),
        pytest.param(
            "failoverPriority: [topology.istio.io/network, topology.kubernetes.io/region]",
            OUTLIERS,
            "failover-label-lost-across-networks failoverPriority[1]",
            id="by a label that gateways lose",
        ),
        pytest.param(
            "failoverPriority: [topology.istio.io/cluster]", OUTLIERS, "", id="by a label they keep"
        ),
    ],
)
def test_preferences_by_locality_leave_nobody_out(setting: str, more: str, expected: str) -> None:
    code, _, field = expected.partition(" ")
    assert told(LOCAL + balanced(setting, more), LOCAL + rule(), *NEAR) == (
        [f"{code} DestinationRule spec.{LB}.{field}"] if expected else []
    )


def test_a_distribution_over_one_locality_is_needless() -> None:
    setting = "distribute: [{from: eu/*, to: {'eu/*': 100}}]"
    code = "distribute-single-locality"
    field = f"spec.{LB}.distribute[0]"
    assert told(LOCAL + balanced(setting), "", *NEAR) == [f"{code} DestinationRule {field}"]


@pytest.mark.parametrize(
    ("target", "expected"), [("eu/*", True), ("us/*", False)], ids=["far", "its own"]
)
def test_a_distribution_leaves_a_gateway_servers_of_its_own(target: str, expected: bool) -> None:
    server = SERVER + gateway() + balanced(f"distribute: [{{from: us/*, to: {{'{target}': 100}}}}]")
    codes = [each.partition(" ")[0] for each in told(route(), server, *NEAR)]
    assert ("distribute-empties-gateway" in codes) == expected


@pytest.mark.parametrize(
    ("setting", "outliers", "expected"),
    [
        pytest.param("failover: [{from: eu, to: us}]", "{}", True, id="failover"),
        pytest.param("failover: [{from: eu, to: us}]", "{maxEjectionPercent: 50}", False, id="set"),
        pytest.param("enabled: true", "{}", False, id="nothing is said of failover"),
    ],
)
def test_few_servers_are_all_ejectable(setting: str, outliers: str, expected: bool) -> None:
    field = "spec.trafficPolicy.outlierDetection.maxEjectionPercent"
    settings = balanced(setting, f", outlierDetection: {outliers}")
    assert told(LOCAL + settings, LOCAL + rule(), *NEAR) == (
        [f"ejection-limit-low DestinationRule {field}"] * expected
    )
    many = LOCAL.replace("replicas: 2", "replicas: 20")
    assert told(many + settings, LOCAL + rule(), *NEAR) == []


EXPORT = """
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: ServiceExport
metadata: {name: cart, namespace: shop}
---
"""


@pytest.mark.parametrize(
    ("export", "members", "known"),
    [
        pytest.param(EXPORT, ("client", "server"), True, id="exported"),
        pytest.param("", ("client", "server"), False, id="not exported"),
        pytest.param(EXPORT, ("server",), False, id="the client is outside of the set"),
        pytest.param(EXPORT, ("client",), False, id="the server is outside of the set"),
    ],
)
def test_a_route_may_lead_to_what_a_set_of_clusters_exports(
    export: str, members: tuple[str, ...], known: bool
) -> None:
    to_set = route().replace(HOST, "cart.shop.svc.clusterset.local")
    views = [
        ClusterView(name, [Resource.of(body) for body in yaml_load_all(text) if body])
        for name, text in (("client", to_set), ("server", SERVER + export))
    ]
    clusters = {name: cluster(name, mcs=name in members) for name in ("client", "server")}
    fleet = Fleet(views, Mesh(clusters=clusters))
    found = destinations_exist.check(views[0], fleet)
    assert [each.code.id for each in found] == ([] if known else ["IST0101"])
