"""Helm's order, written into resources in the terms of other tools."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krmfn.helm_expand.intents import FluxOrdering
from krmfn.helm_expand.manifests import Hook
from krmfn.helm_expand.ordering import (
    DEPENDS_ON,
    is_expressible,
    kustomizations,
    losses,
    order,
)
from krmfn.helm_expand.pieces import Piece

ORDERINGS = ("DependsOn", "ArgoCD", "Flux")


def piece(
    name: str,
    *events: str,
    weight: int = 0,
    policies: Iterable[str] = (),
    api: str = "batch/v1 Job ran",
    annotations: dict[str, str] | None = None,
    **fields: Any,
) -> Piece:
    version, kind, namespace = (*api.split(), "")[:3]
    hook = Hook(events, weight, tuple(policies)) if events else None
    said = {"helm.sh/hook": ",".join(events)} if events else {}
    metadata = {"name": name, "annotations": {**said, **(annotations or {})}}
    metadata |= {"namespace": namespace} if namespace else {}
    body = {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}
    return Piece(body, template="t", hook=hook)


def main(name: str, api: str = "apps/v1 Deployment ran", **fields: Any) -> Piece:
    return piece(name, api=api, **fields)


def waits(*pieces: Piece) -> dict[str, list[str]]:
    found = order(pieces, "DependsOn")
    assert {each.id for each in found} == {each.id for each in pieces}
    return {
        each.name: [part for part in each.annotations.get(DEPENDS_ON, "").split(",") if part]
        for each in found
    }


def job(name: str) -> str:
    return f"batch/namespaces/ran/Job/{name}"


def deployment(name: str) -> str:
    return f"apps/namespaces/ran/Deployment/{name}"


@pytest.mark.parametrize(
    ("api", "reference"),
    [
        ("v1 Service ran", "/namespaces/ran/Service/a"),
        ("apps/v1 Deployment ran", "apps/namespaces/ran/Deployment/a"),
        ("v1 PersistentVolume", "/PersistentVolume/a"),
        (
            "rbac.authorization.k8s.io/v1 ClusterRole",
            "rbac.authorization.k8s.io/ClusterRole/a",
        ),
    ],
)
def test_depends_on_refers_to_resources_as_cli_utils_does(api: str, reference: str) -> None:
    assert waits(piece("a", "pre-install", api=api), main("b"))["b"] == [reference]


def test_every_step_waits_for_the_whole_step_before_it() -> None:
    found = waits(
        main("a"),
        main("b"),
        piece("late", "post-install", weight=5),
        piece("after", "post-install", "post-upgrade", weight=-1),
        piece("first", "pre-install", weight=-5),
        piece("second", "pre-upgrade", weight=1),
        piece("second-too", "pre-install", weight=1),
    )
    assert found == {
        "first": [],
        "second": [job("first")],
        "second-too": [job("first")],
        "a": [job("second"), job("second-too")],
        "b": [job("second"), job("second-too")],
        "after": [deployment("a"), deployment("b")],
        "late": [job("after")],
    }


def test_without_hooks_nothing_waits() -> None:
    assert waits(main("a"), main("b")) == {"a": [], "b": []}


def test_without_ordinary_resources_hooks_wait_for_each_other() -> None:
    found = waits(piece("a", "pre-install"), piece("b", "post-install"))
    assert found == {"a": [], "b": [job("a")]}


def test_tests_come_last_and_nobody_waits_for_them() -> None:
    found = waits(piece("test", "test"), main("a"), piece("after", "post-install"))
    assert found == {"a": [], "after": [deployment("a")], "test": [job("after")]}


def definition(name: str, kind: str) -> Piece:
    names = {"group": name, "names": {"kind": kind}, "scope": "Namespaced"}
    return main(
        f"{kind.lower()}s.{name}", "apiextensions.k8s.io/v1 CustomResourceDefinition", spec=names
    )


def test_a_custom_resource_waits_for_its_definition_once() -> None:
    defined = "apiextensions.k8s.io/CustomResourceDefinition/pools.example.com"
    found = waits(
        definition("example.com", "Pool"),
        main("pool", "example.com/v1 Pool ran"),
        piece("early", "pre-install", api="example.com/v1 Pool ran"),
        piece("late", "post-install", api="example.com/v1 Pool ran"),
    )
    assert found["pool"] == ["example.com/namespaces/ran/Pool/early", defined]
    assert found["early"] == [defined]
    assert found["late"] == [defined, "example.com/namespaces/ran/Pool/pool"]


def test_namespaces_and_definitions_wait_for_nothing() -> None:
    found = waits(
        piece("before", "pre-install"),
        main("ran", "v1 Namespace"),
        definition("example.com", "Pool"),
    )
    assert found == {"before": [], "ran": [], "pools.example.com": []}


def test_hooks_wait_for_each_other_where_only_a_namespace_lies_between() -> None:
    found = waits(
        piece("before", "pre-install"), main("ran", "v1 Namespace"), piece("after", "post-install")
    )
    assert found["after"] == [job("before"), "/Namespace/ran"]


def test_what_a_chart_makes_wait_itself_is_kept() -> None:
    own = {DEPENDS_ON: f"{job('other')}, {job('before')}"}
    found = waits(piece("before", "pre-install"), main("a", annotations=own))
    assert found["a"] == [job("other"), job("before")]


def test_a_hook_that_waits_for_what_would_wait_for_it_makes_no_cycle() -> None:
    own = {DEPENDS_ON: deployment("a")}
    found = waits(
        piece("before", "pre-install", annotations=own),
        main("a"),
        main("b"),
        piece("c", "post-install"),
    )
    assert found["before"] == [deployment("a")]
    assert found["a"] == []
    assert found["b"] == [job("before")]
    assert found["c"] == [deployment("a"), deployment("b")]


EVENTS = ["pre-install", "pre-upgrade", "post-install", "post-upgrade", "test"]
APIS = ["batch/v1 Job ran", "v1 Namespace", "v1 Service ran", "v1 Service core"]


@st.composite
def charts(draw: st.DrawFn) -> list[Piece]:
    names = draw(st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1))
    everybody = [job(name) for name in names]
    return [
        piece(
            name,
            *draw(st.lists(st.sampled_from(EVENTS), unique=True, max_size=2)),
            weight=draw(st.integers(-2, 2)),
            api=draw(st.sampled_from(APIS)),
            annotations={DEPENDS_ON: draw(st.sampled_from(everybody[:number]))}
            if number and draw(st.booleans())
            else None,
        )
        for number, name in enumerate(names)
    ]


@given(charts())
def test_no_chart_makes_a_cycle_or_waits_for_something_twice(pieces: list[Piece]) -> None:
    found = {
        f"{each.group}{f'/namespaces/{each.namespace}' if each.namespace else ''}"
        f"/{each.kind}/{each.name}": each.annotations.get(DEPENDS_ON, "").split(",")
        for each in order(pieces, "DependsOn")
    }
    done: set[str] = set()
    while ready := [
        name
        for name, waited in found.items()
        if name not in done and all(one in done or one not in found for one in waited)
    ]:
        done.update(ready)
    assert done == found.keys()
    assert all(len(waited) == len(set(waited)) for waited in found.values())


@pytest.mark.parametrize("ordering", ORDERINGS)
def test_converted_hooks_are_no_hooks_of_helm_any_more(ordering: str) -> None:
    notes = {"helm.sh/hook-weight": "5", "helm.sh/hook-delete-policy": "hook-failed", "a": "b"}
    [hook] = order([piece("a", "pre-install", annotations=notes)], ordering)
    assert hook.annotations["a"] == "b"
    assert not [key for key in hook.annotations if key.startswith("helm.sh/")]


@pytest.mark.parametrize("ordering", ORDERINGS)
def test_ordinary_resources_and_tests_alone_stay_as_they_are(ordering: str) -> None:
    given = [main("a"), main("b", annotations={"c": "d"}), piece("t", "test")]
    found = [each.body for each in order(given, ordering)]
    assert found[:2] == [each.body for each in given[:2]]
    assert found[2]["metadata"]["annotations"]["helm.sh/hook"] == "test"


@pytest.mark.parametrize(
    ("events", "weight", "policies", "annotations"),
    [
        (["pre-install", "pre-upgrade"], 0, [], {"hook": "PreSync"}),
        (["post-upgrade"], -3, [], {"hook": "PostSync", "sync-wave": "-3"}),
        (["pre-install", "post-install"], 0, [], {"hook": "PreSync,PostSync"}),
        (["post-delete", "pre-delete"], 0, [], {"hook": "PostDelete"}),
        (
            ["post-install"],
            2,
            ["before-hook-creation", "hook-succeeded", "other"],
            {
                "hook": "PostSync",
                "sync-wave": "2",
                "hook-delete-policy": "BeforeHookCreation,HookSucceeded",
            },
        ),
    ],
)
def test_argo_cd_gets_phases_waves_and_delete_policies(
    events: list[str], weight: int, policies: list[str], annotations: dict[str, str]
) -> None:
    [hook] = order([piece("a", *events, weight=weight, policies=policies)], "ArgoCD")
    assert hook.annotations == {
        f"argocd.argoproj.io/{name}": value for name, value in annotations.items()
    }


def test_argo_cds_own_annotations_hold_against_those_of_helm() -> None:
    own = {"argocd.argoproj.io/hook": "Sync", "argocd.argoproj.io/sync-wave": "9"}
    [hook] = order([piece("a", "pre-install", weight=1, annotations=own)], "ArgoCD")
    assert hook.annotations == own


def test_flux_gets_a_folder_for_every_step_and_stable_names_for_the_main_one() -> None:
    pieces = [
        main("a"),
        piece("one", "pre-install", weight=-1),
        piece("two", "pre-install", weight=3),
        piece("three", "post-install"),
        piece("test", "test"),
    ]
    assert {each.name: each.phase for each in order(pieces, "Flux")} == {
        "one": "before-1",
        "two": "before-2",
        "a": "main",
        "three": "after-1",
        "test": "tests",
    }
    assert [each.phase for each in order([main("a")], "Flux")] == ["main"]


def test_flux_may_replace_hooks_that_cannot_be_changed() -> None:
    found = order([main("a"), piece("b", "pre-install")], "Flux")
    forced = [
        each.name for each in found if "kustomize.toolkit.fluxcd.io/force" in each.annotations
    ]
    assert forced == ["b"]


@pytest.mark.parametrize(
    ("path", "home", "folder", "name", "whole"),
    [
        ("./", "", "upf", "upf-main", "./upf/main"),
        ("deploy/", "", "upf", "upf-main", "./deploy/upf/main"),
        ("/deploy", "ran", "upf", "upf-main", "./deploy/ran/upf/main"),
        ("./", "", "clusters/waw/upf", "clusters-waw-upf-main", "./clusters/waw/upf/main"),
        ("./", "", "", "main", "./main"),
    ],
)
def test_flux_kustomizations_wait_for_each_other(
    path: str, home: str, folder: str, name: str, whole: str
) -> None:
    flux = FluxOrdering(source_name="edge", path=path)
    pieces = order([main("a"), main("b"), piece("c", "pre-install")], "Flux")
    before, following = (each.body for each in kustomizations(pieces, folder, home, flux))
    assert following == {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "flux-system"},
        "spec": {
            "dependsOn": [{"name": before["metadata"]["name"]}],
            "interval": "10m",
            "path": whole,
            "prune": True,
            "sourceRef": {"kind": "GitRepository", "name": "edge"},
            "wait": True,
        },
    }
    assert "dependsOn" not in before["spec"]


@pytest.mark.parametrize(
    ("hook", "ordering", "words"),
    [
        (
            piece("a", "pre-delete"),
            "DependsOn",
            ["are left out, since nothing runs at `pre-delete`"],
        ),
        (piece("a", "post-delete"), "Flux", ["are left out, since nothing runs at `post-delete`"]),
        (piece("a", "post-delete"), "ArgoCD", []),
        (
            piece("a", "pre-rollback"),
            "ArgoCD",
            ["are left out, since nothing runs at `pre-rollback`"],
        ),
        (piece("a", "pre-install"), "DependsOn", []),
        (
            piece("a", "pre-install"),
            "ArgoCD",
            ["run at every sync, though meant for `pre-install` only"],
        ),
        (
            piece("a", "post-upgrade", api="v1 ConfigMap"),
            "DependsOn",
            ["run at an installation too, though meant for `post-upgrade` only"],
        ),
        (
            piece("a", "pre-install", "pre-upgrade"),
            "Flux",
            ["run again only when they change, not at every upgrade"],
        ),
        (piece("a", "pre-install", "pre-upgrade"), "ArgoCD", []),
        (
            piece("a", "pre-install", "post-install", "pre-delete"),
            "DependsOn",
            [
                "do not run at `pre-delete`",
                "run before the other resources only, not at `post-install`",
            ],
        ),
        (
            piece("a", "pre-install", policies=["before-hook-creation", "hook-succeeded"]),
            "DependsOn",
            ["stay when they are done, in spite of `before-hook-creation, hook-succeeded`"],
        ),
        (
            piece("a", "pre-install", policies=["before-hook-creation", "hook-failed"]),
            "Flux",
            ["stay when they are done, in spite of `hook-failed`"],
        ),
        (piece("a", "test"), "DependsOn", []),
        (main("a"), "DependsOn", []),
    ],
)
def test_what_an_ordering_loses_of_a_hook_is_said(
    hook: Piece, ordering: str, words: list[str]
) -> None:
    assert list(losses(hook, ordering)) == words
    assert is_expressible(hook, ordering) is not any("left out" in each for each in words)
