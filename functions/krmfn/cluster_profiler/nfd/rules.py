"""Execution of NodeFeatureRules, with the semantics of Node Feature Discovery's master."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from krmfn.cluster_profiler.nfd.expressions import RuleError
from krmfn.cluster_profiler.nfd.features import Features
from krmfn.cluster_profiler.nfd.matching import Elements, Term, match_features
from krmfn.cluster_profiler.nfd.publishing import Outcome, Taint, published, qualified
from krmfn.cluster_profiler.nfd.template import expand

_BACKREFERENCES = "rule.matched"
"""The feature set in which later rules find the labels and variables of earlier ones."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What to make of a node whose features match.

    Attributes:
        name: the rule's name, for messages.
        match_features: terms, all of which must hold.
        match_any: alternatives, one of which must hold, if there are any.
        labels, annotations, vars, extended_resources: what a matching node gets, by name.
        labels_template, vars_template: templates of lines `key=value` over what matched.
        taints: taints for a matching node.
    """

    name: str = ""
    match_features: tuple[Term, ...] = ()
    match_any: tuple[tuple[Term, ...], ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    labels_template: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    vars: Mapping[str, str] = field(default_factory=dict)
    vars_template: str = ""
    taints: tuple[Taint, ...] = ()
    extended_resources: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, value: Any) -> "Rule":
        """Read a rule as a NodeFeatureRule writes it.

        Raises:
            RuleError: it is not of that shape.
        """
        if not isinstance(value, Mapping):
            raise RuleError(f"a rule must be a mapping, but is {value!r}")
        return cls(
            _text(value, "name"),
            terms_of(value.get("matchFeatures")),
            tuple(alternatives_of(value.get("matchAny"))),
            _texts(value, "labels"),
            _text(value, "labelsTemplate"),
            _texts(value, "annotations"),
            _texts(value, "vars"),
            _text(value, "varsTemplate"),
            tuple(
                Taint(_text(taint, "key"), _text(taint, "value"), _text(taint, "effect"))
                for taint in _list(value.get("taints"), "taints")
            ),
            _texts(value, "extendedResources"),
        )


def terms_of(value: Any) -> tuple[Term, ...]:
    """Read a `matchFeatures`.

    Raises:
        RuleError: it is not of that shape.
    """
    return tuple(Term.of(each) for each in _list(value, "matchFeatures"))


def alternatives_of(value: Any) -> tuple[tuple[Term, ...], ...]:
    """Read a `matchAny`.

    Raises:
        RuleError: it is not of that shape.
    """
    found = _list(value, "matchAny")
    for each in found:
        if not isinstance(each, Mapping):
            raise RuleError(f"`matchAny` must be a list of mappings, but has {each!r}")
    return tuple(terms_of(each.get("matchFeatures")) for each in found)


def rules_of(objects: Iterable[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Read the rules of NodeFeatureRule objects, in the order in which NFD runs them: by name.

    Raises:
        RuleError: an object is not of that shape.
    """
    named = sorted(
        ((_text(item.get("metadata") or {}, "name"), item) for item in objects),
        key=lambda pair: pair[0],
    )
    specs = [item.get("spec") or {} for _, item in named]
    return tuple(Rule.of(rule) for spec in specs for rule in _list(spec.get("rules"), "rules"))


def run_rules(
    rules: Iterable[Rule], features: Features, labels: Mapping[str, str] | None = None
) -> Outcome:
    """Run rules, one after the other, on the features of one node.

    A rule that fails makes nothing, and the next one runs. Labels and variables of a rule are
    attributes of `rule.matched` for those that follow.

    Args:
        rules: the rules, in order.
        features: all that is known of the node; what is unknown does not match.
        labels: what the NodeFeatures' own `spec.labels` ask for; rules may override it.

    Returns:
        what NFD would publish, all names with their namespace and all dynamic values resolved.
    """
    labels = qualified(labels or {})
    annotations: dict[str, str] = {}
    resources: dict[str, str] = {}
    variables: dict[str, str] = {}
    taints: list[Taint] = []
    matched: list[str] = []
    problems: list[str] = []
    for rule in rules:
        try:
            expanded = _execute(rule, features)
        except RuleError as wrong:
            problems.append(f'rule "{rule.name}": {wrong}')
            continue
        if expanded is None:
            features = features.with_attributes(_BACKREFERENCES, {})
            continue
        matched.append(rule.name)
        labels |= qualified(expanded.labels)
        annotations |= qualified(rule.annotations)
        resources |= qualified(rule.extended_resources)
        variables |= expanded.vars
        taints.extend(rule.taints)
        features = features.with_attributes(_BACKREFERENCES, {**expanded.labels, **expanded.vars})
    made = Outcome(
        labels, annotations, tuple(taints), resources, variables, tuple(matched), tuple(problems)
    )
    return published(made, features)


class _Expanded(NamedTuple):
    """Labels and variables of a rule that matches, templates included."""

    labels: dict[str, str]
    vars: dict[str, str]

    def expand(self, rule: Rule, elements: Elements) -> None:
        self.labels.update(expand(rule.labels_template, elements))
        self.vars.update(expand(rule.vars_template, elements))


def _execute(rule: Rule, features: Features) -> _Expanded | None:
    """Run one rule; None when it does not match.

    Templates are expanded once for every alternative that matches, and once for `matchFeatures`.
    """
    expanded = _Expanded({}, {})
    has_template = bool(rule.labels_template or rule.vars_template)
    found = not rule.match_any
    for terms in rule.match_any:
        match = match_features(terms, features, missing_is_false=True)
        if match.verdict:
            found = True
            expanded.expand(rule, match.elements)
            if not has_template:
                break
    if not found:
        return None
    if rule.match_features:
        match = match_features(rule.match_features, features, missing_is_false=True)
        if not match.verdict:
            return None
        expanded.expand(rule, match.elements)
    return _Expanded({**expanded.labels, **rule.labels}, {**expanded.vars, **rule.vars})


def _list(value: Any, name: str) -> list[Any]:
    if value is not None and not isinstance(value, list | tuple):
        raise RuleError(f"`{name}` must be a list, but is {value!r}")
    return list(value or ())


def _text(value: Any, name: str) -> str:
    found = value.get(name) if isinstance(value, Mapping) else value
    if found is not None and not isinstance(found, str):
        raise RuleError(f"`{name}` must be a text, but is {found!r}")
    return found or ""


def _texts(value: Mapping[str, Any], name: str) -> dict[str, str]:
    found = value.get(name) or {}
    if not isinstance(found, Mapping) or not all(
        isinstance(text, str) for pair in found.items() for text in pair
    ):
        raise RuleError(f"`{name}` must be a mapping of texts, but is {found!r}")
    return dict(found)
