"""Order: a tiny matcher of requests judges what is written against what the intents say."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

V2 = {"version": {"labels": {"version": "v2"}}}


class Call(NamedTuple):
    """A request and its client."""

    path: str = "/"
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    namespace: str = "elsewhere"
    labels: tuple[tuple[str, str], ...] = ()


def fits_text(condition: Mapping[str, str], value: str | None) -> bool:
    if value is None:
        return False
    if "exact" in condition:
        return value == condition["exact"]
    if "prefix" in condition:
        return value.startswith(condition["prefix"])
    return "regex" not in condition or re.fullmatch(condition["regex"], value) is not None


def fits_written(match: Mapping[str, Any], call: Call) -> bool:
    """Say whether a request fits a match of a VirtualService."""
    headers, query = dict(call.headers), dict(call.query)
    return (
        fits_text(match.get("uri", {"prefix": ""}), call.path)
        and fits_text(match.get("method", {"prefix": ""}), call.method)
        and all(fits_text(each, headers.get(n)) for n, each in match.get("headers", {}).items())
        and all(fits_text(each, query.get(n)) for n, each in match.get("queryParams", {}).items())
        and match.get("sourceNamespace", call.namespace) == call.namespace
        and match.get("sourceLabels", {}).items() <= dict(call.labels).items()
    )


def first_rule(spec: Mapping[str, Any], call: Call) -> str | None:
    for rule in spec["http"]:
        matches = rule.get("match", [{}])
        if any(fits_written(match, call) for match in matches):
            return re.sub(r"-[0-9]+$", "", rule["name"])
    return None


def fits_said(match: Mapping[str, Any], call: Call) -> bool:
    """Say whether a request fits a match of an intent, by the Gateway API's definition."""
    path = match.get("path", {"type": "PathPrefix", "value": "/"})
    kind, value = path.get("type", "PathPrefix"), path["value"]
    fits_path = {
        "Exact": call.path == value,
        "PathPrefix": f"{call.path}/".startswith(f"{value.rstrip('/')}/"),
        "RegularExpression": re.fullmatch(value, call.path) is not None,
    }[kind]
    pairs = [
        *((each, dict(call.headers).get(each["name"])) for each in match.get("headers", ())),
        *((each, dict(call.query).get(each["name"])) for each in match.get("queryParams", ())),
    ]
    return (
        fits_path
        and match.get("method", call.method) == call.method
        and all(each["value"] == value for each, value in pairs)
    )


def rank(match: Mapping[str, Any]) -> tuple[int, ...]:
    path = match.get("path", {"value": "/"})
    kinds = {"Exact": 3, "PathPrefix": 2, "RegularExpression": 1}
    value = path["value"]
    length = (
        len(value.rstrip("/") or "/")
        if path.get("type", "PathPrefix") == "PathPrefix"
        else len(value)
    )
    return (
        kinds[path.get("type", "PathPrefix")],
        length,
        "method" in match,
        len(match.get("headers", ())),
        len(match.get("queryParams", ())),
    )


PATHS = ["/", "/a", "/a/b", "/ab", "/b"]
CALLS = st.builds(
    Call,
    path=st.sampled_from([*PATHS, "/a/", "/a/b/c", "/abc"]),
    method=st.sampled_from(["GET", "POST"]),
    headers=st.sets(st.sampled_from([("x", "1"), ("y", "1")])).map(lambda s: tuple(sorted(s))),
    query=st.sets(st.sampled_from([("q", "1")])).map(tuple),
    namespace=st.sampled_from(["shop", "elsewhere"]),
)
MATCHES = st.fixed_dictionaries(
    {},
    optional={
        "path": st.builds(
            lambda kind, value: {"type": kind, "value": value},
            st.sampled_from(["Exact", "PathPrefix"]),
            st.sampled_from(PATHS),
        ),
        "method": st.sampled_from(["GET", "POST"]),
        "headers": st.sets(st.sampled_from("xy"), min_size=1).map(
            lambda names: [{"name": name, "value": "1"} for name in sorted(names)]
        ),
        "queryParams": st.just([{"name": "q", "value": "1"}]),
    },
)


def said_key(match: Mapping[str, Any]) -> str:
    path = match.get("path", {"type": "PathPrefix", "value": "/"})
    value = path["value"].rstrip("/") if path["type"] == "PathPrefix" else path["value"]
    return repr((path["type"], value, sorted((k, v) for k, v in match.items() if k != "path")))


RULES = st.lists(MATCHES, min_size=1, max_size=6, unique_by=said_key)


@settings(max_examples=60, deadline=None)
@given(RULES, CALLS, st.integers(1, 3))
def test_the_most_specific_match_takes_a_request(
    routed: Any, intent: Any, matches: list[dict[str, Any]], call: Call, intents: int
) -> None:
    """Each match is a rule of its own, and the rules are spread over several intents."""
    names = {f"r{chr(97 + index)}": match for index, match in enumerate(matches)}
    given_rules = [
        {"name": name, "matches": [match] if match else [], "backends": [V2]}
        for name, match in names.items()
    ]
    made = routed(
        *(
            intent(yaml.safe_dump(given_rules[number::intents]), name=f"intent-{number}")
            for number in range(intents)
        )
    )
    assert not made.results
    found = first_rule(made.spec("VirtualService", "reviews"), call)
    fitting = {name: rank(match) for name, match in names.items() if fits_said(match, call)}
    if not fitting:
        assert found == "default"
    else:
        assert found is not None
        assert fitting[found] == max(fitting.values())


@settings(max_examples=30, deadline=None)
@given(RULES, st.randoms(use_true_random=False))
def test_what_is_written_does_not_depend_on_the_order_of_intents_or_rules(
    routed: Any, intent: Any, matches: list[dict[str, Any]], random: Any
) -> None:
    intents = [
        intent(
            yaml.safe_dump([{"name": f"r{number}", "matches": [match], "backends": [V2]}]),
            name=f"intent-{number}",
        )
        for number, match in enumerate(matches)
    ]
    shuffled = random.sample(intents, len(intents))
    assert routed(*intents).written == routed(*shuffled).written


@settings(max_examples=30, deadline=None)
@given(st.lists(RULES, min_size=2, max_size=2), CALLS)
def test_a_route_for_some_clients_goes_over_a_route_for_all(
    routed: Any, intent: Any, rules: list[list[dict[str, Any]]], call: Call
) -> None:
    def text(prefix: str, matches: Sequence[dict[str, Any]]) -> str:
        return yaml.safe_dump(
            [{"name": f"{prefix}{chr(97 + i)}", "matches": [m]} for i, m in enumerate(matches)]
        )

    ours, all_of_them = rules
    made = routed(
        intent(text("all", all_of_them), name="all"),
        intent(text("shop", ours), name="shop", **{"from": [{"namespace": "shop"}]}),
        beside="{apiVersion: v1, kind: Namespace, metadata: {name: shop}}",
    )
    found = first_rule(made.spec("VirtualService", "reviews"), call)
    is_ours = call.namespace == "shop" and any(fits_said(match, call) for match in ours)
    assert (found or "").startswith("shop") == is_ours


def test_a_rule_is_split_where_another_rule_is_tried_in_between(
    routed: Callable[..., Any], intent: Callable[..., Any]
) -> None:
    made = routed(
        intent("""
        - name: ends
          matches: [{path: {value: /a/b/c}}, {path: {value: /a}}]
        - name: middle
          matches: [{path: {value: /a/b}}]
        """)
    )
    names = [rule["name"] for rule in made.spec("VirtualService", "reviews")["http"]]
    assert names == ["ends", "middle", "ends-2", "default"]


def test_a_rule_stays_whole_where_nothing_is_tried_in_between(
    routed: Callable[..., Any], intent: Callable[..., Any]
) -> None:
    made = routed(
        intent("""
        - name: both
          matches: [{path: {value: /a}}, {path: {type: Exact, value: /z}}]
        """)
    )
    both, _ = made.spec("VirtualService", "reviews")["http"]
    uris = [match["uri"] for match in both["match"]]
    assert uris == [{"exact": "/z"}, {"exact": "/a"}, {"prefix": "/a/"}]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(
            "{path: {type: Exact, value: /a}}",
            "{path: {value: /a/b/c/d}, method: GET}",
            id="an exact path before every prefix",
        ),
        pytest.param(
            "{path: {value: /a}}",
            "{path: {type: RegularExpression, value: /abcdefgh.*}}",
            id="a prefix before every expression",
        ),
        pytest.param(
            "{headers: [{name: x, value: y}]}",
            "{path: {type: RegularExpression, value: /.*}, method: GET}",
            id="no path is the shortest prefix",
        ),
        pytest.param(
            "{path: {value: /a/b}}", "{path: {value: /a}, method: GET}", id="a longer path"
        ),
        pytest.param(
            "{path: {value: /a}, method: GET}",
            "{path: {value: /a}, headers: [{name: x, value: y}, {name: z, value: y}]}",
            id="a method before headers",
        ),
        pytest.param(
            "{headers: [{name: x, value: y}]}",
            "{queryParams: [{name: x, value: y}, {name: z, value: y}]}",
            id="headers before parameters",
        ),
        pytest.param(
            "{grpc: {service: shop.Cart, method: Add}}",
            "{grpc: {service: shop.Cart}}",
            id="a gRPC method before its service",
        ),
    ],
)
def test_the_more_specific_match_is_tried_first(
    routed: Callable[..., Any], intent: Callable[..., Any], first: str, second: str
) -> None:
    rules = f"[{{name: second, matches: [{second}]}}, {{name: first, matches: [{first}]}}]"
    grpc = {"parentRef": {"service": "ratings", "port": 9090}} if "grpc" in rules else {}
    made = routed(intent(rules, name="any", **grpc))
    name = "ratings" if grpc else "reviews"
    found = [rule["name"] for rule in made.spec("VirtualService", name)["http"]]
    assert found == ["first", "second", "default"]
