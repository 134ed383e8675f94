"""`krmfn collect metrics` against servers on loopback that behave well or badly."""

import itertools
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from krmfn.cli.collecting import prometheus
from krmfn.cli.collecting.queries import default_queries

pytestmark = pytest.mark.network

TOKEN = "s3cret-t0ken"
EPOCH = 1785578400
FILE = "metricssnapshot_fleet.yaml"
QUERIES = """
apiVersion: intent.krmfn.dev/v1alpha1
kind: MetricsQueries
metadata: {name: own}
spec:
  queries:
  - {name: cpu, query: 'a{b="c"} + 1', property: load.krmfn.dev/cpu}
"""


def vector(*samples: tuple[dict[str, str], str], **more: Any) -> dict[str, Any]:
    result = [{"metric": labels, "value": [EPOCH, value]} for labels, value in samples]
    return {"status": "success", "data": {"resultType": "vector", "result": result}, **more}


WAW = vector(({"cluster": "waw"}, "0.5"))


@pytest.fixture
def metrics(run: Any, tmp_path: Path) -> Callable[..., Any]:
    """Run `krmfn collect metrics` with one query, at a known time, into `fleet`."""
    (tmp_path / "queries.yaml").write_text(QUERIES)
    (tmp_path / "token").write_text(f"{TOKEN}\n")

    def collect(url: str, *arguments: str) -> Any:
        known = ("--queries", "queries.yaml", "--at", "2026-08-01T12:00:00+02:00")
        return run("metrics", "--url", url, *known, "--output", "fleet", *arguments)

    return collect


def test_answers_become_a_snapshot(fake: Any, metrics: Any, written: Any) -> None:
    server = fake()
    server.gives(WAW)

    ran = metrics(f"{server.url}/prometheus/")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"fleet/{FILE}: metrics: 1, values: 1 (1 added)\n"
    assert written(FILE) == {
        "apiVersion": "intent.krmfn.dev/v1alpha1",
        "kind": "MetricsSnapshot",
        "metadata": {
            "name": "fleet",
            "annotations": {
                "config.kubernetes.io/local-config": "true",
                "krmfn.dev/observed-at": "2026-08-01T10:00:00Z",
                "krmfn.dev/owner": "collect-metrics/fleet",
            },
        },
        "spec": {
            "source": f"{server.url}/prometheus",
            "metrics": [
                {
                    "name": "cpu",
                    "query": 'a{b="c"} + 1',
                    "observedAt": "2026-08-01T10:00:00Z",
                    "property": "load.krmfn.dev/cpu",
                    "samples": [{"labels": {"cluster": "waw"}, "value": "0.5"}],
                }
            ],
        },
    }


def test_every_query_is_evaluated_at_the_given_time(fake: Any, metrics: Any) -> None:
    server = fake()
    server.gives(WAW)

    metrics(f"{server.url}/prometheus")

    ((asked, _),) = server.requests
    assert urlsplit(asked).path == "/prometheus/api/v1/query"
    assert parse_qs(urlsplit(asked).query) == {
        "query": ['a{b="c"} + 1'],
        "time": ["2026-08-01T10:00:00Z"],
    }


def test_tenant_token_and_headers_are_sent_and_never_shown(
    fake: Any, metrics: Any, certificates: Any, tmp_path: Path
) -> None:
    server = fake(tls=certificates)
    server.gives(WAW)

    ran = metrics(
        server.url,
        *("--tenant", "edge|core", "--bearer-token-file", "token"),
        *("--header", "X-Id-Token=hush=hush", "--ca-file", str(certificates.authority)),
    )

    assert ran.code == 0, ran.err
    sent = server.requests[0][1]
    assert sent["x-scope-orgid"] == "edge|core"
    assert sent["authorization"] == f"Bearer {TOKEN}"
    assert sent["x-id-token"] == "hush=hush"
    assert TOKEN not in ran.out + ran.err + (tmp_path / "fleet" / FILE).read_text()
    assert "hush" not in ran.out + ran.err + (tmp_path / "fleet" / FILE).read_text()


def test_a_snapshot_of_one_cluster_stands_with_it(fake: Any, metrics: Any, written: Any) -> None:
    server = fake()
    server.gives(vector(({}, "0.5")))

    assert metrics(server.url, "--cluster", "waw-edge-1").code == 0

    found = written("clusters/waw-edge-1/metricssnapshot_waw-edge-1.yaml")
    assert found["metadata"]["annotations"]["krmfn.dev/cluster"] == "waw-edge-1"
    assert found["spec"]["metrics"][0]["samples"][0]["labels"] == {"cluster": "waw-edge-1"}


def test_snapshots_of_several_servers_have_several_names(fake: Any, metrics: Any) -> None:
    server = fake()
    server.gives(WAW)
    metrics(server.url)
    ran = metrics(server.url, "--name", "probes")
    assert "fleet/metricssnapshot_probes.yaml: metrics: 1, values: 1 (1 added)" in ran.out
    assert len([*Path("fleet").iterdir()]) == 2


def test_asking_again_replaces_the_snapshot_but_never_what_people_wrote(
    fake: Any, metrics: Any
) -> None:
    server = fake()
    server.gives(WAW)
    metrics(server.url)
    assert "(nothing changed)" in metrics(server.url).out
    server.gives(vector(({"cluster": "waw"}, "0.6")))
    assert "(1 changed)" in metrics(server.url).out

    Path("fleet", FILE).write_text("kind: MetricsSnapshot\n")
    ran = metrics(server.url)

    assert ran.code == 1
    assert "this command did not write it" in ran.err
    assert Path("fleet", FILE).read_text() == "kind: MetricsSnapshot\n"


def test_no_series_and_warnings_of_the_server_are_told(
    fake: Any, metrics: Any, written: Any
) -> None:
    server = fake()
    server.gives(vector(warnings=["no store api of krk answered"]))

    ran = metrics(server.url)

    assert ran.code == 0
    assert ran.err == (
        "warning: the query `cpu`: no store api of krk answered\n"
        "warning: the query `cpu` gives no series\n"
    )
    assert written(FILE)["spec"]["metrics"][0]["observedAt"] == "2026-08-01T10:00:00Z"


PARSE_ERROR = {"status": "error", "errorType": "bad_data", "error": "unexpected end"}


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        pytest.param(400, PARSE_ERROR, "`cpu` was refused: bad_data: unexpected end", id="400"),
        pytest.param(200, PARSE_ERROR, "`cpu` was refused: bad_data: unexpected end", id="200"),
        pytest.param(
            401, b"no", "answered 401 Unauthorized; credentials are missing or wrong", id="401"
        ),
        pytest.param(403, b"no", "answered 403 Forbidden; the credentials do not", id="403"),
        pytest.param(404, b"no", "answered 404 Not Found; the address must be", id="404"),
        pytest.param(502, b"<html>", "answered 502 Bad Gateway\n", id="502"),
        pytest.param(503, {"detail": "x"}, "answered 503 Service Unavailable\n", id="503"),
        pytest.param(200, b"<html>Log in</html>", "must answer in JSON", id="a page to log in"),
        pytest.param(200, b"[" * 200_000, "must answer in JSON", id="deep nesting"),
        pytest.param(200, b"\xff", "must answer in JSON", id="bytes"),
        pytest.param(200, 7, "was refused: the answer is no map", id="a number"),
    ],
)
def test_a_failure_of_the_server_is_told_and_nothing_is_written(
    status: int, body: Any, message: str, fake: Any, metrics: Any
) -> None:
    server = fake()
    server.gives(body, status)

    ran = metrics(server.url)

    assert (ran.code, ran.out) == (1, "")
    assert message in ran.err
    assert not Path("fleet").exists()


def test_a_redirect_on_the_same_server_is_followed(fake: Any, metrics: Any) -> None:
    server = fake()
    server.gives(b"", 302, "/api/v1/query", {"Location": "/other"})
    server.gives(WAW, path="/other")
    assert metrics(server.url).code == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_server_is_refused(status: int, fake: Any, metrics: Any) -> None:
    server, other = fake(), fake()
    other.gives(WAW)
    server.gives(b"", status, headers={"Location": f"{other.url}/api/v1/query"})

    ran = metrics(server.url, "--tenant", "edge")

    assert ran.code == 1
    assert f'sends the client to "{other.url}"' in ran.err
    assert other.requests == []


def test_an_answer_that_is_too_long_is_refused(
    fake: Any, metrics: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prometheus, "MAX_ANSWER", 1 << 20)
    server = fake()
    server.gives(itertools.repeat(b" " * 65536))

    ran = metrics(server.url)

    assert (ran.code, ran.out) == (1, "")
    assert "must answer with at most 1 MiB" in ran.err


def drops() -> Iterator[bytes]:
    for _ in range(40):
        time.sleep(0.05)
        yield b" "


def test_an_answer_that_never_ends_is_given_up(fake: Any, metrics: Any) -> None:
    server = fake()
    server.gives(drops())
    ran = metrics(server.url, "--timeout", "0.3")
    assert ran.code == 1
    assert "must answer within 0.3 s" in ran.err


def test_a_server_that_says_nothing_is_given_up(metrics: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ran = metrics(f"http://127.0.0.1:{silent.getsockname()[1]}", "--timeout", "0.2")
    assert ran.code == 1
    assert "must answer within 0.2 s" in ran.err


def test_a_server_that_is_not_there_is_told(metrics: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    ran = metrics(f"http://127.0.0.1:{port}")
    assert ran.code == 1
    assert "cannot be reached: [Errno 111] Connection refused" in ran.err


def test_a_certificate_of_nobody_is_not_believed(
    fake: Any, metrics: Any, certificates: Any
) -> None:
    server = fake(tls=certificates)
    ran = metrics(server.url, "--bearer-token-file", "token")
    assert ran.code == 1
    assert "cannot be believed: " in ran.err
    assert "--ca-file names authorities" in ran.err
    assert server.requests == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("--bearer-token-file", "none"), '"none" must be a file', id="no token"),
        pytest.param(("--bearer-token-file", "token"), "must begin with https://", id="no TLS"),
        pytest.param(("--header", "authorization=x"), "must begin with https://", id="header"),
        pytest.param(("--header", "secret"), "`--header` must be NAME=VALUE", id="no value"),
        pytest.param(("--header", f"A={TOKEN}\nB: c"), "the header `A` must be one", id="lines"),
        pytest.param(("--tenant", "zażółć"), "the header `X-Scope-OrgID` must be", id="letters"),
        pytest.param(("--ca-file", "token"), '"token" must hold certificates', id="no certificate"),
    ],
)
def test_a_way_to_log_in_that_cannot_be_is_refused_unseen(
    arguments: tuple[str, str], message: str, fake: Any, metrics: Any
) -> None:
    server = fake()
    server.gives(WAW)

    ran = metrics(server.url, *arguments)

    assert ran.code == 1
    assert message in ran.err
    assert TOKEN not in ran.err
    assert server.requests == []


def test_a_token_goes_without_tls_where_that_is_allowed(fake: Any, metrics: Any) -> None:
    server = fake()
    server.gives(WAW)
    assert metrics(server.url, "--bearer-token-file", "token", "--plain-http").code == 0
    assert server.requests[0][1]["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("prometheus:9090", "must be http[s]://HOST[:PORT][/PATH]"),
        ("file:///etc/passwd", "must be http[s]://HOST[:PORT][/PATH]"),
        ("https://example.org?a=b", "must be http[s]://HOST[:PORT][/PATH]"),
        (f"https://me:{TOKEN}@example.org", "must hold no user and password"),
        (f"ftp://me:{TOKEN}@example.org", "must hold no user and password"),
    ],
)
def test_an_address_that_cannot_be_is_wrong_usage(url: str, message: str, metrics: Any) -> None:
    ran = metrics(url)
    assert ran.code == 2
    assert message in ran.err
    assert TOKEN not in ran.err


def test_the_built_in_queries_can_be_had_to_start_from(run: Any) -> None:
    ran = run("metrics", "--print-queries")
    assert (ran.code, ran.out) == (0, default_queries())
