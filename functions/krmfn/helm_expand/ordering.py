"""The order that Helm installs in, said in terms that declarative tools obey.

Helm runs hooks one weight after another, waiting for each. A package is applied at once, so the
order is written into the resources: `config.kubernetes.io/depends-on` for `kpt live` and Config
Sync, Argo CD's hooks and sync waves, or one Flux Kustomization a phase.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from krmfn.helm_expand.manifests import Hook
from krmfn.helm_expand.pieces import Piece
from krmfn.helm_expand.scopes import cluster_kinds

DEPENDS_ON = "config.kubernetes.io/depends-on"
_HELM_HOOK = ("helm.sh/hook", "helm.sh/hook-weight", "helm.sh/hook-delete-policy")
_BEFORE = frozenset({"pre-install", "pre-upgrade"})
_AFTER = frozenset({"post-install", "post-upgrade"})
_ARGO_PHASES = {
    "crd-install": "PreSync",
    "pre-install": "PreSync",
    "pre-upgrade": "PreSync",
    "post-install": "PostSync",
    "post-upgrade": "PostSync",
    "post-delete": "PostDelete",
}
_ARGO_DELETE_POLICIES = {
    "before-hook-creation": "BeforeHookCreation",
    "hook-succeeded": "HookSucceeded",
    "hook-failed": "HookFailed",
}


def order(pieces: Sequence[Piece], ordering: str) -> tuple[list[Piece], list[tuple[Piece, str]]]:
    """Convert hooks to another order.

    Args:
        pieces: all that was rendered, in Helm's order.
        ordering: ``DependsOn``, ``ArgoCD`` or ``Flux``.

    Returns:
        The pieces with the order written into them, without the hooks that cannot be expressed;
        and what is lost of each hook, in words.
    """
    convert = {"DependsOn": _depending, "ArgoCD": _argo, "Flux": _phased}[ordering]
    kept = [piece for piece in pieces if _phase(piece, ordering) is not None]
    lost = [
        (piece, f"left out: nothing runs at `{_names(piece.hook)}`")
        for piece in pieces
        if piece.hook and _phase(piece, ordering) is None
    ]
    lost += [
        (piece, words) for piece in kept if piece.hook for words in _losses(piece.hook, ordering)
    ]
    return list(convert(kept)), lost


def _phase(piece: Piece, ordering: str = "") -> int | None:
    """Give -1 before, 0 with and 1 behind the ordinary resources; None for never."""
    if piece.hook is None:
        return 0
    events = set(piece.hook.events)
    if events & _BEFORE or "crd-install" in events:
        return -1
    if events & _AFTER or (ordering == "ArgoCD" and "post-delete" in events):
        return 1
    return 0 if piece.hook.is_test else None


def _losses(hook: Hook, ordering: str) -> Iterator[str]:
    events = set(hook.events)
    if len(events & (_BEFORE | _AFTER)) == 1 and not hook.is_test:
        other = "an upgrade" if events & {"pre-install", "post-install"} else "an installation"
        yield f"will be there for {other} too, though meant for `{_names(hook)}` alone"
    beyond = events - _BEFORE - _AFTER - {"crd-install", "test", "test-success"}
    if beyond and events & (_BEFORE | _AFTER) and ordering != "ArgoCD":
        yield f"will not run at `{', '.join(sorted(beyond))}`"
    if hook.delete_policies and ordering != "ArgoCD" and not hook.is_test:
        policies = ", ".join(hook.delete_policies)
        yield f"stay when done: nothing obeys the delete policy `{policies}`"


def _depending(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Let every step wait for the step before it, and custom resources for their definitions."""
    steps = _steps(pieces)
    definitions = {
        key: _reference(piece)
        for piece in pieces
        if piece.kind == "CustomResourceDefinition"
        for key in cluster_kinds([piece.body])
    }
    for number, step in enumerate(steps):
        before = [_reference(piece) for piece in steps[number - 1]] if number else []
        for piece in step:
            definition = definitions.get((piece.group, piece.kind))
            wanted = [*before, *([definition] if definition else [])]
            yield _annotated(piece, {DEPENDS_ON: ",".join(wanted)} if wanted else {})


def _argo(pieces: Sequence[Piece]) -> Iterator[Piece]:
    for piece in pieces:
        hook = piece.hook
        if hook is None or hook.is_test:
            yield piece
            continue
        phases = sorted({_ARGO_PHASES[event] for event in hook.events if event in _ARGO_PHASES})
        annotations = {"argocd.argoproj.io/hook": ",".join(phases)}
        if hook.weight:
            annotations["argocd.argoproj.io/sync-wave"] = str(hook.weight)
        policies = [_ARGO_DELETE_POLICIES.get(policy) for policy in hook.delete_policies]
        if any(policies):
            known = ",".join(policy for policy in policies if policy)
            annotations["argocd.argoproj.io/hook-delete-policy"] = known
        yield _annotated(piece, annotations)


def _phased(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Put every step into a folder of its own; `kustomizations` orders the folders."""
    for number, step in enumerate(_steps(pieces)):
        name = {-1: "before", 0: "main", 1: "after"}[_phase(step[0]) or 0]
        for piece in step:
            yield replace(_annotated(piece, {}), phase=f"{number}-{name}")


def kustomizations(release: str, pieces: Iterable[Piece], folder: str, flux: Any) -> list[Piece]:
    """Give a Flux Kustomization for each phase, each waiting for the one before it."""
    phases = sorted({piece.phase for piece in pieces})
    base = flux.path.rstrip("/")
    return [
        Piece(
            {
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
                "kind": "Kustomization",
                "metadata": {"name": f"{release}-{phase}", "namespace": flux.namespace},
                "spec": {
                    **(
                        {"dependsOn": [{"name": f"{release}-{phases[number - 1]}"}]}
                        if number
                        else {}
                    ),
                    "interval": flux.interval,
                    "path": f"{base}/{folder}/{phase}",
                    "prune": True,
                    "sourceRef": {"kind": flux.source_kind, "name": flux.source_name},
                    "wait": True,
                },
            },
            phase="flux",
        )
        for number, phase in enumerate(phases)
    ]


def _steps(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Group pieces by what Helm would run together, in Helm's order."""
    steps: dict[tuple[int, int], list[Piece]] = {}
    for piece in pieces:
        phase = _phase(piece) or 0
        weight = piece.hook.weight if piece.hook and phase else 0
        steps.setdefault((phase, weight), []).append(piece)
    return [steps[key] for key in sorted(steps)]


def _annotated(piece: Piece, annotations: Mapping[str, str]) -> Piece:
    """Give the piece with other annotations in the place of Helm's hooks."""
    is_hook = piece.hook is not None and not piece.hook.is_test
    if not annotations and not is_hook:
        return piece
    kept = {key: piece.annotations[key] for key in piece.annotations if key not in _HELM_HOOK}
    if DEPENDS_ON in annotations and kept.get(DEPENDS_ON):
        annotations = {DEPENDS_ON: f"{kept[DEPENDS_ON]},{annotations[DEPENDS_ON]}"}
    return piece.with_metadata(annotations={**kept, **annotations} or None)


def _reference(piece: Piece) -> str:
    """Refer to a resource as `depends-on` does: group/[namespaces/ns/]kind/name."""
    scope = f"/namespaces/{piece.namespace}" if piece.namespace else ""
    return f"{piece.group}{scope}/{piece.kind}/{piece.name}"


def _names(hook: Hook) -> str:
    return ", ".join(hook.events)
