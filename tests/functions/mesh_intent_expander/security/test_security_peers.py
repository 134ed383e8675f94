"""MutualTLS: what is written where, and what stands in the way."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.sdk import Place, Resource

STRICT = {"mtls": {"mode": "STRICT"}}
NAMESPACE = ("PeerAuthentication", "shop/default")


def test_a_namespace_gets_one_object_without_selector(build: Any, world: Any) -> None:
    made = world([build.mesh("a"), build.mtls()], {"a": build.app()})

    assert made.written() == {NAMESPACE: STRICT}
    assert made.codes() == []


def test_an_object_of_a_namespace_goes_to_clients_and_one_of_pods_does_not(
    build: Any, world: Any
) -> None:
    made = world(
        [
            build.mesh("a", "b", "c"),
            build.finds(exportFrom=["a"], consumers={"clusters": ["b"]}),
            build.mtls(),
            build.mtls("api", scope="workload", service="api"),
        ],
        {"a": build.app(), "b": build.app("web", "web"), "c": build.app("web", "web")},
    )

    assert {*made.written("a")} == {NAMESPACE, ("PeerAuthentication", "shop/api")}
    assert {*made.written("b")} == {NAMESPACE}
    assert made.written("c") == {}


def test_the_mesh_gets_one_object_in_the_root_namespace_of_every_cluster(
    build: Any, world: Any
) -> None:
    intents = [
        build.mesh("a", "b", rootNamespace="mesh-system"),
        build.mtls("all", "ops", scope="mesh"),
    ]
    made = world(intents, {"a": build.app()})

    assert made.written("a") == made.written("b")
    assert made.written("b") == {("PeerAuthentication", "mesh-system/default"): STRICT}


def test_a_remote_cluster_is_served_by_its_control_plane(build: Any, world: Any) -> None:
    remote = {"name": "b", "controlPlane": {"type": "remote", "configCluster": "a"}}
    made = world([build.mesh("a", remote), build.mtls()], {"b": build.app()})

    assert (made.written("a"), made.written("b")) == ({NAMESPACE: STRICT}, {})


@pytest.mark.parametrize(
    ("target", "ports"),
    [
        pytest.param(8081, {"8081": {"mode": "PERMISSIVE"}}, id="by-number"),
        pytest.param("web", {"9090": {"mode": "PERMISSIVE"}}, id="by-name"),
    ],
)
def test_a_port_of_the_service_becomes_the_port_of_the_pods(
    build: Any, world: Any, target: int | str, ports: dict[str, Any]
) -> None:
    service = build.service(ports=[{"port": 80, "targetPort": target}])
    pods = build.pods(ports=[{"name": "web", "containerPort": 9090}])
    intent = build.mtls(scope="workload", service="api", ports=[_port(80)])
    made = world([build.mesh("a"), intent], {"a": [build.meshed(), service, pods]})

    spec = made.written()["PeerAuthentication", "shop/strict"]
    assert spec["portLevelMtls"] == ports


def test_ports_and_selectors_that_differ_are_translated_in_each_cluster(
    build: Any, world: Any
) -> None:
    def cluster(number: int, app: str) -> list[dict[str, Any]]:
        service = build.service(selector={"app": app}, ports=[{"port": 80, "targetPort": number}])
        return [build.meshed(), service, build.pods(labels={"app": app})]

    intent = build.mtls(scope="workload", service="api", ports=[_port(80)])
    made = world(
        [build.mesh("a", "b"), intent], {"a": cluster(8080, "api"), "b": cluster(8081, "api2")}
    )

    specs = [made.written(c)["PeerAuthentication", "shop/strict"] for c in ("a", "b")]
    assert [spec["selector"]["matchLabels"]["app"] for spec in specs] == ["api", "api2"]
    assert [[*spec["portLevelMtls"]] for spec in specs] == [["8080"], ["8081"]]


def test_variants_for_one_control_plane_have_names_of_their_own(build: Any, world: Any) -> None:
    def cluster(app: str) -> list[dict[str, Any]]:
        service = build.service(selector={"app": app})
        return [build.meshed(), service, build.pods(labels={"app": app})]

    remote = {"name": "b", "controlPlane": {"type": "remote", "configCluster": "a"}}
    intent = build.mtls(scope="workload", service="api")
    made = world([build.mesh("a", remote), intent], {"a": cluster("one"), "b": cluster("two")})

    assert [name for _, name in made.written()] == ["shop/strict-a", "shop/strict-b"]


@pytest.mark.parametrize(
    ("spec", "code", "field", "proposed"),
    [
        pytest.param(
            {"scope": "workload", "service": "apu"},
            "service-unknown",
            "spec.service",
            "api",
            id="service",
        ),
        pytest.param(
            {"namespace": "shob"}, "namespace-unknown", "spec.namespace", "shop", id="namespace"
        ),
        pytest.param(
            {"scope": "workload", "selector": {"app": "nobody"}},
            "target-empty",
            "spec.selector",
            None,
            id="selector",
        ),
        pytest.param(
            {"scope": "workload", "service": "api", "ports": [{"service": 81, "mode": "Strict"}]},
            "port-unknown",
            "spec.ports[0].service",
            None,
            id="port",
        ),
        pytest.param(
            {
                "scope": "workload",
                "service": "api",
                "ports": [
                    {"service": 80, "mode": "Permissive"},
                    {"workload": 8080, "mode": "Disable"},
                ],
            },
            "port-mode-twice",
            "spec.ports[1].workload",
            None,
            id="port-twice",
        ),
        pytest.param(
            {"scope": "workload", "selector": {"a": "b"}, "namespace": "istio-system"},
            "workload-in-root",
            "spec.namespace",
            None,
            id="root",
        ),
        pytest.param(
            {"exceptions": [{"service": "apj", "reason": "old"}]},
            "service-unknown",
            "spec.exceptions[0].service",
            "shop/api",
            id="exception",
        ),
        pytest.param(
            {"migration": {"wave": "mesh"}},
            "mesh-not-strict",
            "spec.migration.wave",
            "strict",
            id="mesh-not-strict",
        ),
    ],
)
def test_what_cannot_be_is_told_at_its_field(
    build: Any, world: Any, spec: dict[str, Any], code: str, field: str, proposed: str | None
) -> None:
    made = world([build.mesh("a"), build.mtls(**spec)], {"a": build.app()})

    found = made.told(code)
    assert (found.severity, found.field, found.proposed) == ("error", field, proposed)


def test_two_intents_of_one_scope_and_different_modes_are_both_named(
    build: Any, world: Any
) -> None:
    intents = [build.mtls("one"), build.mtls("two", mode="Permissive")]
    made = world([build.mesh("a"), *intents], {"a": build.app()})

    found = made.told("mtls-conflict")
    assert found.resource.name == "two"
    assert 'MutualTLS "shop/one"' in found.message
    assert len(made.written()) == 1


def test_two_intents_that_agree_make_one_object(build: Any, world: Any) -> None:
    intents = [build.mtls("one"), build.mtls("two", "ops", namespace="shop")]
    made = world([build.mesh("a"), *intents], {"a": build.app()})

    assert (made.codes(), [*made.written()]) == ([], [NAMESPACE])


def test_a_namespace_scope_in_the_root_namespace_is_the_scope_of_the_mesh(
    build: Any, world: Any
) -> None:
    intents = [
        build.mtls("all", scope="mesh"),
        build.mtls("root", "istio-system", mode="Permissive"),
    ]
    made = world([build.mesh("a"), *intents], {"a": build.app()})

    assert made.codes() == ["error:mtls-conflict"]


def test_selectors_that_find_the_same_pods_must_agree(build: Any, world: Any) -> None:
    labels = {"app": "api", "tier": "back"}
    intents = [
        build.mtls("one", scope="workload", service="api"),
        build.mtls("two", scope="workload", selector={"tier": "back"}, mode="Permissive"),
    ]
    made = world([build.mesh("a"), *intents], {"a": build.app(labels=labels)})

    found = made.told("mtls-overlap")
    assert 'Deployment "shop/api" in cluster "a"' in found.message


@pytest.mark.parametrize(
    ("mode", "severity"),
    [
        pytest.param("STRICT", "warning", id="same-mode"),
        pytest.param("PERMISSIVE", "error", id="another-mode"),
        pytest.param("DISABLE", "error", id="the-opposite"),
    ],
)
def test_an_object_that_people_wrote_for_the_scope_is_named(
    build: Any, world: Any, mode: str, severity: str
) -> None:
    written = build.peer("old", mode)
    made = world([build.mesh("a"), build.mtls()], {"a": [*build.app(), written]})

    found = made.told("mtls-conflict")
    assert found.severity == severity
    assert 'PeerAuthentication "shop/old"' in found.message
    assert ("Permissive" in found.message) == (mode == "DISABLE")


def test_pods_of_ambient_cannot_be_without_mutual_tls(build: Any, world: Any) -> None:
    cluster = {"name": "a", "dataPlane": "ambient"}
    namespace = build.namespace(istio_io__dataplane_mode="ambient")
    made = world(
        [build.mesh(cluster), build.mtls(mode="Disable")],
        {"a": [namespace, build.service(), build.pods()]},
    )

    assert made.told("disable-in-ambient").proposed == "Permissive"


def test_what_was_disabled_becomes_permissive_first(build: Any, world: Any) -> None:
    old = Resource.of(build.peer("default", "DISABLE"), place=Place("clusters/a/pa.yaml", 0))
    direct = world([build.mesh("a"), build.mtls()], {"a": build.app()}, [old])
    stepwise = world(
        [build.mesh("a"), build.mtls(migration={"wave": "permissive"})], {"a": build.app()}, [old]
    )

    assert direct.codes() == ["error:mtls-too-fast"]
    assert "error:mtls-too-fast" not in stepwise.codes()


def test_trust_domains_without_alias_are_told_with_the_lines_to_add(build: Any, world: Any) -> None:
    clusters = ({"name": "a", "trustDomain": "td-a"}, {"name": "b", "trustDomain": "td-b"})
    made = world([build.mesh(*clusters, trustDomain="td-a")], {"a": build.app()})

    found = made.told("trust-domain-unknown")
    assert (found.severity, found.proposed) == ("error", "trustDomainAliases:\n- td-b")


@pytest.mark.parametrize(
    ("aliases", "codes"),
    [
        pytest.param(["td-b"], [], id="all-there"),
        pytest.param([], ["error:trust-domain-unknown"], id="one-lacking"),
    ],
)
def test_aliases_must_stand_in_a_mesh_config_of_the_package(
    build: Any, world: Any, aliases: list[str], codes: list[str]
) -> None:
    clusters = ({"name": "a", "trustDomain": "td-a"}, {"name": "b", "trustDomain": "td-b"})
    mesh = build.mesh(*clusters, trustDomain="td-a", trustDomainAliases=["td-b"])
    config = build.mesh_config(trustDomain="td-a", trustDomainAliases=aliases)
    made = world([mesh], {"a": [*build.app(), config]})

    assert made.codes() == codes


_MODES = st.sampled_from(("Strict", "Permissive", "Disable"))
_INTENT = st.tuples(
    st.sampled_from(("mesh", "namespace", "workload")), _MODES, st.sampled_from(("shop", "web"))
)


@settings(max_examples=60, deadline=None)
@given(wanted=st.lists(_INTENT, max_size=5))
def test_no_scope_has_two_objects_and_the_order_of_intents_tells_nothing(
    build: Any, world: Any, wanted: list[tuple[str, str, str]]
) -> None:
    intents = [_intent(build, index, *each) for index, each in enumerate(wanted)]
    clusters = {"a": [*build.app(), *build.app("web", "web")]}
    made = world([build.mesh("a"), *intents], clusters)
    again = world([*reversed(intents), build.mesh("a")], clusters)

    scopes = [(each.namespace, tuple(each.selector.items())) for each in made.plan.peers]
    assert len({*scopes}) == len(scopes)
    assert ("error:mtls-conflict" in made.codes()) == ("error:mtls-conflict" in again.codes())
    if "error:mtls-conflict" not in made.codes():
        assert _modes(made) == _modes(again)


def _modes(made: Any) -> dict[tuple[str, str], str]:
    return {
        key: spec["mtls"]["mode"] for key, spec in made.written().items() if "default" in key[1]
    }


def _intent(build: Any, index: int, scope: str, mode: str, namespace: str) -> dict[str, Any]:
    service = {"service": {"shop": "api", "web": "web"}[namespace]} if scope == "workload" else {}
    intent: dict[str, Any] = build.mtls(f"i{index}", namespace, scope=scope, mode=mode, **service)
    return intent


def _port(number: int) -> dict[str, Any]:
    return {"service": number, "mode": "Permissive"}
