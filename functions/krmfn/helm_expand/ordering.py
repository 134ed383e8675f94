"""The order that Helm installs in, said in terms that declarative tools obey.

Helm runs hooks one weight after another, waiting for each. A package is applied at once, so the
order is written into the resources: `config.kubernetes.io/depends-on` for `kpt live` and Config
Sync, Argo CD's hooks and sync waves, or one Flux Kustomization a phase.
"""

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import IntEnum
from itertools import count

from krmfn.helm_expand.intents import FluxOrdering
from krmfn.helm_expand.pieces import Piece
from krmfn.helm_expand.scopes import cluster_kinds

DEPENDS_ON = "config.kubernetes.io/depends-on"
FLUX_FORCE = "kustomize.toolkit.fluxcd.io/force"
_HELM_HOOK = ("helm.sh/hook", "helm.sh/hook-weight", "helm.sh/hook-delete-policy")
_BEFORE = frozenset({"pre-install", "pre-upgrade"})
_AFTER = frozenset({"post-install", "post-upgrade"})
_ARGO_PHASES = {
    **dict.fromkeys(_BEFORE, "PreSync"),
    **dict.fromkeys(_AFTER, "PostSync"),
    "post-delete": "PostDelete",
}
_ARGO_DELETE_POLICIES = {
    "before-hook-creation": "BeforeHookCreation",
    "hook-succeeded": "HookSucceeded",
    "hook-failed": "HookFailed",
}
_RUNNING = ("Job", "Pod")
_RUN_ONCE = {
    "DependsOn": "do not run again at an upgrade: delete a changed one first",
    "Flux": "run again only when they change, not at every upgrade",
}
_FOUNDATIONS = ("CustomResourceDefinition", "Namespace")


class Phase(IntEnum):
    """When a piece is applied."""

    BEFORE, MAIN, AFTER, TESTS = range(4)


def is_expressible(piece: Piece, ordering: str) -> bool:
    """Say whether an ordering has a place for a piece: it has none for some hooks."""
    if piece.hook is None or piece.is_test:
        return True
    return not _known_events(ordering).isdisjoint(piece.hook.events)


def order(pieces: Sequence[Piece], ordering: str) -> list[Piece]:
    """Give the pieces with Helm's order written into them.

    Args:
        pieces: all that was rendered and is expressible, in Helm's order.
        ordering: ``DependsOn``, ``ArgoCD`` or ``Flux``.
    """
    convert: dict[str, Callable[[Sequence[Piece]], Iterator[Piece]]]
    convert = {"DependsOn": _depending, "ArgoCD": _argo, "Flux": _phased}
    return list(convert[ordering](pieces))


def losses(piece: Piece, ordering: str) -> Iterator[str]:
    """Say what becomes of a hook under an ordering, where it differs from Helm."""
    if piece.hook is None or piece.is_test:
        return
    declarative = ordering != "ArgoCD"
    events = [event for event in piece.hook.events if event in _known_events(ordering)]
    if not events:
        yield f"are left out, since nothing runs at {_listed(piece.hook.events)}"
        return
    if never := [event for event in piece.hook.events if event not in events]:
        yield f"do not run at {_listed(never)}"
    late = [event for event in events if event in _AFTER]
    if declarative and late and _BEFORE.intersection(events):
        yield f"run before the other resources only, not at {_listed(late)}"
    is_for = {event.rpartition("-")[2] for event in events}
    if "install" not in is_for and "upgrade" in is_for:
        yield f"run at an installation too, though meant for {_listed(events)} only"
    if "upgrade" not in is_for and "install" in is_for and not declarative:
        yield f"run at every sync, though meant for {_listed(events)} only"
    if "upgrade" in is_for and declarative and piece.kind in _RUNNING:
        yield _RUN_ONCE[ordering]
    if ordering == "DependsOn" and _ends_itself(piece):
        yield "stay when they are done, in spite of `ttlSecondsAfterFinished`: others wait for them"
    obeyed = {"before-hook-creation"} if ordering == "Flux" else set()
    if declarative and (kept := [it for it in piece.hook.delete_policies if it not in obeyed]):
        yield f"stay when they are done, in spite of {_listed(kept)}"


def kustomizations(
    pieces: Sequence[Piece], folder: str, home: str, flux: FluxOrdering
) -> Iterator[Piece]:
    """Yield a Flux Kustomization for each phase, each waiting for the one before it.

    Args:
        pieces: what `order` gave.
        folder: the folder of the release in its package.
        home: that package's folder in the package that the Flux source holds.
        flux: the source, and where the package lies in it.
    """
    before = ""
    for phase in dict.fromkeys(piece.phase for piece in pieces):
        name = "-".join(part for part in (*folder.split("/"), phase) if part)
        spec = {
            "interval": flux.interval,
            "path": "./"
            + posixpath.normpath(posixpath.join(flux.path.strip("/"), home, folder, phase)),
            "prune": True,
            "sourceRef": {"kind": flux.source_kind, "name": flux.source_name},
            "wait": True,
        }
        yield Piece(
            {
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
                "kind": "Kustomization",
                "metadata": {"name": name, "namespace": flux.namespace},
                "spec": {**({"dependsOn": [{"name": before}]} if before else {}), **spec},
            },
            phase="flux",
        )
        before = name


def _known_events(ordering: str) -> frozenset[str]:
    return frozenset(_ARGO_PHASES) if ordering == "ArgoCD" else _BEFORE | _AFTER


def _phase(piece: Piece) -> Phase:
    if piece.hook is None:
        return Phase.MAIN
    if piece.is_test:
        return Phase.TESTS
    return Phase.AFTER if _BEFORE.isdisjoint(piece.hook.events) else Phase.BEFORE


def _steps(pieces: Sequence[Piece]) -> dict[tuple[Phase, int], list[Piece]]:
    """Group pieces by what Helm would run together, in Helm's order."""
    steps: dict[tuple[Phase, int], list[Piece]] = {}
    for piece in pieces:
        weight = piece.hook.weight if piece.hook else 0
        steps.setdefault((_phase(piece), weight), []).append(piece)
    return dict(sorted(steps.items(), key=lambda step: step[0]))


def _depending(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Let every step wait for the step before it, and custom resources for their definitions.

    A namespace or a definition waits for nothing: what lives in it waits for it already.
    """
    definitions = {
        key: _reference(piece)
        for piece in pieces
        if piece.kind == "CustomResourceDefinition"
        for key in cluster_kinds([piece.body])
    }
    waits = {_reference(piece): _waits_of(piece) for piece in pieces}
    before: list[str] = []
    for step in _steps(pieces).values():
        for piece in step:
            own = _reference(piece)
            definition = definitions.get((piece.group, piece.kind))
            wanted = [*before, *([definition] if definition else [])]
            if piece.kind not in _FOUNDATIONS:
                free = [each for each in wanted if not _reaches(waits, each, own)]
                waits[own] = list(dict.fromkeys([*waits[own], *free]))
            depends_on = {DEPENDS_ON: ",".join(waits[own])} if waits[own] else {}
            yield _annotated(_lasting(piece), {**_without_hook(piece), **depends_on})
        is_founded = all(piece.kind in _FOUNDATIONS for piece in step)
        before = [*(before if is_founded else []), *_references(step)]


def _waits_of(piece: Piece) -> list[str]:
    said = str(piece.annotations.get(DEPENDS_ON) or "")
    return [each.strip() for each in said.split(",") if each.strip()]


def _reaches(waits: Mapping[str, list[str]], start: str, goal: str) -> bool:
    """Say whether a resource is, or waits for, another one, however indirectly."""
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        each = ahead.pop()
        if each == goal:
            return True
        if each not in seen:
            seen.add(each)
            ahead += waits.get(each, [])
    return False


def _argo(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Give hooks Argo CD's annotations; those that a chart has for Argo CD itself hold."""
    for piece in pieces:
        if piece.hook is None or piece.is_test:
            yield piece
            continue
        hook = piece.hook
        events = [_ARGO_PHASES[event] for event in hook.events if event in _ARGO_PHASES]
        policies = [
            _ARGO_DELETE_POLICIES[policy]
            for policy in hook.delete_policies
            if policy in _ARGO_DELETE_POLICIES
        ]
        said = {
            "hook": ",".join(dict.fromkeys(events)),
            "sync-wave": str(hook.weight) if hook.weight else "",
            "hook-delete-policy": ",".join(policies),
        }
        argo = {f"argocd.argoproj.io/{name}": text for name, text in said.items() if text}
        yield _annotated(piece, {**argo, **_without_hook(piece)})


def _phased(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Put every step into a folder of its own; `kustomizations` orders the folders."""
    numbers = {phase: count(1) for phase in Phase}
    for (phase, _), step in _steps(pieces).items():
        name = phase.name.lower()
        name += f"-{next(numbers[phase])}" if phase in (Phase.BEFORE, Phase.AFTER) else ""
        for piece in step:
            is_hook = phase in (Phase.BEFORE, Phase.AFTER)
            force = {FLUX_FORCE: "enabled"} if is_hook else {}
            yield replace(_annotated(piece, {**force, **_without_hook(piece)}), phase=name)


def _ends_itself(piece: Piece) -> bool:
    spec = piece.body.get("spec")
    return isinstance(spec, Mapping) and "ttlSecondsAfterFinished" in spec


def _lasting(piece: Piece) -> Piece:
    """Give a hook that does not delete itself: what waits for it would wait for ever."""
    if piece.hook is None or piece.is_test or not _ends_itself(piece):
        return piece
    spec = {key: piece.body["spec"][key] for key in piece.body["spec"]}
    del spec["ttlSecondsAfterFinished"]
    return replace(piece, body={**piece.body, "spec": spec})


def _without_hook(piece: Piece) -> dict[str, str]:
    """Give the annotations without those that make it a hook of Helm; a test stays one."""
    is_hook = piece.hook is not None and not piece.is_test
    annotations = piece.annotations
    return {key: annotations[key] for key in annotations if not (is_hook and key in _HELM_HOOK)}


def _annotated(piece: Piece, annotations: Mapping[str, str]) -> Piece:
    return piece if annotations == piece.annotations else piece.annotated(annotations)


def _reference(piece: Piece) -> str:
    """Refer to a resource as `depends-on` does: group/[namespaces/ns/]kind/name."""
    scope = f"/namespaces/{piece.namespace}" if piece.namespace else ""
    return f"{piece.group}{scope}/{piece.kind}/{piece.name}"


def _references(pieces: Iterable[Piece]) -> list[str]:
    """Give the references to pieces; a name with a slash, as roles may have, cannot be referred."""
    return [_reference(piece) for piece in pieces if "/" not in piece.name]


def _listed(words: Iterable[str]) -> str:
    return f"`{', '.join(words)}`"
