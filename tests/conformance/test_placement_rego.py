"""A real `opa` evaluates the Rego of placement policies."""

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from krmfn.kinds.inventory import decided_clusters
from krmfn.placement_resolver.edge import opa_engine
from krmfn.placement_resolver.edge.opa import evaluate
from krmfn.placement_resolver.edge.process import Limits
from krmfn.placement_resolver.judges import RegoError, RegoFault, RegoQuery
from krmfn.sdk import yaml_load

PACKAGES = Path(__file__).parent / "packages"

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not shutil.which("opa"), reason="needs opa on PATH"),
]

DEAR = """package placement

decision := {"filter": allowed, "scores": scores, "reasons": reasons}

allowed contains name if {
	some name, cluster in input.clusters
	data.prices[cluster.labels.region] <= to_number(input.workload.annotations.budget)
}

scores[name] := 100 - data.prices[input.clusters[name].labels.region] if some name in allowed

reasons[name] contains text if {
	some name, cluster in input.clusters
	not name in allowed
	text := sprintf("%v costs %v", [cluster.labels.region, data.prices[cluster.labels.region]])
}
"""


def query_of(*modules: str, workloads: int = 1, clusters: int = 3, data: Any = None) -> RegoQuery:
    return RegoQuery(
        {f"m{number}.rego": text for number, text in enumerate(modules)},
        data or {},
        {
            f"c{number}": {"name": f"c{number}", "labels": {"region": f"r{number % 3}"}}
            for number in range(clusters)
        },
        [
            {"name": f"w{number}", "annotations": {"budget": str(number)}}
            for number in range(workloads)
        ],
    )


def ask(*modules: str, **sizes: Any) -> Sequence[Any]:
    return opa_engine()(query_of(*modules, **sizes))


def refused(*modules: str, limits: Limits | None = None) -> tuple[RegoFault, ...]:
    with pytest.raises(RegoError) as caught:
        evaluate(query_of(*modules), limits)
    return caught.value.faults


def test_every_workload_gets_the_decision_on_its_own_input() -> None:
    prices = {"prices": {"r0": 0, "r1": 1, "r2": 50}}
    free, cheap = ask(DEAR, workloads=2, data=prices)
    assert free["filter"] == ["c0"]
    assert cheap == {
        "filter": ["c0", "c1"],
        "scores": {"c0": 100, "c1": 99},
        "reasons": {"c2": ["r2 costs 50"]},
    }


def test_modules_may_use_each_other() -> None:
    library = "package lib\n\nhalf(x) := x / 2\n"
    policy = 'package placement\n\ndecision := {"scores": {"c0": data.lib.half(5)}}\n'
    assert ask(policy, library) == [{"scores": {"c0": 2.5}}]


def test_a_decision_that_is_undefined_for_a_workload_keeps_its_place() -> None:
    policy = 'package placement\n\ndecision := {} if input.workload.name == "w1"\n'
    assert ask(policy, workloads=3) == [None, {}, None]


@pytest.mark.parametrize("number", [1, 2])
def test_the_same_query_gives_the_same_answer(number: int) -> None:
    policy = 'package placement\n\ndecision := {"filter": {n | some n, _ in input.clusters}}\n'
    assert ask(policy, clusters=10 * number) == ask(policy, clusters=10 * number)


@pytest.mark.parametrize(
    "call",
    [
        'http.send({"method": "get", "url": "http://127.0.0.1"})',
        "time.now_ns()",
        'rand.intn("seed", 10)',
        'uuid.rfc4122("seed")',
        "opa.runtime()",
        'net.lookup_ip_addr("localhost")',
        'trace("here")',
        'io.jwt.decode_verify("token", {})',
    ],
)
def test_what_would_not_give_the_same_every_time_cannot_be_called(call: str) -> None:
    (fault,) = refused(f"package placement\n\ndecision := {{}} if {call}\n")
    assert fault.message.startswith(f"must not call `{call.partition('(')[0]}`")
    assert (fault.code, fault.module, fault.line) == ("rego-invalid", "m0.rego", 3)


@pytest.mark.parametrize(
    ("module", "code", "said"),
    [
        pytest.param("decision := {", "rego-invalid", "unexpected eof", id="parse"),
        pytest.param("decision := frob(1)", "rego-invalid", "frob", id="undefined-function"),
        pytest.param('decision := {"scores": {y: 1}}', "rego-invalid", "unsafe", id="unsafe"),
        pytest.param("decision := x\nx := decision", "rego-invalid", "recursive", id="recursion"),
        pytest.param('decision := 1 + "a"', "rego-invalid", "plus", id="type"),
        pytest.param("decision { true }", "rego-invalid", "`if`", id="rego-v0"),
        pytest.param(
            "decision := {}\ndecision := 1 if true",
            "rego-failed",
            "produce",
            id="conflict",
        ),
    ],
)
def test_what_opa_refuses_is_told_with_its_place(module: str, code: str, said: str) -> None:
    fault = refused(f"package placement\n{module}\n")[0]
    assert (fault.code, fault.module) == (code, "m0.rego")
    assert fault.line in {2, 3}
    assert said in fault.message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("package krmfn.render\n\ndecisions := []\n", id="our-package"),
        pytest.param("", id="empty"),
        pytest.param("package placement\n\0", id="nul"),
        pytest.param(f"package placement\n\ndecision := {'[' * 9999}{']' * 9999}\n", id="deep"),
    ],
)
def test_a_hostile_module_is_refused(text: str) -> None:
    assert refused(text)


@pytest.mark.parametrize(
    ("body", "limits", "said"),
    [
        pytest.param(
            "{x | some x in numbers.range(1, 100000000)}", Limits(1), "processor time", id="time"
        ),
        pytest.param(
            "{x | some x in numbers.range(1, 100000000)}",
            Limits(20, memory_bytes=2**27),
            "128 MiB of memory",
            id="memory",
        ),
        pytest.param(
            "numbers.range(1, 200000)", Limits(20, file_bytes=2**20), "1 MiB of text", id="output"
        ),
    ],
)
def test_rego_without_end_is_ended(body: str, limits: Limits, said: str) -> None:
    module = f'package placement\n\ndecision := {{"filter": {body}}}\n'
    (fault,) = refused(module, limits=limits)
    assert fault.code == "rego-limit"
    assert said in fault.message


def test_the_environment_is_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPA_EVAL_FORMAT", "pretty")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    policy = 'package placement\n\ndecision := {"scores": {"c0": time.clock([0, "Local"])[0]}}\n'
    assert ask(policy) == [{"scores": {"c0": 0}}]


def test_time_grows_no_worse_than_with_the_workloads() -> None:
    def seconds(workloads: int) -> float:
        start = time.perf_counter()
        ask(DEAR, workloads=workloads, clusters=300, data={"prices": {}})
        return time.perf_counter() - start

    assert seconds(400) < 4 * 4 * max(seconds(100), 0.05)


def test_without_opa_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    (fault,) = refused("package placement\n")
    assert fault.code == "rego-engine-missing"
    assert "install OPA 1.0 or later" in fault.message


def test_a_package_with_prices_is_placed_as_its_rules_say(tmp_path: Path) -> None:
    package = tmp_path / "package"
    shutil.copytree(PACKAGES / "rego-joins-prices", package)
    command = [sys.executable, "-m", "krmfn.cli", "render", str(package)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    decisions = sorted(package.glob("placement/*/decision-*.yaml"))
    chosen = {
        file.parent.name: list(decided_clusters(yaml_load(file.read_text()))) for file in decisions
    }
    assert chosen == {
        "site-probe": ["gdn-edge-2"],
        "video-analytics": ["gdn-edge-1", "gdn-edge-2"],
    }
