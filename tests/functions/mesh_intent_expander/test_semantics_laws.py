"""Laws of the semantics, whatever the objects are."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.mesh_intent_expander.semantics.authorization import Policies, authorize
from krmfn.mesh_intent_expander.semantics.conditions import Facts
from krmfn.mesh_intent_expander.semantics.hosts import covers, most_specific, overlap
from krmfn.mesh_intent_expander.semantics.locality import priorities
from krmfn.mesh_intent_expander.semantics.outcome import Trace
from krmfn.mesh_intent_expander.semantics.request import Client, Request
from krmfn.mesh_intent_expander.semantics.trace import Tracer, trace
from krmfn.mesh_intent_expander.topology import Cluster, Mesh
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource

few = settings(max_examples=60, deadline=None)
MESH = Mesh(clusters={"": Cluster("")})

sources = st.fixed_dictionaries(
    {},
    optional={
        "principals": st.lists(
            st.sampled_from(["*", "td/ns/a/sa/x", "*/sa/x", "td/ns/b/*"]), max_size=2
        ),
        "namespaces": st.lists(st.sampled_from(["a", "b", "*"]), max_size=2),
        "notNamespaces": st.lists(st.sampled_from(["a", "c"]), max_size=1),
    },
)
operations = st.fixed_dictionaries(
    {},
    optional={
        "methods": st.lists(st.sampled_from(["GET", "PUT", "*"]), max_size=2),
        "paths": st.lists(st.sampled_from(["/a", "/a/*", "*/b", "/{*}/b"]), max_size=2),
        "ports": st.lists(st.sampled_from(["80", "81"]), max_size=1),
    },
)
rules = st.fixed_dictionaries(
    {},
    optional={
        "from": st.lists(st.builds(lambda each: {"source": each}, sources), max_size=2),
        "to": st.lists(st.builds(lambda each: {"operation": each}, operations), max_size=2),
    },
)
specs = st.fixed_dictionaries(
    {"action": st.sampled_from(["ALLOW", "DENY"]), "rules": st.lists(rules, max_size=3)}
)
facts = st.builds(
    Facts,
    principal=st.sampled_from(["", "td/ns/a/sa/x", "td/ns/b/sa/y"]),
    port=st.sampled_from([80, 82]),
    http=st.booleans(),
    method=st.sampled_from(["GET", "PUT"]),
    path=st.sampled_from(["/a", "/a/b", "/c"]),
)


def _allowed(listed: list[dict[str, Any]], known: Facts) -> bool:
    resources = [
        Resource.new(
            "security.istio.io/v1", "AuthorizationPolicy", f"p{number}", namespace="n", spec=spec
        )
        for number, spec in enumerate(listed)
    ]
    policies = Policies(ClusterView("", resources), ("td",), None)
    return authorize(policies.of_pods("n", {}), known).allowed


@few
@given(st.lists(specs, max_size=3), facts, st.randoms())
def test_the_order_of_policies_does_not_matter(
    listed: list[dict[str, Any]], known: Facts, random: Any
) -> None:
    mixed = list(listed)
    random.shuffle(mixed)
    assert _allowed(listed, known) == _allowed(mixed, known)


@few
@given(st.lists(specs, max_size=3), rules, facts)
def test_one_more_deny_never_lets_more_in(
    listed: list[dict[str, Any]], rule: dict[str, Any], known: Facts
) -> None:
    denied = {"action": "DENY", "rules": [rule]}
    assert _allowed(listed, known) or not _allowed([*listed, denied], known)


@few
@given(specs, sources, operations, facts)
def test_a_more_specific_allow_rule_never_widens(
    spec: dict[str, Any], source: dict[str, Any], operation: dict[str, Any], known: Facts
) -> None:
    wide = {"from": [{"source": {"namespaces": source.get("namespaces", [])}}]}
    narrow = {"from": [{"source": source}], "to": [{"operation": operation}]}
    narrowed = [{**spec, "action": "ALLOW", "rules": [narrow]}]
    widened = [{**spec, "action": "ALLOW", "rules": [wide]}]
    assert _allowed(widened, known) or not _allowed(narrowed, known)


texts = st.sampled_from(["/", "/a", "/a/b", "/b"])
uris = st.one_of(
    st.none(),
    st.builds(lambda way, text: {way: text}, st.sampled_from(["exact", "prefix", "regex"]), texts),
)
destinations = st.builds(
    lambda subset, weight: {"destination": {"host": "s", "subset": subset}, "weight": weight},
    st.sampled_from(["v1", "v2"]),
    st.integers(0, 5),
)
http = st.lists(
    st.builds(
        lambda uri, route: {"match": [{"uri": uri}] if uri else [], "route": route},
        uris,
        st.lists(destinations, min_size=1, max_size=3),
    ),
    max_size=4,
)
RULE = Resource.new(
    "networking.istio.io/v1",
    "DestinationRule",
    "s",
    namespace="n",
    spec={"host": "s", "subsets": [{"name": "v1"}, {"name": "v2"}]},
)
SERVICE = Resource.new(
    "v1", "Service", "s", namespace="n", spec={"ports": [{"name": "http", "port": 80}]}
)


def _fleet(*listed: list[dict[str, Any]]) -> Fleet:
    services = [
        Resource.new(
            "networking.istio.io/v1",
            "VirtualService",
            f"s{number}",
            namespace="n",
            spec={"hosts": ["s"], "http": each},
        )
        for number, each in enumerate(listed)
    ]
    return Fleet([ClusterView("", [SERVICE, RULE, *services])], MESH)


def _told(found: Trace) -> object:
    shares = [(each.subset, each.percent) for each in found.backends]
    return found.outcome, found.reason, shares, found.rule and found.rule.field


@few
@given(http, texts)
def test_the_shares_of_a_rule_add_up_to_all_requests(http: list[dict[str, Any]], path: str) -> None:
    found = trace(_fleet(http), MESH, Request(Client("", "n"), "s", 80, path=path))
    if found.backends:
        assert abs(sum(each.percent for each in found.backends) - 100) < 1e-9


@few
@given(st.lists(http, min_size=1, max_size=3), texts)
def test_the_order_of_objects_does_not_matter(
    listed: list[list[dict[str, Any]]], path: str
) -> None:
    request = Request(Client("", "n"), "s", 80, path=path)
    view = _fleet(*listed)[""]
    turned = Fleet([ClusterView("", reversed(view.resources))], MESH)
    assert _told(trace(Fleet([view]), MESH, request)) == _told(trace(turned, MESH, request))


@few
@given(http, st.lists(texts, min_size=1, max_size=4))
def test_what_was_asked_before_changes_no_answer(
    http: list[dict[str, Any]], paths: list[str]
) -> None:
    fleet = _fleet(http)
    kept = Tracer(fleet, MESH)
    for path in paths:
        request = Request(Client("", "n"), "s", 80, path=path)
        assert _told(kept.trace(request)) == _told(trace(fleet, MESH, request))


names = st.sampled_from(["*", "*.a", "*.b.a", "b.a", "c.b.a", "a", "*b.a"])


@given(names, names, names)
def test_what_covers_a_host_covers_what_it_covers(one: str, two: str, three: str) -> None:
    if covers(one, two) and covers(two, three):
        assert covers(one, three)
    assert overlap(one, two) == overlap(two, one)


@given(st.lists(names), names)
def test_the_most_specific_name_is_covered_by_all_that_fit(listed: list[str], host: str) -> None:
    found = most_specific(host, listed)
    fitting = [each for each in listed if covers(each, host)]
    assert (found is None) == (not fitting)
    if found is not None:
        assert all(covers(each, found) for each in fitting)


places = st.sampled_from(["r/z/s", "r/z", "r", "q/z", "p"])


@given(st.lists(places, min_size=1, max_size=6), places)
def test_priorities_begin_with_0_and_skip_no_number(listed: list[str], client: str) -> None:
    endpoints: list[tuple[str, dict[str, str]]] = [(place, {}) for place in listed]
    found = priorities({}, fails_over=True, client=(client, {}), endpoints=endpoints)
    assert set(found) == set(range(len(set(found))))


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | st.sampled_from(["", "a", "*", "s"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "hosts http match route destination host uri exact tls spec selector rules from "
                "source to operation egress subsets endpoints ports mtls mode trafficPolicy".split()
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
KINDS = {
    "VirtualService": "networking.istio.io/v1",
    "DestinationRule": "networking.istio.io/v1",
    "ServiceEntry": "networking.istio.io/v1",
    "Sidecar": "networking.istio.io/v1",
    "Gateway": "networking.istio.io/v1",
    "PeerAuthentication": "security.istio.io/v1",
    "RequestAuthentication": "security.istio.io/v1",
    "AuthorizationPolicy": "security.istio.io/v1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
    "GRPCRoute": "gateway.networking.k8s.io/v1",
}


@few
@given(st.dictionaries(st.sampled_from(sorted(KINDS)), junk, max_size=4))
def test_objects_of_any_shape_raise_nothing(specs: dict[str, Any]) -> None:
    extra = [
        Resource.new(KINDS[kind], kind, "s", namespace="n", spec=spec)
        for kind, spec in specs.items()
    ]
    fleet = Fleet([ClusterView("", [SERVICE, RULE, *extra])], MESH)
    assert trace(fleet, MESH, Request(Client("", "n"), "s", 80)).outcome != "reached"
