"""Running a function: what it is given, what comes out, and whose output it is."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from krmfn.sdk import (
    FunctionConfig,
    FunctionSpec,
    Generated,
    Kind,
    Model,
    Outcome,
    Package,
    Place,
    Resource,
    ResourceList,
    Result,
    error,
    function,
    run,
    yaml_load,
)
from krmfn.sdk.ownership import OWNER
from krmfn.sdk.wire import read, write

KPTFILE = """\
apiVersion: kpt.dev/v1
kind: Kptfile
metadata:
  name: demo
  annotations:
    internal.config.kubernetes.io/path: Kptfile
info:
  site: example.com  # kept
status:
  renderStatus: {unknown: kept}
"""


class TeamSpec(Model):
    members: list[str] = []
    fails: bool = False


class Team(Kind, api_version="intent.example.com/v1"):
    spec: TeamSpec = TeamSpec()


class Teams(FunctionConfig, api_version="fn.example.com/v1"):
    spec: FunctionSpec = FunctionSpec()


# Where a declared function looks for its kinds.
sys.modules[f"{__name__}.intents"] = sys.modules[__name__]


@function("teams", config="Teams", reads=("intent.example.com/Team",))
def teams(config: Teams, package: Package) -> Iterator[Resource | Generated | Result]:  # noqa: ARG001
    """Make a ConfigMap for every member of every team."""
    for team in package.of(Team):
        if team.spec.fails:
            yield error("must not fail", code="failing", at=team, field="spec.fails")
        for member in team.spec.members:
            made = Resource.new("v1", "ConfigMap", member, data={"team": team.metadata.name})
            yield Generated(made.at(Place(f"{team.metadata.name}/{member}.yaml", 0)), by=team)


def team(name: str, *members: str, fails: bool = False, path: str = "") -> Resource:
    spec: dict[str, Any] = {"members": list(members)} | ({"fails": True} if fails else {})
    place = Place(path or f"{name}.yaml", 0)
    return Resource.new("intent.example.com/v1", "Team", name, spec=spec).at(place)


def given(*items: Resource, config: Resource | None = None, kptfile: bool = True) -> ResourceList:
    head = [Resource.parse(KPTFILE)] if kptfile else []
    return read(write(ResourceList((*head, *items), config)))


def config(**spec: Any) -> Resource:
    return Resource.new("fn.example.com/v1", "Teams", "teams", spec=spec)


def again(outcome: Outcome, *changes: Resource, config: Resource | None = None) -> Outcome:
    """Run on the outcome, with items of the same identity exchanged for the changes."""
    changed = {item.id: item for item in changes}
    items = tuple(changed.pop(item.id, item) for item in outcome.resource_list.items)
    text = write(ResourceList((*items, *changed.values()), config))
    return run(teams, read(text))


def made(outcome: Outcome) -> dict[str, str]:
    """Give name and path of every ConfigMap."""
    items = outcome.resource_list.items
    return {item.name: item.path or "" for item in items if item.kind == "ConfigMap"}


def codes(outcome: Outcome) -> list[str]:
    return [result.code for result in outcome.results]


def test_what_is_made_is_stamped_and_placed() -> None:
    outcome = run(teams, given(team("red", "ann")))
    assert outcome.ok
    item = next(item for item in outcome.resource_list.items if item.kind == "ConfigMap")
    assert (item.path, item.index) == ("red/ann.yaml", 0)
    assert item.annotations[OWNER] == "teams/Team/red"


def test_a_second_run_changes_no_byte() -> None:
    once = run(teams, given(team("red", "ann", "bob")))
    assert write(again(once).resource_list) == write(read(write(once.resource_list)))


def test_what_is_no_longer_made_goes_and_is_told() -> None:
    once = run(teams, given(team("red", "ann", "bob")))
    outcome = again(once, team("red", "ann"))
    assert made(outcome) == {"ann": "red/ann.yaml"}
    assert codes(outcome) == ["pruned"]


def test_output_goes_with_its_intent() -> None:
    once = run(teams, given(team("red", "ann"), team("blue", "bob")))
    items = tuple(item for item in once.resource_list.items if item.name != "red")
    assert made(run(teams, read(write(ResourceList(items))))) == {"bob": "blue/bob.yaml"}


def test_what_changed_is_replaced_in_its_place() -> None:
    once = run(teams, given(team("red", "ann")))
    text = write(once.resource_list).replace("team: red", "team: green # by hand")
    outcome = run(teams, read(text))
    assert write(outcome.resource_list) == write(read(write(once.resource_list)))


def test_kpts_annotations_stay_on_what_is_replaced() -> None:
    once = run(teams, given(team("red", "ann")))
    marked = write(once.resource_list).replace(
        "krmfn.dev/owner: teams",
        "internal.config.kubernetes.io/id: '7'\n      krmfn.dev/owner: teams",
    )
    outcome = run(teams, read(marked.replace("team: red", "team: green")))
    item = next(item for item in outcome.resource_list.items if item.kind == "ConfigMap")
    assert item.annotations["internal.config.kubernetes.io/id"] == "7"
    assert item.body["data"] == {"team": "red"}


def test_what_people_wrote_is_never_overwritten() -> None:
    by_hand = Resource.new("v1", "ConfigMap", "ann", data={"mine": "1"}).at(Place("ann.yaml", 0))
    outcome = run(teams, given(team("red", "ann"), by_hand))
    assert not outcome.ok
    assert codes(outcome) == ["not-owned"]
    assert "`Team red`" in outcome.results[0].message
    assert made(outcome) == {"ann": "ann.yaml"}


def test_two_intents_cannot_make_one_resource() -> None:
    outcome = run(teams, given(team("red", "ann"), team("blue", "ann")))
    assert codes(outcome) == ["made-twice"]
    assert made(outcome) == {}


def test_clusters_are_worlds_of_their_own() -> None:
    @function("fleet", config="Teams", reads=("intent.example.com/Team",))
    def fleet(config: Teams, package: Package) -> Iterator[Generated]:  # noqa: ARG001
        for each in package.of(Team):
            for cluster in each.spec.members:
                place = Place(f"clusters/{cluster}/x.yaml", 0)
                made = Resource.new("v1", "ConfigMap", "x", data={"on": cluster})
                yield Generated(made.at(place), by=each)

    outcome = run(fleet, given(team("red", "waw", "krk")))
    assert outcome.ok
    paths = [item.path for item in outcome.resource_list.items if item.kind == "ConfigMap"]
    assert paths == ["clusters/waw/x.yaml", "clusters/krk/x.yaml"]


def test_a_taken_place_gives_the_next_index() -> None:
    other = Resource.new("v1", "Secret", "s").at(Place("red/ann.yaml", 3))
    outcome = run(teams, given(team("red", "ann"), other))
    item = next(item for item in outcome.resource_list.items if item.kind == "ConfigMap")
    assert (item.path, item.index) == ("red/ann.yaml", 4)


@pytest.mark.parametrize("hiding", [{"match": [{"name": "blue"}]}, {"exclude": [{"name": "red"}]}])
def test_what_was_made_for_a_hidden_intent_stays(hiding: dict[str, Any]) -> None:
    once = run(teams, given(team("red", "ann"), team("blue", "bob")))
    outcome = again(once, team("blue"), config=config(**hiding))
    assert made(outcome) == {"ann": "red/ann.yaml"}


def test_where_a_selector_hides_the_kptfile_nothing_is_pruned() -> None:
    once = run(teams, given(team("red", "ann")))
    items = tuple(item for item in once.resource_list.items if item.kind == "ConfigMap")
    assert made(run(teams, read(write(ResourceList(items))))) == {"ann": "red/ann.yaml"}


def test_an_error_leaves_every_item_as_it_came() -> None:
    before = given(team("red", "ann", fails=True), team("blue", "bob"))
    outcome = run(teams, before)
    assert not outcome.ok
    assert outcome.resource_list.items == before.items
    assert outcome.resource_list.results == (outcome.results[0].to_value(),)


def test_all_wrong_fields_of_all_resources_are_told_together() -> None:
    wrong = Resource.of(
        {**team("red").body, "spec": {"membrs": [], "fails": "yes"}}, place=Place("a.yaml", 0)
    )
    other = Resource.of({**team("blue").body, "spec": {"members": [1]}}, place=Place("b.yaml", 2))
    outcome = run(teams, given(wrong, other))
    told = [(result.path, result.field) for result in outcome.results]
    assert told == [
        ("a.yaml", "spec.fails"),
        ("a.yaml", "spec.membrs"),
        ("b.yaml", "spec.members[0]"),
    ]
    assert outcome.results[2].to_value()["file"] == {"path": "b.yaml", "index": 2}


def test_a_validator_fails_if_the_render_would_change_anything() -> None:
    fresh = given(team("red", "ann"), config=config(mode="Check"))
    outcome = run(teams, fresh)
    assert (outcome.ok, codes(outcome)) == (False, ["stale"])
    assert outcome.resource_list.items == fresh.items
    rendered = run(teams, given(team("red", "ann")))
    checked = again(rendered, config=config(mode="Check"))
    assert (checked.ok, codes(checked)) == (True, [])
    shrunk = again(rendered, team("red"), config=config(mode="Check"))
    assert not shrunk.ok
    assert "stale" in codes(shrunk)


def test_a_problem_can_become_a_condition_of_the_kptfile() -> None:
    wish = config(onProblem="Condition")
    outcome = run(teams, given(team("red", "ann", fails=True), team("blue", "bob"), config=wish))
    assert outcome.ok
    assert set(made(outcome)) == {"ann", "bob"}
    kptfile = outcome.resource_list.items[0]
    text = kptfile.text
    assert "site: example.com  # kept" in text
    assert "renderStatus: {unknown: kept}" in text
    body = yaml_load(text)
    kind = "fn.example.com/v1.Teams.teams"
    assert body["info"]["readinessGates"] == [{"conditionType": kind}]
    assert body["status"]["conditions"] == [
        {"type": kind, "status": "False", "reason": "failing", "message": "must not fail"}
    ]
    healed = again(outcome, team("red", "ann"), config=wish)
    condition = yaml_load(healed.resource_list.items[0].text)["status"]["conditions"][0]
    assert (condition["status"], condition["reason"]) == ("True", "Ready")
    assert write(again(healed, config=wish).resource_list) == write(
        read(write(healed.resource_list))
    )


def test_a_problem_prunes_nothing() -> None:
    wish = config(onProblem="Condition")
    once = run(teams, given(team("red", "ann"), config=wish))
    outcome = again(once, team("red", fails=True), config=wish)
    assert made(outcome) == {"ann": "red/ann.yaml"}


def test_a_condition_needs_a_kptfile() -> None:
    outcome = run(
        teams, given(team("red", fails=True), config=config(onProblem="Condition"), kptfile=False)
    )
    assert not outcome.ok
    assert "no-kptfile" in codes(outcome)


def test_a_config_map_can_say_the_same() -> None:
    flat = Resource.new("v1", "ConfigMap", "function-input", data={"mode": "Check"})
    assert codes(run(teams, given(team("red", "ann"), config=flat))) == ["stale"]
    wrong = Resource.new("v1", "ConfigMap", "function-input", data={"mod": "Check"})
    outcome = run(teams, given(team("red"), config=wrong))
    assert outcome.results[0].field == "data.mod"
    assert outcome.results[0].proposed == "mode"


@pytest.mark.parametrize(
    ("api_version", "kind", "words"),
    [
        ("v1", "Secret", "functionConfig must be a `fn.example.com/v1 Teams` or a `v1 ConfigMap`"),
        ("fn.example.com/v2", "Teams", "must be fn.example.com/v1"),
    ],
)
def test_a_wrong_function_config_is_refused(api_version: str, kind: str, words: str) -> None:
    outcome = run(teams, given(team("red"), config=Resource.new(api_version, kind, "x")))
    assert not outcome.ok
    assert words in outcome.results[0].message


def test_a_package_without_work_costs_no_import() -> None:
    program = (
        "import sys\n"
        "from krmfn.sdk import Resource, function, run\n"
        "from krmfn.sdk.wire import read\n"
        "idle = function('idle', config='Idle', reads=('X',))(lambda config, package: [])\n"
        "text = 'apiVersion: config.kubernetes.io/v1\\nkind: ResourceList\\nitems:\\n"
        "- apiVersion: v1\\n  kind: Other\\n'\n"
        "assert run(idle, read(text)).ok\n"
        "assert not {'pydantic', 'yaml'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
