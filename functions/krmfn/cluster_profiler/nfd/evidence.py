"""Evidence of a match as short English facts, as a report shows them."""

from krmfn.cluster_profiler.nfd.expressions import MISSING, Expression, Presence
from krmfn.cluster_profiler.nfd.features import AtLeast, Inferred, Instances

_SHOWN = 4


def element_fact(
    feature: str, name: str, expression: Expression, value: str | Presence, verdict: bool
) -> tuple[str, ...]:
    """Give the fact behind a verdict on one element, as in ``cpu.model vendor_id "Intel"``."""
    if value is MISSING:
        return (f"{feature} has no {name}",) if expression.op else ()
    if isinstance(value, Inferred):
        return (value.fact,)
    if isinstance(value, Presence) or expression.op == "DoesNotExist":
        return (f"{feature} has {name}",)
    return (f"{feature} {name} {_quoted(value)}" + ("" if verdict else f", not {expression}"),)


def element_wanted(feature: str, name: str, expression: Expression, value: str | Presence) -> str:
    """Say what would have to be known of an element."""
    have = f" (it is {_quoted(value)})" if isinstance(value, str) else ""
    return f"{feature} {name} {expression}{have}"


def instance_facts(feature: str, names: list[str], hits: Instances) -> tuple[str, ...]:
    """Tell matched instances apart by the attributes that were asked for."""
    lines: dict[str, int] = {}
    for hit in hits:
        asked = ", ".join(f"{name} {_quoted(hit[name])}" for name in names if name in hit)
        line = f"{feature} {asked}".rstrip()
        lines[line] = lines.get(line, 0) + 1
    shown = [line if count == 1 else f"{line} ({count} of them)" for line, count in lines.items()]
    more = [f"{len(shown) - _SHOWN} more {feature}"] if len(shown) > _SHOWN else []
    return (*shown[:_SHOWN], *more)


def listed(names: list[str]) -> str:
    """List names, the first few of them."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _quoted(value: str) -> str:
    return f'at least "{value}"' if isinstance(value, AtLeast) else f'"{value}"'
