"""Plaintext: who is reached by it, who sends it, and how it comes to an end."""

from typing import Any

import pytest

BARE = {"app": "legacy", "sidecar.istio.io/inject": "false"}
HOST = "legacy.shop.svc.cluster.local"


def _legacy(build: Any, **pods: Any) -> list[dict[str, Any]]:
    return [build.service("legacy"), build.pods("legacy", **({"labels": BARE} | pods))]


def test_an_exception_is_reached_in_plaintext(build: Any, world: Any) -> None:
    intent = build.mtls(exceptions=[{"service": "legacy", "reason": "no proxy"}])
    made = world([build.mesh("a"), intent], {"a": [*build.app(), *_legacy(build)]})

    assert {host: each.service for host, each in made.plan.plaintext.items()} == {
        HOST: ("shop", "legacy")
    }
    assert made.codes() == []


def test_an_exception_with_a_proxy_that_refuses_plaintext_is_an_error(
    build: Any, world: Any
) -> None:
    intent = build.mtls(exceptions=[{"service": "api", "reason": "old clients"}])
    made = world([build.mesh("a"), intent], {"a": build.app()})

    assert made.told("mtls-mismatch").field == "spec.exceptions[0].service"


@pytest.mark.parametrize(
    ("wave", "written", "plaintext"),
    [
        pytest.param("permissive", {"shop/default": "PERMISSIVE"}, ["api", "legacy"], id="1"),
        pytest.param("clients", {"shop/default": "PERMISSIVE"}, ["legacy"], id="2"),
        pytest.param("strict", {"shop/default": "STRICT"}, ["legacy"], id="3"),
        pytest.param("mesh", {}, ["legacy"], id="4"),
    ],
)
def test_a_namespace_goes_from_permissive_to_strict_and_then_is_the_meshs(
    build: Any, world: Any, wave: str, written: dict[str, str], plaintext: list[str]
) -> None:
    exceptions = [{"service": name, "reason": "so far"} for name in ("api", "legacy")]
    intents = [build.mtls(migration={"wave": wave}, exceptions=exceptions)]
    intents += [build.mtls("all", "ops", scope="mesh")] if wave == "mesh" else []
    made = world([build.mesh("a"), *intents], {"a": [*build.app(), *_legacy(build)]})

    modes = {name: spec["mtls"]["mode"] for (_, name), spec in made.written().items()}
    modes.pop("istio-system/default", None)
    assert modes == written
    assert [each.service.name for each in made.plan.plaintext.values()] == plaintext


@pytest.mark.parametrize(
    ("wave", "modes"),
    [
        pytest.param("clients", {"istio-system": "PERMISSIVE"}, id="not-yet"),
        pytest.param(
            "strict",
            {"istio-system": "PERMISSIVE", "shop": "STRICT", "web": "PERMISSIVE"},
            id="by-namespace-but-for-those-that-speak-for-themselves",
        ),
        pytest.param("mesh", {"istio-system": "STRICT"}, id="for-all"),
    ],
)
def test_the_mesh_becomes_strict_by_namespace_and_then_as_a_whole(
    build: Any, world: Any, wave: str, modes: dict[str, str]
) -> None:
    own = [build.mtls("web", "web", mode="Permissive")] if wave == "strict" else []
    intent = build.mtls("all", "ops", scope="mesh", migration={"wave": wave})
    made = world([build.mesh("a"), intent, *own], {"a": [*build.app(), *build.app("web", "web")]})

    assert {each.namespace: each.mode for each in made.plan.peers} == modes


def test_objects_that_refuse_plaintext_come_in_the_last_wave(build: Any, world: Any) -> None:
    intents = [
        build.mtls("all", scope="mesh", mode="Permissive"),
        build.mtls("shop"),
        build.mtls(
            "api",
            scope="workload",
            service="api",
            mode="Permissive",
            ports=[{"service": 80, "mode": "Strict"}],
        ),
    ]
    made = world([build.mesh("a"), *intents], {"a": build.app()})

    waves = {each.body["metadata"]["name"]: each.wave for each in made.emitted}
    namespaces = {each.body["metadata"]["namespace"]: each.wave for each in made.emitted}
    assert (waves["api"], namespaces) == ("strict", {"istio-system": "security", "shop": "strict"})


@pytest.mark.parametrize(
    ("wave", "to", "gate", "breaks"),
    [
        pytest.param("permissive", "clients", "pilot_total_xds_rejects", False, id="clients"),
        pytest.param(
            "clients", "strict", 'destination_workload_namespace="shop"', True, id="strict"
        ),
        pytest.param("strict", "mesh", 'connection_security_policy="none"', True, id="mesh"),
    ],
)
def test_the_next_wave_is_told_with_its_gate_and_what_it_would_break(
    build: Any, world: Any, wave: str, to: str, gate: str, breaks: bool
) -> None:
    job = build.pods("backup", kind="Job", labels=BARE)
    rule = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": "plain", "namespace": "shop"},
        "spec": {"host": "api", "trafficPolicy": {"tls": {"mode": "DISABLE"}}},
    }
    intent = build.mtls(migration={"wave": wave})
    made = world([build.mesh("a"), intent], {"a": [*build.app(), job, rule]})

    found = made.told("next-wave")
    assert (found.severity, found.proposed) == ("info", to)
    assert gate in found.message
    assert ('"DestinationRule shop/plain", "Job shop/backup"' in found.message) == breaks


@pytest.mark.parametrize(
    ("pods", "why"),
    [
        pytest.param({"labels": BARE}, "sidecar.istio.io/inject: false", id="label"),
        pytest.param({"hostNetwork": True}, "the host's network", id="host-network"),
        pytest.param(
            {"annotations": {"sidecar.istio.io/rewriteAppHTTPProbers": "false"}},
            "probes",
            id="probes",
        ),
        pytest.param(
            {
                "annotations": {
                    "prometheus.io/scrape": "true",
                    "prometheus.istio.io/merge-metrics": "false",
                }
            },
            "scrapes",
            id="scrapes",
        ),
    ],
)
def test_what_is_left_outside_of_a_strict_namespace_is_listed(
    build: Any, world: Any, pods: dict[str, Any], why: str
) -> None:
    made = world([build.mesh("a"), build.mtls()], {"a": [*build.app(), *_legacy(build, **pods)]})

    found = made.told("plaintext-callers")
    assert found.severity == "warning"
    assert f"Deployment shop/legacy ({why}" in found.message.replace("is in ", "").replace(
        "says `", ""
    ).replace("by `", "")


def test_pods_whose_namespace_is_not_in_the_package_count_as_meshed(build: Any, world: Any) -> None:
    made = world([build.mesh("a"), build.mtls()], {"a": [build.service(), build.pods()]})

    assert made.codes() == []


@pytest.mark.parametrize(
    "intent",
    [
        pytest.param({"mode": "Disable"}, id="mode"),
        pytest.param(
            {"mode": "Permissive", "exceptions": [{"service": "api", "reason": "old"}]},
            id="exception",
        ),
    ],
)
def test_a_service_of_another_network_cannot_be_without_mutual_tls(
    build: Any, world: Any, intent: dict[str, Any]
) -> None:
    gateway = {"eastWestGateway": {"addresses": ["192.0.2.1"]}}
    clusters = [{"name": name, "network": f"net-{name}"} | gateway for name in ("a", "b")]
    finds = build.finds(exportFrom=["a"], consumers={"clusters": ["b"]})
    served = {"a": build.app(), "b": build.app("web", "web")}

    made = world([build.mesh(*clusters), finds, build.mtls(**intent)], served)
    together = [each | {"network": "one"} for each in clusters]
    near = world([build.mesh(*together), finds, build.mtls(**intent)], served)

    assert 'ServiceDiscovery "shop/api"' in made.told("mtls-across-networks").message
    assert "error:mtls-across-networks" not in near.codes()


@pytest.mark.parametrize(
    ("caller", "mode", "code"),
    [
        pytest.param({"service": "legacy"}, "Strict", "error:plaintext-client", id="refused"),
        pytest.param({"service": "legacy"}, "Permissive", "warning:plaintext-client", id="unknown"),
        pytest.param(
            {"serviceAccounts": ["legacy"]}, "Strict", "error:plaintext-client", id="by-account"
        ),
        pytest.param(
            {"serviceAccounts": ["shared"]},
            "Strict",
            "warning:plaintext-client",
            id="account-shared-with-pods-that-have-a-proxy",
        ),
    ],
)
def test_an_allowed_caller_without_proxy_cannot_call_what_is_strict(
    build: Any, world: Any, caller: dict[str, Any], mode: str, code: str
) -> None:
    pods = [
        build.pods("mixed", account="shared", labels=BARE),
        build.pods("other", account="shared"),
    ]
    intents = [build.mtls(mode=mode), build.allows(rules=[{"from": [caller]}])]
    made = world([build.mesh("a"), *intents], {"a": [*build.app(), *_legacy(build), *pods]})

    assert code in made.codes()
