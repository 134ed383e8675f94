"""Analysis as a whole: order, suppression, and objects that hold anything."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.mesh_intent_expander.analysis.checking import SUPPRESS, analyze, reaches
from krmfn.mesh_intent_expander.analysis.finding import Finding, Level
from krmfn.mesh_intent_expander.analysis.rules import RULES
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource

LOST = {"route": [{"destination": {"host": "lost"}}]}


def virtual_service(name: str, namespace: str = "shop", **annotations: str) -> Resource:
    return Resource.new(
        "networking.istio.io/v1",
        "VirtualService",
        name,
        namespace=namespace,
        annotations=annotations,
        spec={"hosts": [name], "http": [LOST, LOST]},
    )


def found(*objects: Resource) -> list[Finding]:
    return analyze(Fleet([ClusterView("", objects)]))


def codes(*objects: Resource) -> list[str]:
    return [each.code.id for each in found(*objects)]


def test_the_worst_comes_first() -> None:
    assert codes(virtual_service("a")) == ["IST0101", "IST0101", "IST0130"]


@pytest.mark.parametrize(
    ("suppressed", "expected"),
    [
        pytest.param("IST0101", ["IST0130"], id="one code"),
        pytest.param("IST0130,IST0101", [], id="two codes"),
        pytest.param("*", [], id="all codes"),
        pytest.param("IST010", ["IST0101", "IST0101", "IST0130"], id="another code"),
    ],
)
def test_an_object_may_suppress_codes(suppressed: str, expected: list[str]) -> None:
    assert codes(virtual_service("a", **{SUPPRESS: suppressed})) == expected


def test_nothing_is_told_of_namespaces_that_are_never_meshed() -> None:
    assert codes(virtual_service("a", namespace="kube-system")) == []


def test_the_order_of_objects_does_not_matter() -> None:
    one, other = virtual_service("a"), virtual_service("b")
    told = [(each.code.id, each.resource.name, each.field) for each in found(one, other)]
    assert told == [(each.code.id, each.resource.name, each.field) for each in found(other, one)]


def test_an_object_of_all_clusters_is_told_of_once() -> None:
    shared = virtual_service("a")
    fleet = Fleet([ClusterView("east", [shared]), ClusterView("west", [shared])])
    assert len(analyze(fleet)) == len(found(shared))


def test_levels_reach_those_that_are_no_worse() -> None:
    order = [Level.ERROR, Level.WARNING, Level.INFO]
    for number, level in enumerate(order):
        assert [reaches(level, each) for each in order] == [False] * number + [True] * (3 - number)


def test_a_code_means_one_thing() -> None:
    meanings: dict[str, set[tuple[str, ...]]] = {}
    for rule in RULES:
        for code in rule.CODES:
            meanings.setdefault(code.id, set()).add((code.level, code.name, code.summary))
    assert not [each for each, known in meanings.items() if len(known) > 1]


SPECS = {
    "networking.istio.io/v1": {
        "VirtualService": "hosts gateways exportTo http tcp tls",
        "DestinationRule": "host subsets exportTo trafficPolicy workloadSelector",
        "Gateway": "selector servers",
        "ServiceEntry": "hosts ports addresses exportTo endpoints workloadSelector",
        "Sidecar": "workloadSelector egress ingress",
        "EnvoyFilter": "configPatches priority",
    },
    "security.istio.io/v1": {
        "AuthorizationPolicy": "selector rules action targetRefs",
        "RequestAuthentication": "selector jwtRules",
        "PeerAuthentication": "selector mtls portLevelMtls",
    },
    "telemetry.istio.io/v1": {"Telemetry": "selector tracing metrics accessLogging"},
    "v1": {"Service": "ports selector clusterIP", "Pod": "containers nodeName", "Secret": "x"},
    "apps/v1": {"Deployment": "template"},
}
FIELDS = sorted(
    {name for kinds in SPECS.values() for names in kinds.values() for name in names.split()}
    | set(
        "match route destination host port number subset uri prefix headers mirror mirrors "
        "tls credentialName labels matchLabels name protocol from source namespaces metadata "
        "spec".split()
    )
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 80) | st.sampled_from(["", "*", "a", "a/b", "~"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def objects(draw: Callable[[st.SearchStrategy[Any]], Any]) -> list[Resource]:
    """Give objects of kinds that rules read, with anything in their fields."""
    made = []
    for number in range(draw(st.integers(1, 4))):
        version = draw(st.sampled_from(sorted(SPECS)))
        kind = draw(st.sampled_from(sorted(SPECS[version])))
        names = SPECS[version][kind].split()
        spec = draw(st.dictionaries(st.sampled_from(names), VALUES, max_size=4) | VALUES)
        made.append(Resource.new(version, kind, f"o{number}", namespace="a", spec=spec))
    mesh = draw(st.sampled_from(["", "defaultConfig: 1", "[", "rootNamespace: []", "networks: 2"]))
    data = {"mesh": mesh, "meshNetworks": mesh}
    made.append(Resource.new("v1", "ConfigMap", "istio", namespace="istio-system", data=data))
    return made


@settings(max_examples=60, deadline=None)
@given(objects())
def test_objects_may_hold_anything(given_objects: list[Resource]) -> None:
    first = found(*given_objects)
    assert all(each.resource in given_objects for each in first)
    assert first == found(*given_objects)
