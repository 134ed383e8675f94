"""What applies decisions elsewhere: Porch's PackageVariantSet, Argo CD's git generator."""

from collections.abc import Callable
from typing import Any

import pytest

from krmfn.placement_resolver.fleet import Cluster
from krmfn.placement_resolver.intents import PlacementResolver
from krmfn.sdk import yaml_load

Make = Callable[..., Any]

VARIANTS = """
apply: PackageVariantSet
packageVariantSet:
  upstream: {repo: catalog, package: upf, revision: 3}
"""
ALL_OF_PORCH = """
apply: PackageVariantSet
packageVariantSet:
  upstream: {repo: catalog, package: upf, workspaceName: v3}
  namespace: porch
  repository: edge-{cluster}
  packageNames: ["{intent}-{cluster}"]
  adoptionPolicy: adoptExisting
  deletionPolicy: orphan
  labels: {site: "{cluster}"}
  annotations: {from: "{intent}"}
  packageContext: {site: "{cluster}"}
  injectors: [{group: infra.nephio.org, kind: WorkloadCluster, name: "{cluster}"}]
  pipeline: {mutators: [{image: set-labels, configMap: {app: upf}}]}
"""
GENERATOR = "apply: GitGenerator"
ALL_OF_ARGO = """
apply: GitGenerator
gitGenerator:
  applicationSet: {repoURL: "https://git.example/fleet", directory: /apps/upf/,
                   destinationNamespace: core}
"""


def test_a_package_variant_set_has_a_target_for_each_cluster(world: Make, clusters: Make) -> None:
    body = world(*clusters("waw", "krk"), config=VARIANTS).write().values("PackageVariantSet")
    assert body["apiVersion"] == "config.porch.kpt.dev/v1alpha2"
    assert body["metadata"]["name"] == "upf"
    assert body["metadata"]["namespace"] == "default"
    assert body["spec"] == {
        "upstream": {"repo": "catalog", "package": "upf", "revision": 3},
        "targets": [
            {
                "repositories": [{"name": cluster}],
                "template": {"packageContext": {"data": {"cluster": cluster, "placement": "upf"}}},
            }
            for cluster in ("krk", "waw")
        ],
    }


def test_everything_that_porch_takes_can_be_said(world: Make, clusters: Make) -> None:
    body = world(*clusters("waw"), config=ALL_OF_PORCH).write().values("PackageVariantSet")
    assert body["metadata"]["namespace"] == "porch"
    assert body["spec"] == {
        "upstream": {"repo": "catalog", "package": "upf", "workspaceName": "v3"},
        "targets": [
            {
                "repositories": [{"name": "edge-waw", "packageNames": ["upf-waw"]}],
                "template": {
                    "adoptionPolicy": "adoptExisting",
                    "deletionPolicy": "orphan",
                    "labels": {"site": "waw"},
                    "annotations": {"from": "upf"},
                    "packageContext": {
                        "data": {"cluster": "waw", "placement": "upf", "site": "waw"}
                    },
                    "pipeline": {
                        "mutators": [{"image": "set-labels", "configMap": {"app": "upf"}}]
                    },
                    "injectors": [
                        {"group": "infra.nephio.org", "kind": "WorkloadCluster", "name": "waw"}
                    ],
                },
            }
        ],
    }


def test_porch_is_given_no_set_without_targets(world: Make) -> None:
    written = world(config=VARIANTS).write()
    assert written.ok
    assert "PackageVariantSet" not in {item.kind for item in written.items}


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        (
            "apply: PackageVariantSet",
            "spec.packageVariantSet",
            "must be given with `apply: PackageVariantSet`",
        ),
        (
            "packageVariantSet: {upstream: {repo: a, package: b}}",
            "spec.packageVariantSet.upstream.revision",
            "must be given, or else `workspaceName`",
        ),
        (
            "packageVariantSet: {upstream: {repo: a, package: b, revision: 1, workspaceName: c}}",
            "spec.packageVariantSet.upstream.revision",
            "must be given, or else `workspaceName`",
        ),
        (
            (
                "packageVariantSet: {upstream: {repo: a, package: b, revision: 1}, "
                "repository: '{region}'}"
            ),
            "spec.packageVariantSet.repository",
            "must be a text in which `{cluster}` and `{intent}` are the only names in braces",
        ),
        (
            (
                "packageVariantSet: {upstream: {repo: a, package: b, revision: 1}, "
                "packageContext: {package-path: x}}"
            ),
            "spec.packageVariantSet.packageContext",
            "must not set `name` or `package-path`, which kpt does",
        ),
    ],
)
def test_a_configuration_that_porch_would_refuse_is_refused(
    spec: str, field: str, message: str
) -> None:
    head = {"apiVersion": PlacementResolver.api_version, "kind": "PlacementResolver"}
    body = {**head, "metadata": {"name": "a"}, "spec": yaml_load(spec)}
    config, problems = PlacementResolver.parse(body)
    assert config is None
    assert [(each.field, each.message[: len(message)]) for each in problems] == [(field, message)]


def test_flat_strings_can_say_what_porch_needs() -> None:
    data = {
        "apply": "PackageVariantSet",
        "packageVariantSet.upstream.repo": "catalog",
        "packageVariantSet.upstream.package": "upf",
        "packageVariantSet.upstream.revision": "3",
    }
    config, problems = PlacementResolver.from_config_map(data)
    assert config, problems
    assert config.spec.package_variant_set
    assert config.spec.package_variant_set.upstream.revision == 3


def test_the_git_generator_gets_a_file_for_each_cluster(world: Make) -> None:
    chosen = [Cluster("waw", "fleet", {"region": "pl"}), Cluster("krk")]
    written = world(*chosen, config=GENERATOR).write()
    files = {item.path: item.body for item in written.items if item.kind == "PlacementTarget"}
    assert {path: body["spec"] for path, body in files.items()} == {
        "placement/upf/targets/krk.yaml": {"cluster": "krk", "placement": "upf"},
        "placement/upf/targets/waw.yaml": {
            "cluster": "waw",
            "clusterNamespace": "fleet",
            "placement": "upf",
            "labels": {"region": "pl"},
        },
    }
    assert {body["metadata"]["name"] for body in files.values()} == {"upf.krk", "upf.waw"}
    assert "ApplicationSet" not in {item.kind for item in written.items}


def test_an_application_set_reads_the_files_when_it_is_wanted(world: Make, clusters: Make) -> None:
    body = world(*clusters("waw"), config=ALL_OF_ARGO).write().values("ApplicationSet")
    repository = "https://git.example/fleet"
    assert body["metadata"]["namespace"] == "argocd"
    assert body["spec"] == {
        "goTemplate": True,
        "goTemplateOptions": ["missingkey=error"],
        "generators": [
            {
                "git": {
                    "repoURL": repository,
                    "revision": "HEAD",
                    "files": [{"path": "apps/upf/placement/upf/targets/*.yaml"}],
                }
            }
        ],
        "template": {
            "metadata": {"name": "{{.metadata.name}}"},
            "spec": {
                "project": "default",
                "source": {
                    "repoURL": repository,
                    "targetRevision": "HEAD",
                    "path": "apps/upf/clusters/{{.spec.cluster}}",
                    "directory": {"recurse": True, "include": "app.yaml"},
                },
                "destination": {"name": "{{.spec.cluster}}", "namespace": "core"},
            },
        },
    }


@pytest.mark.parametrize("config", ["", "apply: Overlays", VARIANTS, GENERATOR, ALL_OF_ARGO])
def test_a_second_run_changes_nothing(world: Make, clusters: Make, config: str) -> None:
    app = world(*clusters("waw", "krk"), config=config)
    first = app.write()
    assert app.write(first.items).files == first.files


def test_nothing_is_applied_unless_it_is_asked_for(world: Make, clusters: Make) -> None:
    written = world(*clusters("waw")).write()
    assert sorted(str(item.path) for item in written.items) == [
        "Kptfile",
        "app.yaml",
        "intents/upf.yaml",
        "placement/summary.yaml",
        "placement/upf/decision-0.yaml",
        "placement/upf/report.yaml",
    ]


def test_what_is_made_for_an_intent_goes_with_it(world: Make, clusters: Make) -> None:
    app = world(*clusters("waw"), config=ALL_OF_ARGO)
    first = app.write()
    second = world(*clusters("waw")).write(first.items)
    assert {item.kind for item in first.items} - {item.kind for item in second.items} == {
        "PlacementTarget",
        "ApplicationSet",
    }
