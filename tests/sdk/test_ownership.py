"""Owned output: stamped, replaced in place, pruned; what people wrote is left alone."""

from collections.abc import Callable
from random import Random

import pytest

from krmfn.sdk import Generated, Outcome, Place, Resource, ResourceList, error, function, run
from krmfn.sdk.ownership import owner_of, stamp
from krmfn.sdk.wire import write

from .greeter import greet
from .greeter.packages import (
    KPTFILE,
    as_kpt_gives_it,
    card,
    greeting,
    package,
    places,
)

Form = Callable[[ResourceList], ResourceList]


@pytest.fixture(params=["in the process", "by kpt"])
def form(request: pytest.FixtureRequest) -> Form:
    """How a list is given: with places, or with kpt's annotations."""
    return as_kpt_gives_it if request.param == "by kpt" else lambda given: given


def good(given: ResourceList) -> tuple[Resource, ...]:
    outcome = run(greet, given)
    assert outcome.ok, outcome.results
    return outcome.resource_list.items


def refused(given: ResourceList) -> Outcome:
    outcome = run(greet, given)
    assert not outcome.ok
    assert [item.text for item in outcome.resource_list.items] == [i.text for i in given.items]
    return outcome


def test_what_is_made_is_stamped_and_has_a_place(form: Form) -> None:
    given = form(package(KPTFILE, greeting("g", "ann", "bob", file="cards/{}.yaml")))
    items = good(given)
    assert [item.text for item in items[:2]] == [item.text for item in given.items]
    assert [owner_of(item) for item in items] == ["", "", *["greeter/Greeting/g"] * 2]
    assert places(items) == {
        "ann": ("cards/ann.yaml", 0, "/p"),
        "bob": ("cards/bob.yaml", 0, "/p"),
    }


def test_a_stamp_names_function_and_intent() -> None:
    intent = Resource.new("a/v1", "Greeting", "g", namespace="n")
    assert stamp("greeter", intent) == "greeter/Greeting/n/g"


@pytest.mark.parametrize("file", ["{}.yaml", "all.yaml", "clusters/{}/card.yaml"])
def test_a_second_run_changes_nothing(form: Form, file: str) -> None:
    given = form(package(KPTFILE, greeting("g", "ann", "bob", file=file)))
    once = run(greet, given).resource_list
    twice = run(greet, once)
    assert [item.text for item in twice.resource_list.items] == [item.text for item in once.items]
    thrice = run(greet, as_kpt_gives_it(once))
    assert write(thrice.resource_list) == write(as_kpt_gives_it(once))
    assert twice.results == thrice.results == ()


@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_items_does_not_matter(form: Form, seed: int) -> None:
    items = [
        KPTFILE,
        greeting("g", "ann", "bob", file="all.yaml"),
        greeting("h", "cid", "ann2", file="all.yaml"),
        card("bob", "all.yaml", 3, owner="g", text="old"),
        card("gone", "all.yaml", 1, owner="g"),
        card("hand", "all.yaml", 5),
    ]
    shuffled = Random(seed).sample(items, len(items))
    expected = {item.id: item.text for item in good(form(package(*items)))}
    found = good(form(package(*shuffled)))
    if form is not as_kpt_gives_it:
        assert {item.id: item.text for item in found} == expected
    assert places(found) == places(good(form(package(*items))))


def test_what_changed_is_replaced_where_it_stands(form: Form) -> None:
    old = card("ann", "cards.yaml", 4, owner="g", text="old")
    given = form(package(card("x", "x.yaml"), old, KPTFILE, greeting("g", "ann", text="new")))
    items = good(given)
    assert len(items) == 4
    assert items[1].slot == 1
    assert items[1].body["data"] == {"text": "new"}
    assert places(items)["ann"] == ("cards.yaml", 4, "/p")
    ids = [item.annotations.get("internal.config.kubernetes.io/id") for item in items]
    assert ids == [item.annotations.get("internal.config.kubernetes.io/id") for item in given.items]


def test_an_unchanged_one_stays_byte_for_byte(form: Form) -> None:
    text = card("ann", "a.yaml", owner="g").text.replace("data:", "data: # by hand")
    old = Resource.parse(text, place=Place("a.yaml", 0, "/p"))
    given = form(package(KPTFILE, greeting("g", "ann"), old))
    assert write(run(greet, given).resource_list) == write(given)


def test_what_is_no_longer_made_is_pruned(form: Form) -> None:
    given = form(
        package(
            KPTFILE,
            card("ann", "ann.yaml", owner="g"),
            card("bob", "bob.yaml", owner="g"),
            card("cid", "cid.yaml", owner="gone"),
            card("hand", "hand.yaml"),
            greeting("g", "ann"),
        )
    )
    outcome = run(greet, given)
    assert set(places(outcome.resource_list.items)) == {"ann", "hand"}
    assert [(str(each.severity), each.code, each.message) for each in outcome.results] == [
        ("info", "pruned", "pruned what `greeter/Greeting/g` makes no longer: ConfigMap bob"),
        ("info", "pruned", "pruned what `greeter/Greeting/gone` makes no longer: ConfigMap cid"),
    ]


def test_what_another_function_made_is_never_pruned(form: Form) -> None:
    other = card("ann", "ann.yaml").merged(
        {"metadata": {"annotations": {"krmfn.dev/owner": "greeter-of-others/Greeting/g"}}}
    )
    assert set(places(good(form(package(KPTFILE, other))))) == {"ann"}


@pytest.mark.parametrize(
    "spec",
    [
        {"exclude": [{"kind": "Greeting", "name": "g"}]},
        {"match": [{"name": "h"}]},
    ],
    ids=["excluded", "not matched"],
)
def test_nothing_is_pruned_for_an_intent_that_is_hidden(form: Form, spec: dict[str, str]) -> None:
    cards = (card("ann", "ann.yaml", owner="g"), card("bob", "bob.yaml", owner="h"))
    given = form(package(KPTFILE, *cards, greeting("g"), greeting("h"), **spec))
    assert set(places(good(given))) == {"ann"}


def test_without_a_kptfile_only_intents_in_sight_prune(form: Form) -> None:
    cards = (card("ann", "ann.yaml", owner="unseen"), card("bob", "bob.yaml", owner="g"))
    assert set(places(good(form(package(*cards, greeting("g")))))) == {"ann"}


@pytest.mark.parametrize(
    ("owner", "said"),
    [("", "was written by hand"), ("other/Greeting/g", 'is made by "other/Greeting/g"')],
)
def test_what_stands_in_the_way_is_an_error_that_names_both(
    form: Form, owner: str, said: str
) -> None:
    standing = card("ann", "by-hand.yaml")
    if owner:
        standing = standing.merged({"metadata": {"annotations": {"krmfn.dev/owner": owner}}})
    outcome = refused(form(package(KPTFILE, standing, greeting("g", "ann"))))
    (problem,) = outcome.results
    assert (problem.code, problem.path) == ("not-owned", "by-hand.yaml")
    assert "`Greeting g` makes the same resource" in problem.message
    assert said in problem.message


@pytest.mark.parametrize("owner", ["", "h"], ids=["by hand", "by a hidden intent"])
def test_hidden_resources_stand_in_the_way_too(form: Form, owner: str) -> None:
    hidden = card("ann", "ann.yaml", owner=owner)
    spec = {"exclude": [{"kind": "ConfigMap"}, {"name": "h"}]}
    outcome = refused(form(package(KPTFILE, hidden, greeting("g", "ann"), greeting("h"), **spec)))
    assert [each.code for each in outcome.results] == ["not-owned"]


def test_of_two_in_one_place_the_one_by_hand_is_in_the_way(form: Form) -> None:
    twice = (card("ann", "a.yaml", owner="g"), card("ann", "b.yaml"))
    outcome = refused(form(package(KPTFILE, *twice, greeting("g", "ann"))))
    assert [each.path for each in outcome.results] == ["b.yaml"]


def test_of_two_owned_ones_in_one_place_one_is_pruned(form: Form) -> None:
    twice = (card("ann", "a.yaml", owner="g"), card("ann", "b.yaml", owner="g"))
    items = good(form(package(KPTFILE, *twice, greeting("g", "ann"))))
    assert places(items) == {"ann": ("a.yaml", 0, "/p")}


@pytest.mark.parametrize("text", ["hello", "hi"])
def test_what_two_intents_make_is_an_error(form: Form, text: str) -> None:
    both = (greeting("h", "ann", text=text), greeting("g", "ann"))
    (problem,) = refused(form(package(KPTFILE, *both))).results
    assert problem.code == "made-twice"
    assert problem.message == (
        "`ConfigMap ann` must be made once, but `Greeting g` and `Greeting h` both make it"
    )


def test_what_one_intent_makes_twice_alike_is_made_once(form: Form) -> None:
    items = good(form(package(KPTFILE, greeting("g", "ann", "ann", file="a.yaml"))))
    assert places(items) == {"ann": ("a.yaml", 0, "/p")}


def test_what_one_intent_makes_twice_unlike_is_an_error() -> None:
    first, second = card("ann", "a.yaml"), card("ann", "b.yaml", text="other")
    (problem,) = run_made(greeting("g"), first, second).results
    assert "`Greeting g` makes it twice, with different content" in problem.message


def run_made(intent: Resource, *made: Resource) -> Outcome:
    """Run a function that makes these resources."""

    def body(config: object, given: object) -> object:
        del config, given
        yield from (Generated(each, by=Intent(intent)) for each in made)

    body.__module__ = greet.module
    declared = function("greeter", config="Greeter", reads=greet.reads)(body)  # type: ignore[arg-type]
    return run(declared, package(KPTFILE, intent))


class Intent:
    """What a made resource is made for."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource


def test_one_identity_can_be_made_once_a_cluster(form: Form) -> None:
    one, two = (
        greeting(name, "ann", file=f"clusters/{name}/{{}}.yaml", text=name) for name in "gh"
    )
    items = good(form(package(KPTFILE, one, two)))
    found = {item.cluster: item.body["data"]["text"] for item in items if item.kind == "ConfigMap"}
    assert found == {"g": "g", "h": "h"}
    changed = package(*(item for item in items if item.name != "g"), greeting("g", "ann"))
    again = good(form(changed))
    assert {item.cluster for item in again if item.kind == "ConfigMap"} == {"", "h"}


def test_each_package_has_its_own(form: Form) -> None:
    one = greeting("g", "ann", file="a.yaml", text="one")
    two = greeting("g", "ann", file="a.yaml", text="two", package="/p/sub")
    sub = KPTFILE.at(Place("Kptfile", 0, "/p/sub"))
    items = good(form(package(sub, one, KPTFILE, two)))
    made = {item.package_path: item for item in items if item.kind == "ConfigMap"}
    assert {path: item.body["data"]["text"] for path, item in made.items()} == {
        "/p": "one",
        "/p/sub": "two",
    }
    gone = package(
        *(item for item in items if (item.kind, item.package_path) != ("Greeting", "/p/sub"))
    )
    assert places(good(gone)) == {"ann": ("a.yaml", 0, "/p")}


def test_new_resources_stand_behind_what_is_in_their_file(form: Form) -> None:
    given = form(
        package(
            KPTFILE,
            card("hand", "all.yaml", 2),
            card("old", "all.yaml", 7, owner="g"),
            greeting("g", "ann", "bob", file="all.yaml"),
            greeting("f", "cid", "dan", file="new.yaml"),
        )
    )
    assert places(good(given)) == {
        "hand": ("all.yaml", 2, "/p"),
        "ann": ("all.yaml", 3, "/p"),
        "bob": ("all.yaml", 4, "/p"),
        "cid": ("new.yaml", 0, "/p"),
        "dan": ("new.yaml", 1, "/p"),
    }


def test_what_moves_to_another_file_finds_a_free_place_there(form: Form) -> None:
    given = form(
        package(
            KPTFILE,
            card("ann", "old.yaml", 0, owner="g"),
            card("bob", "old.yaml", 1, owner="g", text="changed"),
            card("hand", "all.yaml", 0),
            greeting("g", "cid", "ann", "bob", file="all.yaml"),
        )
    )
    outcome = run(greet, given)
    items = outcome.resource_list.items
    assert places(items) == {
        "ann": ("all.yaml", 1, "/p"),
        "bob": ("all.yaml", 2, "/p"),
        "hand": ("all.yaml", 0, "/p"),
        "cid": ("all.yaml", 3, "/p"),
    }
    assert [item.slot for item in items] == [0, 1, 2, 3, 4, None]
    for item in as_kpt_gives_it(outcome.resource_list).items:
        legacy = {key: item.annotations[f"config.kubernetes.io/{key}"] for key in ("path", "index")}
        assert legacy == {"path": item.path, "index": str(item.index)}
    again = run(greet, as_kpt_gives_it(outcome.resource_list)).resource_list
    assert places(again.items) == places(items)


def test_a_new_resource_without_an_intent_is_a_mistake() -> None:
    def body(config: object, given: object) -> object:
        del config, given
        yield card("ann", "a.yaml")

    body.__module__ = greet.module
    declared = function("greeter", config="Greeter", reads=greet.reads)(body)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="ConfigMap ann must be Generated"):
        run(declared, package(KPTFILE, greeting("g")))


def test_a_problem_keeps_everything_as_it_was(form: Form) -> None:
    cards = (card("ann", "ann.yaml", owner="g", text="old"), card("bob", "b.yaml", owner="gone"))
    given = form(package(KPTFILE, *cards, greeting("g", "ann", "cid", problem="boo")))
    (problem,) = refused(given).results
    assert (
        problem.to_value() == error("must not say boo", code="rude", at=given.items[3]).to_value()
    )
