"""Matchers over features, in NFD's two-valued and in our three-valued semantics."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krmfn.cluster_profiler.nfd import (
    Expression,
    Features,
    FeatureValueError,
    RuleError,
    Term,
    match_any,
    match_features,
    terms_of,
)

NODE = Features(
    flags={
        "cpu.cpuid": frozenset({"AVX2", "AVX512F", "AVX512BW"}),
        "kernel.loadedmodule": frozenset(),
    },
    attributes={
        "cpu.cpuid": {"AVX10_VERSION": "2"},
        "cpu.model": {"vendor_id": "Intel", "family": "6"},
        "kernel.version": {"full": "6.8.0-52-generic"},
    },
    instances={
        "pci.device": (
            {"class": "0200", "vendor": "8086", "sriov_totalvfs": "64"},
            {"class": "0200", "vendor": "15b3"},
            {"class": "0300", "vendor": "10de"},
        ),
        "usb.device": (),
    },
)
EXISTS, ABSENT = Expression("Exists"), Expression("DoesNotExist")


def one(feature: str, name: Expression | None = None, /, **expressions: Expression) -> Term:
    return Term(feature, expressions or None, name)


def all_in(value: str) -> Expression:
    return Expression("In", (value,))


@pytest.mark.parametrize(
    ("term", "verdict", "evidence"),
    [
        (one("cpu.cpuid", AVX2=EXISTS), True, "cpu.cpuid has AVX2"),
        (one("CPU.cpuid", AVX2=EXISTS), True, "cpu.cpuid has AVX2"),
        (one("cpu.cpuid", AMX=EXISTS), False, "cpu.cpuid has no AMX"),
        (one("cpu.cpuid", AVX2=all_in("true")), False, "cpu.cpuid has AVX2"),
        (one("cpu.cpuid", AMX=ABSENT), True, "cpu.cpuid has no AMX"),
        (one("cpu.cpuid", AVX10_VERSION=ABSENT), False, "cpu.cpuid has AVX10_VERSION"),
        (
            one("cpu.cpuid", AVX10_VERSION=Expression("Ge", ("2",)), AVX2=EXISTS),
            True,
            'cpu.cpuid AVX10_VERSION "2"; cpu.cpuid has AVX2',
        ),
        (one("cpu.model", vendor_id=all_in("Intel")), True, 'cpu.model vendor_id "Intel"'),
        (
            one("cpu.model", vendor_id=all_in("AMD")),
            False,
            'cpu.model vendor_id "Intel", not In AMD',
        ),
        (
            one("kernel.version", full=Expression("Gt", ("6.1",), "version")),
            True,
            'kernel.version full "6.8.0-52-generic"',
        ),
        (
            one("pci.device", vendor=all_in("15b3"), **{"class": all_in("0200")}),
            True,
            'pci.device class "0200", vendor "15b3"',
        ),
        (
            one("pci.device", **{"class": all_in("0200")}),
            True,
            'pci.device class "0200" (2 of them)',
        ),
        (
            one("pci.device", vendor=all_in("10de"), **{"class": all_in("0200")}),
            False,
            "no pci.device with class In 0200, vendor In 10de",
        ),
        (one("usb.device", vendor=EXISTS), False, "no usb.device with vendor Exists"),
        (
            one("cpu.cpuid", Expression("InRegexp", ("^AVX512",))),
            True,
            "cpu.cpuid has AVX512BW, AVX512F",
        ),
        (
            one("pci.device", all_in("sriov_totalvfs")),
            True,
            "pci.device has In sriov_totalvfs",
        ),
        (one("cpu.cpuid", ABSENT), False, "no cpu.cpuid with a name DoesNotExist"),
        (one("kernel.loadedmodule"), True, ""),
        (Term("kernel.loadedmodule", {}), True, ""),
        (Term("usb.device", {}), False, "no usb.device"),
    ],
)
def test_a_term_gives_a_verdict_and_the_facts_behind_it(
    term: Term, verdict: bool | None, evidence: str
) -> None:
    match = match_features([term], NODE)
    assert (match.verdict, "; ".join(match.evidence)) == (verdict, evidence)
    assert match_features([term], NODE, missing_is_false=True).verdict is verdict


def test_a_feature_set_that_nobody_reports_is_unknown_to_us_and_false_to_nfd() -> None:
    terms = [one("network.device", speed=EXISTS)]
    match = match_features(terms, NODE)
    assert (match.verdict, match.missing) == (None, ("network.device",))
    assert match_features(terms, NODE, missing_is_false=True).verdict is False


def test_absence_of_an_unreported_feature_is_unknown_as_well() -> None:
    assert match_features([one("network.device", x=ABSENT)], NODE).verdict is None


def test_a_false_term_decides_although_another_is_unknown() -> None:
    unknown, false = one("network.device"), one("cpu.model", family=all_in("7"))
    for terms in ([unknown, false], [false, unknown]):
        match = match_features(terms, NODE)
        assert (match.verdict, match.missing) == (False, ())
        assert match.evidence == ('cpu.model family "6", not In 7',)


def test_matched_elements_are_given_by_domain_and_feature() -> None:
    terms = [
        one("cpu.cpuid", all_in("AVX2"), AVX10_VERSION=EXISTS),
        one("pci.device", vendor=all_in("10de")),
    ]
    assert match_features(terms, NODE).elements == {
        "cpu": {"cpuid": ({"Name": "AVX10_VERSION", "Value": "2"}, {"Name": "AVX2"})},
        "pci": {"device": ({"class": "0300", "vendor": "10de"},)},
    }


def test_a_value_that_cannot_be_compared_is_unknown_to_us_and_an_error_to_nfd() -> None:
    terms = [one("cpu.model", vendor_id=Expression("Gt", ("5",)))]
    match = match_features(terms, NODE)
    assert (match.verdict, match.missing) == (None, ('cpu.model vendor_id Gt 5 (it is "Intel")',))
    with pytest.raises(FeatureValueError):
        match_features(terms, NODE, missing_is_false=True)


def test_a_wrong_rule_is_an_error_to_both() -> None:
    terms = [one("cpu.model", vendor_id=Expression("In"))]
    for missing_is_false in (False, True):
        with pytest.raises(RuleError, match="at least one value"):
            match_features(terms, NODE, missing_is_false=missing_is_false)


def test_of_a_partial_set_only_what_it_shows_is_known() -> None:
    node = Features(
        flags={"cpu.cpuid": frozenset({"AVX2"})},
        instances={"pci.device": ({"class": "0300"},)},
        partial=frozenset({"cpu.cpuid", "pci.device"}),
    )
    verdicts = [
        match_features([term], node).verdict
        for term in (
            one("cpu.cpuid", AVX2=EXISTS),
            one("cpu.cpuid", AVX2=ABSENT),
            one("cpu.cpuid", AMX=EXISTS),
            one("cpu.cpuid", AMX=ABSENT),
            one("cpu.cpuid", AVX2=all_in("1")),
            one("cpu.cpuid", all_in("AMX")),
            one("pci.device", **{"class": all_in("0300")}),
            one("pci.device", **{"class": all_in("0200")}),
            one("pci.device", vendor=ABSENT),
        )
    ]
    assert verdicts == [True, False, None, None, None, None, True, None, None]
    strict = match_features([one("cpu.cpuid", AMX=ABSENT)], node, missing_is_false=True)
    assert strict.verdict is True


TRUE, FALSE, UNKNOWN = one("cpu.cpuid"), one("cpu.cpuid", no=EXISTS), one("network.device")


@pytest.mark.parametrize(
    ("alternatives", "verdict"),
    [
        ([], False),
        ([FALSE, TRUE], True),
        ([UNKNOWN, TRUE], True),
        ([FALSE, UNKNOWN], None),
        ([FALSE, FALSE], False),
    ],
    ids=["none", "true", "true beside unknown", "unknown", "false"],
)
def test_one_alternative_is_enough(alternatives: Any, verdict: bool | None) -> None:
    match = match_any([[term] for term in alternatives], NODE)
    assert match.verdict is verdict
    assert match.missing == (("network.device",) if verdict is None else ())


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([{"matchExpressions": {}}], "with a text `feature`"),
        ([{"feature": "a.b", "matchExpressions": ["x"]}], "`matchExpressions` must be a mapping"),
        (
            [{"feature": "a.b", "matchExpressions": {"x": None}}],
            "must be a mapping with a text `op`",
        ),
        ({"feature": "a.b"}, "`matchFeatures` must be a list"),
    ],
    ids=["no feature", "list", "no expression", "no list"],
)
def test_a_matcher_of_another_shape_is_refused(value: Any, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        terms_of(value)


names = st.sampled_from(["a", "b", "c"])
values = st.sampled_from(["1", "2", "true"])
expressions = st.one_of(
    st.builds(Expression, st.sampled_from(["Exists", "DoesNotExist", "IsTrue", ""])),
    st.builds(Expression, st.sampled_from(["In", "NotIn"]), st.tuples(values)),
)
terms = st.builds(
    Term,
    st.sampled_from(["d.f", "d.g"]),
    st.none() | st.dictionaries(names, expressions, max_size=2),
    st.none() | expressions,
)
features = st.builds(
    Features,
    st.dictionaries(st.just("d.f"), st.frozensets(names)),
    st.dictionaries(st.just("d.f"), st.dictionaries(names, values)),
    st.dictionaries(st.just("d.f"), st.lists(st.dictionaries(names, values)).map(tuple)),
)


@given(st.lists(terms, max_size=3), features)
def test_what_is_known_agrees_with_nfd(given_terms: list[Term], node: Features) -> None:
    ours = match_features(given_terms, node)
    nfds = match_features(given_terms, node, missing_is_false=True)
    assert ours.verdict in (nfds.verdict, None)
    if ours.verdict:
        assert ours.elements == nfds.elements


@given(st.lists(terms, max_size=3), features, features)
def test_more_evidence_never_turns_a_verdict_over(
    given_terms: list[Term], some: Features, more: Features
) -> None:
    partial = Features(some.flags, some.attributes, some.instances, frozenset({"d.f"}))
    flags = {n: some.flags.get(n, frozenset()) | f for n, f in more.flags.items()}
    whole = Features(
        {**some.flags, **flags},
        {n: {**more.attributes.get(n, {}), **some.attributes.get(n, {})}
         for n in {*some.attributes, *more.attributes}},
        {n: (*some.instances.get(n, ()), *more.instances.get(n, ()))
         for n in {*some.instances, *more.instances}},
    )  # fmt: skip
    known = match_features(given_terms, partial).verdict
    if known is not None and some.names():
        assert match_features(given_terms, whole).verdict in (known, None)
