"""`krmfn reach`: what it tells, in which form, and how it exits."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from krmfn.cli import main

KPTFILE = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {name: fleet}\n"
NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
"""
WORKLOADS = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}, spec: {serviceAccountName: portal}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec: {template: {metadata: {labels: {app: api}}, spec: {serviceAccountName: api}}}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
"""
POLICY = """\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  rules:
  - from: [{source: {principals: [cluster.local/ns/shop/sa/portal]}}]
    to: [{operation: {methods: [GET], paths: ["/results/*"]}}]
"""


@dataclass(frozen=True)
class Ran:
    """How the command ended."""

    code: int
    out: str
    err: str


Reach = Callable[..., Ran]
Package = Callable[..., Path]


@pytest.fixture
def reach(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Reach:
    """Call the command with so many columns."""

    def call(*arguments: str | Path) -> Ran:
        monkeypatch.delenv("COLUMNS", raising=False)
        try:
            code = main(["reach", *map(str, arguments)])
        except SystemExit as ended:
            code = int(ended.code or 0)
        return Ran(code, *capsys.readouterr())

    return call


@pytest.fixture
def package(tmp_path: Path) -> Package:
    """Write a package of one cluster."""

    def write(name: str, *policies: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        texts = (NAMESPACE, WORKLOADS, *policies)
        (folder / "Kptfile").write_text(KPTFILE)
        for number, text in enumerate(texts):
            (folder / f"{number}.yaml").write_text(text)
        return folder

    return write


def test_a_table_tells_each_service_its_clients_and_why(reach: Reach, package: Package) -> None:
    ran = reach(package("new", POLICY), "--service", "shop/api")
    assert ran.code == 0
    lines = [line.split() for line in ran.out.splitlines()]
    over = ["local,", "mTLS,", "permissive", "api"]
    assert ["shop/portal", "here", "GET", "/results/*", *over] in lines
    assert ["anyone", "else", "here", "denied", *over] in lines
    assert "AuthorizationPolicy shop/api" in ran.out


def test_no_line_is_wider_than_a_pipe_is(reach: Reach, package: Package) -> None:
    ran = reach(package("new", POLICY))
    assert max(map(len, ran.out.splitlines())) <= 100


def test_json_holds_the_rows_of_the_report(reach: Reach, package: Package) -> None:
    value = json.loads(reach(package("new", POLICY), "-o", "json").out)
    (row,) = [
        row
        for row in value["reachability"]
        if row["service"] == "shop/api" and "shop/portal" in row["from"]["here"]
    ]
    assert (row["allows"], row["operations"]) == ("some", ["GET /results/*"])
    assert value["totals"]["services"] == 2


@pytest.mark.parametrize(
    ("output", "begins"),
    [("markdown", "## Who reaches what"), ("mermaid", "flowchart LR"), ("svg", "<svg ")],
)
def test_other_forms_are_what_they_say(
    reach: Reach, package: Package, output: str, begins: str
) -> None:
    ran = reach(package("new", POLICY), "-o", output)
    assert ran.out.startswith(begins)
    if output == "svg":
        assert ET.fromstring(ran.out).tag.endswith("svg")


def test_a_client_is_found_by_its_workload_as_well(reach: Reach, package: Package) -> None:
    folder = package("new", POLICY)
    by_workload = reach(folder, "--client", "shop/web", "-o", "json")
    by_account = reach(folder, "--client", "shop/portal", "-o", "json")
    assert by_workload.out == by_account.out
    rows = json.loads(by_account.out)["reachability"]
    assert {name for row in rows for name in row["from"]["here"]} == {"shop/portal"}


@pytest.mark.parametrize(
    ("option", "given", "hint"),
    [
        ("--client", "shop/wep", "shop/web"),
        ("--service", "apy", "shop/api"),
        ("--client", "a/b/c/d", ""),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_one(
    reach: Reach, package: Package, option: str, given: str, hint: str
) -> None:
    ran = reach(package("new"), option, given)
    assert ran.code == 1
    assert ran.err.startswith(f"error: {option} must be")
    assert hint in ran.err


def test_only_so_many_services_are_asked_for(reach: Reach, package: Package) -> None:
    folder = package("new")
    few, every = reach(folder, "--top", "1"), reach(folder, "--all")
    assert "… and 1 more services" in few.out
    assert "shop/web:80" not in few.out
    assert "shop/web:80" in every.out


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ((POLICY,), (), 1, "ways open"),
        ((), (POLICY,), 0, "ways close"),
        ((POLICY,), (POLICY,), 0, "nothing opens or closes"),
    ],
    ids=["opens", "closes", "same"],
)
def test_an_older_state_is_compared(
    reach: Reach,
    package: Package,
    old: tuple[str, ...],
    new: tuple[str, ...],
    code: int,
    words: str,
) -> None:
    before, after = package("old", *old), package("new", *new)
    ran = reach(after, "--since", before, "--exit-code")
    assert ran.code == code
    assert words in ran.out
    assert reach(after, "--since", before).code == 0


def test_what_opens_is_told_as_data(reach: Reach, package: Package) -> None:
    old, new = package("old", POLICY), package("new")
    value = json.loads(reach(new, "--since", old, "-o", "json", "--client", "anyone").out)
    (change,) = [each for each in value["changes"] if each["service"] == "shop/api"]
    assert (change["client"], change["change"], change["opened"]) == (
        "anyone else",
        "opens",
        ["all"],
    )
    assert value["weakens"] is True


def test_an_older_state_need_not_have_the_service(reach: Reach, package: Package) -> None:
    old, new = package("old"), package("new")
    (old / "1.yaml").unlink()
    ran = reach(new, "--since", old, "--service", "shop/api", "--exit-code")
    assert ran.code == 1
    assert "opens" in ran.out


def test_an_older_state_that_is_wrong_cannot_be_compared(reach: Reach, package: Package) -> None:
    ran = reach(package("new"), "--since", "nowhere", "--exit-code")
    assert ran.code == 2
    assert ran.err.startswith("error: ")


@pytest.mark.parametrize(
    "arguments",
    [("--exit-code",), ("--since", "old", "-o", "svg"), ("--top", "0"), ("--top", "1", "--all")],
    ids=["exit-code-alone", "picture-of-difference", "top-0", "top-and-all"],
)
def test_wrong_usage_exits_with_2(
    reach: Reach, package: Package, arguments: tuple[str, ...]
) -> None:
    assert reach(package("new"), *arguments).code == 2
