"""From the rules of an intent to those of Istio, by action."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Literal, TypeVar

from krmfn.kinds.authorization import Condition, Operation, Rule
from krmfn.mesh_intent_expander.plan.security import AccessRule, Source, When
from krmfn.mesh_intent_expander.security.asked import Asked
from krmfn.mesh_intent_expander.security.callers import Callers
from krmfn.mesh_intent_expander.security.conditions import attribute_of
from krmfn.mesh_intent_expander.security.operations import Wish, called, wish_of
from krmfn.mesh_intent_expander.security.targets import Protected

_Part = TypeVar("_Part")

Effect = Literal["allow", "deny", "shadow-deny", "external"]

_EFFECTS: Mapping[str, Effect] = {"Deny": "deny", "ShadowDeny": "shadow-deny"}


@dataclass(frozen=True, slots=True)
class Draft:
    """The rules of one intent and one effect, at some pods.

    Attributes:
        rules: no rules of `allow` refuse everything; the other effects have some.
    """

    asked: Asked
    protected: Protected
    effect: Effect
    rules: tuple[AccessRule, ...] = field(default=())


def drafts(
    asked: Asked, protected: Protected, callers: Sequence[Sequence[Callers]]
) -> Iterator[Draft]:
    """Yield what an intent wants at some pods.

    Istio asks the external authoriser first, then refuses, then allows. An answer of the authoriser
    does not end this, so a rule with `condition` has two parts: the authoriser is asked about its
    requests, whoever sends them, and decides alone; and if the rule is one that allows, the same
    requests are allowed by what Istio itself can say of them. What such a rule denies, only the
    authoriser denies.

    What cannot be said in Istio's terms is left out: a caller, an operation, or the whole rule
    when nothing else remains of either, so that no rule is ever about more than was asked for.

    Args:
        asked: the intent.
        protected: the pods.
        callers: those of each rule, none for a rule that is to be left out.
    """
    rules = asked.spec.rules
    for effect in ("deny", "shadow-deny"):
        found = [
            number
            for number, rule in enumerate(rules)
            if _EFFECTS.get(rule.action) == effect and rule.condition is None
        ]
        if lowered := _lowered(asked, protected, callers, found, widens=True):
            yield Draft(asked, protected, effect, lowered)
    if asked.spec.default == "Deny":
        found = [number for number, rule in enumerate(rules) if rule.action == "Allow"]
        lowered = _lowered(asked, protected, callers, found, widens=False)
        yield Draft(asked, protected, "allow", lowered)
    if triggers := tuple(_triggers(asked, protected, callers)):
        yield Draft(asked, protected, "external", triggers)


def wishes(asked: Asked) -> Iterator[Wish]:
    """Yield all operations that an intent speaks of."""
    for number, rule in enumerate(asked.spec.rules):
        yield wish_of(rule, number, widens=rule.action != "Allow")
    if asked.spec.external is not None:
        yield _external_wish(asked)


def _lowered(
    asked: Asked,
    protected: Protected,
    callers: Sequence[Sequence[Callers]],
    numbers: Sequence[int],
    *,
    widens: bool,
) -> tuple[AccessRule, ...]:
    found = (
        AccessRule(
            sources=who.sources,
            operations=operations,
            conditions=(*map(_when, asked.spec.rules[number].when), *who.also),
            field=asked.field(f"rules[{number}]"),
        )
        for number in numbers
        if (operations := called(_wish(asked, number, widens=widens), protected)) is not None
        for who in callers[number]
    )
    return tuple(found if widens else (part for rule in found for part in _parts(rule)))


def _wish(asked: Asked, number: int, *, widens: bool) -> Wish:
    return wish_of(asked.spec.rules[number], number, widens=widens)


def _parts(rule: AccessRule) -> Iterator[AccessRule]:
    """Yield a rule that allows as rules that are about HTTP as a whole, or not at all.

    Istio drops all of a rule from ports that do not speak HTTP when any of it is about HTTP.
    """
    sources = _apart(rule.sources, lambda each: bool(each.request_principals))
    operations = _apart(
        rule.operations, lambda each: bool(each.methods or each.paths or each.hosts)
    )
    for some, others in product(sources, operations):
        yield replace(rule, sources=some, operations=others)


def _apart(those: tuple[_Part, ...], is_http: Callable[[_Part], bool]) -> list[tuple[_Part, ...]]:
    """Give what is about HTTP and what is not, each when there is any; nothing as it is."""
    about = tuple(each for each in those if is_http(each))
    rest = tuple(each for each in those if not is_http(each))
    return [part for part in (about, rest) if part] or [()]


def _triggers(
    asked: Asked, protected: Protected, callers: Sequence[Sequence[Callers]]
) -> Iterator[AccessRule]:
    """Yield the requests about which the authoriser is asked: all, or those that are named.

    Istio cannot choose them by identity, so those of a rule are chosen by the rest of it.
    """
    if asked.spec.external is None:
        return
    wish = _external_wish(asked)
    conditioned = [n for n, rule in enumerate(asked.spec.rules) if rule.condition is not None]
    named = [trigger for n in conditioned for trigger in _trigger(asked, protected, callers[n], n)]
    if not wish.operations or any(_is_any(rule) for rule in named):
        yield AccessRule(field=asked.field("external"))
        return
    if operations := called(wish, protected):
        yield AccessRule(operations=operations, field=asked.field("external"))
    yield from named


def _trigger(
    asked: Asked, protected: Protected, callers: Sequence[Callers], number: int
) -> Iterator[AccessRule]:
    """Yield the requests of a rule about which the authoriser is asked; none when left out."""
    sources = [source for who in callers for source in who.sources]
    by_address = [Source(ip_blocks=source.ip_blocks) for source in sources if source.ip_blocks]
    visible = _without_identities(asked.spec.rules[number])
    operations = called(wish_of(visible, number, widens=True), protected)
    if callers and operations is not None:
        yield AccessRule(
            sources=tuple(by_address) if len(by_address) == len(sources) else (),
            operations=operations,
            conditions=tuple(map(_when, visible.when)),
            field=asked.field(f"rules[{number}]"),
        )


def _without_identities(rule: Rule) -> Rule:
    """Give a rule without what rests on the identity of its callers."""
    when = tuple(each for each in rule.when if not _rests_on_identity(each))
    return rule.model_copy(update={"from_": (), "when": when})


def _rests_on_identity(condition: Condition) -> bool:
    attribute = attribute_of(condition.key)
    return attribute is None or bool(attribute.identity)


def _external_wish(asked: Asked) -> Wish:
    external = asked.spec.external
    if external is None or not (external.paths or external.ports):
        return Wish((), "external", widens=True)
    operation = Operation(paths=external.paths, ports=external.ports)
    return Wish((operation,), "external", widens=True)


def _is_any(rule: AccessRule) -> bool:
    return replace(rule, field="") == AccessRule()


def _when(condition: Condition) -> When:
    return When(condition.key, condition.values, condition.not_values)
