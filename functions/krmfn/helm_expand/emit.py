"""From rendered manifests to the resources of the package; looks nothing up, cannot fail."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from krmfn.helm_expand.ordering import kustomizations, order
from krmfn.helm_expand.pieces import Piece
from krmfn.helm_expand.resolve import Options, Release
from krmfn.helm_expand.scopes import is_cluster_scoped
from krmfn.sdk import Generated, Place, Resource, Result, warning

_KEEP = {
    "DependsOn": ("client.lifecycle.config.k8s.io/deletion", "detach"),
    "ArgoCD": ("argocd.argoproj.io/sync-options", "Prune=false,Delete=false"),
    "Flux": ("kustomize.toolkit.fluxcd.io/prune", "disabled"),
}
_RESOURCE_POLICY = "helm.sh/resource-policy"

Scopes = Mapping[tuple[str, str], bool]


def emit(release: Release, rendered: Sequence[Piece]) -> Iterator[Generated | Result]:
    """Yield the resources of a release, each in a file of its own, and what is worth saying."""
    options = release.options
    pieces = [_kept(piece, options) for piece in rendered if _is_wanted(piece, options)]
    hooks = [piece for piece in rendered if piece.hook and not piece.hook.is_test]
    if hooks and options.hooks != "Convert":
        yield _about_hooks(release, hooks)
    if options.hooks == "Convert":
        pieces, lost = order(pieces, options.ordering)
        yield from _about_losses(release, lost)
        if options.ordering == "Flux":
            pieces += kustomizations(release.name, pieces, release.folder, options.flux)
    for piece in pieces:
        yield _generated(release, piece)


def with_namespaces(pieces: Sequence[Piece], release: Release, crds: Scopes) -> list[Piece]:
    """Give the pieces with the release namespace where the options want it."""
    if release.options.namespaces == "Leave":
        return list(pieces)
    override = release.options.namespaces == "Override"
    return [
        piece
        if is_cluster_scoped(piece.group, piece.kind, crds) or (piece.namespace and not override)
        else _in_namespace(piece, release.namespace)
        for piece in pieces
    ]


def _is_wanted(piece: Piece, options: Options) -> bool:
    if piece.is_crd:
        return options.crds == "Include"
    if piece.hook is None:
        return True
    return options.tests == "Keep" if piece.hook.is_test else options.hooks != "Drop"


def _kept(piece: Piece, options: Options) -> Piece:
    """Say `helm.sh/resource-policy: keep` in the words of the tool that applies the package."""
    if piece.annotations.get(_RESOURCE_POLICY) != "keep" or options.resource_policy == "Leave":
        return piece
    key, value = _KEEP[options.ordering]
    if piece.annotations.get(key) and options.ordering == "ArgoCD":
        value = f"{piece.annotations[key]},{value}"
    return piece.with_metadata(annotations={**piece.annotations, key: value})


def _generated(release: Release, piece: Piece) -> Generated:
    body = piece.body
    resource = Resource.parse(piece.text).replaced(body) if piece.text else Resource.of(body)
    if piece.template:
        resource = replace(resource, raw=f"# Source: {piece.template}\n{resource.text}")
    return Generated(resource.at(Place(_path(release, piece), 0)), by=release.intent)


def _path(release: Release, piece: Piece) -> str:
    """Give the file of a resource: folder/[phase/]kind_[namespace_]name.yaml."""
    foreign = piece.namespace if piece.namespace not in ("", release.namespace) else ""
    parts = [piece.kind.lower(), foreign, piece.name]
    name = "_".join(re.sub(r"[^A-Za-z0-9.-]", "-", part) for part in parts if part)
    return "/".join(part for part in (release.folder, piece.phase, f"{name}.yaml") if part)


def _in_namespace(piece: Piece, namespace: str) -> Piece:
    """Put the namespace behind the name, where people look for it."""
    metadata = {}
    for key, value in piece.metadata.items():
        if key != "namespace":
            metadata[key] = value
        if key == "name":
            metadata["namespace"] = namespace
    return replace(piece, body={**piece.body, "metadata": metadata})


def _about_hooks(release: Release, hooks: Sequence[Piece]) -> Result:
    what = "left out" if release.options.hooks == "Drop" else "kept as ordinary resources"
    message = (
        f"hooks must not be counted on: {', '.join(map(str, hooks))} are {what}, "
        "and nobody runs them in order"
    )
    return warning(message, code="hooks", at=release.intent, field=f"{release.field}.hooks")


def _about_losses(release: Release, lost: Sequence[tuple[Piece, str]]) -> Iterator[Result]:
    """Yield a warning for each way in which converted hooks differ from Helm's."""
    hooks: dict[str, list[str]] = {}
    for piece, words in lost:
        hooks.setdefault(words, []).append(str(piece))
    for words, names in hooks.items():
        message = f"hooks are not run by Helm any more: {', '.join(names)} {words}"
        yield warning(message, code="hook-converted", at=release.intent, field=release.field)
