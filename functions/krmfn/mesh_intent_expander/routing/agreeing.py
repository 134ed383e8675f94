"""What all intents about one service must agree on."""

from collections.abc import Iterator, Sequence

from krmfn.mesh_intent_expander.routing.parents import L7, Parent
from krmfn.mesh_intent_expander.routing.reading import Route
from krmfn.sdk import Result, error


def agreed(routes: Sequence[Route]) -> tuple[list[Route], list[Result]]:
    """Keep the intents about one service that agree with the first one of them.

    Args:
        routes: the intents, in the order of their names; at least one.

    Returns:
        those that agree, and an error for each of the others.
    """
    kept: list[Route] = []
    problems = []
    for route in routes:
        wrong = [
            problem for other in kept for problem in _disagreements(route.parent, other.parent)
        ]
        problems += wrong[:1]
        kept += [] if wrong else [route]
    return kept, problems


def _disagreements(mine: Parent, other: Parent) -> Iterator[Result]:
    """Yield what one intent says of a service that another one says differently."""
    if mine.flavor != other.flavor:
        yield _conflict("flavor", mine.flavor, other.flavor, mine, other)
    is_alike = mine.protocol == other.protocol or {mine.protocol, other.protocol} == {*L7}
    if mine.port == other.port and not is_alike:
        yield _conflict("protocol", mine.protocol, other.protocol, mine, other)
    affinity, its = mine.spec.session_affinity, other.spec.session_affinity
    if affinity and its and affinity != its:
        yield _conflict("sessionAffinity", None, "", mine, other)


def _conflict(field: str, said: str | None, wanted: str, mine: Parent, other: Parent) -> Result:
    value = f', "{wanted}"' if wanted else ""
    return error(
        f'must be what TrafficRoute "{other.label}" says of the same service{value}',
        code="route-conflict",
        at=mine.intent.resource,
        field=f"spec.{field}",
        current=said,
        proposed=wanted or None,
    )
