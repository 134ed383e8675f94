"""Feature matchers of Node Feature Discovery, three-valued.

NFD takes a feature set that a node does not report as one that does not match. Whoever decides
on a fleet must tell "this node has no such device" from "nobody looked", so here a verdict is
None where the evidence is absent; `missing_is_false` gives NFD's own semantics.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from krmfn.cluster_profiler.nfd.evidence import (
    element_fact,
    element_wanted,
    instance_facts,
    listed,
)
from krmfn.cluster_profiler.nfd.expressions import (
    FLAG,
    MISSING,
    Expression,
    FeatureValueError,
    Presence,
    RuleError,
    is_lower_bound,
    match_expression,
)
from krmfn.cluster_profiler.nfd.features import AtLeast, Attributes, Features, Instances
from krmfn.cluster_profiler.nfd.verdicts import Part, Verdict, all_of, any_of, both, either

Elements = Mapping[str, Mapping[str, tuple[Attributes, ...]]]
"""Matched elements by domain and feature: flags have a Name, attributes a Value as well."""


@dataclass(frozen=True, slots=True)
class Term:
    """What one feature set must hold.

    Attributes:
        feature: the name of the feature set, `domain.feature`; its case is ignored.
        expressions: by name of an element what its value must be; of instances, one must meet all.
        name: what the name of at least one element must be.
    """

    feature: str
    expressions: Mapping[str, Expression] | None = None
    name: Expression | None = None

    @classmethod
    def of(cls, value: Any) -> "Term":
        """Read a term as YAML writes it: `{feature, matchExpressions, matchName}`.

        Raises:
            RuleError: it is not of that shape.
        """
        if not isinstance(value, Mapping) or not isinstance(value.get("feature"), str):
            raise RuleError(f"a matcher must be a mapping with a text `feature`, but is {value!r}")
        expressions, name = value.get("matchExpressions"), value.get("matchName")
        if expressions is not None and not isinstance(expressions, Mapping):
            raise RuleError(f"`matchExpressions` must be a mapping, but is {expressions!r}")
        return cls(
            value["feature"],
            None
            if expressions is None
            else {str(key): Expression.of(each) for key, each in expressions.items()},
            None if name is None else Expression.of(name),
        )


@dataclass(frozen=True, slots=True)
class Match:
    """Whether features match, and why.

    Attributes:
        verdict: True, False, or None where evidence is missing.
        elements: the matched elements, empty unless the verdict is True.
        evidence: the facts that decided, as short English lines.
        missing: what would have to be known for a verdict.
    """

    verdict: Verdict
    elements: Elements = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def match_features(
    terms: Iterable[Term], features: Features, *, missing_is_false: bool = False
) -> Match:
    """Match features against terms, all of which must hold.

    Args:
        terms: the matchers, in order; a term behind one that does not hold is not looked at.
        features: what is known of the node.
        missing_is_false: give NFD's own verdict, which is never None.

    Raises:
        RuleError: an expression that was applied is wrong; with `missing_is_false` also where the
            node reports a value that an operator cannot compare, which is otherwise unknown.
    """
    if missing_is_false and features.partial:
        features = replace(features, partial=frozenset())
    elements: dict[str, dict[str, tuple[Attributes, ...]]] = {}
    whole = Part(True)
    for term in terms:
        part = _match_term(term, features, strict=missing_is_false)
        if part.verdict is False or (part.verdict is None and missing_is_false):
            return Match(False, {}, part.evidence)
        whole = both(whole, part._replace(elements=()))
        domain, _, name = term.feature.partition(".")
        known = elements.setdefault(domain if name else term.feature.lower(), {})
        known[name] = known.get(name, ()) + part.elements
    return Match(whole.verdict, elements if whole.verdict else {}, whole.evidence, whole.missing)


def match_any(
    alternatives: Iterable[Sequence[Term]], features: Features, *, missing_is_false: bool = False
) -> Match:
    """Match features against alternatives, one of which must hold; the first that does is given.

    Raises:
        RuleError: as `match_features` does.
    """
    matches = []
    for terms in alternatives:
        match = match_features(terms, features, missing_is_false=missing_is_false)
        if match.verdict:
            return match
        matches.append(match)
    unknown = [match for match in matches if match.verdict is None]
    shown = unknown or matches
    return Match(
        None if unknown else False,
        {},
        tuple(dict.fromkeys(line for match in shown for line in match.evidence)),
        tuple(dict.fromkeys(line for match in shown for line in match.missing)),
    )


class _Set(NamedTuple):
    """All that is known under one feature name; None is a type of set that nobody reports."""

    name: str
    flags: frozenset[str] | None
    attributes: Attributes | None
    instances: Instances | None
    partial: bool
    strict: bool

    def holds(self, expression: Expression, value: str | Presence) -> Verdict:
        """Decide on an element; None where a partial set or an odd value leaves it open."""
        try:
            found = match_expression(expression, value)
        except FeatureValueError:
            if self.strict:
                raise
            return None
        if not self.partial or not expression.op:
            return found
        if expression.op in ("Exists", "DoesNotExist"):
            return None if value is MISSING else found
        if isinstance(value, AtLeast):
            return True if found and is_lower_bound(expression.op) else None
        return None if isinstance(value, Presence) else found


def _match_term(term: Term, features: Features, *, strict: bool) -> Part:
    name = term.feature.lower()
    known = _Set(
        name,
        features.flags.get(name),
        features.attributes.get(name),
        features.instances.get(name),
        name in features.partial,
        strict,
    )
    if known.flags is None and known.attributes is None and known.instances is None:
        return Part(None, missing=(name,))
    part = Part(True)
    if term.expressions is not None:
        union = _match_union(term.expressions, known)
        part = either(union, _match_instances(term.expressions, known))
    if term.name is not None and part.verdict is not False:
        part = both(part, _match_names(term.name, known))
    return part


def _match_union(expressions: Mapping[str, Expression], known: _Set) -> Part:
    """Match flags and attributes together: an expression may hold on either."""
    if known.flags is None and known.attributes is None:
        return Part(False)
    whole = Part(True)
    for name, expression in sorted(expressions.items()):
        whole = both(whole, _match_element(name, expression, known))
        if whole.verdict is False:
            break
    return whole


def _match_element(name: str, expression: Expression, known: _Set) -> Part:
    sides: list[tuple[str | Presence, Attributes]] = []
    if known.flags is not None:
        sides.append((FLAG if name in known.flags else MISSING, {"Name": name}))
    if known.attributes is not None:
        text = known.attributes.get(name)
        value = MISSING if text is None else text
        sides.append((value, {"Name": name, "Value": text or ""}))
    verdicts = [known.holds(expression, value) for value, _ in sides]
    every = expression.op == "DoesNotExist"
    verdict = all_of(verdicts) if every else any_of(verdicts)
    value = next((value for value, _ in sides[::-1] if value is not MISSING), MISSING)
    if verdict is None:
        return Part(None, missing=(element_wanted(known.name, name, expression, value),))
    fact = element_fact(known.name, name, expression, value, verdict)
    hits = zip(verdicts, sides, strict=True)
    return Part(verdict, tuple(element for hit, (_, element) in hits if hit), fact)


def _match_instances(expressions: Mapping[str, Expression], known: _Set) -> Part:
    """Match instances one by one: all expressions must hold on the same one."""
    if known.instances is None:
        return Part(False)
    names = sorted(expressions)
    verdicts = [_match_instance(expressions, names, each, known) for each in known.instances]
    hits = tuple(each for each, hit in zip(known.instances, verdicts, strict=True) if hit)
    if hits:
        return Part(True, hits, instance_facts(known.name, names, hits))
    wanted = ", ".join(f"{name} {expressions[name]}" for name in names)
    described = f"{known.name} with {wanted}" if wanted else known.name
    if known.partial or None in verdicts:
        return Part(None, missing=(described,))
    return Part(False, evidence=(f"no {described}",))


def _match_instance(
    expressions: Mapping[str, Expression], names: list[str], instance: Attributes, known: _Set
) -> Verdict:
    verdict: Verdict = True
    for name in names:
        verdict = all_of([verdict, known.holds(expressions[name], instance.get(name, MISSING))])
        if verdict is False:
            break
    return verdict


def _match_names(expression: Expression, known: _Set) -> Part:
    """Match the names of elements, and of instances' attributes; one is enough."""
    closed = known._replace(partial=False)

    def hit(name: str) -> bool | None:
        return closed.holds(expression, name)

    flags = [({"Name": name}, hit(name)) for name in sorted(known.flags or ())]
    attributes = [
        ({"Name": name, "Value": text}, hit(name))
        for name, text in sorted((known.attributes or {}).items())
    ]
    named = sorted(flags + attributes, key=lambda element: element[0]["Name"])
    instances = [(each, any_of([hit(name) for name in each])) for each in known.instances or ()]
    elements = tuple(element for element, matched in [*named, *instances] if matched)
    if elements:
        names = [element["Name"] for element, matched in named if matched]
        fact = f"{known.name} has {listed(names)}" if names else f"{known.name} has {expression}"
        return Part(True, elements, (fact,))
    described = f"{known.name} with a name {expression}"
    if known.partial or any(matched is None for _, matched in [*named, *instances]):
        return Part(None, missing=(described,))
    return Part(False, evidence=(f"no {described}",))
