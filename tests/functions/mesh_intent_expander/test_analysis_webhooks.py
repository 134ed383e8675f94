"""Analysis of webhooks: who injects, and where an external control plane is."""

from typing import Any

import pytest

from krmfn.mesh_intent_expander.analysis.checking import analyze
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource

ISTIOD = {"service": {"namespace": "istio-system", "name": "istiod"}}
SERVICE = Resource.new("v1", "Service", "istiod", namespace="istio-system", spec={})
URL = {"url": "https://istiod.example.com:15017/inject"}


def told(code: str, *objects: Resource) -> list[str]:
    """Give the names of the objects of which a code is told."""
    found = analyze(Fleet([ClusterView("", objects)]))
    return [each.resource.name for each in found if each.code.id == code]


def configuration(kind: str, name: str, *webhooks: Any, **labels: str) -> Resource:
    version = "admissionregistration.k8s.io/v1"
    return Resource.new(version, kind, name, labels=labels, webhooks=list(webhooks))


def injector(name: str, *, client: Any = ISTIOD, webhook: str = "", **labels: str) -> Resource:
    namespaces = {"namespaceSelector": {"matchLabels": labels}} if labels else {}
    hook = {"name": webhook or "a.istio.io", "clientConfig": client, **namespaces}
    return configuration("MutatingWebhookConfiguration", name, hook)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param({}, {}, ["one", "other"], id="both take all"),
        pytest.param({"istio-injection": "enabled"}, {}, ["one", "other"], id="one takes all"),
        pytest.param(
            {"istio-injection": "enabled"}, {"istio-injection": "disabled"}, [], id="other labels"
        ),
        pytest.param({"istio.io/rev": "a"}, {"istio.io/rev": "b"}, [], id="other revisions"),
        pytest.param(
            {"istio.io/rev": "a"},
            {"istio-injection": "enabled"},
            ["one", "other"],
            id="both labels",
        ),
    ],
)
def test_injectors_take_different_pods(
    one: dict[str, str], other: dict[str, str], expected: list[str]
) -> None:
    objects = [injector("one", **one), injector("other", **other), SERVICE]
    assert told("IST0139", *objects) == expected


def test_pods_are_told_apart_by_their_own_labels() -> None:
    def hook(value: str) -> dict[str, Any]:
        expression = {"key": "sidecar.istio.io/inject", "operator": "In", "values": [value]}
        selector = {"matchExpressions": [expression]}
        return {"name": f"{value}.istio.io", "clientConfig": ISTIOD, "objectSelector": selector}

    kind = "MutatingWebhookConfiguration"
    apart = configuration(kind, "apart", hook("true"), hook("false"))
    assert told("IST0139", apart, SERVICE) == []
    assert told("IST0139", apart, configuration(kind, "more", hook("true")), SERVICE) == [
        "apart",
        "more",
    ]


def test_an_injector_has_a_service() -> None:
    assert told("IST0139", injector("one")) == ["one"]
    assert told("IST0139", injector("one"), SERVICE) == []
    assert told("IST0139", injector("one", client=URL)) == []


def test_webhooks_of_others_may_overlap() -> None:
    others = [injector(name, webhook="policy.acme.com") for name in ("one", "other")]
    assert told("IST0139", *others) == []


VALIDATING, MUTATING = "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"


@pytest.mark.parametrize(
    ("kind", "name", "is_istios"),
    [
        (VALIDATING, "istio-validator-istio-system", True),
        (VALIDATING, "istiod-default-validator", True),
        (VALIDATING, "istiod-default-validator-2", False),
        (MUTATING, "istio-sidecar-injector-canary", True),
        (MUTATING, "istiod-default-validator", False),
        (MUTATING, "acme", False),
    ],
)
def test_a_webhook_of_istio_leads_somewhere(kind: str, name: str, is_istios: bool) -> None:
    def given(client: Any) -> Resource:
        return configuration(kind, name, {"name": "a.acme.com", "clientConfig": client})

    assert told("IST0163", given({})) == [name] * is_istios
    assert told("IST0163", given(URL)) == []
    assert told("IST0163", given(ISTIOD)) == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://istiod.example.com:15017/inject", ""),
        ("https://istiod.example.com/a%20b?c%zz#d", ""),
        ("istiod", ""),
        ("https://10.0.0.1:15017/inject", "IST0164"),
        ("https://[fd00::1]/inject", "IST0164"),
        ("//10.0.0.1/inject", "IST0164"),
        ("https://10.0.0.1.example.com", ""),
        ("https://010.0.0.1", ""),
        ("10.0.0.1", ""),
        ("10.0.0.1:15017", "IST0163"),
        ("https://istiod:http/", "IST0163"),
        ("https://is tiod/", "IST0163"),
        ("https://istiod/%zz", "IST0163"),
        ("https://fd00::1/", "IST0163"),
        ("https://istiod/\n", "IST0163"),
    ],
)
def test_a_control_plane_has_a_host_name(url: str, code: str) -> None:
    hook = {"name": "a.istio.io", "clientConfig": {"url": url}}
    given = configuration(VALIDATING, "istio-validator", hook)
    assert [each for each in ("IST0163", "IST0164") if told(each, given)] == [code] * bool(code)
