"""Analysis of Istio's annotations: where they stand, which there are, and their values."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.mesh_intent_expander.analysis.annotation_values import VALUES, complaint
from krmfn.mesh_intent_expander.analysis.annotations import KNOWN, SET_BY_CNI, SET_BY_ISTIO
from krmfn.mesh_intent_expander.analysis.proxy_config import wrong_field
from krmfn.mesh_intent_expander.analysis.rules.annotations_fit import check
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource

VERSIONS = {"Deployment": "apps/v1"}
INJECT = "sidecar.istio.io/inject"


def annotated(kind: str, name: str, value: str = "x", **metadata: Any) -> Resource:
    version = VERSIONS.get(kind, "v1")
    return Resource.new(version, kind, "a", annotations={name: value}, **metadata)


def codes(resource: Resource) -> list[str]:
    view = ClusterView("", [resource])
    return [each.code.id for each in check(view, Fleet([view]))]


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        pytest.param("Service", "networking.istio.io/exportTo", False, id="where it belongs"),
        pytest.param("Namespace", "networking.istio.io/exportTo", True, id="elsewhere"),
        pytest.param("Deployment", "sidecar.istio.io/logLevel", True, id="not on the template"),
        pytest.param("Deployment", "galley.istio.io/analyze-suppress", False, id="for any kind"),
        pytest.param("Service", "kubernetes.io/ingress.class", True, id="Kubernetes' own"),
        pytest.param("ConfigMap", "networking.istio.io/exportTo", False, id="a kind not looked at"),
    ],
)
def test_an_annotation_stands_on_the_kind_it_is_for(kind: str, name: str, expected: bool) -> None:
    assert ("IST0107" in codes(annotated(kind, name))) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("networking.istio.io/export", ["IST0108"], id="misspelt"),
        pytest.param("istio.io/REV", ["IST0108"], id="in other case"),
        pytest.param("acme.istio.io/team", ["IST0108"], id="of a made-up domain of Istio's"),
        pytest.param("istio.io.acme.com/team", [], id="of another domain"),
        pytest.param("kubernetes.io/psp", [], id="Kubernetes' own"),
    ],
)
def test_an_annotation_in_istios_name_is_known(name: str, expected: list[str]) -> None:
    assert codes(annotated("Pod", name)) == expected


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param({}, ["IST0135"], id="alone"),
        pytest.param({INJECT: "true"}, [], id="beside the label that replaces it"),
    ],
)
def test_a_deprecated_annotation_is_told(labels: dict[str, str], expected: list[str]) -> None:
    assert codes(annotated("Pod", INJECT, "true", labels=labels)) == expected


@pytest.mark.parametrize(
    ("init", "expected"),
    [
        pytest.param("istio-init", ["IST0136"], id="written by a person"),
        pytest.param("istio-validation", [], id="perhaps written by the CNI plugin"),
    ],
)
def test_an_alpha_annotation_is_told(init: str, expected: list[str]) -> None:
    spec = {"initContainers": [{"name": init}]}
    name = "sidecar.istio.io/interceptionMode"
    assert codes(annotated("Pod", name, "TPROXY", spec=spec)) == expected


@pytest.mark.parametrize("name", sorted(SET_BY_ISTIO))
@pytest.mark.parametrize("kind", ["Namespace", "Pod", "Service", "Deployment"])
def test_nothing_is_told_of_what_istio_writes_itself(name: str, kind: str) -> None:
    assert codes(annotated(kind, name)) == []


def test_a_value_is_checked_only_where_the_annotation_is_read() -> None:
    name = "status.sidecar.istio.io/port"
    assert "IST0125" in codes(annotated("Pod", name, "http"))
    assert "IST0125" not in codes(annotated("Service", name, "http"))


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("sidecar.istio.io/interceptionMode", ["NONE"], ["none", ""]),
        ("status.sidecar.istio.io/port", ["0", " 80 ", "007"], ["65536", "-1", "+1", "", "8_0"]),
        (
            "readiness.status.sidecar.istio.io/periodSeconds",
            ["0", "9" * 9],
            [" 1", "9" * 10, "\u0661"],
        ),
        (
            "traffic.sidecar.istio.io/includeOutboundIPRanges",
            ["*", "", "10.1.2.3/8", "10.0.0.0/8,fd00::/8"],
            ["10.0.0.0", "10.0.0.0/8, fd00::/8", "10.0.0.0/08", "10.0.0.0/255.0.0.0", "::/129"],
        ),
        ("traffic.sidecar.istio.io/excludeOutboundIPRanges", ["10.0.0.0/8"], ["*"]),
        ("traffic.sidecar.istio.io/includeInboundPorts", ["*", "", "80, 90"], ["80,", "80-90"]),
        ("traffic.sidecar.istio.io/excludeInboundPorts", ["80"], ["*"]),
        ("traffic.sidecar.istio.io/excludeInterfaces", ["eth0, net1.5"], ["0eth", "e" * 16, "a,"]),
        ("prometheus.istio.io/merge-metrics", ["T", "false"], ["yes", ""]),
        ("sidecar.istio.io/proxyCPU", ["100m", "0.5"], ["100 m", "", "\t1"]),
        ("sidecar.istio.io/logLevel", ["anything"], []),
    ],
)
def test_a_value_is_one_that_the_injector_takes(name: str, good: list[str], bad: list[str]) -> None:
    assert [value for value in good if complaint(name, value)] == []
    assert [value for value in bad if not complaint(name, value)] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("{}", ""),
        ("concurrency: '2'\nstatusPort: 15020\nnotYetKnown: 1", ""),
        ("drain_duration: 30s\nproxyMetadata: {A: b, C: null}", ""),
        ("tracing: {zipkin: {address: 'zipkin.tracing:9411'}}", ""),
        ("image: null\ninterceptionMode: 1", ""),
        ("just text", "."),
        ("- a\n- b", "."),
        ("{a", "."),
        ("concurrency: two", "concurrency"),
        ("concurrency: true", "concurrency"),
        ("statusPort: 0", "statusPort"),
        ("drainDuration: 1500ms", "drainDuration"),
        ("terminationDrainDuration: 5", "terminationDrainDuration"),
        ("discoveryAddress: istiod.istio-system", "discoveryAddress"),
        ("configPath: ''", "configPath"),
        ("proxyMetadata: {DNS_CAPTURE: true}", "proxyMetadata"),
        ("extraStatTags: version", "extraStatTags"),
        ("interceptionMode: IPTABLES", "interceptionMode"),
        ("holdApplicationUntilProxyStarts: 'true'", "holdApplicationUntilProxyStarts"),
        ("tracing: {zipkin: {address: zipkin}}", "tracing"),
        ("image: {imageType: 1}", "image"),
    ],
)
def test_a_proxy_config_has_values_of_the_right_types(text: str, expected: str) -> None:
    assert wrong_field(text) == expected
    assert (f"`{expected}`" in complaint("proxy.istio.io/config", text)) is bool(expected)


def test_only_annotations_of_pods_have_rules_for_values() -> None:
    assert {kind for name in VALUES for kind in KNOWN[name].kinds} == {"Pod"}
    assert not (SET_BY_CNI | SET_BY_ISTIO) - set(KNOWN)


@given(st.sampled_from([*VALUES, "proxy.istio.io/config"]), st.text(max_size=12))
@settings(max_examples=60, deadline=None)
def test_any_text_is_judged(name: str, value: str) -> None:
    said = complaint(name, value)
    assert not said or said.startswith("must be")
