"""Policies mean what Istio's documentation says; each case names the page it comes from."""

from typing import Any

import pytest

from krmfn.mesh_intent_expander.semantics.authorization import Policies, Verdict, authorize
from krmfn.mesh_intent_expander.semantics.conditions import Facts
from krmfn.mesh_intent_expander.semantics.outcome import Arrival
from krmfn.mesh_intent_expander.semantics.request import Client, DataPlane, Request
from krmfn.mesh_intent_expander.semantics.trace import trace
from krmfn.mesh_intent_expander.topology import Cluster, Mesh
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource, yaml_load_all

WEB = "cluster.local/ns/shop/sa/web"
POLICY = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: %(name)s, namespace: %(namespace)s, annotations: {%(notes)s}}
spec: %(spec)s
"""


def _policy(spec: str, name: str = "p", namespace: str = "api", notes: str = "") -> str:
    return POLICY % {"spec": spec, "name": name, "namespace": namespace, "notes": notes}


def _decide(*texts: str, domains: tuple[str, ...] = ("cluster.local",), **known: Any) -> Verdict:
    """Decide about a request from `WEB` at pods with the label ``app: api`` in namespace api."""
    bodies = [body for text in texts for body in yaml_load_all(text)]
    view = ClusterView("", [Resource.of(body) for body in bodies])
    policies = Policies(view, domains, None)
    facts = Facts(**{"principal": WEB, "port": 8080, "authority": "api:80", **known})
    return authorize(policies.of_pods("api", {"app": "api"}), facts, policies.providers)


SOURCES = {
    "Source.principals": ("{principals: [cluster.local/ns/shop/sa/web]}", {}, True),
    "Source.principals-other": ("{principals: [cluster.local/ns/shop/sa/cart]}", {}, False),
    "Source.principals-prefix": ("{principals: [cluster.local/ns/shop/*]}", {}, True),
    "Source.principals-suffix": ("{principals: ['*/sa/web']}", {}, True),
    "Source.principals-presence": ("{principals: ['*']}", {}, True),
    "Source.principals-need-mtls": ("{principals: ['*']}", {"principal": ""}, False),
    "Source.notPrincipals": ("{notPrincipals: [cluster.local/ns/shop/sa/web]}", {}, False),
    "Source.notPrincipals-of-plaintext": ("{notPrincipals: ['*']}", {"principal": ""}, True),
    "Source.namespaces": ("{namespaces: [shop]}", {}, True),
    "Source.namespaces-other": ("{namespaces: [shopping]}", {}, False),
    "Source.namespaces-prefix": ("{namespaces: ['sh*']}", {}, True),
    "Source.notNamespaces": ("{notNamespaces: [shop]}", {}, False),
    "Source.serviceAccounts": ("{serviceAccounts: [shop/web]}", {}, True),
    "Source.serviceAccounts-of-own-namespace": ("{serviceAccounts: [web]}", {}, False),
    "Source.serviceAccounts-whole-name": ("{serviceAccounts: [shop/we]}", {}, False),
    "Source.trustDomains": ("{trustDomains: [cluster.local]}", {}, True),
    "Source.trustDomains-other": ("{trustDomains: [cluster]}", {}, False),
    "Source.ipBlocks": ("{ipBlocks: [10.0.0.0/8]}", {"address": "10.1.2.3"}, True),
    "Source.ipBlocks-other": ("{ipBlocks: [10.0.0.0/8]}", {"address": "11.1.2.3"}, False),
    "Source.ipBlocks-unknown": ("{ipBlocks: [10.0.0.0/8]}", {}, False),
    "Source.notIpBlocks": ("{notIpBlocks: [10.0.0.1]}", {"address": "10.0.0.1"}, False),
    "Source.requestPrincipals": (
        "{requestPrincipals: [https://idp/me]}",
        {"claims": {"iss": "https://idp", "sub": "me"}},
        True,
    ),
    "Source.requestPrincipals-presence": ("{requestPrincipals: ['*']}", {}, False),
    "Source.requestPrincipals-prefix": (
        "{requestPrincipals: [https://idp/*]}",
        {"claims": {"iss": "https://idp", "sub": "me"}},
        True,
    ),
    "Source.notRequestPrincipals": ("{notRequestPrincipals: ['*']}", {}, True),
    "Source.all-fields-hold": (
        "{namespaces: [shop], principals: [cluster.local/ns/shop/sa/cart]}",
        {},
        False,
    ),
}


@pytest.mark.parametrize(("source", "known", "allowed"), SOURCES.values(), ids=SOURCES)
def test_a_source_is_matched_as_its_reference_says(
    source: str, known: dict[str, Any], allowed: bool
) -> None:
    assert (
        _decide(_policy(f"{{rules: [{{from: [{{source: {source}}}]}}]}}"), **known).allowed
        == allowed
    )


OPERATIONS = {
    "Operation.methods": ("{methods: [GET, HEAD]}", {}, True),
    "Operation.methods-other": ("{methods: [POST]}", {}, False),
    "Operation.notMethods": ("{notMethods: [GET]}", {}, False),
    "Operation.paths": ("{paths: [/api]}", {"path": "/api"}, True),
    "Operation.paths-exact": ("{paths: [/api]}", {"path": "/api/"}, False),
    "Operation.paths-prefix": ("{paths: ['/api/*']}", {"path": "/api/x/y"}, True),
    "Operation.paths-suffix": ("{paths: ['*/info']}", {"path": "/a/info"}, True),
    "Operation.paths-one-segment": ("{paths: ['/a/{*}/b']}", {"path": "/a/x/b"}, True),
    "Operation.paths-only-one-segment": ("{paths: ['/a/{*}/b']}", {"path": "/a/x/y/b"}, False),
    "Operation.paths-any-segments": ("{paths: ['/a/{**}']}", {"path": "/a/x/y"}, True),
    "Operation.paths-template-is-literal-else": (
        "{paths: ['/a.b/{*}']}",
        {"path": "/axb/c"},
        False,
    ),
    "Operation.notPaths": ("{notPaths: [/healthz]}", {"path": "/healthz"}, False),
    "Operation.ports": ("{ports: ['8080']}", {}, True),
    "Operation.ports-of-the-workload": ("{ports: ['80']}", {}, False),
    "Operation.hosts-with-port": ("{hosts: ['api:80']}", {}, True),
    "Operation.hosts-without-port": ("{hosts: [api]}", {}, False),
    "Operation.hosts-in-any-case": ("{hosts: ['API:*']}", {}, True),
    "Operation.all-fields-hold": ("{methods: [GET], paths: [/x]}", {}, False),
}


@pytest.mark.parametrize(("operation", "known", "allowed"), OPERATIONS.values(), ids=OPERATIONS)
def test_an_operation_is_matched_as_its_reference_says(
    operation: str, known: dict[str, Any], allowed: bool
) -> None:
    text = f"{{rules: [{{to: [{{operation: {operation}}}]}}]}}"
    assert _decide(_policy(text), **known).allowed == allowed


CONDITIONS = {
    "conditions.request.headers": (
        "{key: 'request.headers[X-Role]', values: [admin]}",
        {"headers": {"x-role": "admin"}},
        True,
    ),
    "conditions.request.headers-absent": ("{key: 'request.headers[x]', values: ['*']}", {}, False),
    "conditions.notValues": ("{key: 'request.headers[x]', notValues: [a]}", {}, True),
    "conditions.source.ip": (
        "{key: source.ip, values: [10.0.0.0/8]}",
        {"address": "10.1.1.1"},
        True,
    ),
    "conditions.source.namespace": ("{key: source.namespace, values: [shop]}", {}, True),
    "conditions.source.principal": (f"{{key: source.principal, values: [{WEB}]}}", {}, True),
    "conditions.source.serviceAccount": (
        "{key: source.serviceAccount, values: [shop/web]}",
        {},
        True,
    ),
    "conditions.destination.port": ("{key: destination.port, values: ['8080']}", {}, True),
    "conditions.connection.sni": (
        "{key: connection.sni, values: [api]}",
        {"server_name": "api"},
        True,
    ),
    "conditions.request.auth.claims": (
        "{key: 'request.auth.claims[group]', values: [admin]}",
        {"claims": {"group": ["user", "admin"]}},
        True,
    ),
    "conditions.request.auth.claims-nested": (
        "{key: 'request.auth.claims[realm][role]', values: ['adm*']}",
        {"claims": {"realm": {"role": "admin"}}},
        True,
    ),
    "conditions.request.auth.audiences": (
        "{key: request.auth.audiences, values: [shop]}",
        {"claims": {"aud": "shop"}},
        True,
    ),
    "conditions.unknown-key-leaves-the-rule-out": ("{key: source.nothing, values: [a]}", {}, False),
}


@pytest.mark.parametrize(("when", "known", "allowed"), CONDITIONS.values(), ids=CONDITIONS)
def test_a_condition_is_matched_as_its_reference_says(
    when: str, known: dict[str, Any], allowed: bool
) -> None:
    assert _decide(_policy(f"{{rules: [{{when: [{when}]}}]}}"), **known).allowed == allowed


ANY, NONE = "rules: [{}]", "rules: [{to: [{operation: {methods: [PUT]}}]}]"
ORDER = {
    "authorization-policy.no-policy-allows": ((), True),
    "authorization-policy.allow-nothing": ((_policy("{}"),), False),
    "authorization-policy.empty-rules-match-nothing": ((_policy("{rules: []}"),), False),
    "authorization-policy.allow-all": ((_policy(f"{{{ANY}}}"),), True),
    "authorization-policy.deny-goes-first": (
        (_policy(f"{{{ANY}}}", "a"), _policy(f"{{action: DENY, {ANY}}}", "d")),
        False,
    ),
    "authorization-policy.deny-that-does-not-match": (
        (_policy(f"{{action: DENY, {NONE}}}", "d"),),
        True,
    ),
    "authorization-policy.one-allow-is-enough": (
        (_policy(f"{{{NONE}}}", "a"), _policy(f"{{{ANY}}}", "b")),
        True,
    ),
    "authorization-policy.selector-of-others": (
        (_policy("{selector: {matchLabels: {app: web}}}"),),
        True,
    ),
    "authorization-policy.selector": ((_policy("{selector: {matchLabels: {app: api}}}"),), False),
    "authorization-policy.other-namespace": ((_policy("{}", namespace="web"),), True),
    "authorization-policy.root-namespace": ((_policy("{}", namespace="istio-system"),), False),
    "authorization-policy.targetRefs-are-for-gateways": (
        (_policy("{targetRefs: [{kind: Service, group: '', name: api}]}"),),
        True,
    ),
    "authorization-policy.dry-run-of-deny": (
        (_policy(f"{{action: DENY, {ANY}}}", notes="istio.io/dry-run: 'true'"),),
        True,
    ),
    "authorization-policy.dry-run-of-allow": (
        (_policy("{}", notes="istio.io/dry-run: 'true'"),),
        True,
    ),
    "authorization-policy.audit-decides-nothing": ((_policy(f"{{action: AUDIT, {ANY}}}"),), True),
}


@pytest.mark.parametrize(("policies", "allowed"), ORDER.values(), ids=ORDER)
def test_policies_are_applied_in_the_order_of_their_reference(
    policies: tuple[str, ...], allowed: bool
) -> None:
    assert _decide(*policies).allowed == allowed


def test_a_verdict_names_the_policy_and_the_rule_that_decide() -> None:
    rules = "rules: [{to: [{operation: {methods: [PUT]}}]}, {}]"
    verdict = _decide(_policy(f"{{action: DENY, {rules}}}", "no"))
    assert verdict.resource is not None
    assert (verdict.resource.name, verdict.field) == ("no", "spec.rules[1]")


def test_a_policy_on_trial_is_told_but_does_not_decide() -> None:
    trial = _policy(f"{{action: DENY, {ANY}}}", "trial", notes="istio.io/dry-run: 'true'")
    assert _decide(trial).shadows == ("trial on trial would deny it",)


CUSTOM = (
    "{action: CUSTOM, provider: {name: %s}, rules: [{to: [{operation: {notPaths: [/healthz]}}]}]}"
)


def test_custom_asks_its_provider_and_the_others_still_decide() -> None:
    custom = _policy(CUSTOM % "opa", "c")
    assert (_decide(custom).allowed, _decide(custom).asks) == (True, ("opa",))
    assert _decide(custom, path="/healthz").asks == ()
    assert not _decide(custom, _policy("{}", "a")).allowed


def test_two_providers_at_one_workload_deny_what_they_are_asked_about() -> None:
    two = (_policy(CUSTOM % "opa", "c"), _policy(CUSTOM % "other", "d"))
    assert not _decide(*two).allowed
    assert _decide(*two, path="/healthz").allowed


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        pytest.param("ALLOW", False, id="concepts.tcp-allow-with-http-fields-never-matches"),
        pytest.param("DENY", False, id="concepts.tcp-deny-ignores-http-fields"),
    ],
)
def test_http_fields_of_plain_tcp_narrow_an_allow_and_widen_a_deny(
    action: str, allowed: bool
) -> None:
    text = f"{{action: {action}, rules: [{{to: [{{operation: {{methods: [PUT]}}}}]}}]}}"
    assert _decide(_policy(text), http=False).allowed == allowed


def test_a_deny_with_ports_denies_only_those_ports_of_plain_tcp() -> None:
    text = "{action: DENY, rules: [{to: [{operation: {methods: [PUT], ports: ['9000']}}]}]}"
    assert _decide(_policy(text), http=False).allowed
    assert not _decide(_policy(text), http=False, port=9000).allowed


@pytest.mark.parametrize(
    ("named", "caller", "allowed"),
    [
        pytest.param("old/ns/a/sa/b", "new/ns/a/sa/b", True, id="alias"),
        pytest.param("cluster.local/ns/a/sa/b", "new/ns/a/sa/b", True, id="cluster.local"),
        pytest.param("other/ns/a/sa/b", "new/ns/a/sa/b", False, id="foreign"),
        pytest.param("*/ns/a/sa/b", "any/ns/a/sa/b", True, id="any-trust-domain"),
    ],
)
def test_trust_domain_aliases_stand_for_one_another(named: str, caller: str, allowed: bool) -> None:
    text = f"{{rules: [{{from: [{{source: {{principals: ['{named}']}}}}]}}]}}"
    assert _decide(_policy(text), domains=("new", "old"), principal=caller).allowed == allowed


HOSTILE = (
    "{rules: [null, 3, {from: x}, {to: [{operation: {ports: [8080, a]}}]}, {when: [{key: 1}]}]}",
    "{action: 3, selector: [], rules: {}}",
    "{action: DENY, rules: [{from: [{source: {ipBlocks: [x, null]}}]}]}",
)


@pytest.mark.parametrize("spec", HOSTILE)
def test_wrong_types_in_a_policy_raise_nothing(spec: str) -> None:
    assert isinstance(_decide(_policy(spec)).allowed, bool)


APP = """
apiVersion: v1
kind: Namespace
metadata: {name: api, labels: {istio-injection: %(injected)s}}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: api}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: api}
spec: {template: {metadata: {labels: {app: api}}, spec: {containers: [{name: app}]}}}
"""
PEER = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: %(name)s, namespace: %(namespace)s}
spec: %(spec)s
"""
RULE = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api, namespace: %s}
spec: {host: api.api.svc.cluster.local, trafficPolicy: {tls: {mode: %s}}}
"""


def _peer(spec: str, name: str = "default", namespace: str = "api") -> str:
    return PEER % {"spec": spec, "name": name, "namespace": namespace}


def _arrive(
    *texts: str, injected: str = "enabled", client: DataPlane = "sidecar", **asked: Any
) -> Arrival:
    mesh = Mesh(clusters={"": Cluster("")})
    bodies = [b for text in (APP % {"injected": injected}, *texts) for b in yaml_load_all(text)]
    fleet = Fleet([ClusterView("", [Resource.of(body) for body in bodies])], mesh)
    request = Request(Client("", "shop", "web", data_plane=client), "api.api", 80, **asked)
    ((_, arrival),) = trace(fleet, mesh, request).arrivals()
    return arrival


STRICT = "{mtls: {mode: STRICT}}"
PERMISSIVE, DISABLE = (STRICT.replace("STRICT", mode) for mode in ("PERMISSIVE", "DISABLE"))
PORT = (
    "{selector: {matchLabels: {app: api}}, mtls: {mode: STRICT}, portLevelMtls: {%s: {mode: %s}}}"
)
MODES = {
    "PeerAuthentication.default": ((), "PERMISSIVE"),
    "PeerAuthentication.mesh": ((_peer(STRICT, namespace="istio-system"),), "STRICT"),
    "PeerAuthentication.namespace-over-mesh": (
        (_peer(STRICT, namespace="istio-system"), _peer(PERMISSIVE)),
        "PERMISSIVE",
    ),
    "PeerAuthentication.unset-inherits": (
        (_peer(STRICT, namespace="istio-system"), _peer("{mtls: {mode: UNSET}}")),
        "STRICT",
    ),
    "PeerAuthentication.workload-over-namespace": (
        (_peer(STRICT), _peer(PORT % (1, "DISABLE"), "api")),
        "STRICT",
    ),
    "PeerAuthentication.port": ((_peer(PORT % (8080, "PERMISSIVE"), "api"),), "PERMISSIVE"),
    "PeerAuthentication.port-is-the-workload's": (
        (_peer(PORT % (80, "DISABLE"), "api"),),
        "STRICT",
    ),
    "PeerAuthentication.port-unset-inherits": ((_peer(PORT % (8080, "UNSET"), "api"),), "STRICT"),
    "PeerAuthentication.selector-in-root-namespace-is-ignored": (
        (_peer(PORT % (1, "STRICT"), "api", "istio-system"),),
        "PERMISSIVE",
    ),
    "PeerAuthentication.oldest-of-a-scope": ((_peer(STRICT, "b"), _peer(DISABLE, "a")), "DISABLE"),
}


@pytest.mark.parametrize(("peers", "mode"), MODES.values(), ids=MODES)
def test_the_narrowest_peer_authentication_holds(peers: tuple[str, ...], mode: str) -> None:
    assert _arrive(*peers).leg.server_mode == mode


BOTH_ENDS = {
    "mutual-tls.auto": ((), {}, "mtls", "reached"),
    "mutual-tls.auto-without-server-proxy": ((), {"injected": "disabled"}, "plaintext", "reached"),
    "mutual-tls.strict-server-plain-client": (
        (_peer(STRICT),),
        {"client": "none"},
        "plaintext",
        "refused",
    ),
    "mutual-tls.permissive-server-plain-client": ((), {"client": "none"}, "plaintext", "reached"),
    "mutual-tls.disabled-server": ((_peer(DISABLE),), {}, "plaintext", "reached"),
    "ClientTLSSettings.disable-to-strict": (
        (_peer(STRICT), RULE % ("api", "DISABLE")),
        {},
        "plaintext",
        "refused",
    ),
    "ClientTLSSettings.istio-mutual-without-server-proxy": (
        (RULE % ("api", "ISTIO_MUTUAL"),),
        {"injected": "disabled"},
        "mtls",
        "refused",
    ),
    "ClientTLSSettings.istio-mutual-to-disabled": (
        (_peer(DISABLE), RULE % ("api", "ISTIO_MUTUAL")),
        {},
        "mtls",
        "refused",
    ),
    "ClientTLSSettings.simple-to-strict": (
        (_peer(STRICT), RULE % ("api", "SIMPLE")),
        {},
        "tls",
        "refused",
    ),
    "auto-mtls.workload-strict-in-disabled-namespace": (
        (_peer(DISABLE), _peer(PORT % (1, "STRICT"), "api")),
        {},
        "plaintext",
        "refused",
    ),
}


@pytest.mark.parametrize(
    ("texts", "how", "client_mode", "outcome"), BOTH_ENDS.values(), ids=BOTH_ENDS
)
def test_both_ends_speak_as_their_settings_say(
    texts: tuple[str, ...], how: dict[str, Any], client_mode: str, outcome: str
) -> None:
    arrival = _arrive(*texts, **how)
    assert (arrival.leg.client_mode, arrival.outcome) == (client_mode, outcome)


def test_plaintext_has_no_principal() -> None:
    allow = _policy("{rules: [{from: [{source: {namespaces: [shop]}}]}]}")
    assert _arrive(allow).outcome == "reached"
    assert _arrive(allow, client="none").outcome == "denied"


TOKENS = """
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: jwt, namespace: api}
spec: {jwtRules: [{issuer: idp, audiences: [shop]}]}
"""
NEEDS_TOKEN = _policy("{rules: [{from: [{source: {requestPrincipals: ['idp/me']}}]}]}")
CLAIMS = {
    "RequestAuthentication.valid": ({"iss": "idp", "sub": "me", "aud": "shop"}, "reached"),
    "RequestAuthentication.no-token-has-no-principal": ({}, "denied"),
    "RequestAuthentication.other-issuer": ({"iss": "x", "sub": "me"}, "denied"),
    "RequestAuthentication.other-audience": ({"iss": "idp", "sub": "me", "aud": "x"}, "denied"),
    "RequestAuthentication.other-subject": ({"iss": "idp", "sub": "you", "aud": "shop"}, "denied"),
}


@pytest.mark.parametrize(("claims", "outcome"), CLAIMS.values(), ids=CLAIMS)
def test_a_token_counts_when_it_is_accepted(claims: dict[str, object], outcome: str) -> None:
    assert _arrive(TOKENS, NEEDS_TOKEN, claims=claims).outcome == outcome


def test_nobody_looks_at_a_token_where_no_object_asks_for_it() -> None:
    claims = {"iss": "idp", "sub": "me", "aud": "shop"}
    assert _arrive(NEEDS_TOKEN, claims=claims).outcome == "denied"
    assert _arrive(claims={"iss": "unknown"}).outcome == "reached"


def test_a_token_of_an_unknown_issuer_is_refused_with_401() -> None:
    assert _arrive(TOKENS, claims={"iss": "x"}).reason.startswith("401")
