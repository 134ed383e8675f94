"""Running a function: what it is given, and what comes out."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from krmfn.sdk import (
    FunctionConfig,
    FunctionError,
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
    info,
    run,
    yaml_load,
)
from krmfn.sdk.runner import run_guarded
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
    members: tuple[str, ...] = ()
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


def test_an_item_that_is_no_yaml_is_told_where_it_is_read() -> None:
    before = given(team("red", "ann"), team("blue", "bob"))
    broken = write(before).replace("    name: blue\n", "    name: blue\n  spec: a: b\n", 1)
    outcome = run(teams, read(broken))
    assert not outcome.ok
    assert codes(outcome) == ["invalid-yaml"]
    assert write(outcome.resource_list).startswith(broken)


def test_items_made_by_hand_need_no_numbers() -> None:
    items = (Resource.parse(KPTFILE), team("red", "ann", "bob"))
    once = run(teams, ResourceList(items))
    twice = run(teams, once.resource_list)
    assert set(made(twice)) == {"ann", "bob"}
    assert [item.text for item in twice.resource_list.items] == [
        item.text for item in once.resource_list.items
    ]


def test_a_clash_can_become_a_condition_too() -> None:
    by_hand = Resource.new("v1", "ConfigMap", "ann", data={"mine": "1"}).at(Place("ann.yaml", 0))
    wish = config(onProblem="Condition")
    before = given(team("red", "ann", "bob"), by_hand, config=wish)
    outcome = run(teams, before)
    assert outcome.ok
    assert codes(outcome) == ["not-owned"]
    kptfile, *others = outcome.resource_list.items
    assert [item.text for item in others] == [item.text for item in before.items[1:]]
    assert kptfile.body["status"]["conditions"][0]["reason"] == "not-owned"


@pytest.mark.parametrize("way_out", [KeyError("lost"), SystemExit(0), GeneratorExit()])
def test_however_a_body_leaves_the_items_stay(way_out: BaseException) -> None:
    @function("leaver", config="Teams", reads=("intent.example.com/Team",))
    def leaver(config: Teams, package: Package) -> Iterator[Resource]:
        """Give something, and leave."""
        del config
        yield from package.select(kind="Team")
        raise way_out

    before = given(team("red", "ann"))
    outcome = run_guarded(leaver, before)
    assert not outcome.ok
    assert codes(outcome) == ["internal-error"]
    assert outcome.resource_list.items == before.items
    assert type(way_out).__name__ in outcome.trace


def test_results_before_the_end_of_a_body_are_kept() -> None:
    @function("teller", config="Teams", reads=("intent.example.com/Team",))
    def teller(config: Teams, package: Package) -> Iterator[Result]:
        """Say something, and give up."""
        del config, package
        yield info("said before", code="before")
        raise FunctionError(error("must not be", code="over"))

    assert codes(run(teller, given(team("red")))) == ["over", "before"]


def test_results_of_others_stay_before_ours() -> None:
    before = replace(given(team("red", fails=True)), results=({"message": "theirs"},))
    messages = [result["message"] for result in run(teams, before).resource_list.results]
    assert messages == ["theirs", "must not fail"]


@pytest.mark.parametrize(
    "api_version", ["intent.example.com", "example.com/v1", "intents.example.com/v1"]
)
def test_an_intent_of_another_api_is_not_passed_over(api_version: str) -> None:
    stray = Resource.new(api_version, "Team", "red", spec={}).at(Place("red.yaml", 0))
    outcome = run(teams, given(stray))
    assert not outcome.ok
    assert outcome.results[0].field == "apiVersion"
    assert "must be intent.example.com/v1" in outcome.results[0].message


def test_a_kind_of_the_same_name_of_somebody_else_is_left_alone() -> None:
    other = given(Resource.new("hr.example.org/v1", "Team", "red", spec={"members": ["ann"]}))
    assert run(teams, other) == Outcome(other)


@pytest.mark.parametrize(
    ("api_version", "kind", "wakes"),
    [("v1", "Node", True), ("hub/v1", "Node", False), ("hub/v1", "Cluster", True)],
)
def test_a_fact_of_others_is_work_though_no_class_reads_it(
    api_version: str, kind: str, wakes: bool
) -> None:
    @function("counter", config="Teams", facts=("Node", "hub/Cluster"))
    def counter(config: Teams, package: Package) -> Iterator[Result]:
        """Say how many items there are."""
        del config
        yield info(f"{len(package)} items", code="counted")

    outcome = run(counter, given(Resource.new(api_version, kind, "a", spec={"any": "thing"})))
    assert codes(outcome) == (["counted"] if wakes else [])
