"""Checks that istioctl has not: DestinationRules, PeerAuthentications, and whether they agree."""

from textwrap import dedent

import pytest

from krmfn.mesh_intent_expander.analysis.finding import Finding
from krmfn.mesh_intent_expander.analysis.rules import (
    destination_rules_hold,
    peer_authentications_hold,
    tls_modes_agree,
)
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource, yaml_load_all

RULES = (destination_rules_hold, peer_authentications_hold, tls_modes_agree)

SHOP = """
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
metadata: {name: cart, namespace: shop}
spec:
  template:
    metadata: {labels: {app: cart}}
    spec: {containers: [{name: app, ports: [{containerPort: 8080}]}]}
"""
FRONT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: front}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app}]}}}
"""


def objects(*texts: str) -> list[Resource]:
    return [Resource.of(body) for text in texts for body in yaml_load_all(dedent(text)) if body]


def found(*texts: str, **clusters: str) -> list[Finding]:
    """Give what is found in one cluster, or in several that see each other."""
    views = [ClusterView(name, objects(text)) for name, text in (clusters or {"": ""}).items()]
    if texts:
        views = [ClusterView("", objects(*texts))]
    fleet = Fleet(views)
    return [each for rule in RULES for view in views for each in rule.check(view, fleet)]


def told(*texts: str, **clusters: str) -> list[str]:
    return [
        f"{each.code.id} {each.resource.namespace}/{each.resource.name} {each.field}"
        for each in found(*texts, **clusters)
    ]


def rule(name: str, namespace: str = "shop", spec: str = "", more: str = "") -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: {name}, namespace: {namespace}{more}}}
spec: {{host: cart.shop.svc.cluster.local, {spec}}}
"""


def peers(name: str, mode: str, namespace: str = "shop", more: str = "", spec: str = "") -> str:
    return f"""
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {{name: {name}, namespace: {namespace}{more}}}
spec: {{mtls: {{mode: {mode}}}, {spec}}}
"""


OUTLIERS = "trafficPolicy: {outlierDetection: {}}"


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        pytest.param(rule("mine", "front"), True, id="of a client's namespace"),
        pytest.param(
            rule("mine", "front").replace("cart.shop", '"*.shop').replace("local,", 'local",'),
            True,
            id="a wildcard of a client's namespace",
        ),
        pytest.param(rule("mine", "istio-system"), False, id="of the root namespace"),
        pytest.param(rule("mine", "front", "exportTo: [shop]"), False, id="not for its own"),
        pytest.param(
            rule("mine", "front").replace("cart.shop", "pay.shop"), False, id="for another host"
        ),
    ],
)
def test_a_client_s_rule_hides_that_of_the_owner(client: str, expected: bool) -> None:
    assert told(SHOP, FRONT, rule("cart", spec=OUTLIERS), client) == (
        ["shadowed-destination-rule front/mine spec.host"] * expected
    )


def test_the_hidden_rule_is_named() -> None:
    (finding,) = found(SHOP, FRONT, rule("cart"), rule("mine", "front"))
    assert '"shop/cart"' in finding.message
    assert [other.name for other in finding.others] == ["cart"]


def test_a_rule_that_the_client_would_not_see_is_not_hidden() -> None:
    assert told(SHOP, FRONT, rule("cart", spec="exportTo: ['.']"), rule("mine", "front")) == []


@pytest.mark.parametrize(
    ("namespace", "more", "expected"),
    [
        pytest.param("policies", "", True, id="nobody is there"),
        pytest.param("front", "", False, id="clients are there"),
        pytest.param("shop", "", False, id="the host is there"),
        pytest.param("istio-system", "", False, id="it is the root namespace"),
        pytest.param(
            "policies",
            "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n"
            "metadata: {name: gw, namespace: policies}\n",
            False,
            id="a gateway is there",
        ),
    ],
)
def test_a_rule_in_a_third_namespace_is_used_by_nobody(
    namespace: str, more: str, expected: bool
) -> None:
    assert told(SHOP, FRONT, rule("far", namespace), more) == (
        [f"unused-destination-rule {namespace}/far spec.host"] * expected
    )


def test_nothing_is_unused_where_no_pods_are_known() -> None:
    service = SHOP.split("---")[1]
    assert told(service, rule("far", "policies")) == []


SUBSETS = "subsets: [{name: v1, labels: {version: v1}}]"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(OUTLIERS, "trafficPolicy: {tls: {}}", ["spec.trafficPolicy"], id="policies"),
        pytest.param(OUTLIERS, OUTLIERS, [], id="the same policy"),
        pytest.param(OUTLIERS, SUBSETS, [], id="a policy and a subset"),
        pytest.param(
            SUBSETS, SUBSETS.replace("version: v1", "v: 1"), ["spec.subsets[0].name"], id="subsets"
        ),
        pytest.param(SUBSETS, SUBSETS.replace("name: v1", "name: v2"), [], id="other subsets"),
        pytest.param(
            f"{OUTLIERS}, exportTo: ['.']",
            "trafficPolicy: {tls: {}}, exportTo: [front]",
            [],
            id="for different clients",
        ),
    ],
)
def test_of_two_rules_for_one_host_a_part_holds_once(
    one: str, other: str, expected: list[str]
) -> None:
    assert told(rule("a", spec=one), rule("b", spec=other)) == [
        f"destination-rule-part-dropped shop/b {field}" for field in expected
    ]


YOUNG = ", creationTimestamp: '2026-02-01T00:00:00Z'"
OLD = ", creationTimestamp: '2026-01-01T00:00:00Z'"
ON_CART = "selector: {matchLabels: {app: cart}}"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(
            peers("a", "STRICT", more=YOUNG),
            peers("b", "STRICT", more=OLD),
            ["shop/a spec"],
            id="of a namespace, where the younger one is ignored",
        ),
        pytest.param(
            peers("a", "STRICT", spec=ON_CART),
            peers("b", "STRICT", spec=ON_CART),
            ["shop/b spec.selector"],
            id="of the same pods",
        ),
        pytest.param(
            peers("a", "STRICT", spec="selector: {matchLabels: {tier: back}}"),
            peers("b", "STRICT", spec=ON_CART),
            [],
            id="of other pods",
        ),
        pytest.param(
            peers("a", "STRICT"), peers("b", "STRICT", spec=ON_CART), [], id="wide and narrow"
        ),
        pytest.param(peers("a", "STRICT"), peers("b", "STRICT", "front"), [], id="two namespaces"),
    ],
)
def test_a_scope_has_one_peer_authentication(one: str, other: str, expected: list[str]) -> None:
    assert told(SHOP, one, other) == [f"second-peer-authentication {each}" for each in expected]


def test_pods_that_two_objects_select_obey_the_older_one() -> None:
    pods = SHOP.replace("labels: {app: cart}", "labels: {app: cart, tier: back}")
    narrow = peers("b", "STRICT", spec="selector: {matchLabels: {tier: back}}")
    (finding,) = found(pods, peers("a", "PERMISSIVE", spec=ON_CART), narrow)
    assert (finding.resource.name, finding.others[0].name) == ("b", "a")
    assert '"cart"' in finding.message


def test_the_root_namespace_selects_no_workloads() -> None:
    told_of = told(SHOP, peers("all", "STRICT", "istio-system", spec=ON_CART))
    assert told_of == ["peer-authentication-in-root-ignored istio-system/all spec.selector"]
    assert told(SHOP, peers("all", "STRICT", "istio-system")) == []


def tls(mode: str) -> str:
    return f"trafficPolicy: {{tls: {{mode: {mode}}}}}"


TOP = "spec.trafficPolicy.tls.mode"
UNMESHED = SHOP.replace("istio-injection: enabled", "istio-injection: disabled")


@pytest.mark.parametrize(
    ("servers", "spec", "field"),
    [
        pytest.param(SHOP + "---" + peers("p", "STRICT"), tls("DISABLE"), TOP, id="plaintext"),
        pytest.param(SHOP + "---" + peers("p", "STRICT"), tls("SIMPLE"), TOP, id="simple TLS"),
        pytest.param(SHOP + "---" + peers("p", "STRICT"), tls("ISTIO_MUTUAL"), "", id="agreeing"),
        pytest.param(SHOP, tls("DISABLE"), "", id="a permissive server"),
        pytest.param(UNMESHED, tls("ISTIO_MUTUAL"), TOP, id="no proxy"),
        pytest.param(UNMESHED, tls("DISABLE"), "", id="no proxy, and plaintext"),
        pytest.param(
            UNMESHED.partition("---")[2], tls("ISTIO_MUTUAL"), "", id="it is not known if a proxy"
        ),
        pytest.param(
            SHOP + "---" + peers("p", "DISABLE"), tls("ISTIO_MUTUAL"), TOP, id="a plaintext server"
        ),
        pytest.param(
            SHOP
            + "---"
            + peers("p", "STRICT", spec=f"{ON_CART}, portLevelMtls: {{8080: {{mode: DISABLE}}}}"),
            tls("DISABLE"),
            "",
            id="a port that is excepted",
        ),
        pytest.param(
            SHOP + "---" + peers("p", "STRICT"),
            "trafficPolicy: {portLevelSettings: [{port: {number: 80}, tls: {mode: DISABLE}}]}",
            "spec.trafficPolicy.portLevelSettings[0].tls.mode",
            id="of one port",
        ),
        pytest.param(
            SHOP + "---" + peers("p", "STRICT"),
            f"subsets: [{{name: v1, labels: {{app: cart}}, {tls('DISABLE')}}}]",
            "spec.subsets[0].trafficPolicy.tls.mode",
            id="of a subset",
        ),
        pytest.param(
            SHOP + "---" + peers("p", "STRICT"),
            f"subsets: [{{name: v1, labels: {{app: other}}, {tls('DISABLE')}}}]",
            "",
            id="of a subset without pods",
        ),
    ],
)
def test_clients_speak_what_servers_take(servers: str, spec: str, field: str) -> None:
    assert told(servers, rule("cart", spec=spec)) == (
        [f"mtls-mismatch shop/cart {field}"] if field else []
    )


def test_a_rule_that_is_hidden_mismatches_nobody() -> None:
    wide = rule("all", "istio-system", tls("DISABLE")).replace(
        "cart.shop.svc.cluster.local", "'*.local'"
    )
    servers = (SHOP, peers("p", "STRICT"))
    assert told(*servers, wide) == [f"mtls-mismatch istio-system/all {TOP}"]
    assert told(*servers, wide, rule("cart")) == []


def test_clients_infer_plaintext_from_the_peer_authentication_of_their_own_cluster() -> None:
    client, server = peers("p", "DISABLE"), f"{SHOP}---{peers('p', 'STRICT')}"
    assert told(client=client, server=server) == ["mtls-mismatch shop/p spec.mtls.mode"]
    assert told(client=peers("p", "PERMISSIVE"), server=server) == []
    said = rule("cart", spec=tls("ISTIO_MUTUAL"))
    assert told(client=f"{client}---{said}", server=server) == []


def test_without_automatic_mutual_tls_a_rule_must_say_it() -> None:
    config = "kind: MeshConfig\nmetadata: {name: mesh}\nenableAutoMtls: false"
    strict = (SHOP, peers("p", "STRICT"), config)
    assert told(*strict) == ["mtls-mismatch /mesh enableAutoMtls"]
    assert told(*strict, rule("cart", spec=tls("ISTIO_MUTUAL"))) == []
