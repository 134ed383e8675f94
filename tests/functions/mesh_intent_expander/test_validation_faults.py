"""What is told of a wrong field: where it is, what must be there, and under which code."""

from typing import Any

import pytest

from krmfn.mesh_intent_expander.analysis.rules import schema_holds
from krmfn.mesh_intent_expander.analysis.validation import KINDS, decoding, faults_of
from krmfn.mesh_intent_expander.analysis.validation.scalars import SCALARS
from krmfn.mesh_intent_expander.analysis.validation.shapes import ENUMS, MESSAGES
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource

GROUPS = {kind: group for group, kind in KINDS}
ROUTE = {"route": [{"destination": {"host": "a.example"}}]}


def told(kind: str, spec: Any, **metadata: Any) -> list[tuple[str, str, str]]:
    made = Resource.new(f"{GROUPS[kind]}/v1", kind, "mine", namespace="shop", spec=spec, **metadata)
    return [(fault.code.id, fault.path, fault.message) for fault in faults_of(made)]


def virtual_service(**fields: Any) -> dict[str, Any]:
    return {"hosts": ["a.example"], "http": [{**ROUTE, **fields}]}


def policy(**fields: Any) -> dict[str, Any]:
    return {"host": "a.example", "trafficPolicy": fields}


@pytest.mark.parametrize(
    ("kind", "spec", "path", "message"),
    [
        pytest.param(
            "DestinationRule",
            {"host": "a_b"},
            "spec.host",
            'must be a domain name, but is "a_b" with the label "a_b"',
            id="domain",
        ),
        pytest.param(
            "VirtualService",
            virtual_service(timeout="0s"),
            "spec.http[0].timeout",
            'must be at least 1ms, but is "0s"',
            id="duration",
        ),
        pytest.param(
            "VirtualService",
            virtual_service(timeout=5),
            "spec.http[0].timeout",
            'must be a duration with its unit, such as "5s", but is 5',
            id="duration-that-is-a-number",
        ),
        pytest.param(
            "VirtualService",
            virtual_service(match=[{"uri": {"regex": "a(?=b)"}}]),
            "spec.http[0].match[0].uri.regex",
            'must be a regular expression of RE2, but is "a(?=b)"',
            id="regex",
        ),
        pytest.param(
            "VirtualService",
            virtual_service(match=[{"headers": {"x-a": {"prefix": ""}}}]),
            'spec.http[0].match[0].headers["x-a"].prefix',
            "must not be empty",
            id="empty-prefix",
        ),
        pytest.param(
            "VirtualService",
            {"hosts": ["*.example", "a.example"], "http": [ROUTE]},
            "spec.hosts",
            'must not overlap, but "*.example" and "a.example" do',
            id="overlap",
        ),
        pytest.param(
            "DestinationRule",
            {"host": "a.example", "subsets": [{"name": "v1", "labels": {"version": 1}}]},
            'spec.subsets[0].labels["version"]',
            "must be text, but is 1; put it in quotes",
            id="label-that-is-a-number",
        ),
        pytest.param(
            "DestinationRule",
            policy(tls={"mode": "simple"}),
            "spec.trafficPolicy.tls.mode",
            'must be "DISABLE", "SIMPLE", "MUTUAL" or "ISTIO_MUTUAL", but is "simple"',
            id="enumeration",
        ),
        pytest.param(
            "DestinationRule",
            policy(outlierDetection={"maxEjectionPercent": 200}),
            "spec.trafficPolicy.outlierDetection.maxEjectionPercent",
            "must be from 0 to 100, but is 200",
            id="percentage",
        ),
        pytest.param(
            "AuthorizationPolicy",
            {"action": "DENY"},
            "spec.rules",
            "must be given for the action DENY; the rule {} takes every request",
            id="deny-nothing",
        ),
        pytest.param(
            "AuthorizationPolicy",
            {"rules": [{"to": [{"operation": {"ports": ["http"]}}]}]},
            "spec.rules[0].to[0].operation.ports[0]",
            'must be a port from 0 to 65535, but is "http"',
            id="port-by-name",
        ),
        pytest.param(
            "Gateway",
            {
                "servers": [
                    {"port": {"number": 443, "name": "a", "protocol": "HTTPS"}, "hosts": "*"}
                ]
            },
            "spec.servers[0].hosts",
            'must be a list, but is "*"',
            id="list",
        ),
        pytest.param(
            "PeerAuthentication",
            ["mtls"],
            "spec",
            "must be a mapping, but is a list",
            id="spec",
        ),
        pytest.param(
            "ServiceEntry",
            {"hosts": ["a.example"], "ports": [], "addresses": ["10.0.0.0/8"], "resolution": "DNS"},
            "spec.addresses[0]",
            'must be an IP address in the resolution DNS, but is "10.0.0.0/8"',
            id="block-of-addresses",
        ),
    ],
)
def test_a_wrong_field_is_told_with_its_place(
    kind: str, spec: Any, path: str, message: str
) -> None:
    assert told(kind, spec) == [("IST0106", path, message)]


@pytest.mark.parametrize(
    ("field", "hint"),
    [
        ("timeOut", "; is `timeout` meant?"),
        ("zzz", ""),
        ("header_s", "; is `headers` meant?"),
    ],
)
def test_an_unknown_field_is_told_with_the_one_that_may_be_meant(field: str, hint: str) -> None:
    said = f"must be a field that Istio knows, others are dropped{hint}"
    assert told("VirtualService", virtual_service(**{field: 1})) == [
        ("unknown-field", f"spec.http[0].{field}", said)
    ]


def test_a_field_with_underscores_is_read_and_told_because_only_istio_knows_it() -> None:
    (code, path, message), (other, *_) = told(
        "VirtualService", virtual_service(match=[{"source_labels": {"app": "a b"}}])
    )
    assert (code, path) == ("unknown-field", "spec.http[0].match[0].source_labels")
    assert message.endswith("is `sourceLabels` meant?")
    assert other == "IST0106"


@pytest.mark.parametrize(
    ("kind", "spec", "path", "message"),
    [
        pytest.param(
            "VirtualService",
            virtual_service(match=[{"uri": {"exact": "/a", "prefix": "/a"}}]),
            "spec.http[0].match[0].uri",
            "must have only one of `exact` and `prefix`",
            id="one-of",
        ),
        pytest.param(
            "VirtualService",
            virtual_service(retries={"attempts": "3"}),
            "spec.http[0].retries.attempts",
            'must be a whole number of 32 bits, but is "3" in quotes',
            id="number-in-quotes",
        ),
        pytest.param(
            "DestinationRule",
            policy(tls={"mode": 0}),
            "spec.trafficPolicy.tls.mode",
            'must be "DISABLE", "SIMPLE", "MUTUAL" or "ISTIO_MUTUAL", but is 0',
            id="enumeration-by-number",
        ),
        pytest.param(
            "DestinationRule",
            policy(retryBudget={"percent": 101}),
            "spec.trafficPolicy.retryBudget.percent",
            "must be from 0 to 100, but is 101",
            id="maximum",
        ),
        pytest.param(
            "WorkloadGroup",
            {"template": {"ports": {"http": 0}}},
            "spec.template.ports",
            "must be a port from 1 to 65535, but is 0",
            id="rule",
        ),
        pytest.param(
            "ServiceEntry",
            {"hosts": [f"h{number}.example" for number in range(257)]},
            "spec.hosts",
            "must have at most 256 entries, but has 257",
            id="length",
        ),
        pytest.param(
            "AuthorizationPolicy",
            {"rules": [None]},
            "spec.rules[0]",
            "must not be null",
            id="null",
        ),
        pytest.param(
            "RequestAuthentication",
            {"jwtRules": [{"issuer": "me", "jwks": '{"keys": []}', "jwksUri": "https://a/b"}]},
            "spec.jwtRules[0]",
            "must have only one of `jwksUri` and `jwks`",
            id="either",
        ),
    ],
)
def test_what_only_the_api_server_refuses_has_a_code_of_its_own(
    kind: str, spec: Any, path: str, message: str
) -> None:
    assert told(kind, spec) == [("refused-on-admission", path, message)]


def test_what_istio_refuses_is_not_told_again_as_what_the_api_server_refuses() -> None:
    assert [code for code, *_ in told("DestinationRule", {})] == ["IST0106"]


@pytest.mark.parametrize(
    ("action", "said", "codes"),
    [
        ("DENY", "true", []),
        ("ALLOW", "perhaps", ["refused-on-admission"]),
        ("AUDIT", "true", ["refused-on-admission"]),
    ],
)
def test_a_dry_run_is_for_allow_and_deny_only(action: str, said: str, codes: list[str]) -> None:
    spec = {"action": action, "rules": [{}]}
    found = told("AuthorizationPolicy", spec, annotations={"istio.io/dry-run": said})
    assert [code for code, *_ in found] == codes


def test_the_rule_tells_the_field_in_its_message() -> None:
    bad = Resource.new(f"{GROUPS['DestinationRule']}/v1", "DestinationRule", "a", spec={"host": ""})
    view = ClusterView("", [bad])
    (finding,) = schema_holds.check(view, Fleet([view]))
    assert finding.code in schema_holds.CODES
    assert finding.message == "`spec.host` must be a domain name, but is empty"
    assert (finding.resource, finding.field) == (bad, "spec.host")


@pytest.mark.parametrize("hosts", [20_000, 40_000])
def test_many_hosts_are_compared_in_order_not_each_with_each(hosts: int) -> None:
    names = [f"*.h{number}.example" for number in range(hosts)]
    assert told("VirtualService", {"hosts": names, "http": [ROUTE]}) == []


def test_every_type_is_written_down_and_every_one_written_down_is_used() -> None:
    tokens = [
        field
        for message in MESSAGES.values()
        for token in message.split()
        for field in token.split("|")
    ]
    matches = [decoding.TOKEN.fullmatch(token) for token in tokens]
    assert all(matches)
    used = {match[4] for match in matches if match}
    assert used | set(GROUPS) == set(SCALARS) | set(MESSAGES) | set(ENUMS)
