"""`krmfn analyze`: what it reads, what it prints, and how it exits."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from krmfn.cli import main
from krmfn.sdk import yaml_load

ROUTED = """\
# routes of the shop
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: cart
  namespace: shop
spec:
  hosts: [cart]
  http:
  - route:
    - destination:
        host: carts
"""
DOUBTFUL = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: db, namespace: shop}
spec:
  hosts: [db.example]
  resolution: DNS
  ports:
  - {number: 5432, name: db, protocol: TCP}
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: carts, namespace: shop}
spec: {ports: [{name: http, port: 80}]}
"""

Analyze = Callable[..., tuple[int, str, str]]
Write = Callable[[str, str], Path]


@pytest.fixture
def analyze(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Analyze:
    """Call the command in an empty folder; give exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = main(["analyze", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file below the folder in which the command is called."""

    def put(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return put


def codes(out: str) -> list[str]:
    return [each["code"] for each in json.loads(out)]


def test_a_line_names_level_code_object_and_place(analyze: Analyze, write: Write) -> None:
    write("shop.yaml", f"{SERVICE.replace('carts', 'other')}---\n{ROUTED}")
    code, out, _ = analyze("shop.yaml")
    assert code == 1
    place = "VirtualService shop/cart shop.yaml:17"
    assert out.startswith(f"Error [IST0101] ({place}) `spec.http[0].route[0].destination.host` ")
    assert out.count("\n") == 1


def test_json_has_the_shape_of_istioctls(analyze: Analyze, write: Write) -> None:
    write("shop.yaml", ROUTED)
    _, out, _ = analyze("shop.yaml", "-o", "json")
    (told,) = json.loads(out)
    assert told.pop("message")
    assert told == {
        "code": "IST0101",
        "level": "Error",
        "origin": "VirtualService shop/cart",
        "reference": "shop.yaml:12",
        "documentationUrl": "https://istio.io/latest/docs/reference/config/analysis/ist0101/",
    }
    _, as_yaml, _ = analyze("shop.yaml", "-o", "yaml")
    assert yaml_load(as_yaml) == json.loads(out)


def test_nothing_found_is_an_empty_list(analyze: Analyze, write: Write) -> None:
    write("shop.yaml", f"{ROUTED}---\n{SERVICE}")
    assert analyze("shop.yaml", "-o", "json") == (0, "[]\n", "")
    code, out, err = analyze("shop.yaml")
    assert (code, out, err) == (0, "", "nothing found in 2 objects\n")


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        pytest.param([], 0, ["IST0134"], id="a warning is no failure"),
        pytest.param(["--failure-threshold", "Warning"], 1, ["IST0134"], id="but may be made one"),
        pytest.param(
            ["--failure-threshold", "Warning", "--output-threshold", "Error"],
            1,
            [],
            id="even when it is not shown",
        ),
        pytest.param(
            ["--failure-threshold", "Info", "-S", "IST0134=ServiceEntry shop/*"],
            0,
            [],
            id="unless it is suppressed",
        ),
        pytest.param(["-S", "IST0134=ServiceEntry pay/*"], 0, ["IST0134"], id="for others"),
    ],
)
def test_thresholds_and_suppressions(
    arguments: list[str], code: int, expected: list[str], analyze: Analyze, write: Write
) -> None:
    write("db.yaml", DOUBTFUL)
    got, out, _ = analyze("db.yaml", "-o", "json", *arguments)
    assert (got, codes(out)) == (code, expected)


def test_folders_are_read_with_all_below_them(analyze: Analyze, write: Write) -> None:
    write("pkg/a/shop.yaml", ROUTED)
    write("pkg/b/c/carts.yml", SERVICE)
    write("pkg/b/db.json", json.dumps(yaml_load(DOUBTFUL)))
    write("pkg/notes.txt", "{")
    write("pkg/.git/broken.yaml", "{")
    _, out, _ = analyze("pkg", "-o", "json")
    assert [(each["code"], each["reference"]) for each in json.loads(out)] == [
        ("IST0134", "pkg/b/db.json:1")
    ]


def test_stdin_and_lists_are_read(analyze: Analyze) -> None:
    items = "".join(f"- {body}" for body in (json.dumps(yaml_load(ROUTED)) + "\n",))
    _, out, _ = analyze("-", "-o", "json", stdin=f"apiVersion: v1\nkind: List\nitems:\n{items}")
    (told,) = json.loads(out)
    assert (told["code"], told["reference"]) == ("IST0101", "-:4")


def test_folders_of_clusters_are_clusters(analyze: Analyze, write: Write) -> None:
    write("fleet/clusters/east/shop.yaml", ROUTED)
    write("fleet/clusters/west/carts.yaml", SERVICE)
    assert analyze("fleet")[0] == 0
    write("fleet/clusters/west/db.yaml", DOUBTFUL)
    _, out, _ = analyze("fleet")
    assert out.startswith("Warning [IST0134] [cluster-west] (ServiceEntry shop/db fleet/clusters/")


def test_what_never_reaches_a_cluster_is_passed_over(analyze: Analyze, write: Write) -> None:
    local = ROUTED.replace(
        "  namespace: shop", "  annotations: {config.kubernetes.io/local-config: 'true'}"
    )
    write("pkg/Kptfile.yaml", "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {name: pkg}\n")
    write("pkg/intent.yaml", local)
    write("pkg/values.yaml", "replicas: 2\n---\n- 1\n")
    write("pkg/other.yaml", "apiVersion: shop.example/v1\nkind: Cart\nmetadata: {name: x}\n")
    assert analyze("pkg")[:2] == (0, "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(f"{SERVICE}---\nkind: [\n", "shop.yaml: line 7, column 1: ", id="no YAML"),
        pytest.param(f"{SERVICE}kind: Pod\n", "shop.yaml: line 5, column 1: ", id="a key twice"),
        pytest.param("\udcff", "shop.yaml: must be UTF-8", id="no UTF-8"),
    ],
)
def test_a_broken_file_is_named_with_its_line(
    text: str, expected: str, analyze: Analyze, write: Write
) -> None:
    write("shop.yaml", "").write_bytes(text.encode(errors="surrogateescape"))
    code, out, err = analyze("shop.yaml")
    assert (code, out) == (1, "")
    assert err.startswith(f"error: {expected}")


def test_a_file_that_is_not_there_is_named(analyze: Analyze) -> None:
    assert analyze("lost.yaml") == (
        1,
        "",
        "error: lost.yaml: cannot be read: no such file or directory\n",
    )


def test_a_suppression_must_name_objects(analyze: Analyze) -> None:
    code, _, err = analyze("-S", "IST0101", "-")
    assert (code, err.startswith("error: --suppress must be like ")) == (1, True)


def test_the_configuration_of_the_mesh_may_be_given(analyze: Analyze, write: Write) -> None:
    write("db.yaml", DOUBTFUL)
    allocation = "ISTIO_META_DNS_CAPTURE: 'true', ISTIO_META_DNS_AUTO_ALLOCATE: 'true'"
    write("mesh", f"defaultConfig: {{proxyMetadata: {{{allocation}}}}}\n")
    write("networks", "networks: {n1: {endpoints: [{fromRegistry: lost}]}}\n")
    options = ("--meshConfigFile", "mesh", "--mesh-networks", "networks")
    code, out, _ = analyze("db.yaml", *options, "-o", "json")
    assert [(each["code"], each["origin"]) for each in json.loads(out)] == [
        ("IST0126", "MeshNetworks istio-system/meshnetworks")
    ]
    assert code == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("- 1\n", "mesh: must hold the fields of MeshConfig", id="a list"),
        pytest.param("a: [", "mesh: line 2, column 1: ", id="no YAML"),
    ],
)
def test_a_wrong_configuration_of_the_mesh_is_named(
    text: str, expected: str, analyze: Analyze, write: Write
) -> None:
    write("db.yaml", DOUBTFUL)
    write("mesh", text)
    code, _, err = analyze("db.yaml", "--mesh-config", "mesh")
    assert (code, err.startswith(f"error: {expected}")) == (1, True)
