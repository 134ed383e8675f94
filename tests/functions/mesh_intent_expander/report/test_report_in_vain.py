"""What never counts: covered rules, denied routes, idle subsets, weights and exports."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.mesh_intent_expander.intents.report import Dead
from krmfn.mesh_intent_expander.report.covering import match_covers
from krmfn.mesh_intent_expander.semantics.request import Client, Request
from krmfn.mesh_intent_expander.semantics.routes import Match
from krmfn.mesh_intent_expander.semantics.strings import Text

API = "{destination: {host: api.shop.svc.cluster.local, port: {number: 80}}}"
ONLY_RESULTS = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: api, namespace: shop}
spec: {rules: [{to: [{operation: {paths: ["/results", "/results/*"]}}]}]}
"""


def _route(*rules: str) -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: by-hand, namespace: shop}}
spec: {{hosts: [api.shop.svc.cluster.local], http: [{", ".join(rules)}]}}
"""


def _of(found: Sequence[Dead], what: str) -> list[tuple[str, str]]:
    return [(each.at.rpartition("/")[2], each.field) for each in found if each.what == what]


@pytest.mark.parametrize(
    ("first", "second", "is_dead"),
    [
        ("{uri: {prefix: /a}}", "{uri: {exact: /a/b}}", True),
        ("{uri: {prefix: /a}}", "{uri: {prefix: /a/b}}", True),
        ("{uri: {prefix: /a/b}}", "{uri: {prefix: /a}}", False),
        ("{uri: {exact: /a}}", "{uri: {prefix: /a}}", False),
        ("{uri: {regex: '/a.*'}}", "{uri: {exact: /ab}}", True),
        ("{uri: {regex: '/a.*'}}", "{uri: {prefix: /ab}}", False),
        ("{uri: {prefix: /}}", "{headers: {x: {exact: '1'}}}", True),
        ("{headers: {x: {exact: '1'}}}", "{uri: {prefix: /}}", False),
        ("{headers: {x: {}}}", "{headers: {x: {exact: '1'}, y: {exact: '2'}}}", True),
        ("{method: {exact: GET}}", "{method: {exact: POST}}", False),
        ("{sourceLabels: {app: a}}", "{uri: {prefix: /a}}", False),
        ("{uri: {prefix: /A}, ignoreUriCase: true}", "{uri: {prefix: /a/b}}", True),
        ("{port: 80}", "{uri: {prefix: /a}}", False),
    ],
)
def test_a_rule_is_dead_where_one_before_it_takes_all(
    render: Any, first: str, second: str, *, is_dead: bool
) -> None:
    rules = (f"{{match: [{each}], route: [{API}]}}" for each in (first, second))
    found = _of(render(west=_route(*rules)).status.dead, "route-rule")
    assert found == [("by-hand", "spec.http[1]")] * is_dead


def test_a_dead_rule_is_shown_by_a_request_that_another_one_takes(render: Any) -> None:
    first = f"{{match: [{{uri: {{prefix: /a}}}}], route: [{API}]}}"
    second = f"{{match: [{{uri: {{exact: /a/b}}, method: {{exact: PUT}}}}], route: [{API}]}}"
    (dead,) = [e for e in render(west=_route(first, second)).status.dead if e.what == "route-rule"]
    assert dead.witness == "PUT /a/b"
    assert "`spec.http[0]` of VirtualService shop/by-hand" in dead.why


def test_a_rule_with_one_living_match_lives(render: Any) -> None:
    first = f"{{match: [{{uri: {{prefix: /a}}}}], route: [{API}]}}"
    second = f"{{match: [{{uri: {{prefix: /a}}}}, {{uri: {{prefix: /b}}}}], route: [{API}]}}"
    assert not _of(render(west=_route(first, second)).status.dead, "route-rule")


def test_a_route_to_what_is_denied_to_all_is_told_with_a_request(render: Any) -> None:
    admin = f"{{match: [{{uri: {{prefix: /admin}}}}], route: [{API}]}}"
    rest = f"{{route: [{API}]}}"
    status = render(west=_route(admin, rest), east=ONLY_RESULTS).status
    (dead,) = [each for each in status.dead if each.what == "denied-route"]
    assert (dead.at, dead.field) == ("VirtualService shop/by-hand", "spec.http[0]")
    assert dead.witness.startswith("GET /admin")
    assert "AuthorizationPolicy shop/api" in dead.why


def test_a_route_of_which_a_part_is_allowed_is_not_in_vain(render: Any) -> None:
    part = f"{{match: [{{uri: {{prefix: /res}}, headers: {{x: {{exact: y}}}}}}], route: [{API}]}}"
    status = render(west=_route(part, f"{{route: [{API}]}}"), east=ONLY_RESULTS).status
    assert not _of(status.dead, "denied-route")


def test_an_allowing_rule_that_is_denied_in_full_is_told(render: Any) -> None:
    denial = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: no-results, namespace: shop}
spec: {action: DENY, rules: [{to: [{operation: {paths: ["/res*"]}}]}]}
"""
    (dead,) = [
        each
        for each in render(east=[ONLY_RESULTS, denial]).status.dead
        if each.what == "allow-rule"
    ]
    assert dead.at == "AuthorizationPolicy shop/api"
    assert "AuthorizationPolicy shop/no-results" in dead.why
    assert dead.witness


@pytest.mark.parametrize(
    "denial",
    [
        '{to: [{operation: {paths: ["/results"]}}]}',
        '{to: [{operation: {paths: ["/res*"], notMethods: [GET]}}]}',
        '{from: [{source: {ipBlocks: ["nonsense"]}}]}',
        "{to: [{operation: {paths: /res*}}]}",
    ],
    ids=["a-part", "with-exceptions", "wrong-block", "wrong-type"],
)
def test_a_denial_of_less_leaves_the_rule_alive(render: Any, denial: str) -> None:
    policy = f"""
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: no, namespace: shop}}
spec: {{action: DENY, rules: [{denial}]}}
"""
    assert not _of(render(east=[ONLY_RESULTS, policy]).status.dead, "allow-rule")


def test_a_denial_at_other_servers_leaves_the_rule_alive(render: Any) -> None:
    narrower = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: no, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  action: DENY
  rules: [{to: [{operation: {paths: ["/res*"]}}]}]
"""
    assert not _of(render(east=[ONLY_RESULTS, narrower]).status.dead, "allow-rule")


def test_a_subset_without_a_route_is_told_unless_some_cluster_routes_to_it(render: Any) -> None:
    rule = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: other, namespace: shop}
spec: {host: other, subsets: [{name: v1, labels: {v: "1"}}, {name: v2, labels: {v: "2"}}]}
"""
    to_v1 = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: other, namespace: shop}
spec: {hosts: [other], http: [{route: [{destination: {host: other, subset: v1}}]}]}
"""
    status = render(east=rule, west=to_v1).status
    assert _of(status.dead, "subset") == [("other", "spec.subsets[1]")]


def test_a_subset_of_a_service_that_moves_waits_for_its_step(render: Any) -> None:
    rule = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: %(name)s, namespace: shop}
spec: {host: %(name)s, subsets: [{name: v1, labels: {v: "1"}}]}
"""
    moving = """
apiVersion: intent.krmfn.dev/v1alpha1
kind: RelocationPlan
metadata: {name: api, namespace: shop}
spec: {service: api, from: east, to: west, phase: shift-10}
"""
    rules = [rule % {"name": "by-hand"}, rule % {"name": "api"}]
    assert [name for name, _ in _of(render(east=rules).status.dead, "subset")] == ["api", "by-hand"]
    status = render(east=rules, intents=moving).status
    assert [name for name, _ in _of(status.dead, "subset")] == ["by-hand"]


def test_a_share_without_weight_is_told(render: Any) -> None:
    other = "{destination: {host: other.shop.svc.cluster.local}, weight: 100}"
    nothing = f"{API[:-1]}, weight: 0}}"
    status = render(west=_route(f"{{route: [{nothing}, {other}]}}")).status
    assert _of(status.dead, "weight-zero") == [("by-hand", "spec.http[0].route[0]")]


def test_an_export_that_no_other_cluster_uses_is_told(render: Any) -> None:
    alone = """
apiVersion: intent.krmfn.dev/v1alpha1
kind: ServiceDiscovery
metadata: {name: own, namespace: shop, annotations: {config.kubernetes.io/local-config: "true"}}
spec: {service: {name: own}, consumers: {clusters: [east]}}
"""
    service = """
apiVersion: v1
kind: Service
metadata: {name: own, namespace: shop}
spec: {selector: {app: own}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: own, namespace: shop, labels: {app: own}}
spec: {containers: [{name: app}]}
"""
    assert _of(render(intents=alone, east=service).status.dead, "export") == [
        ("own", "spec.consumers")
    ]


PARTS = ("", "/", "/a", "/a/", "/a/b", "/ab", "/A")
TEXTS = st.one_of(
    st.none(),
    st.builds(Text, st.sampled_from(["exact", "prefix", "segments"]), st.sampled_from(PARTS)),
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["x", "Y"]),
        st.builds(Text, st.sampled_from(["exact", "present", "prefix"]), st.sampled_from("ab")),
    ),
    max_size=2,
).map(tuple)
MATCHES = st.builds(Match, uri=TEXTS, headers=HEADERS, without=HEADERS, ignore_case=st.booleans())
REQUESTS = st.builds(
    Request,
    client=st.just(Client("", "shop")),
    host=st.just("api"),
    port=st.just(80),
    path=st.sampled_from([*PARTS[1:], "/a/b/c", "/abc", "/B"]),
    headers=st.dictionaries(st.sampled_from("xy"), st.sampled_from(["a", "b", "ab"])),
)


@settings(max_examples=60)
@given(wide=MATCHES, narrow=MATCHES, requests=st.lists(REQUESTS, min_size=20, max_size=40))
def test_what_is_covered_is_matched(wide: Match, narrow: Match, requests: list[Request]) -> None:
    if match_covers(wide, narrow):
        assert all(wide.fits(each) for each in requests if narrow.fits(each))
