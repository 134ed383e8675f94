"""The report as a whole: conflicts, portability, versions, proxies, bounds and laws."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from krmfn.mesh_intent_expander.intents.report import MeshReport, MeshReportStatus
from krmfn.mesh_intent_expander.report.reporting import MOST, report_of
from krmfn.sdk import Package, Resource

ROUTE = """
apiVersion: intent.krmfn.dev/v1alpha1
kind: TrafficRoute
metadata: {name: %s, namespace: shop, annotations: {config.kubernetes.io/local-config: "true"}}
spec: {parentRef: {service: api}, rules: [%s]}
"""
BY_PATH = "{matches: [{path: {type: PathPrefix, value: /a}}]%s}"


def test_two_intents_that_claim_one_match_are_a_conflict_of_both(render: Any) -> None:
    intents = [ROUTE % (name, BY_PATH % "") for name in ("one", "two")]
    (conflict,) = render(intents=intents).status.conflicts
    assert (conflict.code, conflict.at) == ("route-conflict", "TrafficRoute shop/two")
    assert 'TrafficRoute "shop/one"' in conflict.message


def test_a_fault_is_lost_as_gateway_api(render: Any) -> None:
    fault = BY_PATH % ", fault: {abort: 503}"
    found = render(intents=ROUTE % ("api", fault)).status.not_portable
    assert ("TrafficRoute shop/api", "spec.rules[0].fault", "gateway-api") in {
        (each.at, each.field, each.flavor) for each in found
    }


def test_consumers_are_lost_as_multi_cluster_services(render: Any) -> None:
    found = render().status.not_portable
    assert {each.field for each in found if each.flavor == "mcs"} == {
        "spec.consumers.clusters",
        "spec.consumers.namespaces",
    }


def test_what_a_version_does_not_have_is_told_for_that_cluster_only(render: Any) -> None:
    found = render().status.too_old
    assert {(each.cluster, each.version, each.needs) for each in found} == {
        ("east", "Istio 1.20", "1.22")
    }


def test_a_sidecar_narrows_what_its_proxies_are_told(render: Any) -> None:
    (narrow,) = [each for each in render().status.proxies if each.namespaces == ("web",)]
    assert narrow.scope == "Sidecar web/default"
    assert (narrow.cluster, narrow.workloads, narrow.hosts) == ("west", 1, 1)


def test_proxies_without_a_sidecar_are_told_of_all_hosts(render: Any) -> None:
    (wide,) = [each for each in render().status.proxies if each.namespaces == ("shop",)]
    assert (wide.scope, wide.hosts, wide.endpoints) == ("", 1, 1)


def test_an_audience_counts_the_proxies_that_know_a_host(render: Any) -> None:
    (audience,) = render().status.audiences
    assert audience.host == "api.shop.svc.cluster.local"
    assert (audience.clusters, audience.namespaces, audience.workloads) == (2, 2, 2)


def test_a_host_that_is_not_exported_is_not_told_to_others(render: Any) -> None:
    hidden = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: db, namespace: shop}
spec: {hosts: [db.example.com], exportTo: ["."], ports: [{number: 80, name: http, protocol: HTTP}]}
"""
    other = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: other, namespace: web}
spec: {template: {metadata: {labels: {app: other}}, spec: {containers: [{name: app}]}}}
"""
    found = render(east=[hidden, other]).status.audiences
    assert {a.host: a.namespaces for a in found if a.host == "db.example.com"} == {
        "db.example.com": 1
    }


def test_lists_are_bounded_and_say_what_is_left_out(render: Any) -> None:
    rules = ", ".join(
        f"{{match: [{{uri: {{exact: /{number}}}}}], route: [{{destination: {{host: api}}}}]}}"
        for number in range(60)
    )
    twice = f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: by-hand, namespace: shop}}
spec: {{hosts: [api], http: [{{route: [{{destination: {{host: api}}}}]}}, {rules}]}}
"""
    status = render(west=twice).status
    assert len(status.dead) == MOST["dead"]
    assert status.totals.more["dead"] == 60 - MOST["dead"]


def test_the_report_is_a_resource_that_never_reaches_a_cluster(render: Any) -> None:
    rendered = render()
    plan, results = rendered.resolved
    body = report_of(rendered.fleet, plan, rendered.package, results).to_body()
    again, problems = MeshReport.parse(body)
    assert not problems
    assert again is not None
    assert Resource.of(body).is_local_config


def test_the_order_of_items_makes_no_difference(render: Any) -> None:
    rendered, other = render(), render()
    other.__dict__["package"] = Package(reversed([*other.package]))
    assert rendered.status == other.status


KINDS = {
    "VirtualService": "networking.istio.io/v1",
    "DestinationRule": "networking.istio.io/v1",
    "ServiceEntry": "networking.istio.io/v1",
    "Sidecar": "networking.istio.io/v1",
    "AuthorizationPolicy": "security.istio.io/v1",
    "RequestAuthentication": "security.istio.io/v1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
}
FIELDS = (
    "hosts host http match uri prefix route destination subsets name labels rules from source "
    "principals to operation methods paths when key values egress jwtRules parentRefs backendRefs "
    "weight exportTo selector matchLabels filters requestMirror trafficPolicy ipBlocks"
).split()
WRONG = st.recursive(
    st.sampled_from([None, 0, -1, True, "", "*", "/a", "api", "api.shop.svc.cluster.local"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spec=WRONG, kind=st.sampled_from(sorted(KINDS)))
def test_objects_of_any_shape_are_reported_on(render: Any, spec: Any, kind: str) -> None:
    body = {
        "apiVersion": KINDS[kind],
        "kind": kind,
        "metadata": {"name": "odd", "namespace": "shop"},
        "spec": spec,
    }
    rendered = render()
    plan, results = rendered.resolved
    for view in rendered.fleet.views.values():
        view.resources = (*view.resources, Resource.of(body))
    made = report_of(rendered.fleet, plan, rendered.package, results)
    assert made.status.totals.traced == 1


def test_every_list_has_a_bound() -> None:
    lists = {field.alias for field in MeshReportStatus.model_fields.values()}
    assert lists - {"totals", "graph"} == set(MOST)
