"""Hooks and tests of a chart, kept, dropped or converted, for every tool that may apply them."""

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]

ORDERINGS = ("DependsOn", "ArgoCD", "Flux")
DEPENDS_ON = "config.kubernetes.io/depends-on"


def job(name: str, events: str, weight: str = "0", policy: str = "") -> str:
    return f"""\
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {name}
  annotations:
    helm.sh/hook: {events}
    helm.sh/hook-weight: "{weight}"
    helm.sh/hook-delete-policy: "{policy}"
    note: kept
"""


FILES = {
    "templates/main.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: main}\n",
    "templates/hooks.yaml": job("early", "pre-install", "-5")
    + job("before", "pre-install,pre-upgrade", policy="hook-succeeded")
    + job("after", "post-install,post-upgrade")
    + job("leaving", "pre-delete"),
    "templates/tests/t.yaml": job("test", "test"),
}
FLUX = {"sourceName": "edge"}
ALL = "Job early, Job before, Job after, Job leaving"


def rendered(render: Make, helm_chart: Make, **spec: Any) -> dict[str, Any]:
    found = render(helm_chart(FILES, flux=FLUX, **spec))
    assert found.ok
    return {path.rpartition("_")[2].removesuffix(".yaml"): found[path] for path in found.files}


def annotations(body: Any) -> dict[str, str]:
    return {
        key: text
        for key, text in body["metadata"].get("annotations", {}).items()
        if key != "krmfn.dev/owner"
    }


KEPT = {
    "Keep": {"main", "early", "before", "after", "leaving"},
    "Drop": {"main"},
    "Convert": {"main", "early", "before", "after"},
}


@pytest.mark.parametrize("ordering", ORDERINGS)
@pytest.mark.parametrize("hooks", KEPT)
@pytest.mark.parametrize("tests", ["Drop", "Keep"])
def test_hooks_and_tests_come_out_as_configured(
    render: Make, helm_chart: Make, ordering: str, hooks: str, tests: str
) -> None:
    found = rendered(render, helm_chart, ordering=ordering, hooks=hooks, tests=tests)
    resources = {name for name, body in found.items() if body["kind"] != "Kustomization"}
    assert resources == KEPT[hooks] | ({"test"} if tests == "Keep" else set())


@pytest.mark.parametrize("ordering", ORDERINGS)
def test_hooks_that_are_kept_are_as_helm_renders_them(
    render: Make, helm_chart: Make, ordering: str
) -> None:
    found = rendered(render, helm_chart, ordering=ordering, hooks="Keep", tests="Keep")
    assert annotations(found["early"]) == {
        "helm.sh/hook": "pre-install",
        "helm.sh/hook-weight": "-5",
        "helm.sh/hook-delete-policy": "",
        "note": "kept",
    }
    assert annotations(found["main"]) == {}


def test_depends_on_keeps_the_order_of_helm(render: Make, helm_chart: Make) -> None:
    found = rendered(render, helm_chart, namespace="ran", tests="Keep")
    assert {name: annotations(body).get(DEPENDS_ON) for name, body in found.items()} == {
        "early": None,
        "before": "batch/namespaces/ran/Job/early",
        "main": "batch/namespaces/ran/Job/before",
        "after": "/namespaces/ran/Service/main",
        "test": "batch/namespaces/ran/Job/after",
    }
    assert annotations(found["early"]) == {"note": "kept"}


def test_argo_cd_runs_the_hooks_itself(render: Make, helm_chart: Make) -> None:
    found = rendered(render, helm_chart, ordering="ArgoCD")
    assert {name: annotations(body) for name, body in found.items()} == {
        "early": {
            "argocd.argoproj.io/hook": "PreSync",
            "argocd.argoproj.io/sync-wave": "-5",
            "note": "kept",
        },
        "before": {
            "argocd.argoproj.io/hook": "PreSync",
            "argocd.argoproj.io/hook-delete-policy": "HookSucceeded",
            "note": "kept",
        },
        "main": {},
        "after": {"argocd.argoproj.io/hook": "PostSync", "note": "kept"},
    }


def test_flux_applies_one_kustomization_after_another(render: Make, helm_chart: Make) -> None:
    found = render(
        helm_chart(FILES, ordering="Flux", flux={**FLUX, "path": "deploy"}, tests="Keep")
    )
    folders = {path.split("/")[1] for path in found.files}
    assert folders == {"before-1", "before-2", "main", "after-1", "tests", "flux"}
    specs = [found[path]["spec"] for path in found.files if "/flux/" in path]
    waits = {spec["path"]: [each["name"] for each in spec.get("dependsOn", ())] for spec in specs}
    assert waits == {
        "./deploy/demo/before-1": [],
        "./deploy/demo/before-2": ["demo-before-1"],
        "./deploy/demo/main": ["demo-before-2"],
        "./deploy/demo/after-1": ["demo-main"],
        "./deploy/demo/tests": ["demo-after-1"],
    }


def test_flux_needs_a_kustomization_even_where_there_are_no_hooks(
    render: Make, helm_chart: Make
) -> None:
    found = render(helm_chart(FILES, ordering="Flux", flux=FLUX, hooks="Drop"))
    assert sorted(found.files) == [
        "demo/flux/kustomization_flux-system_demo-main.yaml",
        "demo/main/service_main.yaml",
    ]


def test_flux_must_know_its_source(render: Make, helm_chart: Make) -> None:
    [line] = render(helm_chart(FILES, ordering="Flux")).said()
    assert line.startswith("[error] HelmChart/demo spec.flux: must be set with `ordering: Flux`")


@pytest.mark.parametrize(
    ("spec", "warnings"),
    [
        (
            {},
            [
                "are left out, since nothing runs at `pre-delete`: Job leaving",
                "do not run again at an upgrade: delete a changed one first: Job after, Job before",
                "stay when they are done, in spite of `hook-succeeded`: Job before",
            ],
        ),
        (
            {"ordering": "ArgoCD"},
            [
                "are left out, since nothing runs at `pre-delete`: Job leaving",
                "run at every sync, though meant for `pre-install` only: Job early",
            ],
        ),
        ({"hooks": "Drop"}, [f"are left out: {ALL}"]),
        (
            {"hooks": "Keep"},
            [f"are kept as ordinary resources, and nobody runs them in order: {ALL}"],
        ),
    ],
    ids=["DependsOn", "ArgoCD", "Drop", "Keep"],
)
def test_a_warning_for_every_kind_of_loss_names_the_hooks(
    render: Make, helm_chart: Make, spec: dict[str, Any], warnings: list[str]
) -> None:
    found = [
        line.removeprefix("[warning] HelmChart/demo spec.hooks: hooks ")
        for line in render(helm_chart(FILES, **spec)).said("warning")
    ]
    assert len(found) == len(warnings)
    for line, warning in zip(found, sorted(warnings), strict=True):
        what, _, names = warning.rpartition(": ")
        assert line.startswith(f"{what}: ")
        assert line.endswith(" (demo.yaml) [hooks]")
        assert sorted(names.split(", ")) == sorted(
            line.removeprefix(f"{what}: ").removesuffix(" (demo.yaml) [hooks]").split(", ")
        )


def test_a_chart_without_hooks_warns_of_nothing(render: Make, helm_chart: Make) -> None:
    files = {path: text for path, text in FILES.items() if "hooks" not in path}
    for hooks in ("Keep", "Drop", "Convert"):
        assert render(helm_chart(files, hooks=hooks)).said() == []


def test_what_is_no_hook_is_left_out_as_in_helm_and_told(render: Make, helm_chart: Make) -> None:
    found = render(helm_chart({"templates/a.yaml": job("a", "crd-install")}))
    assert found.files == {}
    [line] = found.said()
    assert line.startswith("[warning] HelmChart/demo spec.chart: Job a of `demo/templates/a.yaml`")


@pytest.mark.parametrize("ordering", ORDERINGS)
@pytest.mark.parametrize("hooks", ["Keep", "Drop", "Convert"])
def test_a_second_render_changes_nothing(
    render: Make, helm_chart: Make, ordering: str, hooks: str
) -> None:
    once = render(helm_chart(FILES, ordering=ordering, hooks=hooks, tests="Keep", flux=FLUX))
    assert render(once).texts == once.texts


def test_flux_keeps_the_main_folder_when_hooks_come_and_go(render: Make, helm_chart: Make) -> None:
    without = {path: text for path, text in FILES.items() if "hooks" not in path}
    spec = {"ordering": "Flux", "flux": FLUX}
    once = render(helm_chart(without, **spec))
    twice = render(helm_chart(FILES, **spec), *once.items[1:])
    for path in (
        "demo/main/service_main.yaml",
        "demo/flux/kustomization_flux-system_demo-main.yaml",
    ):
        assert path in once.files
        assert path in twice.files
