"""Two meshes compared: which ways open, which close, and which are not what they were."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from krmfn.mesh_intent_expander.report.asking import Asking, Question
from krmfn.mesh_intent_expander.report.operations import operations
from krmfn.mesh_intent_expander.report.population import Caller
from krmfn.mesh_intent_expander.report.reaching import Edge, EdgeKey, Reaching
from krmfn.mesh_intent_expander.report.requests import Probe
from krmfn.mesh_intent_expander.report.targets import Target, TargetKey
from krmfn.mesh_intent_expander.semantics.trace import Tracer

Change = Literal["opens", "closes", "widens", "narrows", "changes"]
"""A way is there that was not; is there no longer; lets more in; lets less in; or is another one:
its path, TLS, priority or who is asked."""

CHANGES: tuple[Change, ...] = ("opens", "widens", "changes", "narrows", "closes")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the meshes.

    Attributes:
        targets: what may be called there.
        callers: the clients; all that are worth asking for when None.
    """

    tracer: Tracer
    targets: Sequence[Target]
    callers: Sequence[Caller] | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """A way that is not what it was.

    Attributes:
        before, after: what there was and is, None for nothing.
        opened, closed: requests that come there only now, or no longer.
        why: what else is different, in words.
    """

    key: EdgeKey
    change: Change
    before: Edge | None
    after: Edge | None
    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    why: tuple[str, ...] = ()

    @property
    def weakens(self) -> bool:
        """Whether more may pass than before, or with less protection."""
        if self.opened:
            return True
        if self.before is None or self.after is None or not self.after.passed:
            return False
        return _strength(self.after) < _strength(self.before)


def _strength(edge: Edge) -> tuple[bool, int, int]:
    """Give how well a way is protected: who is asked, how clients speak, what servers take."""
    modes = (edge.leg.client_mode, edge.leg.server_mode) if edge.leg else ("", "")
    return bool(edge.asks), _CLIENT.get(modes[0], 0), _SERVER.get(modes[1], 0)


_CLIENT = {"tls": 1, "mtls": 2}
_SERVER = {"PERMISSIVE": 1, "STRICT": 2}


def difference(old: Side, new: Side) -> Iterator[Changed]:
    """Yield the ways that are not what they were, by target and client.

    Both meshes are asked all that either tells apart, by all clients of either.
    """
    before, after = _Asked(old), _Asked(new)
    for key in sorted({*before.targets, *after.targets}):
        was, is_ = before.question(key), after.question(key)
        asked = is_.with_that_of(was) if was and is_ else is_ or was
        if asked is not None:
            edges = before.edges(asked, was), after.edges(asked, is_)
            yield from _changed(*edges, asked.probes)


class _Asked:
    """One of the meshes, with what was found out about it."""

    def __init__(self, side: Side) -> None:
        self.targets = {target.key: target for target in side.targets}
        self._callers = side.callers
        self._asking = Asking(side.tracer.world)
        self._reaching = Reaching(side.tracer)

    def question(self, key: TargetKey) -> Question | None:
        target = self.targets.get(key)
        return None if target is None else self._asking.question(target, self._callers)

    def edges(self, asked: Question, own: Question | None) -> Mapping[EdgeKey, Edge]:
        """Ask what both sides ask; routes and clients are as they are on this side."""
        if own is None:
            return {}
        callers = {**asked.callers, **own.callers}
        found = self._reaching.edges(replace(own, callers=callers, probes=asked.probes))
        return {edge.key: edge for edge in found if edge.leg is not None}


def _changed(
    before: Mapping[EdgeKey, Edge], after: Mapping[EdgeKey, Edge], probes: Sequence[Probe]
) -> Iterator[Changed]:
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        was = old.passed if old else frozenset[int]()
        is_ = new.passed if new else frozenset[int]()
        why = tuple(_other(old, new)) if old and new and was and is_ else ()
        if was == is_ and not why:
            continue
        yield Changed(
            key=key,
            change=_kind(was, is_),
            before=old,
            after=new,
            opened=_told(probes, is_ - was),
            closed=_told(probes, was - is_),
            why=why,
        )


def _kind(was: frozenset[int], is_: frozenset[int]) -> Change:
    if not was or not is_:
        return "opens" if is_ else "closes"
    if was == is_:
        return "changes"
    return "widens" if is_ - was else "narrows"


def _told(probes: Sequence[Probe], numbers: Iterable[int]) -> tuple[str, ...]:
    """Say which requests these are."""
    said = operations(probes, frozenset(numbers))
    if said.allows == "none":
        return ()
    if said.allows == "all":
        return ("all",)
    return (f"all but {', '.join(said.listed)}",) if said.excepting else said.listed


def _other(old: Edge, new: Edge) -> Iterator[str]:
    """Yield what is different about a way that is there before and after."""
    one, other = old.leg, new.leg
    pairs: list[tuple[str, object, object]] = [("path", old.path, new.path)]
    if one is not None and other is not None:
        pairs += [
            ("client", one.client_mode, other.client_mode),
            ("server", one.server_mode, other.server_mode),
            ("priority", one.priority, other.priority),
        ]
    pairs.append(("asks", ", ".join(old.asks) or "nobody", ", ".join(new.asks) or "nobody"))
    for name, was, is_ in pairs:
        if was != is_:
            yield f"{name} {was} → {is_}"
