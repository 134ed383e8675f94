"""Analysis of objects that select workloads: Sidecar, Telemetry, AuthorizationPolicy."""

from typing import Any

import pytest

from krmfn.mesh_intent_expander.analysis.checking import analyze
from krmfn.mesh_intent_expander.analysis.finding import Finding
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource

WEB, DB = {"app": "web"}, {"app": "db"}
AMBIENT = {"istio.io/dataplane-mode": "ambient"}
INJECTED = {"istio-injection": "enabled"}
REDIRECTED = {"ambient.istio.io/redirection": "enabled"}


def findings(code: str, *objects: Resource) -> list[Finding]:
    return [each for each in analyze(Fleet([ClusterView("", objects)])) if each.code.id == code]


def told(code: str, *objects: Resource) -> list[str]:
    """Give the names of the objects of which a code is told."""
    return [each.resource.name for each in findings(code, *objects)]


def workload(labels: dict[str, str], name: str = "web", **annotations: str) -> Resource:
    metadata = {"labels": labels, "annotations": annotations}
    spec = {"template": {"metadata": metadata, "spec": {"containers": []}}}
    return Resource.new("apps/v1", "Deployment", name, namespace="shop", spec=spec)


def namespace(name: str = "shop", **labels: str) -> Resource:
    return Resource.new("v1", "Namespace", name, labels=labels)


def sidecar(name: str, labels: dict[str, str] | None = None, where: str = "shop") -> Resource:
    spec = {} if labels is None else {"workloadSelector": {"labels": labels}}
    return Resource.new("networking.istio.io/v1", "Sidecar", name, namespace=where, spec=spec)


def telemetry(name: str, labels: Any = None, where: str = "shop", **spec: Any) -> Resource:
    selector = {} if labels is None else {"selector": {"matchLabels": labels}}
    spec = {**selector, **spec}
    return Resource.new("telemetry.istio.io/v1", "Telemetry", name, namespace=where, spec=spec)


SIDECARS = pytest.mark.parametrize(
    ("make", "same_pods", "same_namespace"),
    [
        pytest.param(sidecar, "IST0110", "IST0111", id="Sidecar"),
        pytest.param(telemetry, "IST0159", "IST0160", id="Telemetry"),
    ],
)


@SIDECARS
def test_two_objects_must_not_select_one_pod(
    make: Any, same_pods: str, same_namespace: str
) -> None:
    pods = [workload({**WEB, "tier": "front"}), workload({**WEB, "tier": "back"}, "worker")]
    one, other, third = make("one", WEB), make("other", {"tier": "front"}), make("third", DB)
    found = findings(same_pods, one, other, third, *pods)
    assert [(each.resource.name, [o.name for o in each.others]) for each in found] == [
        ("one", ["other"]),
        ("other", ["one"]),
    ]
    assert told(same_pods, one, make("back", {"tier": "back"}, "bank"), *pods) == []
    assert told(same_pods, one, third, *pods, workload(DB, "db")) == []
    assert told(same_namespace, one, other) == []


@SIDECARS
def test_one_object_without_selector_is_enough(
    make: Any, same_pods: str, same_namespace: str
) -> None:
    assert told(same_namespace, make("one"), make("two"), make("else", where="bank")) == [
        "one",
        "two",
    ]
    assert told(same_namespace, make("one"), make("web", WEB), make("else", where="bank")) == []
    assert told(same_pods, make("one"), make("two"), workload(WEB)) == []


@pytest.mark.parametrize(
    ("labels", "given", "expected"),
    [
        pytest.param(AMBIENT, sidecar("a"), ["a"], id="for an ambient namespace"),
        pytest.param(AMBIENT, sidecar("a", WEB), ["a"], id="for ambient pods"),
        pytest.param({**AMBIENT, **INJECTED}, sidecar("a"), [], id="injected for all that"),
        pytest.param({**AMBIENT, "istio.io/rev": "x"}, sidecar("a"), [], id="with a revision"),
        pytest.param(INJECTED, sidecar("a"), [], id="for sidecars"),
        pytest.param(AMBIENT, sidecar("a", where="bank"), [], id="for another namespace"),
    ],
)
def test_a_sidecar_is_for_pods_with_a_sidecar(
    labels: dict[str, str], given: Resource, expected: list[str]
) -> None:
    assert told("IST0167", namespace(**labels), workload(WEB), given) == expected


def test_ambient_pods_are_known_by_their_annotation_too() -> None:
    pod = workload(WEB, **REDIRECTED)
    assert told("IST0167", sidecar("one", WEB), sidecar("two", WEB), pod) == ["one", "two"]
    assert told("IST0110", sidecar("one", WEB), sidecar("two", WEB), pod) == []


def policy(where: str = "shop", **spec: Any) -> Resource:
    return Resource.new(
        "security.istio.io/v1", "AuthorizationPolicy", "allow", namespace=where, spec=spec
    )


def select(labels: dict[str, str]) -> dict[str, Any]:
    return {"matchLabels": labels}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(policy(selector=select(WEB)), [], id="it selects pods"),
        pytest.param(policy(selector=select(DB)), ["allow"], id="it selects none"),
        pytest.param(policy(), [], id="it is for the namespace"),
        pytest.param(policy("bank"), ["allow"], id="its namespace is empty"),
        pytest.param(policy("bank", selector=select(WEB)), ["allow"], id="pods of others"),
        pytest.param(policy("istio-system"), [], id="it is for the mesh"),
        pytest.param(policy("istio-system", selector=select(WEB)), [], id="pods of the mesh"),
        pytest.param(policy("istio-system", selector=select(DB)), ["allow"], id="none in the mesh"),
        pytest.param(policy("bank", targetRefs=[{"kind": "Gateway"}]), [], id="for a gateway"),
    ],
)
def test_a_policy_is_for_workloads_of_the_mesh(given: Resource, expected: list[str]) -> None:
    assert told("IST0127", namespace(**INJECTED), workload(WEB), given) == expected


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param({}, ["allow"], id="not in the mesh"),
        pytest.param({"istio-injection": "disabled"}, ["allow"], id="kept out of it"),
        pytest.param(AMBIENT, [], id="in ambient mode"),
    ],
)
def test_workloads_outside_of_the_mesh_do_not_count(
    labels: dict[str, str], expected: list[str]
) -> None:
    assert told("IST0127", namespace(**labels), workload(WEB), policy()) == expected


GATEWAY_POD = {"gateway.networking.k8s.io/gateway-name": "edge", "app": "edge"}


@pytest.mark.parametrize(
    ("kind", "version"),
    [
        ("AuthorizationPolicy", "security.istio.io/v1"),
        ("RequestAuthentication", "security.istio.io/v1"),
        ("Telemetry", "telemetry.istio.io/v1"),
        ("WasmPlugin", "extensions.istio.io/v1alpha1"),
    ],
)
def test_a_selector_does_not_reach_pods_of_the_gateway_api(kind: str, version: str) -> None:
    def of(labels: dict[str, str], where: str = "shop", **spec: Any) -> Resource:
        spec = {"selector": select(labels), **spec}
        return Resource.new(version, kind, "a", namespace=where, spec=spec)

    pods = [workload(GATEWAY_POD, "edge"), workload(WEB)]
    assert told("IST0166", of({"app": "edge"}), *pods) == ["a"]
    assert told("IST0166", of({}), *pods) == ["a"]
    assert told("IST0166", of(WEB), *pods) == []
    assert told("IST0166", of({"app": "edge"}, "bank"), *pods) == []
    assert told("IST0166", of({"app": "edge"}, targetRef={"name": "edge"}), *pods) == []


def mesh_config(**fields: Any) -> Resource:
    return Resource.of({"apiVersion": "v1", "kind": "MeshConfig", **fields})


@pytest.mark.parametrize(
    ("logging", "expected"),
    [
        pytest.param({}, ["a"], id="no provider"),
        pytest.param({"providers": []}, ["a"], id="an empty list"),
        pytest.param({"providers": [{"name": "envoy"}]}, [], id="a provider"),
        pytest.param({"disabled": True}, [], id="switched off"),
    ],
)
def test_access_logging_has_a_provider(logging: dict[str, Any], expected: list[str]) -> None:
    given = telemetry("a", accessLogging=[logging])
    default = mesh_config(defaultProviders={"accessLogging": ["envoy"]})
    assert told("IST0157", given) == expected
    assert told("IST0157", given, default) == []
