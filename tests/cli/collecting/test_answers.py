"""What Prometheus answers becomes values of clusters, or the query is refused by name."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from krmfn.cli.collecting.answers import Answer, answer_of, text_of
from krmfn.cli.collecting.queries import MetricsQuery
from krmfn.cli.errors import CliError

AT = datetime(2026, 8, 1, 10, tzinfo=UTC)
EPOCH = int(AT.timestamp())
CPU = MetricsQuery(
    name="cpu", query="q", window="10m", property="load.krmfn.dev/cpu", valid_for="1h30m"
)
RTT = MetricsQuery(
    name="rtt", query="q", property="latency.krmfn.dev/{source}", cluster_label="target"
)
PLAIN = MetricsQuery(name="plain", query="q")


def series(value: str = "0.5", at: Any = EPOCH, **metric: str) -> dict[str, Any]:
    return {"metric": metric, "value": [at, value]}


def success(*result: Any, kind: str = "vector", **more: Any) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": kind, "result": [*result]}, **more}


def read(query: MetricsQuery, reply: Any, cluster: str = "") -> Answer:
    return answer_of(query, reply, at=AT, cluster=cluster)


def test_a_metric_says_what_was_asked_and_when_it_counts() -> None:
    metric, warnings = read(CPU, success(series(cluster="waw", __name__="up")))

    assert warnings == ()
    assert metric.model_dump(mode="json", exclude_defaults=True) == {
        "name": "cpu",
        "query": "q",
        "window": "10m",
        "property": "load.krmfn.dev/cpu",
        "observedAt": "2026-08-01T10:00:00Z",
        "validUntil": "2026-08-01T11:30:00Z",
        "samples": [{"labels": {"cluster": "waw"}, "value": "0.5"}],
    }


def test_samples_are_in_the_order_of_their_labels() -> None:
    one, two = series(cluster="a", zone="2"), series(cluster="a", zone="1")
    found = read(PLAIN, success(one, two)).metric
    assert found == read(PLAIN, success(two, one)).metric
    assert [sample.labels["zone"] for sample in found.samples] == ["1", "2"]


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "1e-7", "9007199254740993", "0.10"])
def test_values_stay_as_they_are_spelled(value: str) -> None:
    (sample,) = read(CPU, success(series(value, cluster="waw"))).metric.samples
    assert sample.value == value


@pytest.mark.parametrize(
    ("times", "observed"),
    [
        pytest.param([EPOCH], "2026-08-01T10:00:00Z", id="whole seconds"),
        pytest.param([Decimal(f"{EPOCH}.25")], "2026-08-01T10:00:00.250Z", id="milliseconds"),
        pytest.param([Decimal(f"{EPOCH}.0")], "2026-08-01T10:00:00Z", id="a fraction of nothing"),
        pytest.param([EPOCH, EPOCH - 60], "2026-08-01T09:59:00Z", id="the oldest"),
        pytest.param([], "2026-08-01T10:00:00Z", id="no series"),
    ],
)
def test_values_were_observed_when_the_server_says(times: list[Any], observed: str) -> None:
    given = [series(at=at, cluster=f"c{number}") for number, at in enumerate(times)]
    assert read(CPU, success(*given)).metric.observed_at == observed


def test_series_without_a_cluster_are_of_the_cluster_that_was_given() -> None:
    found = read(PLAIN, success(series(job="a"), series(cluster="krk")), cluster="waw").metric
    assert [sample.labels for sample in found.samples] == [
        {"cluster": "krk"},
        {"cluster": "waw", "job": "a"},
    ]


def test_a_property_of_several_labels_has_a_value_for_each() -> None:
    near, far = series(source="waw", target="c"), series(source="krk", target="c")
    assert len(read(RTT, success(near, far)).metric.samples) == 2


def test_warnings_of_the_server_are_handed_on() -> None:
    reply = success(series(cluster="waw"), warnings=["no store for krk"])
    assert read(CPU, reply).warnings == ("no store for krk",)


@pytest.mark.parametrize(
    ("query", "reply", "message"),
    [
        pytest.param(
            CPU,
            {"status": "error", "errorType": "bad_data", "error": "1:2: parse error"},
            "the query `cpu` was refused: bad_data: 1:2: parse error",
            id="an error",
        ),
        pytest.param(
            CPU,
            {"status": "error"},
            "was refused: the server does not say why",
            id="an error without a reason",
        ),
        pytest.param(CPU, [], "was refused: the answer is no map", id="a list"),
        pytest.param(
            CPU,
            success(kind="matrix"),
            "must give an instant vector, but gives a matrix: take one value of the range",
            id="a range",
        ),
        pytest.param(
            CPU,
            success(EPOCH, "1", kind="scalar"),
            "must give an instant vector, but gives a scalar: it names no cluster",
            id="a scalar",
        ),
        pytest.param(
            CPU,
            success(EPOCH, "a", kind="string"),
            "must give an instant vector, but gives a string: it names no cluster",
            id="a string",
        ),
        pytest.param(
            CPU,
            success({"metric": {"cluster": "waw"}, "histogram": [EPOCH, {}]}),
            "must give numbers, but gives a histogram: use `histogram_quantile`",
            id="a histogram",
        ),
        pytest.param(
            CPU,
            success(series(cluster="waw", cpu="0"), series(cluster="waw", cpu="1")),
            'must give one value each, but gives {cluster="waw", cpu="0"} and '
            '{cluster="waw", cpu="1"}: sum up `by (cluster)`',
            id="two values of a cluster",
        ),
        pytest.param(
            RTT,
            success(*[series(source="a", target="b", probe=name) for name in "xy"]),
            "sum up `by (target, source)`",
            id="two values of a pair",
        ),
        pytest.param(
            PLAIN,
            success(*[series(cluster="a", __name__=name) for name in "xy"]),
            'but gives {cluster="a"} and {cluster="a"}',
            id="two metrics at once",
        ),
        pytest.param(
            CPU,
            success(series(job="node")),
            'must give series with the label `cluster`, but gives {job="node"}; --cluster names',
            id="no cluster",
        ),
        pytest.param(
            RTT,
            success(series(target="waw")),
            'must give series with the label `source`, but gives {target="waw"}',
            id="no label of the property",
        ),
        pytest.param(
            CPU, {"status": "success"}, "must be answered in Prometheus' form", id="no data"
        ),
        pytest.param(
            CPU,
            success({"metric": {"cluster": "a"}}),
            "must be answered in Prometheus' form",
            id="no value",
        ),
        pytest.param(
            CPU,
            success(series(at="now", cluster="a")),
            "must be answered in Prometheus' form",
            id="no time",
        ),
        pytest.param(
            CPU,
            success(series(at=10**30, cluster="a")),
            "must be answered in Prometheus' form",
            id="a time that never comes",
        ),
        pytest.param(
            CPU,
            success(series("", cluster="a")),
            "must be answered in Prometheus' form",
            id="an empty value",
        ),
        pytest.param(
            CPU,
            success({"metric": {"cluster": 7}, "value": [EPOCH, "1"]}),
            "must be answered in Prometheus' form",
            id="a label that is a number",
        ),
    ],
)
def test_what_is_no_value_of_a_cluster_is_refused_by_the_name_of_its_query(
    query: MetricsQuery, reply: Any, message: str
) -> None:
    with pytest.raises(CliError) as caught:
        read(query, reply)
    assert str(caught.value).startswith(f"the query `{query.name}` ")
    assert message in str(caught.value)


def test_an_instant_is_written_in_utc() -> None:
    assert text_of(datetime.fromisoformat("2026-08-01T12:00:00+02:00")) == "2026-08-01T10:00:00Z"
