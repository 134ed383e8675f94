"""Two meshes compared: what opens, closes, widens, narrows and changes."""

from typing import Any

import pytest

from krmfn.mesh_intent_expander.report.difference import Changed, Side, difference


def _policy(spec: str) -> str:
    return f"""
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: api, namespace: shop}}
spec: {spec}
"""


NOBODY = _policy("{}")
READING = _policy("{rules: [{to: [{operation: {methods: [GET]}}]}]}")
WRITING = _policy("{rules: [{to: [{operation: {methods: [GET, POST]}}]}]}")
ASKING = _policy(
    '{action: CUSTOM, provider: {name: opa}, rules: [{to: [{operation: {ports: ["8080"]}}]}]}'
)
STRICT = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: STRICT}}
"""


def _changes(render: Any, old: str, new: str) -> dict[tuple[str, str], Changed]:
    sides = [Side(*render(east=text).side()) for text in (old, new)]
    return {each.key.caller: each for each in difference(*sides)}


PORTAL = ("west", "web/portal")


@pytest.mark.parametrize(
    ("old", "new", "change", "opened", "closed", "weakens"),
    [
        (NOBODY, READING, "opens", ("GET",), (), True),
        (READING, NOBODY, "closes", (), ("GET",), False),
        (READING, WRITING, "widens", ("POST",), (), True),
        (WRITING, READING, "narrows", (), ("POST",), False),
        (ASKING, "", "changes", (), (), True),
        ("", ASKING, "changes", (), (), False),
        (STRICT, "", "changes", (), (), True),
        ("", STRICT, "changes", (), (), False),
    ],
    ids=["opens", "closes", "widens", "narrows", "unasked", "asked", "permissive", "strict"],
)
def test_a_change_is_told_by_what_it_does(  # noqa: PLR0913
    render: Any,
    old: str,
    new: str,
    change: str,
    opened: tuple[str, ...],
    closed: tuple[str, ...],
    *,
    weakens: bool,
) -> None:
    found = _changes(render, old, new)[PORTAL]
    assert (found.change, found.opened, found.closed) == (change, opened, closed)
    assert found.weakens is weakens


def test_plaintext_that_is_refused_from_now_on_closes(render: Any) -> None:
    assert _changes(render, "", STRICT)["east", "plaintext"].change == "closes"


@pytest.mark.parametrize("text", ["", READING, STRICT], ids=["open", "policy", "strict"])
def test_nothing_differs_from_itself(render: Any, text: str) -> None:
    assert not _changes(render, text, text)


def test_a_client_that_only_the_new_policy_names_is_asked_for_on_both_sides(render: Any) -> None:
    named = "{rules: [{from: [{source: {principals: [cluster.local/ns/jobs/sa/nightly]}}]}]}"
    found = _changes(render, NOBODY, _policy(named))
    assert found["east", "jobs/nightly"].change == "opens"
    assert set(found) == {("east", "jobs/nightly")}


def test_a_service_that_is_gone_closes_its_ways(render: Any) -> None:
    old = Side(*render().side())
    new = Side(old.tracer, [])
    assert {each.change for each in difference(old, new)} == {"closes"}
