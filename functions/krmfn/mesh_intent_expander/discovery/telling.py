"""What is said of names that nothing has, and of lists in messages."""

from collections.abc import Iterable
from difflib import get_close_matches

from krmfn.mesh_intent_expander.intents.service_discovery import ServiceDiscovery
from krmfn.sdk import Result, error

_SHOWN = 5


def quoted(names: Iterable[str]) -> str:
    """Give names in quotes, a few of them when they are many."""
    listed = list(names)
    shown = ", ".join(f'"{name}"' for name in listed[:_SHOWN])
    more = len(listed) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def unknown(
    intent: ServiceDiscovery, field: str, what: str, name: str, known: Iterable[str]
) -> Result:
    """Say that a name must be one of those that there are.

    Args:
        intent: the intent that gives it.
        field: where it gives it.
        what: what it must be, with article and without a name, such as ``a cluster of the mesh``.
        name: the name.
        known: the names that there are.
    """
    names = sorted({*known} - {""})
    near = get_close_matches(name, names, n=1)
    there = f"; there is {quoted(names)}" if names else "; there is none"
    return error(
        f'must be {what}, but "{name}" is not{there}',
        code=f"{what.split()[1].lower()}-unknown",
        at=intent,
        field=field,
        current=name,
        proposed=near[0] if near else None,
    )
