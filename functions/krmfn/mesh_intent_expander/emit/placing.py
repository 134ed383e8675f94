"""From objects that are the same in some clusters to files: owner, wave and place."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from krmfn.mesh_intent_expander.intents.config import MeshIntentExpanderSpec
from krmfn.mesh_intent_expander.plan.common import WAVES, Emitted
from krmfn.mesh_intent_expander.reading import FUNCTION
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.sdk import Generated, Place, Resource
from krmfn.sdk.ownership import OWNER, stamp
from krmfn.sdk.resource import merge_patch

WAVE = "mesh.krmfn.dev/wave"
_ARGO_CD = "argocd.argoproj.io/sync-wave"
_DEPENDS_ON = "config.kubernetes.io/depends-on"


def place(
    emitted: Iterable[Emitted], mesh: Mesh, config: MeshIntentExpanderSpec
) -> Iterator[Generated]:
    """Yield the objects at the places where they are applied from.

    Args:
        emitted: the objects.
        mesh: the mesh; in a package that is one cluster's, only that cluster's objects come out.
        config: folder, and whose annotations tell the order.
    """
    objects = list(emitted)
    for each, depends in zip(objects, _dependencies(objects, config), strict=True):
        made = Resource.of(_annotated(each, config, depends))
        path = f"{config.folder}/{_file(each.body)}"
        for cluster in each.clusters:
            if mesh.own in ("", cluster):
                folder = "" if mesh.own or not cluster else f"clusters/{cluster}/"
                yield Generated(made.at(Place(f"{folder}{path}", 0)), by=_Intent(each.by))


class _Intent:
    """An intent of any kind, as the owner of what was made for it."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource


def _annotated(
    each: Emitted, config: MeshIntentExpanderSpec, depends: Sequence[str]
) -> Mapping[str, Any]:
    """Give an object's values with owner, wave, and what others read the order from."""
    annotations = {OWNER: stamp(FUNCTION, each.by), WAVE: each.wave}
    if config.order == "ArgoCD":
        annotations[_ARGO_CD] = str(WAVES.index(each.wave))
    if depends:
        annotations[_DEPENDS_ON] = ",".join(depends)
    body: Mapping[str, Any] = merge_patch(each.body, {"metadata": {"annotations": annotations}})
    return body


def _dependencies(
    objects: Sequence[Emitted], config: MeshIntentExpanderSpec
) -> Iterator[Sequence[str]]:
    """Yield what each object waits for: those of the same intent in the wave before its own.

    Only what all of its clusters have is waited for, since the annotation is the same in all.
    """
    by_intent: dict[int, list[Emitted]] = {}
    for each in objects if config.order == "Config Sync" else ():
        by_intent.setdefault(id(each.by), []).append(each)
    for each in objects:
        mates = by_intent.get(id(each.by), ())
        earlier = [mate for mate in mates if WAVES.index(mate.wave) < WAVES.index(each.wave)]
        last = max((WAVES.index(mate.wave) for mate in earlier), default=-1)
        yield sorted(
            _reference(mate.body)
            for mate in earlier
            if WAVES.index(mate.wave) == last and {*each.clusters} <= {*mate.clusters}
        )


def _reference(body: Mapping[str, Any]) -> str:
    """Name an object as ``depends-on`` does."""
    group = body["apiVersion"].rpartition("/")[0]
    metadata = body["metadata"]
    return f"{group}/namespaces/{metadata['namespace']}/{body['kind']}/{metadata['name']}"


def _file(body: Mapping[str, Any]) -> str:
    metadata = body["metadata"]
    names = (body["kind"].lower(), metadata.get("namespace", ""), metadata["name"])
    return "_".join(name for name in names if name) + ".yaml"
