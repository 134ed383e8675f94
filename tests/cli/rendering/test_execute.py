"""Pipelines, in kpt's order, with functions that only note what they are given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from krmfn.cli.errors import CliError
from krmfn.cli.rendering.calls import Answer, Call, Runner
from krmfn.cli.rendering.execute import Rendering, Run, execute
from krmfn.cli.rendering.kptfile import Step
from krmfn.cli.rendering.tree import read_tree
from krmfn.sdk import Resource

Write = Callable[[Mapping[str, str]], Path]


@dataclass
class Watcher:
    """Notes what it is told."""

    said: list[str] = field(default_factory=list)

    def started(self, path: str, step: Step) -> None:
        self.said.append(f"{path or '.'}: {step.name}")

    def finished(self, run: Run) -> None:
        self.said.append("ok" if run.answer.ok else "failed")


@dataclass
class Functions:
    """Functions by the names that pipelines call them by; each call is noted."""

    calls: list[tuple[str, list[str]]] = field(default_factory=list)
    configs: list[Resource | None] = field(default_factory=list)

    def runner(self, step: Step) -> Runner:
        def run(call: Call) -> Answer:
            self.calls.append((step.name, [item.name for item in call.items]))
            self.configs.append(call.config)
            assert [item.slot for item in call.items] == list(range(len(call.items)))
            return BODIES[step.name](call)

        return run


def same(call: Call) -> Answer:
    return Answer(call.items)


def reset(call: Call) -> Answer:
    return Answer(tuple(item.merged({"data": {"a": "new"}}) for item in call.items))


def add(call: Call) -> Answer:
    return Answer((*call.items, Resource.new("v1", "ConfigMap", "added")))


BODIES: dict[str, Callable[[Call], Answer]] = {
    "same": same,
    "reset": reset,
    "add": add,
    "drop": lambda _: Answer(),
    "fail": lambda _: Answer(exit_code=3, stderr="no"),
    "refuse": lambda _: Answer(problem="stdout must be better"),
    "reverse": lambda call: Answer(tuple(reversed(call.items))),
}


def config_map(name: str, value: str = "old") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  a: {value}\n"


def pipeline(*mutators: str, validators: tuple[str, ...] = ()) -> str:
    lists = {"mutators": mutators, "validators": validators}
    texts = (f"{name}: [{', '.join(steps)}]" for name, steps in lists.items())
    return f"pipeline: {{{', '.join(texts)}}}\n"


def step(name: str, **fields: str) -> str:
    return "{" + ", ".join([f"exec: {name}", *(f"{k}: {v}" for k, v in fields.items())]) + "}"


def render(root: Path) -> tuple[Rendering, Functions, Watcher]:
    functions, watcher = Functions(), Watcher()
    return execute(read_tree(root), functions.runner, watcher), functions, watcher


def data(rendering: Rendering) -> dict[str, str]:
    return {item.name: item.body["data"]["a"] for item in rendering.items if "data" in item.body}


def test_sub_packages_are_rendered_first_and_seen_by_their_parents(package: Write) -> None:
    root = package(
        {
            "Kptfile": pipeline(step("same")),
            "own.yaml": config_map("own"),
            "b/Kptfile": pipeline(step("add")),
            "a/Kptfile": pipeline(step("same")),
            "a/x/c/Kptfile": "",
            "a/x/c/deep.yaml": config_map("deep"),
            "a/x/near.yaml": config_map("near"),
        }
    )
    rendering, functions, watcher = render(root)
    assert rendering.ok
    assert functions.calls == [
        ("same", ["c", "deep", "a", "near"]),
        ("add", ["b"]),
        ("same", ["c", "deep", "a", "near", "b", "added", "pkg", "own"]),
    ]
    assert watcher.said == ["a: same", "ok", "b: add", "ok", ".: same", "ok"]


def test_a_package_may_be_rendered_before_its_sub_packages(package: Write) -> None:
    head = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: pkg\n  annotations:\n"
    root = package(
        {
            "Kptfile": head + '    kpt.dev/bfs-rendering: "true"\n' + pipeline(step("reset")),
            "a/Kptfile": pipeline(step("same")),
            "a/own.yaml": config_map("own"),
            "b/Kptfile": pipeline(step("drop")),
        }
    )
    rendering, functions, _ = render(root)
    assert functions.calls == [
        ("reset", ["pkg", "a", "own", "b"]),
        ("same", ["a", "own"]),
        ("drop", ["b"]),
    ]
    assert [item.name for item in rendering.items] == ["pkg", "a", "own"]
    assert data(rendering)["own"] == "new"


def test_validators_see_what_mutators_made_and_change_nothing(package: Write) -> None:
    files = {
        "Kptfile": pipeline(step("add"), validators=(step("reset"), step("drop"))),
        "a.yaml": config_map("a"),
    }
    rendering, functions, _ = render(package(files))
    assert functions.calls[1:] == [(name, ["pkg", "a", "added"]) for name in ("reset", "drop")]
    assert [item.name for item in rendering.items] == ["pkg", "a", "added"]
    assert data(rendering)["a"] == "old"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("fail", "fail ended with exit code 3"),
        ("refuse", "refuse: stdout must be better"),
    ],
)
def test_a_failed_function_ends_the_rendering(package: Write, name: str, problem: str) -> None:
    files = {
        "Kptfile": pipeline(step("same")),
        "sub/Kptfile": pipeline(step("same"), step(name), step("same")),
    }
    rendering, functions, watcher = render(package(files))
    assert rendering == replace(rendering, items=(), problem=problem)
    assert [name for name, _ in functions.calls] == ["same", name]
    assert watcher.said[-1] == "failed"
    assert [run.answer.ok for run in rendering.runs] == [True, False]


def test_selected_items_go_back_to_where_they_were(package: Write) -> None:
    files = {
        "Kptfile": pipeline(step("reset", selectors="[{name: a}, {name: c}]")),
        "all.yaml": "---\n".join(map(config_map, "abc")),
    }
    rendering, functions, _ = render(package(files))
    assert functions.calls == [("reset", ["a", "c"])]
    assert data(rendering) == {"a": "new", "b": "old", "c": "new"}
    assert [item.name for item in rendering.items] == ["pkg", "a", "b", "c"]


def test_what_a_selective_function_drops_and_adds_is_so_dropped_and_added(package: Write) -> None:
    files = {
        "Kptfile": pipeline(
            step("drop", selectors="[{name: a}]"), step("add", exclude="[{kind: Kptfile}, {}]")
        ),
        "all.yaml": "---\n".join(map(config_map, "ab")),
    }
    rendering, functions, _ = render(package(files))
    assert functions.calls == [("drop", ["a"]), ("add", ["b"])]
    assert [item.name for item in rendering.items] == ["pkg", "b", "added"]


def test_an_item_that_two_selectors_match_is_refused(package: Write) -> None:
    files = {
        "Kptfile": pipeline(step("same", selectors="[{kind: ConfigMap}, {name: a}]")),
        "a.yaml": config_map("a"),
    }
    rendering, _, _ = render(package(files))
    assert rendering.problem == (
        "same: `ConfigMap a` must match one of `pipeline.mutators[0].selectors`, but matches 2: "
        "kpt would pass it as often"
    )


def test_functions_see_the_order_that_earlier_ones_made(package: Write) -> None:
    files = {"Kptfile": pipeline(step("reverse"), step("same")), "a.yaml": config_map("a")}
    _, functions, _ = render(package(files))
    assert functions.calls[1] == ("same", ["a", "pkg"])


def test_the_configuration_of_a_mutator_is_what_earlier_ones_made_of_it(package: Write) -> None:
    files = {
        "Kptfile": pipeline(
            step("same", configPath="conf/a.yaml"),
            step("reset", selectors="[{name: settings}]"),
            step("same", configPath="./conf/a.yaml"),
            step("drop", selectors="[{name: settings}]"),
            step("same", configPath="conf/a.yaml"),
            step("same", configMap="{a: given}"),
            validators=(step("same", configPath="conf/a.yaml"),),
        ),
        "conf/a.yaml": config_map("settings"),
    }
    _, functions, _ = render(package(files))
    found = [config and config.body["data"]["a"] for config in functions.configs]
    assert found == ["old", None, "new", None, "old", "given", "old"]


@pytest.mark.parametrize(
    ("files", "count"),
    [
        pytest.param({}, 0, id="missing"),
        pytest.param({"a.yaml": "---\n".join(map(config_map, "ab"))}, 2, id="two resources"),
        pytest.param({"a.yaml": config_map("a"), ".krmignore": "a.yaml"}, 0, id="ignored"),
        pytest.param({"a.yaml": "# nothing"}, 0, id="empty"),
    ],
)
def test_a_configuration_must_be_one_resource_of_the_package(
    package: Write, files: dict[str, str], count: int
) -> None:
    root = package({"Kptfile": pipeline(step("same", configPath="a.yaml")), **files})
    with pytest.raises(CliError, match=f'but "a.yaml" holds {count}$'):
        render(root)


HINT = "make a file of Helm values a HelmValues resource, or name the file in .krmignore"


@pytest.mark.parametrize(
    ("text", "lacking"),
    [
        pytest.param("a: 1\n", f"`apiVersion`; {HINT}", id="no apiVersion"),
        pytest.param("apiVersion: v1\n", "`kind`", id="no kind"),
        pytest.param("apiVersion: v1\nkind: X\nmetadata: {}\n", "`metadata.name`", id="no name"),
    ],
)
def test_every_file_must_hold_resources(package: Write, text: str, lacking: str) -> None:
    rendering, _, _ = render(package({"Kptfile": "", "sub/Kptfile": "", "sub/x.yaml": text}))
    assert rendering.problem == (
        "input resource list must contain only KRM resources: "
        f"sub/x.yaml: resource must have {lacking}"
    )


def test_a_kustomization_need_not_be_a_resource(package: Write) -> None:
    files = {
        "Kptfile": "",
        "kustomization.yaml": "resources: []\n",
        "x.yaml": "kind: Kustomization\n",
    }
    rendering, _, _ = render(package(files))
    assert rendering.ok


def test_what_a_function_gives_back_must_be_resources(package: Write) -> None:
    files = {"Kptfile": pipeline(step("nameless"))}
    BODIES["nameless"] = lambda _: Answer((Resource(raw="apiVersion: v1\nkind: X\n"),))
    rendering, _, _ = render(package(files))
    assert "output resource list must contain only KRM resources" in rendering.problem
