"""From rendered manifests to the resources of the package; looks nothing up, cannot fail."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from krmfn.helm_expand.ordering import is_expressible, kustomizations, losses, order
from krmfn.helm_expand.pieces import Piece
from krmfn.helm_expand.release import Options, Release
from krmfn.helm_expand.scopes import is_cluster_scoped
from krmfn.sdk import Generated, Place, Resource, Result, warning

SOURCE = "# Source: "
_LONGEST_NAME = 200  # of a file, so that every file system takes it
_KEEP = {
    "DependsOn": ("client.lifecycle.config.k8s.io/deletion", "detach"),
    "ArgoCD": ("argocd.argoproj.io/sync-options", "Prune=false,Delete=false"),
    "Flux": ("kustomize.toolkit.fluxcd.io/prune", "disabled"),
}
_RESOURCE_POLICY = "helm.sh/resource-policy"

Scopes = Mapping[tuple[str, str], bool]


def emit(release: Release, pieces: Sequence[Piece]) -> Iterator[Generated]:
    """Yield the resources of a release, each in a file of its own.

    Args:
        release: what was rendered.
        pieces: those that are wanted (see `is_wanted`), in Helm's order.
    """
    options = release.options
    made = [_kept(piece, options) for piece in pieces]
    if options.hooks != "Keep":
        made = order(made, options.ordering)
        if options.ordering == "Flux" and options.flux:
            made += kustomizations(made, release.folder, release.home, options.flux)
    paths = [_path(release, piece) for piece in made]
    shared = Counter(paths)
    for piece, path in zip(made, paths, strict=True):
        is_alone = shared[path] == 1 or not piece.group
        yield _generated(release, piece, path if is_alone else _path(release, piece, piece.group))


def is_wanted(piece: Piece, options: Options) -> bool:
    """Say whether a piece goes to the package."""
    if piece.is_crd:
        return options.crds == "Include"
    if piece.is_test:
        return options.tests == "Keep"
    if piece.hook is None or options.hooks == "Keep":
        return True
    return options.hooks == "Convert" and is_expressible(piece, options.ordering)


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


def about_hooks(release: Release, rendered: Sequence[Piece]) -> Iterator[Result]:
    """Yield a warning for each way in which hooks will differ from Helm's."""
    options = release.options
    fates: dict[str, list[str]] = {}
    for piece in rendered:
        if piece.hook and not piece.is_test:
            for fate in _fates(piece, options):
                fates.setdefault(fate, []).append(str(piece))
    for fate, names in fates.items():
        message = f"hooks {fate}: {', '.join(names)}"
        yield warning(message, code="hooks", at=release.intent, field=release.option("hooks"))


def _fates(piece: Piece, options: Options) -> Iterator[str]:
    if options.hooks == "Convert":
        yield from losses(piece, options.ordering)
    elif options.hooks == "Drop":
        yield "are left out"
    else:
        yield "are kept as ordinary resources, and nobody runs them in order"


def _kept(piece: Piece, options: Options) -> Piece:
    """Say `helm.sh/resource-policy: keep` in the words of the tool that applies the package."""
    policy = str(piece.annotations.get(_RESOURCE_POLICY, "")).strip().lower()
    if policy != "keep" or options.resource_policy == "Leave":
        return piece
    key, value = _KEEP[options.ordering]
    said = str(piece.annotations.get(key) or "")
    if said and options.ordering == "ArgoCD":
        value = ",".join(dict.fromkeys([*said.split(","), *value.split(",")]))
    return piece.annotated({**piece.annotations, key: value})


def _generated(release: Release, piece: Piece, path: str) -> Generated:
    body = piece.body
    resource = Resource.parse(piece.text).replaced(body) if piece.text else Resource.of(body)
    if piece.template:
        resource = replace(resource, raw=f"{SOURCE}{piece.template}\n{resource.text}")
    return Generated(resource.at(Place(path, 0)), by=release.intent)


def _path(release: Release, piece: Piece, group: str = "") -> str:
    """Give the file of a resource: folder/[phase/]kind[.group]_[namespace_]name.yaml.

    The group tells apart what has the same kind and name. What cannot be told apart even so, as
    names that differ in a capital, shares a file.
    """
    foreign = piece.namespace if piece.namespace not in ("", release.namespace) else ""
    kind = ".".join(part for part in (piece.kind, group) if part)
    name = "_".join(part for part in (kind, foreign, piece.name) if part)
    name = re.sub(r"[^a-z0-9._-]|^\.+|\.\.+", "-", name.lower())
    if len(name) > _LONGEST_NAME:
        name = f"{name[:_LONGEST_NAME]}-{sha256(name.encode()).hexdigest()[:8]}"
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
