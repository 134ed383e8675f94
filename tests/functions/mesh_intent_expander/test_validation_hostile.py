"""Whatever stands in a spec, its validation ends with faults, not with an exception."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.mesh_intent_expander.analysis.validation import KINDS, decoding, faults_of
from krmfn.mesh_intent_expander.analysis.validation.faults import ERROR
from krmfn.mesh_intent_expander.analysis.validation.shapes import ENUMS, MESSAGES
from krmfn.sdk import Resource

WORDS = st.sampled_from(
    """a a.b *.a.b a_b 10.0.0.1 10.0.0.0/8 ::1 fe80::1%eth0 ns/name ns/* */* ~/a unix:///a unix://
    80 HTTP TLS {*} /{**} a/b/* configmap://a/b request.headers[a] @request.auth.claims.a mesh
    5xx,503 %REQ(a)% % (?=a) \\C https://[::1 {"keys":[1]} [[[[ 1s outbound_.80_._.a -""".split()
) | st.text(max_size=6)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)


def values(kind: str) -> st.SearchStrategy[Any]:
    """Give values of a type of the shapes, some of them junk."""
    scalars = {
        "str": WORDS,
        "text": WORDS,
        "bool": st.booleans(),
        "double": st.floats(),
        "duration": st.sampled_from(["1s", "0s", "1.5ms", "-1h", "9" * 60 + "h"]),
        "bytes": st.sampled_from(["", "aGk="]),
        "struct": st.dictionaries(st.text(max_size=5), JUNK, max_size=2),
    }
    if kind in MESSAGES:
        return st.deferred(lambda: messages(kind))
    if kind in ENUMS:
        return st.sampled_from(ENUMS[kind])
    return scalars.get(kind, st.integers(0, 70_000))


def messages(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Give messages whose fields have the right types, but for junk here and there."""
    fields = {}
    for token in MESSAGES[kind].replace("|", " ").split():
        match = decoding.TOKEN.fullmatch(token)
        assert match
        one = values(match[4])
        many = {
            "": one,
            "[": st.lists(one, max_size=2),
            "{": st.dictionaries(WORDS, one, max_size=2),
        }[match[3]]
        fields[match[1]] = st.one_of(many, many, many, JUNK)
    return st.fixed_dictionaries({}, optional=fields)


@pytest.mark.parametrize(("group", "kind"), sorted(KINDS))
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_spec_of_a_kind_raises(group: str, kind: str, data: st.DataObject) -> None:
    spec = data.draw(messages(kind) | JUNK)
    made = Resource.of(
        {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": "a"}, "spec": spec}
    )
    faults = faults_of(made)
    assert faults == faults_of(made)
    assert all(fault.path.startswith(("spec", "metadata")) for fault in faults)
    if not isinstance(spec, dict) and spec is not None:
        assert faults[0].code is ERROR
