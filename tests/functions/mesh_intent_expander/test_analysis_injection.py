"""Analysis of injection: labels of namespaces, proxies of pods and their images."""

import json
from typing import Any

import pytest

from krmfn.mesh_intent_expander.analysis.checking import analyze
from krmfn.mesh_intent_expander.analysis.label_selectors import selector_matches
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource

ENABLED = {"istio-injection": "enabled"}
PROXY = {"name": "istio-proxy", "image": "hub/proxyv2:1.31"}
AUTO = {"name": "istio-proxy", "image": "auto"}
APP = {"name": "app", "image": "app:1"}
INJECT = "sidecar.istio.io/inject"


def told(code: str, *objects: Resource) -> list[str]:
    """Give the names of the objects of which a code is told."""
    found = analyze(Fleet([ClusterView("", objects)]))
    return [each.resource.name for each in found if each.code.id == code]


def namespace(name: str = "shop", **labels: str) -> Resource:
    return Resource.new("v1", "Namespace", name, labels=labels)


def injected(**labels: str) -> Resource:
    return namespace(**{"istio-injection": "enabled", **labels})


def pod(*containers: dict[str, Any], metadata: Any = None, **spec: Any) -> Resource:
    return Resource.new(
        "v1",
        "Pod",
        "web-1",
        namespace="shop",
        **(metadata or {}),
        spec={"containers": list(containers), **spec},
    )


def injector(values: dict[str, Any], name: str = "istio-sidecar-injector") -> Resource:
    data = {"values": json.dumps(values)}
    return Resource.new("v1", "ConfigMap", name, namespace="istio-system", data=data)


BY_DEFAULT = injector({"sidecarInjectorWebhook": {"enableNamespacesByDefault": True}})
IMAGES = {"hub": "hub", "tag": "1.31", "proxy": {"image": "proxyv2"}}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param({}, ["shop"], id="no label"),
        pytest.param({"istio-injection": ""}, ["shop"], id="an empty label"),
        pytest.param({"istio-injection": "disabled"}, [], id="it says no"),
        pytest.param(ENABLED, [], id="it says yes"),
        pytest.param({"istio.io/rev": "canary"}, [], id="it names a revision"),
        pytest.param({"istio.io/dataplane-mode": "ambient"}, [], id="it is ambient"),
    ],
)
def test_a_namespace_says_whether_it_is_injected(
    labels: dict[str, str], expected: list[str]
) -> None:
    assert told("IST0102", namespace(**labels)) == expected
    assert told("IST0148", namespace(**labels)) == []
    assert told("IST0148", namespace(**labels), BY_DEFAULT) == expected
    assert told("IST0102", namespace(**labels), BY_DEFAULT) == []


def test_istios_own_namespace_and_those_of_kubernetes_need_no_label() -> None:
    assert told("IST0102", namespace("istio-system"), namespace("kube-system")) == []


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param({**ENABLED, "istio.io/rev": "canary"}, ["shop"], id="also a revision"),
        pytest.param({**ENABLED, "istio.io/dataplane-mode": "ambient"}, ["shop"], id="and ambient"),
        pytest.param(
            {"istio.io/rev": "a", "istio.io/dataplane-mode": "none"}, ["shop"], id="neither injects"
        ),
        pytest.param({"istio-injection": "disabled", "istio.io/rev": "a"}, [], id="it says no"),
        pytest.param({**ENABLED, "team": "shop"}, [], id="a label of another kind"),
    ],
)
def test_only_one_label_decides(labels: dict[str, str], expected: list[str]) -> None:
    assert told("IST0123", namespace(**labels)) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(pod(APP), ["web-1"], id="without proxy"),
        pytest.param(pod(APP, PROXY), [], id="with proxy"),
        pytest.param(pod(APP, initContainers=[PROXY]), [], id="with a native sidecar"),
        pytest.param(pod(APP, hostNetwork=True), [], id="in the node's network"),
        pytest.param(pod(APP, metadata={"labels": {INJECT: "False"}}), [], id="by label"),
        pytest.param(pod(APP, metadata={"annotations": {INJECT: "false"}}), [], id="by annotation"),
        pytest.param(
            pod(APP, metadata={"labels": {INJECT: "true"}, "annotations": {INJECT: "false"}}),
            ["web-1"],
            id="the label goes over the annotation",
        ),
    ],
)
def test_a_pod_of_an_injected_namespace_has_a_proxy(given: Resource, expected: list[str]) -> None:
    assert told("IST0103", injected(), given) == expected
    assert told("IST0103", namespace(), given) == []


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        pytest.param("hub/proxyv2:1.30", ["shop"], id="an older one"),
        pytest.param("hub/proxyv2:1.31", [], id="the same"),
        pytest.param("hub/proxyv2:1.31-debug", ["shop"], id="a variant nobody asked for"),
    ],
)
def test_proxies_have_the_image_of_the_injector(image: str, expected: list[str]) -> None:
    running = pod({"name": "istio-proxy", "image": image})
    own = injector({"global": IMAGES})
    assert told("IST0158", injected(), running, own) == expected
    assert told("IST0158", namespace(), running, own) == []
    annotated = {"annotations": {"sidecar.istio.io/proxyImage": image}}
    assert told("IST0158", injected(), pod(PROXY | {"image": image}, metadata=annotated), own) == []


def test_the_image_is_that_of_the_namespaces_revision() -> None:
    canary = injector({"global": {**IMAGES, "tag": "1.32"}}, "istio-sidecar-injector-canary")
    objects = [pod(PROXY), injector({"global": IMAGES}), canary]
    assert told("IST0158", namespace(**{"istio.io/rev": "canary"}), *objects) == ["shop"]
    assert told("IST0158", namespace(**{"istio.io/rev": "default"}), *objects) == []


def proxy_config(name: str, where: str, variant: str, selector: Any = None) -> Resource:
    spec = {"image": {"imageType": variant}} | ({"selector": selector} if selector else {})
    return Resource.new(
        "networking.istio.io/v1beta1", "ProxyConfig", name, namespace=where, spec=spec
    )


@pytest.mark.parametrize(
    ("configs", "expected"),
    [
        pytest.param([("a", "istio-system", "debug")], [], id="of the mesh"),
        pytest.param([("a", "shop", "debug")], [], id="of the namespace"),
        pytest.param([("a", "bank", "debug")], ["shop"], id="of another namespace"),
        pytest.param(
            [("a", "istio-system", "debug"), ("b", "shop", "distroless")], ["shop"], id="the nearer"
        ),
        pytest.param(
            [("a", "shop", "debug", {"matchLabels": {"app": "web"}}), ("b", "shop", "distroless")],
            [],
            id="the one that selects the pod",
        ),
        pytest.param(
            [("a", "shop", "debug", {"matchLabels": {"app": "db"}})], ["shop"], id="another pod's"
        ),
    ],
)
def test_a_proxy_config_chooses_the_variant(configs: list[Any], expected: list[str]) -> None:
    running = pod(
        {"name": "istio-proxy", "image": "hub/proxyv2:1.31-debug"},
        metadata={"labels": {"app": "web"}},
    )
    objects = [injected(), running, injector({"global": IMAGES})]
    assert told("IST0158", *objects, *(proxy_config(*each) for each in configs)) == expected


WEBHOOK = Resource.new(
    "admissionregistration.k8s.io/v1",
    "MutatingWebhookConfiguration",
    "injector",
    webhooks=[{"name": "sidecar-injector.istio.io", "namespaceSelector": {"matchLabels": ENABLED}}],
)


def gateway_deployment(*containers: dict[str, Any]) -> Resource:
    spec = {"template": {"spec": {"containers": list(containers)}}}
    return Resource.new("apps/v1", "Deployment", "gateway", namespace="shop", spec=spec)


def test_an_automatic_image_needs_an_injector() -> None:
    deployment = gateway_deployment(AUTO)
    assert told("IST0146", injected(), deployment) == ["gateway"]
    assert told("IST0146", injected(), deployment, WEBHOOK) == []
    assert told("IST0146", namespace(), deployment, WEBHOOK) == ["gateway"]
    assert told("IST0146", namespace(), gateway_deployment(PROXY), WEBHOOK) == []


def test_a_pod_that_exists_has_no_automatic_image() -> None:
    assert told("IST0147", injected(), WEBHOOK, pod(APP, AUTO)) == ["web-1"]
    assert told("IST0147", pod({"name": "app", "image": "auto"})) == []


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (None, True),
        ({}, True),
        ({"matchLabels": {"a": "1"}}, True),
        ({"matchLabels": {"a": "2"}}, False),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1"]}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, False),
        ({"matchExpressions": [{"key": "b", "operator": "NotIn", "values": ["1"]}]}, True),
        ({"matchExpressions": [{"key": "b", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "b", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "Near"}]}, False),
        ({"matchExpressions": [{"key": ["a"], "operator": ["In"]}]}, False),
    ],
)
def test_a_selector_matches_as_in_kubernetes(selector: Any, expected: bool) -> None:
    assert selector_matches(selector, {"a": "1"}) is expected
