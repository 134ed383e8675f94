"""Intents with everything that they name found: the service, and the backends of each rule."""

from collections.abc import Iterable
from dataclasses import dataclass

from krmfn.mesh_intent_expander.intents.traffic_route import Rule, TrafficRoute
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.routing.backends import share_of, shares_of
from krmfn.mesh_intent_expander.routing.claims import Candidate
from krmfn.mesh_intent_expander.routing.contents import rule_problems
from krmfn.mesh_intent_expander.routing.directory import Directory
from krmfn.mesh_intent_expander.routing.parents import L7, Parent, find_parent, key_of
from krmfn.mesh_intent_expander.routing.portability import portability_problems
from krmfn.mesh_intent_expander.routing.timing import retries_of, timeout_of
from krmfn.sdk import Result, error
from krmfn.sdk.result import Severity


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """An intent, its service, and those of its rules that hold."""

    parent: Parent
    candidates: tuple[Candidate, ...]


def read_routes(
    intents: Iterable[TrafficRoute], directory: Directory
) -> tuple[list[Route], list[Result]]:
    """Find what intents name, in the order of their names, and all that is wrong with them."""
    routes, problems = [], []
    for intent in sorted(intents, key=key_of):
        parent, found = find_parent(intent, directory, directory.mesh.flavor)
        problems += found
        if parent is None:
            continue
        candidates = []
        for index, rule in enumerate(intent.spec.rules):
            candidate, wrong = _candidate(index, rule, parent, directory)
            candidates += [candidate] if candidate else []
            problems += wrong
        problems += portability_problems(parent, directory.mesh)
        routes.append(Route(parent, tuple(candidates)))
    return routes, problems + _renamed_versions(routes)


def _candidate(
    index: int, rule: Rule, parent: Parent, directory: Directory
) -> tuple[Candidate | None, list[Result]]:
    """Give a rule with its backends found, None when it cannot be written."""
    field = f"spec.rules[{index}]"
    problems = [*rule_problems(rule, parent.intent.resource, field)]
    shares, wrong = shares_of(rule, parent, directory, field)
    problems += wrong
    mirror = None
    if rule.mirror is not None:
        mirror, wrong = share_of(rule.mirror, parent, directory, f"{field}.mirror")
        problems += wrong
    if any(each.severity is Severity.ERROR for each in problems):
        return None, problems
    if parent.protocol not in L7:
        return Candidate(parent, index, rule, shares, mirror), problems
    defaults = directory.mesh.defaults
    timeout, retries = timeout_of(rule, defaults), retries_of(rule, defaults)
    if rule.redirect is not None:
        timeout, retries = "", None
    return Candidate(parent, index, rule, shares, mirror, timeout, retries), problems


def _renamed_versions(routes: Iterable[Route]) -> list[Result]:
    """Give the errors of versions that have one name and different labels."""
    first: dict[tuple[ServiceKey, str], tuple[dict[str, str], Candidate]] = {}
    problems = []
    for candidate in (each for route in routes for each in route.candidates):
        for share in candidate.shares + ((candidate.mirror,) if candidate.mirror else ()):
            if not share.version_name:
                continue
            labels = dict(share.version)
            known, other = first.setdefault(
                (share.service, share.version_name), (labels, candidate)
            )
            if known != labels:
                problems.append(
                    error(
                        f'must give version "{share.version_name}" the labels that '
                        f'`{other.field}` of TrafficRoute "{other.parent.label}" gives it',
                        code="version-conflict",
                        at=candidate.parent.intent.resource,
                        field=candidate.field,
                    )
                )
    return problems
