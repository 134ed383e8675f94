"""`krmfn import` writes what can be kept, and nothing where something cannot."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from krmfn.cli.importing.source import Document
from krmfn.cli.importing.translating import translate
from krmfn.placement_resolver.intents import PlacementIntent
from krmfn.sdk import yaml_load_all

SIMPLE = """
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: web, namespace: shop}
spec:
  resourceSelectors: [{apiVersion: apps/v1, kind: Deployment}]
  placement: {clusterAffinity: {clusterNames: [one, two]}}
"""
LOSSY = f"{SIMPLE.rstrip()}\n  activationPreference: Lazy\n"
OTHER = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n"


def test_an_intent_goes_to_standard_output(run_import: Callable[..., Any]) -> None:
    ran = run_import(SIMPLE)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "apiVersion: intent.krmfn.dev/v1alpha1\n"
        "kind: PlacementIntent\n"
        "metadata:\n"
        "  name: web\n"
        "  namespace: shop\n"
        "spec:\n"
        "  resourceSelectors:\n"
        "  - apiVersion: apps/v1\n"
        "    kind: Deployment\n"
        "    namespace: shop\n"
        "  placementType: PickAll\n"
        "  clusterSelectorTerms:\n"
        "  - clusterNames:\n"
        "    - one\n"
        "    - two\n"
        "  requirements:\n"
        "    resources: None\n"
    )


def test_a_loss_is_told_with_its_place_and_reason_and_nothing_is_written(
    run_import: Callable[..., Any], tmp_path: Path
) -> None:
    ran = run_import(LOSSY, "--output", str(tmp_path / "out"))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        'error: given.yaml: PropagationPolicy "shop/web": spec.activationPreference: '
        "tells how resources are delivered, not where they go (delivery)\n"
    )
    assert not (tmp_path / "out").exists()


def test_an_allowed_loss_becomes_a_comment(run_import: Callable[..., Any], tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = run_import(LOSSY, "--allow-loss", "--output", str(out))
    assert ran.code == 0
    assert ran.out == f"wrote {out / 'shop-web.yaml'}\n"
    assert ran.err.startswith("lost: given.yaml: PropagationPolicy")
    first, second, *_ = (out / "shop-web.yaml").read_text().splitlines()
    assert first.startswith("# lost: spec.activationPreference: tells how")
    assert second == "apiVersion: intent.krmfn.dev/v1alpha1"


def test_a_file_is_never_replaced(run_import: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "shop-web.yaml").write_text("mine\n")
    ran = run_import(SIMPLE, "--output", str(tmp_path))
    assert (ran.code, ran.err) == (1, "error: `shop-web.yaml` must not exist\n")
    assert (tmp_path / "shop-web.yaml").read_text() == "mine\n"


def test_documents_about_something_else_are_counted(run_import: Callable[..., Any]) -> None:
    ran = run_import(f"{SIMPLE}{OTHER}{OTHER}")
    assert ran.code == 0
    assert ran.err == "passed over what says nothing about placement: 2 ConfigMap\n"


def test_the_items_of_a_list_are_documents(run_import: Callable[..., Any]) -> None:
    item = SIMPLE.strip().replace("\n", "\n  ")
    ran = run_import(f"apiVersion: v1\nkind: List\nitems:\n- {item}\n")
    assert (ran.code, [*ran.intents]) == (0, ["web"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (OTHER, "FILE must hold placement intents of OCM, Karmada, Azure Fleet or EMCO"),
        ("a: [", "given.yaml: must be YAML:"),
        ("- a\n", "given.yaml: must hold maps, but holds \"['a']\""),
        (f"{SIMPLE}---{SIMPLE}", "must not be named like given.yaml: PropagationPolicy"),
        (SIMPLE.replace("{clusterNames: [one, two]}", "[]"), "`spec.placement.clusterAffinity`"),
        (SIMPLE.replace("[one, two]", "one"), "clusterNames` must be a list of texts, but is"),
        (SIMPLE.replace("[{apiVersion: apps/v1, kind: Deployment}]", "x"), "must be a list, but"),
    ],
    ids=["nothing", "no YAML", "no map", "twice", "a list", "a text", "no list"],
)
def test_what_cannot_be_read_is_refused(
    run_import: Callable[..., Any], text: str, message: str
) -> None:
    ran = run_import(text)
    assert (ran.code, ran.out) == (1, "")
    assert message in ran.err


def test_a_file_that_is_not_there_is_refused(run_import: Callable[..., Any]) -> None:
    ran = run_import(SIMPLE, "nowhere.yaml")
    assert (ran.code, ran.out) == (1, "")
    assert "nowhere.yaml: must be a readable file" in ran.err


FULL = """
apiVersion: cluster.open-cluster-management.io/v1beta2
kind: ManagedClusterSetBinding
metadata: {name: edge, namespace: n}
spec: {clusterSet: edge}
---
apiVersion: cluster.open-cluster-management.io/v1beta1
kind: Placement
metadata: {name: ocm, namespace: n}
spec:
  predicates:
  - requiredClusterSelector:
      claimSelector: {matchExpressions: [{key: a, operator: Exists}]}
      celSelector: {celExpressions: ['managedCluster.metadata.name == "a"']}
  prioritizerPolicy:
    configurations: [{scoreCoordinate: {type: AddOn, addOn: {resourceName: a, scoreName: b}}}]
  spreadPolicy: {spreadConstraints: [{topologyKey: a, topologyKeyType: Label}]}
  tolerations: [{key: a, operator: Exists}]
---
apiVersion: policy.karmada.io/v1alpha1
kind: ClusterPropagationPolicy
metadata: {name: karmada}
spec:
  resourceSelectors: [{apiVersion: v1, kind: Namespace, labelSelector: {matchLabels: {a: b}}}]
  placement:
    clusterAffinities:
    - affinityName: a
      fieldSelector: {matchExpressions: [{key: zone, operator: In, values: [z]}]}
    spreadConstraints: [{spreadByField: cluster, maxGroups: 2}]
    clusterTolerations: [{key: a, operator: Exists}]
    replicaScheduling:
      replicaSchedulingType: Divided
      replicaDivisionPreference: Weighted
      weightPreference:
        dynamicWeight: AvailableReplicas
        staticWeightList: [{targetCluster: {clusterNames: [a]}, weight: 1}]
---
apiVersion: placement.kubernetes-fleet.io/v1
kind: ClusterResourcePlacement
metadata: {name: fleet}
spec:
  resourceSelectors: [{group: "", version: v1, kind: Namespace, name: a}]
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxSurge: 25%}
    applyStrategy: {type: ClientSideApply}
  policy:
    placementType: PickN
    numberOfClusters: 1
    affinity:
      clusterAffinity:
        requiredDuringSchedulingIgnoredDuringExecution:
          clusterSelectorTerms:
          - propertySelector: {matchExpressions: [{name: p, operator: Gt, values: ["1"]}]}
        preferredDuringSchedulingIgnoredDuringExecution:
        - {weight: 5, preference: {propertySorter: {name: p, sortOrder: Ascending}}}
    topologySpreadConstraints: [{topologyKey: a}]
    tolerations: [{key: a, operator: Exists}]
---
version: emco/v2
resourceContext:
  anchor: a/deployment-intent-groups/d/generic-placement-intents/g/app-intents
metadata: {name: emco}
spec: {app: emco, intent: {anyOf: [{clusterProvider: a, cluster: b}]}}
"""
_OPEN = {"matchLabels", "labels"}


def _documents() -> list[Any]:
    return yaml_load_all(FULL)


def _maps(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the ways to all maps of a value whose keys are fields."""
    if isinstance(value, dict):
        yield path
        pairs = [(key, each) for key, each in value.items() if key not in _OPEN]
    else:
        pairs = [*enumerate(value)] if isinstance(value, list) else []
    for key, each in pairs:
        yield from _maps(each, (*path, key))


_PLACES = [
    (number, path)
    for number, body in enumerate(_documents())
    if body.get("kind") != "ManagedClusterSetBinding"
    for path in _maps(body["spec"])
]


def _translated(bodies: list[Any]) -> Any:
    return translate([Document("given.yaml", body) for body in bodies])


def test_all_that_is_known_is_kept_and_valid() -> None:
    imported = _translated(_documents()).imported
    assert [each.losses for _, each in imported] == [()] * 4
    for _, each in imported:
        for body in each.intents:
            assert PlacementIntent.parse(body)[1] == []


@pytest.mark.parametrize(("number", "path"), _PLACES, ids=[f"{n}-{p}" for n, p in _PLACES])
def test_a_field_that_nobody_knows_is_never_dropped_unseen(
    number: int, path: tuple[Any, ...]
) -> None:
    bodies = copy.deepcopy(_documents())
    place = bodies[number]["spec"]
    for step in path:
        place = place[step]
    place["novelty"] = "new"
    losses = [str(loss) for _, each in _translated(bodies).imported for loss in each.losses]
    assert any("novelty" in loss or "strategy" in loss for loss in losses)
