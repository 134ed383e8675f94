"""Callers whose pods have no proxy, as a ServiceDiscovery or a namespace names them."""

from typing import Any

import pytest

MESHED = {"labels": {"app": "front", "sidecar.istio.io/inject": "true"}}
GATEWAYS = [
    {"name": name, "network": name, "eastWestGateway": {"addresses": ["192.0.2.1"]}}
    for name in ("a", "b")
]


def _plain(build: Any, *pods: Any) -> list[Any]:
    return [build.namespace("plain"), build.pods("p", "plain"), *pods]


@pytest.mark.parametrize(
    ("consumers", "mode", "meshed", "codes"),
    [
        pytest.param({"namespaces": ["plain"]}, "Strict", False, ["error"], id="refused"),
        pytest.param({"namespaces": ["plain"]}, "Strict", True, ["warning"], id="mixed"),
        pytest.param({"namespaces": ["plain"]}, "Permissive", False, [], id="permissive"),
        pytest.param({"serviceAccounts": ["plain/p"]}, "Strict", True, ["error"], id="account"),
        pytest.param(
            {"namespaces": ["plain"], "clusters": ["b"]}, "Strict", False, [], id="elsewhere"
        ),
    ],
)
def test_a_declared_consumer_without_proxy_cannot_call_what_is_strict(
    build: Any, world: Any, consumers: dict[str, Any], mode: str, meshed: bool, codes: list[str]
) -> None:
    others = [build.pods("front", "plain", **MESHED)] if meshed else []
    intents = [build.mtls(mode=mode), build.finds(consumers={"clusters": ["a"]} | consumers)]
    made = world([build.mesh("a", "b"), *intents], {"a": [*build.app(), *_plain(build, *others)]})

    found = [each for each in made.results if each.code == "plaintext-client"]
    assert [str(each.severity) for each in found] == codes
    for each in found:
        assert each.field == f"spec.consumers.{next(iter(consumers))}"
        assert 'Deployment "plain/p" in cluster "a" has none' in each.message
        assert "is in a namespace without injection" in each.message
        assert 'Service "shop/api" refuses plaintext' in each.message


@pytest.mark.parametrize("meshed", [False, True], ids=["all", "mixed"])
def test_a_namespace_without_proxies_cannot_be_allowed_to_call_what_is_strict(
    build: Any, world: Any, meshed: bool
) -> None:
    others = [build.pods("front", "plain", **MESHED)] if meshed else []
    intents = [build.mtls(), build.allows(rules=[{"from": [{"namespaces": ["plain"]}]}])]
    made = world([build.mesh("a"), *intents], {"a": [*build.app(), *_plain(build, *others)]})

    found = made.told("plaintext-client")
    assert (found.field, found.severity) == (
        "spec.rules[0].from[0]",
        "warning" if meshed else "error",
    )


@pytest.mark.parametrize("intent", ["discovery", "authorization"])
def test_plaintext_does_not_pass_a_gateway_whatever_the_mode(
    build: Any, world: Any, intent: str
) -> None:
    consumers = {"clusters": ["b"]} | ({"namespaces": ["plain"]} if intent == "discovery" else {})
    intents = [build.mtls(mode="Permissive"), build.finds(consumers=consumers)]
    if intent == "authorization":
        intents.append(build.allows(rules=[{"from": [{"namespaces": ["plain"]}]}]))
    made = world([build.mesh(*GATEWAYS), *intents], {"a": build.app(), "b": _plain(build)})

    found = made.told("plaintext-client")
    assert found.severity == "error"
    assert "behind gateways" in found.message
