"""Where load goes by locality: distribution and failover.

Source: Istio's ``ValidateLocalityLbSetting``, which looks at nothing more after wrong weights, and
``ValidateZoneAwareLbSetting``.
"""

from collections.abc import Mapping, Sequence

from krmfn.mesh_intent_expander.analysis.validation.faults import (
    ADMISSION,
    WARNING,
    Fault,
    Faults,
    Spec,
    at_most_one,
    refuse,
)

_TOPOLOGY = frozenset(
    {
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
        "topology.istio.io/subzone",
    }
)
_WHOLE = 100


def locality_lb(path: str, setting: Spec | None, *, has_outlier_detection: bool) -> Faults:
    """Check ``localityLbSetting``."""
    if setting is None:
        return
    refused = list(at_most_one(path, setting, "distribute failover"))
    if setting.get("failover"):
        refused += _topology(path, setting, "must not be there beside `failover`")
    for number, each in enumerate(setting.get("distribute") or ()):
        refused += _weights(f"{path}.distribute[{number}].to", each.get("to") or {})
    if refused:
        yield from refused
        return
    for number, each in enumerate(setting.get("distribute") or ()):
        said = _overlap(sorted(each.get("to") or ()))
        yield from refuse(f"{path}.distribute[{number}].to", said)
    sources = [each.get("from") or "" for each in setting.get("distribute") or ()]
    yield from refuse(f"{path}.distribute", _overlap(sources))
    yield from _failover(path, setting, has_outlier_detection=has_outlier_detection)


def zone_aware_lb(path: str, setting: Spec | None, *, has_outlier_detection: bool) -> Faults:
    """Check ``zoneAwareLbSetting``."""
    if setting is None:
        return
    yield from _topology(path, setting, "must not be there, for Envoy orders by locality itself")
    yield from _failover(path, setting, has_outlier_detection=has_outlier_detection)
    if setting.get("minClusterSize") == 0:
        yield Fault(f"{path}.minClusterSize", "must be at least 1, but is 0", ADMISSION)


def _topology(path: str, setting: Spec, said: str) -> Faults:
    for number, label in enumerate(setting.get("failoverPriority") or ()):
        if label in _TOPOLOGY:
            yield Fault(f"{path}.failoverPriority[{number}]", f'{said}, but is "{label}"')


def _weights(path: str, weights: Mapping[str, int]) -> Faults:
    for locality, weight in weights.items():
        if not 1 <= weight <= _WHOLE:
            yield Fault(
                path, f'must have weights from 1 to {_WHOLE}, but "{locality}" has {weight}'
            )
    if (total := sum(weights.values())) != _WHOLE:
        yield Fault(path, f"must have weights of {_WHOLE} together, but has {total}")


def _failover(path: str, setting: Spec, *, has_outlier_detection: bool) -> Faults:
    failovers = setting.get("failover") or ()
    if (failovers or setting.get("failoverPriority")) and not has_outlier_detection:
        said = "must have `outlierDetection` beside it, without which nothing fails over"
        yield Fault(path, said, WARNING)
    for number, each in enumerate(failovers):
        source, target = each.get("from") or "", each.get("to") or ""
        here = f"{path}.failover[{number}]"
        if source == target:
            yield Fault(here, f'must go to another region, but both are "{source}"')
        for field, region in (("from", source), ("to", target)):
            if "/" in region or "*" in region:
                yield Fault(f"{here}.{field}", f'must be the name of a region, but is "{region}"')


def _overlap(localities: Sequence[str]) -> str:
    """Say which of some localities is malformed or overlaps one before it; ``*`` may end them."""
    seen: list[list[str]] = []
    for locality in localities:
        parts = locality.split("/", 2)
        if "*" in locality[:-1] or "" in parts:
            return f'must be as in "region/zone/subzone" or "region/*", but has "{locality}"'
        prefix = parts[:-1] if parts[-1] == "*" else parts
        is_bare = prefix is parts
        if any(_covers(other, prefix) or (is_bare and _covers(prefix, other)) for other in seen):
            return f'must have localities without overlap, but "{locality}" overlaps another one'
        seen.append(prefix)
    return ""


def _covers(wide: list[str], narrow: list[str]) -> bool:
    return narrow[: len(wide)] == wide
