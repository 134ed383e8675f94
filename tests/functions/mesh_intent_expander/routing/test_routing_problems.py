"""Bad input: each wrong thing is told at its field, and what was meant is proposed."""

from collections.abc import Callable
from typing import Any

import pytest

from krmfn.mesh_intent_expander.intents import TrafficRoute
from krmfn.sdk import Result

Routed = Any
V1 = "{version: {name: v1, labels: {version: v1}}}"


def told(made: Routed, code: str) -> Result:
    (found,) = [each for each in made.results if each.code == code]
    return found


@pytest.mark.parametrize(
    ("parent", "code", "field", "told_as"),
    [
        pytest.param(
            {"service": "review"},
            "service-unknown",
            "spec.parentRef.service",
            ('must be a Service of namespace "bookinfo", but is "review"', "reviews"),
            id="a service with a typing error",
        ),
        pytest.param(
            {"service": "cart"},
            "service-unknown",
            "spec.parentRef.service",
            (
                (
                    'must be a Service of namespace "bookinfo", but is "cart"; '
                    'there is one in namespace "shop"'
                ),
                None,
            ),
            id="a service of another namespace",
        ),
        pytest.param(
            {"service": "reviews", "namespace": "bookinf"},
            "namespace-unknown",
            "spec.parentRef.namespace",
            ('must be a namespace of the package, but is "bookinf"', "bookinfo"),
            id="a namespace",
        ),
        pytest.param(
            {"service": "reviews", "port": 908},
            "port-unknown",
            "spec.parentRef.port",
            ('must be a port of Service "bookinfo/reviews": 9080, but is 908', "9080"),
            id="a port",
        ),
        pytest.param(
            {"service": "ratings"},
            "port-ambiguous",
            "spec.parentRef.port",
            (
                'must be given: Service "bookinfo/ratings" has 9090, 8080, 3306, 8443 and 7000',
                None,
            ),
            id="no port of several",
        ),
    ],
)
def test_an_unknown_parent_is_told(
    routed: Callable[..., Routed],
    intent: Callable[..., Any],
    parent: dict[str, Any],
    code: str,
    field: str,
    told_as: tuple[str, str | None],
) -> None:
    made = routed(intent(parentRef=parent))
    found = told(made, code)
    assert (found.field, found.message, found.proposed) == (field, *told_as)
    assert found.resource.name == "reviews"
    assert not made.written["edge-a"]


@pytest.mark.parametrize(
    ("backends", "code", "field", "proposed"),
    [
        pytest.param(
            "[{service: ratngs}]", "service-unknown", "[0].service", "ratings", id="service"
        ),
        pytest.param(
            "[{service: ratings}]", "port-unknown", "[0].port", "9090", id="port of another service"
        ),
        pytest.param(
            "[{service: cart, namespace: shp}]",
            "namespace-unknown",
            "[0].namespace",
            "shop",
            id="namespace",
        ),
        pytest.param(
            "[{cluster: edge-z}]", "cluster-unknown", "[0].cluster", "edge-b", id="cluster"
        ),
        pytest.param(
            "[{cluster: edge-b}]",
            "cluster-without-service",
            "[0].cluster",
            "edge-a",
            id="cluster without the service",
        ),
        pytest.param(
            "[{version: {labels: {version: v3}}}]",
            "version-unknown",
            "[0].version.labels",
            "version=v2",
            id="version",
        ),
        pytest.param("[{weight: 0}]", "weights-zero", "", None, id="no weight"),
        pytest.param(
            f"[{{weight: 1}}, {{weight: 999, version: {V1[10:-1]}}}]",
            "weight-too-small",
            "[0].weight",
            "10",
            id="less than a percent",
        ),
    ],
)
def test_a_backend_that_cannot_be_is_told(
    routed: Callable[..., Routed],
    intent: Callable[..., Any],
    backends: str,
    code: str,
    field: str,
    proposed: str | None,
) -> None:
    made = routed(
        intent(f"[{{name: a, backends: {backends}}}]"),
        clusters=("edge-a", "edge-b"),
        bookinfo_in=["edge-a"],
    )
    found = told(made, code)
    assert found.severity == "error"
    assert found.field == f"spec.rules[0].backends{field}"
    assert found.proposed == proposed


def test_all_wrong_things_of_all_intents_are_told_together(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(
        intent("[{backends: [{service: nobody}, {cluster: nowhere}]}, {backends: [{weight: 0}]}]"),
        intent(name="other", parentRef={"service": "nothing"}),
    )
    assert [code for _, code, _ in made.told()] == [
        "cluster-unknown",
        "service-unknown",
        "service-unknown",
        "weights-zero",
    ]


def test_a_version_must_run_in_every_cluster_of_its_service(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    third = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: reviews-v3, namespace: bookinfo}
    spec: {template: {metadata: {labels: {app: reviews, version: v3}}}}
    """
    made = routed(
        intent("[{backends: [{version: {labels: {version: v3}}}]}]"),
        clusters=("edge-a", "edge-b"),
        only_in={"edge-a": third},
    )
    found = told(made, "version-missing")
    assert found.severity == "warning"
    assert "edge-b has none with version=v3" in found.message
    assert made.written["edge-b"]


def test_one_name_cannot_be_two_versions(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    made = routed(
        intent(
            "[{matches: [{method: GET}], backends: [{version: {name: v, labels: {version: v1}}}]}]"
        ),
        intent("[{backends: [{version: {name: v, labels: {version: v2}}}]}]", name="other"),
    )
    found = told(made, "version-conflict")
    assert found.resource.name == "reviews"
    assert 'TrafficRoute "bookinfo/other"' in found.message


@pytest.mark.parametrize(
    ("one", "other", "what"),
    [
        pytest.param(
            "[{matches: [{path: {value: /a}}]}]",
            "[{matches: [{path: {value: /a/}}]}]",
            "path prefix `/a`",
            id="one prefix in two spellings",
        ),
        pytest.param(
            "[{matches: [{headers: [{name: X, value: y}]}]}]",
            "[{matches: [{headers: [{name: x, value: y}]}]}]",
            "header `x = y`",
            id="one header in two cases",
        ),
        pytest.param("[{}]", "[{matches: [{path: {value: /}}]}]", "the default", id="the default"),
    ],
)
def test_two_intents_cannot_claim_the_same_requests(
    routed: Callable[..., Routed], intent: Callable[..., Any], one: str, other: str, what: str
) -> None:
    made = routed(intent(one, name="a"), intent(other, name="b"))
    found = told(made, "route-conflict")
    assert found.resource.name == "b"
    assert found.message.startswith(f"must not claim {what}")
    assert 'TrafficRoute "bookinfo/a"' in found.message


def test_the_same_match_for_other_clients_is_no_conflict(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    rule = "[{matches: [{path: {value: /a}}]}]"
    made = routed(
        intent(rule, name="a"), intent(rule, name="b", **{"from": [{"namespace": "bookinfo"}]})
    )
    assert not made.results


@pytest.mark.parametrize(
    ("one", "other", "field"),
    [
        pytest.param({}, {"flavor": "gateway-api"}, "spec.flavor", id="flavor"),
        pytest.param(
            {"sessionAffinity": {"sourceIp": True}},
            {"sessionAffinity": {"header": "x"}},
            "spec.sessionAffinity",
            id="session affinity",
        ),
        pytest.param(
            {"protocol": "http", "parentRef": {"service": "ratings", "port": 7000}},
            {"protocol": "tcp", "parentRef": {"service": "ratings", "port": 7000}},
            "spec.protocol",
            id="protocol of a port that says none",
        ),
    ],
)
def test_intents_about_one_service_must_agree(
    routed: Callable[..., Routed],
    intent: Callable[..., Any],
    one: dict[str, Any],
    other: dict[str, Any],
    field: str,
) -> None:
    made = routed(intent(name="a", **one), intent(name="b", **other))
    found = told(made, "route-conflict")
    assert (found.resource.name, found.field) == ("b", field)
    assert 'TrafficRoute "bookinfo/a"' in found.message


@pytest.mark.parametrize(
    ("port", "spec", "field"),
    [
        pytest.param(
            3306, {"rules": "[{matches: [{method: GET}]}]"}, "rules[0].matches", id="match"
        ),
        pytest.param(
            3306, {"rules": "[{timeouts: {request: 1s}}]"}, "rules[0].timeouts", id="timeout"
        ),
        pytest.param(8443, {"sessionAffinity": {"cookie": "c"}}, "sessionAffinity", id="cookie"),
        pytest.param(3306, {"protocol": "http"}, "protocol", id="http on a port of MySQL"),
        pytest.param(8080, {"protocol": "tcp"}, "protocol", id="tcp on a port of HTTP"),
        pytest.param(8080, {"protocol": "grpc"}, "protocol", id="gRPC on a port of HTTP/1.1"),
    ],
)
def test_what_a_port_does_not_speak_cannot_be_routed(
    routed: Callable[..., Routed],
    intent: Callable[..., Any],
    port: int,
    spec: dict[str, Any],
    field: str,
) -> None:
    made = routed(intent(**{"parentRef": {"service": "ratings", "port": port}, **spec}))
    found = told(made, "protocol-mismatch")
    assert found.field == f"spec.{field}"
    assert "appProtocol" in found.message


@pytest.mark.parametrize(
    ("rule", "code", "field"),
    [
        pytest.param(
            "{matches: [{path: {type: RegularExpression, value: '(?=a)b'}}]}",
            "regex-invalid",
            "matches[0].path.value",
            id="an expression that RE2 refuses",
        ),
        pytest.param(
            "{matches: [{headers: [{name: x, type: RegularExpression, value: '(a'}]}]}",
            "regex-invalid",
            "matches[0].headers[0].value",
            id="an expression for a header",
        ),
        pytest.param(
            "{matches: [{queryParams: [{name: x, type: RegularExpression, value: %s}]}]}"
            % ("a" * 1025),
            "regex-invalid",
            "matches[0].queryParams[0].value",
            id="an expression that is too long",
        ),
        pytest.param(
            "{matches: [{path: {value: /a/../b}}]}",
            "path-invalid",
            "matches[0].path.value",
            id="a path that a proxy tidies up",
        ),
        pytest.param(
            "{matches: [{headers: [{name: A, value: x}, {name: a, value: y}]}]}",
            "match-invalid",
            "matches[0].headers[1].name",
            id="a header twice",
        ),
        pytest.param(
            "{matches: [{headers: [{name: URI, value: x}]}]}",
            "header-invalid",
            "matches[0].headers[0].name",
            id="what is no header to Istio",
        ),
        pytest.param(
            "{requestHeaders: {set: {A: x, a: y}}}",
            "header-invalid",
            "requestHeaders.set",
            id="a header set twice",
        ),
        pytest.param(
            "{responseHeaders: {set: {Host: x}}}",
            "header-invalid",
            "responseHeaders.set",
            id="the host of an answer",
        ),
        pytest.param(
            "{rewrite: {hostname: a.example.com}, requestHeaders: {set: {Host: x}}}",
            "rewrite-invalid",
            "rewrite.hostname",
            id="the host in two places",
        ),
        pytest.param(
            "{matches: [{path: {type: Exact, value: /a}}], rewrite: {prefix: /b}}",
            "rewrite-invalid",
            "matches[0].path.type",
            id="another prefix where there is none",
        ),
        pytest.param(
            "{timeouts: {backendRequest: 1s}, retry: {attempts: 1, perTryTimeout: 2s}}",
            "timeout-invalid",
            "retry.perTryTimeout",
            id="two limits for a try",
        ),
        pytest.param(
            "{mirror: {percent: 0.00001}}",
            "percent-too-small",
            "mirror.percent",
            id="fewer copies than Envoy can count",
        ),
        pytest.param(
            "{fault: {abort: 503, abortPercent: 0.00001}}",
            "percent-too-small",
            "fault.abortPercent",
            id="fewer faults than Envoy can count",
        ),
        pytest.param(
            "{timeouts: {request: 1s, backendRequest: 2s}}",
            "timeout-invalid",
            "timeouts.request",
            id="less time for all tries than for one",
        ),
    ],
)
def test_a_rule_that_is_wrong_in_itself_is_left_out_and_told(
    routed: Callable[..., Routed], intent: Callable[..., Any], rule: str, code: str, field: str
) -> None:
    made = routed(intent(f"[{rule}]"))
    assert ("error", code, f"spec.rules[0].{field}") in made.told()
    (only,) = made.spec("VirtualService", "reviews")["http"]
    assert only["name"] == "default"


@pytest.mark.parametrize(
    ("rule", "told_as"),
    [
        pytest.param(
            "{timeouts: {request: 2s}, retry: {attempts: 2, perTryTimeout: 1s}}",
            ("warning", "retries-cut-short", "spec.rules[0].retry"),
            id="tries without time",
        ),
        pytest.param(
            "{matches: [{method: POST}], retry: {attempts: 1}}",
            ("info", "retry-unsafe", "spec.rules[0].retry"),
            id="tries of what is not idempotent",
        ),
        pytest.param(
            "{fault: {abort: 503}, timeouts: {request: 2s}}",
            ("warning", "fault-without-timeouts", "spec.rules[0].fault"),
            id="a fault beside a timeout",
        ),
    ],
)
def test_what_is_dangerous_is_told_and_written(
    routed: Callable[..., Routed],
    intent: Callable[..., Any],
    rule: str,
    told_as: tuple[str, str, str],
) -> None:
    made = routed(intent(f"[{rule}]"))
    assert made.told() == [told_as]
    assert made.spec("VirtualService", "reviews")["http"][0]["name"] == "reviews-1"


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param(
            {"gateway": {"name": "g", "hostnames": ["*"]}},
            "spec.gateway.hostnames[0]",
            id="every host",
        ),
        pytest.param(
            {"gateway": {"name": "g", "hostnames": ["a.*.com"]}},
            "spec.gateway.hostnames[0]",
            id="a wildcard inside",
        ),
        pytest.param(
            {"rules": [{"redirect": {"hostname": "*.example.com"}}]},
            "spec.rules[0].redirect.hostname",
            id="a wildcard to be sent to",
        ),
        pytest.param(
            {"rules": [{"matches": [{"path": {"value": "a"}}]}]},
            "spec.rules[0].matches[0].path.value",
            id="a path without slash",
        ),
        pytest.param(
            {"rules": [{"matches": [{"grpc": {"method": "Get"}, "method": "GET"}]}]},
            "spec.rules[0].matches[0].grpc",
            id="gRPC and HTTP in one match",
        ),
        pytest.param(
            {"rules": [{"retry": {"attempts": 0, "on": ["5xx"]}}]},
            "spec.rules[0].retry.attempts",
            id="no tries on something",
        ),
        pytest.param(
            {"rules": [{"retry": {"attempts": 1, "on": ["sometimes"]}}]},
            "spec.rules[0].retry.on[0]",
            id="a condition that Envoy does not know",
        ),
        pytest.param(
            {"rules": [{"timeouts": {"request": "1us"}}]},
            "spec.rules[0].timeouts.request",
            id="less than a millisecond",
        ),
        pytest.param(
            {"rules": [{"requestHeaders": {"set": {"a": "100%"}}}]},
            "spec.rules[0].requestHeaders.set.a",
            id="a percent sign alone",
        ),
        pytest.param({"rules": [{"fault": {}}]}, "spec.rules[0].fault", id="a fault of nothing"),
        pytest.param({"default": "none"}, "spec.rules", id="nowhere to go"),
        pytest.param(
            {"default": "none", "rules": [{}], "from": [{"namespace": "shop"}]},
            "spec.default",
            id="nowhere to go for others",
        ),
        pytest.param({"from": [{}]}, "spec.from[0]", id="clients without a mark"),
    ],
)
def test_an_intent_that_is_wrong_in_itself_is_refused(spec: dict[str, Any], field: str) -> None:
    body = {
        "apiVersion": "intent.krmfn.dev/v1alpha1",
        "kind": "TrafficRoute",
        "metadata": {"name": "r"},
        "spec": {"parentRef": {"service": "s"}, **spec},
    }
    intent, problems = TrafficRoute.parse(body)
    assert intent is None
    assert [problem.field for problem in problems] == [field]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        pytest.param("3s", "3s", id="seconds"),
        pytest.param("1500ms", "1s500ms", id="milliseconds"),
        pytest.param("0.5s", "500ms", id="a fraction"),
        pytest.param("1h30m", "5400s", id="minutes and hours"),
        pytest.param("2d", "48h", id="days"),
        pytest.param("0s", "0s", id="none"),
    ],
)
def test_a_duration_gets_the_form_that_everyone_reads(said: str, meant: str) -> None:
    body = {
        "apiVersion": "intent.krmfn.dev/v1alpha1",
        "kind": "TrafficRoute",
        "metadata": {"name": "r"},
        "spec": {
            "parentRef": {"service": "s"},
            "rules": [{"timeouts": {"request": said}}],
        },
    }
    intent, problems = TrafficRoute.parse(body)
    assert not problems
    assert intent is not None
    assert intent.spec.rules[0].timeouts is not None
    assert intent.spec.rules[0].timeouts.request == meant


@pytest.mark.parametrize(
    ("consumer", "is_told"),
    [
        pytest.param({"labels": {"app": "mars"}}, True, id="nobody"),
        pytest.param({"labels": {"app": "reviews"}}, False, id="somebody"),
        pytest.param(
            {"namespace": "shop", "labels": {"app": "reviews"}},
            False,
            id="a namespace of which no pods are known",
        ),
    ],
)
def test_clients_that_no_pod_is_are_told(
    routed: Callable[..., Routed],
    intent: Callable[..., Any],
    consumer: dict[str, Any],
    is_told: bool,
) -> None:
    made = routed(intent("[{timeouts: {request: 1s}}]", **{"from": [consumer]}))
    expected = [("warning", "labels-unknown", "spec.from[0].labels")]
    assert made.told() == (expected if is_told else [])


def test_a_route_of_tls_says_which_server_name_it_takes(
    routed: Callable[..., Routed], intent: Callable[..., Any]
) -> None:
    to_v1 = "[{backends: [{version: {labels: {version: v1}}}]}]"
    made = routed(intent(to_v1, parentRef={"service": "ratings", "port": 8443}))
    found = told(made, "server-name-only")
    assert '"ratings.bookinfo.svc.cluster.local"' in found.message
