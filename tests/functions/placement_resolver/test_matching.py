"""Labels, properties and taints are compared as Kubernetes and its fleets compare them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krmfn.placement_resolver.fleet import Taint
from krmfn.placement_resolver.intents.intent import Toleration
from krmfn.placement_resolver.intents.selectors import (
    LabelRequirement,
    LabelSelector,
    PropertyRequirement,
)
from krmfn.placement_resolver.matching import (
    interpolate,
    label_selector_matches,
    property_matches,
    spread_skew,
    tolerated,
)

LABELS = {"env": "prod", "cpus": "8", "empty": ""}


@pytest.mark.parametrize(
    ("key", "operator", "values", "matches"),
    [
        ("env", "In", ("dev", "prod"), True),
        ("env", "In", ("dev",), False),
        ("none", "In", ("dev",), False),
        ("env", "NotIn", ("dev",), True),
        ("env", "NotIn", ("prod",), False),
        ("none", "NotIn", ("prod",), True),
        ("empty", "Exists", (), True),
        ("none", "Exists", (), False),
        ("none", "DoesNotExist", (), True),
        ("empty", "DoesNotExist", (), False),
        ("cpus", "Gt", ("7",), True),
        ("cpus", "Gt", ("8",), False),
        ("cpus", "Lt", ("10",), True),
        ("cpus", "Lt", ("8",), False),
        ("env", "Gt", ("1",), False),
        ("cpus", "Lt", ("many",), False),
        ("none", "Lt", ("8",), False),
    ],
)
def test_a_label_is_compared_as_kubernetes_does(
    key: str, operator: str, values: tuple[str, ...], *, matches: bool
) -> None:
    requirement = LabelRequirement.model_validate(
        {"key": key, "operator": operator, "values": values}
    )
    selector = LabelSelector(match_expressions=(requirement,))
    assert label_selector_matches(selector, LABELS) is matches


def test_all_of_a_selector_must_hold_and_an_empty_one_takes_all() -> None:
    exists = LabelRequirement(key="none", operator="Exists")
    assert label_selector_matches(LabelSelector(), {})
    assert label_selector_matches(LabelSelector(match_labels={"env": "prod"}), LABELS)
    assert not label_selector_matches(LabelSelector(match_labels={"env": "dev"}), LABELS)
    assert not label_selector_matches(
        LabelSelector(match_labels={"env": "prod"}, match_expressions=(exists,)), LABELS
    )


PROPERTIES = {"memory": "4Gi", "cpu": "1500m", "region": "north"}


@pytest.mark.parametrize(
    ("name", "operator", "values", "matches"),
    [
        ("memory", "Eq", ("4096Mi",), True),
        ("memory", "Ne", ("4096Mi",), False),
        ("memory", "Gt", ("4G",), True),
        ("cpu", "Ge", ("1.5",), True),
        ("cpu", "Lt", ("1.5",), False),
        ("cpu", "Le", ("1500m",), True),
        ("region", "Gt", ("1",), None),
        ("none", "Ne", ("1",), None),
        ("region", "In", ("north", "south"), True),
        ("none", "In", ("north",), False),
        ("none", "NotIn", ("north",), True),
        ("region", "Exists", (), True),
        ("none", "DoesNotExist", (), True),
    ],
)
def test_a_property_is_compared_as_a_quantity_or_as_text(
    name: str, operator: str, values: tuple[str, ...], *, matches: bool | None
) -> None:
    requirement = PropertyRequirement.model_validate(
        {"name": name, "operator": operator, "values": values}
    )
    assert property_matches(requirement, PROPERTIES) is matches


def _judged(effect: str, *tolerations: Toleration, is_new: bool = True) -> tuple[str, bool]:
    taint = Taint("key", "value", effect, added=100.0)
    blocking, prefers_not = tolerated((taint,), tolerations, is_new=is_new, now=160.0)
    return blocking.effect if blocking else "", prefers_not


@pytest.mark.parametrize(
    ("effect", "is_new", "judged"),
    [
        ("NoSelect", True, ("NoSelect", False)),
        ("NoSelect", False, ("NoSelect", False)),
        ("NoExecute", False, ("NoExecute", False)),
        ("NoSchedule", True, ("NoSchedule", False)),
        ("NoSchedule", False, ("", False)),
        ("NoSelectIfNew", True, ("NoSelectIfNew", False)),
        ("NoSelectIfNew", False, ("", False)),
        ("PreferNoSelect", True, ("", True)),
        ("PreferNoSchedule", False, ("", True)),
    ],
)
def test_a_taint_that_is_not_borne_works_by_its_effect(
    effect: str, *, is_new: bool, judged: tuple[str, bool]
) -> None:
    assert _judged(effect, is_new=is_new) == judged
    assert _judged(effect, Toleration(operator="Exists"), is_new=is_new) == ("", False)


@pytest.mark.parametrize(
    ("fields", "bears"),
    [
        ({"key": "key", "value": "value"}, True),
        ({"key": "key", "value": "other"}, False),
        ({"key": "other", "value": "value"}, False),
        ({"key": "key", "operator": "Exists"}, True),
        ({"key": "key", "operator": "Exists", "effect": "NoSelect"}, True),
        ({"key": "key", "operator": "Exists", "effect": "NoSelectIfNew"}, False),
        ({"operator": "Exists", "tolerationSeconds": 61}, True),
        ({"operator": "Exists", "tolerationSeconds": 60}, False),
    ],
)
def test_a_toleration_bears_what_it_names_for_as_long_as_it_says(
    fields: dict[str, object], *, bears: bool
) -> None:
    blocking, _ = _judged("NoSelect", Toleration.model_validate(fields))
    assert (blocking == "") is bears


@pytest.mark.parametrize(("added", "now"), [(None, 160.0), (100.0, None)])
def test_a_toleration_has_not_run_out_while_nobody_knows_the_time(
    added: float | None, now: float | None
) -> None:
    taint = Taint("key", "value", "NoExecute", added)
    toleration = Toleration(operator="Exists", toleration_seconds=0)
    assert tolerated((taint,), (toleration,), is_new=True, now=now) == (None, False)


@pytest.mark.parametrize(
    ("value", "order", "rate"),
    [
        (2, "Ascending", 100),
        (2, "Descending", 0),
        (3, "Ascending", 75),
        (6, "Descending", 100),
        (9, "Descending", 100),
        (1, "Ascending", 100),
    ],
)
def test_a_value_rates_by_its_place_on_the_scale(value: float, order: str, rate: float) -> None:
    assert interpolate(value, 2, 6, order, 100) == rate


def test_a_scale_of_one_point_tells_nothing_apart() -> None:
    assert interpolate(2, 2, 2, "Ascending", 100) == 0


@pytest.mark.parametrize(("low", "high"), [(4, 0), (0, float("inf")), (float("nan"), 1)])
def test_a_scale_that_is_none_is_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match=r"^must be a scale that begins before it ends, but is"):
        interpolate(4, low, high, "Ascending", 100)


@pytest.mark.parametrize(
    ("counts", "domain", "max_skew", "expected"),
    [
        pytest.param({"a": 0, "b": 1, "c": 2}, "a", 1, (False, -1), id="the only least one"),
        pytest.param({"a": 0, "b": 0, "c": 2}, "a", 1, (True, 0), id="one of two least"),
        pytest.param({"a": 0, "b": 1, "c": 2}, "b", 2, (False, 0), id="between"),
        pytest.param({"a": 0, "b": 1, "c": 2}, "c", 2, (True, 1), id="the greatest"),
        pytest.param({"a": 1, "b": 1}, "b", 1, (False, 1), id="all alike"),
        pytest.param({"a": 1}, "a", 1, (False, 1), id="the only domain"),
    ],
)
def test_one_more_cluster_of_a_domain_changes_the_skew(
    counts: dict[str, int], domain: str, max_skew: int, expected: tuple[bool, int]
) -> None:
    assert spread_skew(counts, domain, max_skew) == expected


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 9), min_size=2), st.data())
def test_the_change_of_skew_is_what_counting_again_gives(
    counts: dict[str, int], data: st.DataObject
) -> None:
    domain = data.draw(st.sampled_from(sorted(counts)))
    after = counts | {domain: counts[domain] + 1}
    skew = max(after.values()) - min(after.values())
    before = max(counts.values()) - min(counts.values())
    assert spread_skew(counts, domain, 2) == (skew > 2, skew - before)
