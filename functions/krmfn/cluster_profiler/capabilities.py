"""What a cluster can do: decided by rules, with three values, and with the evidence kept."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from krmfn.cluster_profiler.facts import Node
from krmfn.cluster_profiler.intents import CapabilityRule
from krmfn.cluster_profiler.nfd.verdicts import Part, Verdict, any_of, either
from krmfn.cluster_profiler.terms import Question, Subject, ask, questions

_SHOWN_LINES, _SHOWN_NODES = 5, 3
_NO_NODES = "Nodes of the cluster"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, ready to be asked.

    Attributes:
        asked: what every one of its nodes must answer with yes.
    """

    asked: tuple[Question, ...]
    min_nodes: int = 1


Rules = Mapping[str, Sequence[Rule]]
"""Rules by the capability that they decide."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A capability of a cluster.

    Attributes:
        verdict: True, False, or None for unknown.
        of_nodes: the same for each of the nodes that were asked, in their order.
        evidence: what shows it, or shows the contrary.
        missing: what would have to be known.
    """

    capability: str
    verdict: Verdict
    of_nodes: tuple[Verdict, ...]
    evidence: tuple[str, ...]
    missing: tuple[str, ...]


def rules_of(given: Iterable[CapabilityRule]) -> dict[str, list[Rule]]:
    """Make rules ready to be asked."""
    rules: dict[str, list[Rule]] = {}
    for each in given:
        rules.setdefault(each.capability, []).append(
            Rule(questions(each.spec), each.spec.min_nodes)
        )
    return rules


def decide(
    rules: Rules, nodes: Sequence[Node], cluster: Mapping[str, Any], *, seen: bool
) -> list[Decision]:
    """Decide the capabilities of a cluster, by name.

    Several rules of one capability are alternatives.

    Args:
        rules: the rules.
        nodes: the nodes that take pods.
        cluster: the cluster as CEL sees it.
        seen: whether any node is in sight; of a cluster without, nothing is known.
    """
    subjects = [Subject(node, cluster) for node in nodes]
    if not seen:
        return [Decision(name, None, (), (), (_NO_NODES,)) for name in sorted(rules)]
    return [_decided(name, rules[name], subjects) for name in sorted(rules)]


def _decided(name: str, rules: Sequence[Rule], subjects: Sequence[Subject]) -> Decision:
    answers = [[ask(rule.asked, subject) for subject in subjects] for rule in rules]
    verdict = any_of(_of_cluster(rule, parts) for rule, parts in zip(rules, answers, strict=True))
    of_nodes = [reduce(either, parts) for parts in zip(*answers, strict=True)]
    telling = [(each.node, part) for each, part in zip(subjects, of_nodes, strict=True)]
    decisive = [(node, part) for node, part in telling if part.verdict is verdict]
    too_few = sum(part.verdict is True for part in of_nodes) if verdict is False else 0
    counted = (f"of {len(subjects)} nodes {too_few} have it, which is too few",) if too_few else ()
    return Decision(
        name,
        verdict,
        tuple(part.verdict for part in of_nodes),
        (*counted, *_lines(decisive, "evidence")) if subjects else ("no node takes pods",),
        _lines(telling, "missing") if verdict is None else (),
    )


def _of_cluster(rule: Rule, parts: Sequence[Part]) -> Verdict:
    sure = sum(part.verdict is True for part in parts)
    perhaps = sum(part.verdict is None for part in parts)
    if sure >= rule.min_nodes:
        return True
    return None if sure + perhaps >= rule.min_nodes else False


def _lines(telling: Sequence[tuple[Node, Part]], what: str) -> tuple[str, ...]:
    """Give the reasons, each with the nodes it holds for; only the first few of both."""
    holders: dict[str, list[str]] = {}
    for node, part in telling:
        if reasons := tuple(dict.fromkeys(getattr(part, what))):
            holders.setdefault("; ".join(reasons), []).append(node.name)
    lines = [f"{_named(names)}: {reason}" for reason, names in holders.items()]
    more = len(lines) - _SHOWN_LINES
    return (*lines[:_SHOWN_LINES], f"and {more} more") if more > 0 else tuple(lines)


def _named(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN_NODES
    listed = ", ".join(names[:_SHOWN_NODES]) + (f" and {more} more" if more > 0 else "")
    return f"node {listed}" if len(names) == 1 else f"nodes {listed}"
