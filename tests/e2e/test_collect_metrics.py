"""`krmfn collect metrics` asks a real Prometheus, which holds series of known values."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from krmfn.cli import main
from krmfn.kinds.fleet import MetricsSnapshot
from krmfn.sdk import yaml_dump, yaml_load

pytestmark = [pytest.mark.network, pytest.mark.conformance]

AT = datetime(2026, 8, 1, 10, tzinfo=UTC)
STEP = timedelta(minutes=1)
HOUR = 60
GIB = 2**30


def text_of(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def known_series() -> dict[str, Callable[[int], float]]:
    """Give each series, and its value so many minutes before AT.

    `waw` is busy, and `krk` is twice as large and half as busy. Memory of `waw` was free until six
    minutes before AT, which a window of five minutes does not see.
    """
    pods = {
        ("waw", "runs", "w1", "Running"): 3,
        ("waw", "pulls", "w1", "Pending"): 1,
        ("waw", "waits", "", "Pending"): 100,
        ("waw", "ended", "w1", "Succeeded"): 100,
        ("krk", "runs", "k1", "Running"): 4,
    }
    found: dict[str, Callable[[int], float]] = {}
    for cluster, idle, cores in (("waw", 0.25, 8), ("krk", 0.75, 16)):
        of = f'cluster="{cluster}",instance="{cluster}-1"'
        for cpu in range(2):
            name = f'node_cpu_seconds_total{{{of},cpu="{cpu}",mode="idle"}}'
            found[name] = lambda ago, idle=idle: 60 * idle * (HOUR - ago)
        found[f"node_memory_MemTotal_bytes{{{of}}}"] = lambda _: 16 * GIB
        found[f"node_memory_HugePages_Free{{{of}}}"] = lambda _, cores=cores: cores
        found[f"node_memory_Hugepagesize_bytes{{{of}}}"] = lambda _: GIB
        allocatable = f'kube_node_status_allocatable{{{of},node="{cluster}-1",resource="cpu"}}'
        found[allocatable] = lambda _, cores=cores: cores
        probe = f'probe_icmp_duration_seconds{{phase="rtt",source="waw",target="{cluster}"}}'
        found[probe] = lambda ago, cores=cores: (cores + ago % 2) / 1000
    found['node_memory_MemAvailable_bytes{cluster="waw",instance="waw-1"}'] = lambda ago: (
        4 * GIB if ago < 6 else 16 * GIB
    )
    found['node_memory_MemAvailable_bytes{cluster="krk",instance="krk-1"}'] = lambda _: 12 * GIB
    found['probe_icmp_duration_seconds{phase="resolve",source="waw",target="waw"}'] = lambda _: 9
    found['probe_icmp_duration_seconds{phase="rtt",instance="192.0.2.1"}'] = lambda _: 9
    for (cluster, pod, node, phase), cores in pods.items():
        of = f'cluster="{cluster}",namespace="core",pod="{pod}"'
        asks = f'kube_pod_container_resource_requests{{{of},node="{node}",resource="cpu"}}'
        found[asks] = lambda _, cores=cores: cores
        for each in ("Pending", "Running", "Succeeded"):
            state = f'kube_pod_status_phase{{{of},phase="{each}"}}'
            found[state] = lambda _, is_in=each == phase: float(is_in)
    return found


def openmetrics() -> str:
    """Write the series with a sample for every minute of the last hour."""
    families: dict[str, list[str]] = {}
    for series, value in sorted(known_series().items()):
        lines = families.setdefault(series.partition("{")[0], [])
        for ago in range(HOUR, -1, -1):
            lines.append(f"{series} {value(ago)} {(AT - ago * STEP).timestamp():.0f}")
    text = ""
    for family, lines in families.items():
        kind = "counter" if family.endswith("_total") else "gauge"
        text += f"# TYPE {family.removesuffix('_total')} {kind}\n" + "\n".join(lines) + "\n"
    return f"{text}# EOF\n"


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prometheus that holds the series and scrapes nothing."""
    for program in ("prometheus", "promtool"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "series").write_text(openmetrics())
    (folder / "config.yaml").write_text("{}\n")
    blocks = ("tsdb", "create-blocks-from", "openmetrics", "series", "data")
    subprocess.run(["promtool", *blocks], cwd=folder, check=True, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    options = [
        "--config.file=config.yaml",
        "--storage.tsdb.path=data",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address={address}",
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(["prometheus", *options], cwd=folder, stdout=log, stderr=log)
        try:
            _wait_for(address, process, folder / "log")
            yield f"http://{address}"
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    host, _, port = address.partition(":")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection((host, int(port)), 1) as connection:
                connection.sendall(b"GET /-/ready HTTP/1.0\r\n\r\n")
                if b" 200 " in connection.makefile("rb").readline():
                    return
        except OSError:
            pass
        time.sleep(0.05)
    pytest.fail(f"Prometheus did not start: {log.read_text()[-2000:]}")


@pytest.fixture
def ask(
    prometheus: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., tuple[Any, str]]:
    """Collect metrics of AT with these queries, or the built-in ones: the snapshot and stderr."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def ask(*queries: dict[str, str], arguments: tuple[str, ...] = ()) -> tuple[Any, str]:
        given = ["collect", "metrics", "--url", prometheus, "--output", str(tmp_path / "fleet")]
        if queries:
            body = {"metadata": {"name": "own"}, "spec": {"queries": [*queries]}}
            head = {"apiVersion": MetricsSnapshot.api_version, "kind": "MetricsQueries"}
            (tmp_path / "queries.yaml").write_text(yaml_dump(head | body))
            given += ["--queries", str(tmp_path / "queries.yaml")]
        if "--at" not in arguments:
            given += ["--at", text_of(AT)]
        code = main([*given, *arguments])
        err = capfd.readouterr().err
        found = [*(tmp_path / "fleet").rglob("*.yaml")] if code == 0 else []
        return (yaml_load(found[0].read_text()) if found else None), err

    return ask


def values(snapshot: Any, name: str) -> dict[str, float]:
    """Give the values of a metric by the label that names the cluster."""
    (metric,) = (each for each in snapshot["spec"]["metrics"] if each["name"] == name)
    label = metric.get("clusterLabel", "cluster")
    return {sample["labels"][label]: float(sample["value"]) for sample in metric["samples"]}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("cluster:cpu_used", {"krk": 0.25, "waw": 0.75}, id="CPU in use"),
        pytest.param("cluster:memory_used", {"krk": 0.25, "waw": 0.75}, id="memory in use"),
        pytest.param("cluster:cpu_request_ratio", {"krk": 0.25, "waw": 0.5}, id="CPU requested"),
        pytest.param("cluster:hugepages_free", {"krk": 16 * GIB, "waw": 8 * GIB}, id="hugepages"),
        pytest.param("link:rtt", {"krk": 16.45, "waw": 8.45}, id="round trip"),
    ],
)
def test_a_built_in_query_gives_the_known_values(
    name: str, expected: dict[str, float], ask: Any
) -> None:
    snapshot, err = ask()
    assert err == ""
    assert values(snapshot, name) == pytest.approx(expected, rel=0.01)


def test_the_snapshot_is_a_whole_resource_with_the_times_of_its_values(ask: Any) -> None:
    snapshot, _ = ask()

    parsed, problems = MetricsSnapshot.parse(snapshot)

    assert problems == []
    assert parsed is not None
    assert {metric.observed_at for metric in parsed.spec.metrics} == {text_of(AT)}
    assert {metric.valid_until for metric in parsed.spec.metrics} == {"2026-08-01T10:15:00Z"}


def test_asking_twice_about_the_same_time_gives_the_same(ask: Any) -> None:
    assert ask() == ask()


def test_the_time_asked_about_is_the_time_observed(ask: Any) -> None:
    earlier = AT - 30 * STEP
    snapshot, _ = ask(arguments=("--at", text_of(earlier)))
    assert values(snapshot, "cluster:memory_used")["waw"] == 0
    assert {each["observedAt"] for each in snapshot["spec"]["metrics"]} == {text_of(earlier)}


@pytest.mark.parametrize(("window", "used"), [("5m", 0.75), ("12m", 0.375)])
def test_a_window_is_what_the_query_looks_back_on(window: str, used: float, ask: Any) -> None:
    query = (
        f"1 - sum by (cluster) (avg_over_time(node_memory_MemAvailable_bytes[{window}]))"
        " / sum by (cluster) (node_memory_MemTotal_bytes)"
    )
    snapshot, _ = ask({"name": "used", "query": query, "window": window})
    assert values(snapshot, "used")["waw"] == pytest.approx(used, abs=0.05)


@pytest.mark.parametrize(
    ("term", "value"), [("/ 0", "+Inf"), ("* 0 / 0", "NaN"), ("/ -0", "-Inf"), ("+ 0.1", "16.1")]
)
def test_numbers_stay_as_prometheus_spells_them(term: str, value: str, ask: Any) -> None:
    query = f'sum by (cluster) (kube_node_status_allocatable{{cluster="krk"}}) {term}'
    snapshot, _ = ask({"name": "odd", "query": query})
    (sample,) = snapshot["spec"]["metrics"][0]["samples"]
    assert sample == {"labels": {"cluster": "krk"}, "value": value}


def test_a_query_without_series_is_told_by_name(ask: Any) -> None:
    snapshot, err = ask({"name": "gpu", "query": "sum by (cluster) (gpu_used)"})
    assert err == "warning: the query `gpu` gives no series\n"
    assert snapshot["spec"]["metrics"][0]["observedAt"] == text_of(AT)


def test_series_of_a_lone_prometheus_are_of_the_cluster_that_was_given(ask: Any) -> None:
    query = {"name": "cores", "query": "sum(kube_node_status_allocatable)"}
    snapshot, _ = ask(query, arguments=("--cluster", "waw-edge-1"))
    assert values(snapshot, "cores") == {"waw-edge-1": 24}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        pytest.param("sum(", "was refused: bad_data: ", id="a parse error"),
        pytest.param("node_memory_MemTotal_bytes[5m]", "but gives a matrix", id="a range"),
        pytest.param("1 + 1", "but gives a scalar", id="a scalar"),
        pytest.param("'text'", "but gives a string", id="a string"),
        pytest.param("sum(node_memory_MemTotal_bytes)", "series with the label", id="no cluster"),
        pytest.param("node_cpu_seconds_total", "must give one value each", id="two values"),
        pytest.param(
            "node_memory_MemTotal_bytes * on () node_memory_HugePages_Free",
            "was refused: execution: ",
            id="a match of many to many",
        ),
    ],
)
def test_a_query_that_does_not_do_is_refused_by_name(query: str, message: str, ask: Any) -> None:
    asked = {"name": "wrong", "query": query, "property": "load.krmfn.dev/cpu"}
    snapshot, err = ask(asked)
    assert snapshot is None
    assert err.startswith("error: the query `wrong` ")
    assert message in err
