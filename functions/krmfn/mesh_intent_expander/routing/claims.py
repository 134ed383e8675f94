"""Claims: which requests the rules of all intents ask for, in the order they are tried in."""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from krmfn.mesh_intent_expander.intents.matching import Match
from krmfn.mesh_intent_expander.intents.traffic_route import Consumer, Rule
from krmfn.mesh_intent_expander.plan.routes import Retries, RoutedRule, Share
from krmfn.mesh_intent_expander.routing.matching import (
    consumer_key,
    consumer_rank,
    describe,
    match_key,
    match_rank,
    takes_all,
)
from krmfn.mesh_intent_expander.routing.parents import Parent
from krmfn.sdk import Result, error

Clients = tuple[Consumer | None, Consumer | None]
"""Clients as they are to be matched, and as the intent says it; None for all of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A rule of an intent, with its backends found."""

    parent: Parent
    index: int
    rule: Rule
    shares: tuple[Share, ...]
    mirror: Share | None
    timeout: str = ""
    retries: Retries | None = None

    @property
    def field(self) -> str:
        """Its path in the intent."""
        return f"spec.rules[{self.index}]"

    @property
    def name(self) -> str:
        """Its name, made of the intent's where it has none."""
        return self.rule.name or f"{self.parent.intent.metadata.name}-{self.index + 1}"


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """One match of a rule, for some clients.

    Attributes:
        consumer: the clients, None for all.
        said: the clients as the intent says it, before what the cluster settles was taken out.
        place: which of the rule's matches it is.
    """

    candidate: Candidate
    match: Match
    place: int
    consumer: Consumer | None = None
    said: Consumer | None = None

    @property
    def field(self) -> str:
        """Its path in the intent."""
        has_matches = bool(self.candidate.rule.matches)
        return f"{self.candidate.field}.matches[{self.place}]" * has_matches or self.candidate.field

    @property
    def order(self) -> tuple[object, ...]:
        """Its place among the claims on one port: the most specific first, then by name."""
        parent = self.candidate.parent
        rank = (consumer_rank(self.said), match_rank(self.match))
        return (*rank, parent.key, self.candidate.index, self.place)


def claims_of(candidate: Candidate, clients: Iterable[Clients]) -> Iterator[Claim]:
    """Yield the claims of a rule for its clients; one without matches claims every request."""
    for place, match in enumerate(candidate.rule.matches or (Match(),)):
        for consumer, said in clients:
            yield Claim(candidate, match, place, consumer, said)


def settle(claims: Iterable[Claim]) -> tuple[list[Claim], list[Result]]:
    """Put the claims on one port in order; of two on the same requests, the first one stays.

    What can never be reached, since a rule for these clients goes over it, is left out.

    Returns:
        the claims, and an error for each that another one had made before it.
    """
    first: dict[Hashable, Claim] = {}
    reached: dict[Hashable, Claim] = {}
    problems = []
    is_taken = False
    for claim in sorted(claims, key=lambda each: each.order):
        asked = match_key(claim.match)
        other = first.setdefault((consumer_key(claim.said), asked), claim)
        if other is not claim:
            problems.append(_conflict(claim, other))
        elif not is_taken:
            reached.setdefault((consumer_key(claim.consumer), asked), claim)
            is_taken = claim.consumer is None and takes_all(claim.match)
    return list(reached.values()), problems


def _conflict(claim: Claim, other: Claim) -> Result:
    mine, its = claim.candidate.parent, other.candidate.parent
    what = "the default" if takes_all(claim.match) else describe(claim.match)
    whose = "this intent" if mine is its else f'TrafficRoute "{its.label}"'
    return error(
        f"must not claim {what}, which `{other.field}` of {whose} claims already",
        code="route-conflict",
        at=mine.intent.resource,
        field=claim.field,
    )


def gather(claims: Iterable[Claim], port: int | None) -> Iterator[RoutedRule]:
    """Yield rules from claims in order: neighbours of one rule become one again.

    A rule stays split where claims of other rules are tried in between.
    """
    by_match = [
        (rule, match, tuple(each.consumer for each in group if each.consumer))
        for (rule, match), group in groupby(claims, lambda each: (each.candidate, each.match))
    ]
    for (rule, consumers), same in groupby(by_match, lambda each: (each[0], each[2])):
        matches = tuple(match for _, match, _ in same)
        yield RoutedRule(
            name=rule.name,
            matches=() if any(map(takes_all, matches)) else matches,
            shares=rule.shares,
            by=rule.parent.by,
            action=rule.rule,
            port=port,
            consumers=consumers,
            mirror=rule.mirror,
            timeout=rule.timeout,
            retries=rule.retries,
            field=rule.field,
        )
