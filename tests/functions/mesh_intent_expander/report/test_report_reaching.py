"""Who reaches what: clients, requests, ways and what decides them."""

from typing import Any

import pytest

from krmfn.mesh_intent_expander.report.operations import operations
from krmfn.mesh_intent_expander.report.requests import MOST_PATHS, Axes, Special, probes
from krmfn.mesh_intent_expander.report.samples import Sample, of_expression
from krmfn.mesh_intent_expander.semantics.strings import matches_whole

ALLOWED = (
    "{selector: {matchLabels: {app: api}}, rules: [{"
    "from: [{source: {principals: [cluster.local/ns/web/sa/portal]}}], "
    'to: [{operation: {methods: [GET], paths: ["/results/*"]}}]}]}'
)
STRICT = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: STRICT}}
"""


def _policy(spec: str) -> str:
    return f"""
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: api, namespace: shop}}
spec: {spec}
"""


def test_a_declared_consumer_comes_through_the_gateway_with_mutual_tls(render: Any) -> None:
    row = render().row("web/portal", on="west")
    assert (row.outcome, row.allows, row.path) == ("reached", "all", "gateway")
    assert (row.client_tls, row.server_tls) == ("mtls", "PERMISSIVE")


def test_only_what_a_policy_allows_is_told(render: Any) -> None:
    row = render(east=_policy(ALLOWED)).row("web/portal", on="west")
    assert (row.allows, row.operations) == ("some", ("GET /results/*",))
    assert row.policies == ("AuthorizationPolicy shop/api",)


def test_what_a_policy_denies_is_told_as_an_exception(render: Any) -> None:
    denial = '{action: DENY, rules: [{to: [{operation: {paths: ["/admin/*"]}}]}]}'
    row = render(east=_policy(denial)).row("web/portal", on="west")
    assert (row.allows, row.excepting, row.operations) == ("some", True, ("/admin/*",))


def test_anyone_else_is_refused_where_others_are_named(render: Any) -> None:
    row = render(east=_policy(ALLOWED)).row("anyone else", on="west")
    assert (row.outcome, row.allows) == ("denied", "none")
    assert row.policies == ("AuthorizationPolicy shop/api",)


def test_anyone_else_shows_that_nothing_is_closed(render: Any) -> None:
    assert render().row("anyone else", on="east").allows == "all"


@pytest.mark.parametrize(
    ("more", "outcome"), [("", "reached"), (STRICT, "refused")], ids=["permissive", "strict"]
)
def test_plaintext_is_taken_until_the_server_is_strict(
    render: Any, more: str, outcome: str
) -> None:
    row = render(east=more).row("plaintext", on="east")
    assert (row.outcome, row.client_tls) == (outcome, "plaintext")


def test_an_external_authoriser_is_told_to_be_asked(render: Any) -> None:
    custom = (
        '{action: CUSTOM, provider: {name: opa}, rules: [{to: [{operation: {ports: ["8080"]}}]}]}'
    )
    row = render(east=_policy(custom)).row("web/portal", on="west")
    assert (row.allows, row.asks) == ("all", ("opa",))


TOKENS = """
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: api, namespace: shop}
spec: {jwtRules: [{issuer: "https://idp", jwksUri: "https://idp/keys"}]}
"""


def test_a_token_that_a_policy_wants_is_tried(render: Any) -> None:
    wants = '{rules: [{from: [{source: {requestPrincipals: ["https://idp/*"]}}]}]}'
    row = render(east=[_policy(wants), TOKENS]).row("web/portal", on="west")
    assert row.operations == ("with a token of https://idp",)


def test_all_methods_and_paths_that_a_token_opens_are_told(render: Any) -> None:
    rule = """{rules: [{
      when: [{key: "request.auth.claims[role]", values: [admin]}],
      to: [{operation: {methods: [PUT, DELETE], paths: [/cameras/*, /lenses]}}]}]}"""
    row = render(east=[_policy(rule), TOKENS]).row("web/portal", on="west")
    token = "with a token of https://idp (role admin)"
    assert row.operations == (f"PUT,DELETE /cameras/* {token}", f"PUT,DELETE /lenses {token}")


def test_operations_that_are_not_tried_are_counted(render: Any) -> None:
    paths = ", ".join(f"/{number}" for number in range(MOST_PATHS + 3))
    policy = _policy(f"{{rules: [{{to: [{{operation: {{paths: [{paths}]}}}}]}}]}}")
    status = render(east=policy).status
    assert status.totals.more["operations"] == 3


def test_a_policy_on_trial_changes_nothing(render: Any) -> None:
    trial = _policy(ALLOWED).replace(
        "namespace: shop}", 'namespace: shop, annotations: {istio.io/dry-run: "true"}}'
    )
    assert render(east=trial).row("anyone else", on="east").allows == "all"


def test_policies_of_a_service_that_a_route_leads_to_are_tried_as_well(render: Any) -> None:
    other = """
apiVersion: v1
kind: Service
metadata: {name: other, namespace: shop}
spec: {selector: {app: other}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: other, namespace: shop, labels: {app: other}}
spec: {containers: [{name: app}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api, namespace: shop}
spec:
  hosts: [api.shop.svc.cluster.local]
  http: [{route: [{destination: {host: other.shop.svc.cluster.local}}]}]
"""
    only = (
        "{selector: {matchLabels: {app: other}}, rules: "
        "[{from: [{source: {principals: [cluster.local/ns/shop/sa/api]}}]}]}"
    )
    rendered = render(east=[other, _policy(only)])
    assert rendered.row("shop/api", on="east").allows == "all"
    assert rendered.row("shop/default", on="east").allows == "none"


def test_clients_that_fare_alike_are_one_row(render: Any) -> None:
    more = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: other, namespace: shop}
spec: {template: {metadata: {labels: {app: other}}, spec: {serviceAccountName: other}}}
"""
    row = render(east=more).row("shop/api", on="east")
    assert row.from_ == {"east": ("shop/api", "shop/other")}


def test_a_named_client_without_a_workload_is_asked_for(render: Any) -> None:
    names = "{rules: [{from: [{source: {principals: [cluster.local/ns/jobs/sa/nightly]}}]}]}"
    assert render(east=_policy(names)).row("jobs/nightly", on="east").allows == "all"


def test_a_cluster_that_does_not_take_part_finds_no_way(render: Any) -> None:
    base = """
apiVersion: intent.krmfn.dev/v1alpha1
kind: MeshTopology
metadata: {name: mesh, annotations: {config.kubernetes.io/local-config: "true"}}
spec: {clusters: [{name: east}, {name: far}]}
"""
    service = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec: {containers: [{name: app}]}
"""
    row = render(base={"": [base], "east": [service]}).row("anyone else", on="far", to="")
    assert (row.outcome, row.allows) == ("unroutable", "none")


WEST_ALONE = """
apiVersion: intent.krmfn.dev/v1alpha1
kind: MeshTopology
metadata: {name: mesh, annotations: {config.kubernetes.io/local-config: "true"}}
spec: {clusters: [{name: east}, {name: west}]}
---
apiVersion: infra.nephio.org/v1alpha1
kind: WorkloadCluster
metadata: {name: west, annotations: {config.kubernetes.io/local-config: "true"}}
spec: {clusterName: west}
"""
RUNS_IN_EAST = """
apiVersion: intent.krmfn.dev/v1alpha1
kind: ServiceDiscovery
metadata: {name: api, namespace: shop, annotations: {config.kubernetes.io/local-config: "true"}}
spec:
  service: {name: api, ports: [{number: 80, name: http, protocol: http}]}
  placement: api
---
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: PlacementDecision
metadata:
  name: api
  namespace: fleet
  labels: {multicluster.x-k8s.io/placement-key: api}
  annotations: {config.kubernetes.io/local-config: "true"}
decisions: [{clusterProfileRef: {name: east}}]
"""


def test_what_runs_elsewhere_is_counted_in_a_package_of_one_cluster(render: Any) -> None:
    status = render(base={"": (WEST_ALONE, RUNS_IN_EAST)}).status
    assert not status.reachability
    assert (status.totals.services, status.totals.traced) == (1, 0)
    assert status.totals.more == {"elsewhere": 1}


def test_totals_say_how_much_was_looked_at(render: Any) -> None:
    totals = render().status.totals
    assert (totals.clusters, totals.services, totals.traced) == (2, 1, 1)
    assert totals.requests > 0
    assert totals.reached + totals.closed >= len(render().status.reachability)


def test_the_first_request_is_like_none_that_is_spoken_of() -> None:
    axes = Axes(methods=(Sample("GET", "GET"),), paths=(Sample("/*", "/x"), Sample("/a", "/a")))
    first = probes(axes)[0]
    assert (first.method, first.cell) == ("PATCH", ("", ""))


GET, POST = Sample("GET", "GET"), Sample("POST", "POST")
A, B = Sample("/a", "/a"), Sample("/b/*", "/b/x")


@pytest.mark.parametrize(
    ("allowed", "listed", "excepting"),
    [
        ({("GET", "/a")}, ("GET /a",), False),
        ({("GET", "/a"), ("POST", "/a"), ("", "/a")}, ("/a",), False),
        ({("GET", path) for path in ("", "/a", "/b/*")}, ("GET",), False),
        (
            {(m, p) for m in ("", "GET", "POST") for p in ("", "/a", "/b/*")} - {("POST", "/b/*")},
            ("POST /b/*",),
            True,
        ),
    ],
    ids=["one", "any-method", "any-path", "all-but-one"],
)
def test_operations_are_told_in_few_words(
    allowed: set[tuple[str, str]], listed: tuple[str, ...], *, excepting: bool
) -> None:
    tried = probes(Axes(methods=(GET, POST), paths=(A, B)))
    found = operations(tried, {n for n, each in enumerate(tried) if each.cell in allowed})
    assert (found.allows, found.listed, found.excepting) == ("some", listed, excepting)


def test_a_special_request_is_told_only_where_it_differs() -> None:
    tried = probes(
        Axes(paths=(A,), specials=(Special("with x: 1", path=A, headers=(("x", "1"),)),))
    )
    special = len(tried) - 1
    alone = operations(tried, {special})
    beside = operations(tried, {special, *(n for n, p in enumerate(tried) if p.cell == ("", "/a"))})
    assert alone.listed == ("/a with x: 1",)
    assert beside.listed == ("/a",)


@pytest.mark.parametrize(
    "pattern",
    ["/v[0-9]+/items", "/(a|b)/.*", r"/\d{3}/x", "/x?", "v1|v2", r"/a\.b", "(?:ab)+", "^/z$"],
)
def test_a_sample_fits_its_expression(pattern: str) -> None:
    found = of_expression(pattern)
    assert found is not None
    assert matches_whole(pattern, found)


def test_an_expression_without_a_simple_sample_has_none() -> None:
    assert of_expression("(((a{3}|b){2}") is None
