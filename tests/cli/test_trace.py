"""`krmfn trace`: what it reads, what it prints, and how it exits."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from krmfn.cli import main
from krmfn.sdk import yaml_load

KPTFILE = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {name: shop}\n"
API = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec: {template: {metadata: {labels: {app: api}}, spec: {containers: [{name: app}]}}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: readers, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  rules:
  - from: [{source: {principals: [cluster.local/ns/shop/sa/reader]}}]
    to: [{operation: {methods: [GET]}}]
"""
CLIENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {serviceAccountName: reader, containers: [{name: app}]}
"""
ROUTE = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api, namespace: shop}
spec:
  hosts: [api]
  http:
  - name: %s
    match: [%s]
    route: [{destination: {host: api}}]
"""
TWO_PORTS = API.replace("port: 8080}", "port: 8080}, {name: tcp, port: 9}")

Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Ask:
    """Trace in a package of these files; give exit code, stdout and stderr."""

    def call(*arguments: str, **files: str) -> tuple[int, str, str]:
        for name, text in {"Kptfile": KPTFILE, "api.yaml": API + "---\n" + CLIENT, **files}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        with_defaults = ("--from", "shop/web", "--to", "api", *arguments)
        code = main(["trace", str(tmp_path), *with_defaults])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_a_request_that_is_let_in_exits_with_0(ask: Ask) -> None:
    code, out, _ = ask()
    assert code == 0
    assert "reached: an ALLOW policy matches" in out
    assert "AuthorizationPolicy shop/readers spec.rules[0]" in out


def test_a_request_that_is_denied_exits_with_1(ask: Ask) -> None:
    code, out, _ = ask("--method", "put")
    assert code == 1
    assert "denied: there are ALLOW policies, and none of them matches" in out


def test_a_client_may_be_named_by_its_service_account(ask: Ask) -> None:
    code, out, _ = ask("--from", "shop/reader")
    assert code == 0
    assert out.startswith("shop/web: GET api.shop.svc.cluster.local:8080/")


def test_json_and_yaml_hold_the_same(ask: Ask) -> None:
    _, as_json, _ = ask("-o", "json")
    _, as_yaml, _ = ask("-o", "yaml")
    value = json.loads(as_json)
    assert yaml_load(as_yaml) == value
    (told,) = value["traces"]
    assert (told["outcome"], told["backends"][0]["endpoints"][0]["client"]) == ("reached", "mtls")


@pytest.mark.parametrize(
    ("match", "options"),
    [
        pytest.param("{uri: {exact: /cart}}", ("--path", "/cart?a=b"), id="path"),
        pytest.param("{queryParams: {a: {exact: b}}}", ("--path", "/?a=b"), id="query-of-path"),
        pytest.param("{queryParams: {a: {exact: b}}}", ("--query", "a=b"), id="query"),
        pytest.param("{headers: {x-a: {exact: 'b:c'}}}", ("--header", "X-A: b:c"), id="header"),
    ],
)
def test_options_make_the_request(ask: Ask, match: str, options: tuple[str, ...]) -> None:
    route = {"route.yaml": ROUTE % ("found", match)}
    assert 'rule "found" fits' in ask(*options, **route)[1]
    assert "404: no rule of the route fits" in ask("--path", "/else", **route)[1]


def test_claims_of_one_name_are_a_list(ask: Ask) -> None:
    policy = """\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: admins, namespace: shop}
spec: {action: DENY, rules: [{when: [{key: 'request.auth.claims[group]', values: [guest]}]}]}
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: jwt, namespace: shop}
spec: {jwtRules: [{issuer: idp}]}
"""
    claims = ("iss=idp", "sub=me", "group=admin", "group=guest")
    options = [word for claim in claims for word in ("--jwt-claim", claim)]
    assert ask(*options[:-2], **{"policy.yaml": policy})[0] == 0
    assert ask(*options, **{"policy.yaml": policy})[0] == 1


FLEET = {
    f"clusters/{name}/{file}.yaml": text
    for name in ("edge-1", "edge-2")
    for file, text in (("api", API), ("web", CLIENT))
}


def test_a_client_is_told_for_every_cluster_that_has_it(ask: Ask) -> None:
    files = {**FLEET, "api.yaml": "", "clusters/edge-2/web.yaml": ""}
    _, out, _ = ask("-o", "json", **files)
    assert [each["from"]["cluster"] for each in json.loads(out)["traces"]] == ["edge-1"]
    _, out, _ = ask("-o", "json", **FLEET)
    assert [each["from"]["cluster"] for each in json.loads(out)["traces"]] == ["edge-1", "edge-2"]
    _, out, _ = ask("--from", "edge-2/shop/web", "-o", "json", **FLEET)
    assert [each["from"]["cluster"] for each in json.loads(out)["traces"]] == ["edge-2"]


def test_the_objects_of_a_sub_package_belong_to_the_folder_that_it_is_in(ask: Ask) -> None:
    files = {**FLEET, "api.yaml": "", "clusters/edge-1/Kptfile": KPTFILE}
    code, _, _ = ask("--from", "edge-1/shop/web", **files)
    assert code == 0


def test_a_page_fits_into_80_columns(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("krmfn.cli.explaining.pages._PIPED_WIDTH", 80)
    _, out, _ = ask(**FLEET)
    assert max(map(len, out.splitlines())) <= 80


WRONG = {
    "client-form": (("--from", "web"), "--from must be [CLUSTER/]NAMESPACE/NAME"),
    "client-unknown": (("--from", "shop/wbe"), 'did you mean "shop/web"'),
    "cluster-unknown": (("--from", "edge-9/shop/web"), "--from must be in a cluster"),
    "host-form": (("--to", "api:http"), "--to must be HOST[:PORT]"),
    "header-form": (("--header", "x"), "--header must be NAME:VALUE"),
    "query-form": (("--query", "=x"), "--query must be NAME=VALUE"),
}


@pytest.mark.parametrize(("options", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_question_exits_with_2(ask: Ask, options: tuple[str, ...], said: str) -> None:
    code, out, err = ask(*options)
    assert (code, out) == (2, "")
    assert said in err


def test_a_host_of_several_ports_wants_one_named(ask: Ask) -> None:
    files = {"api.yaml": TWO_PORTS + "---\n" + CLIENT}
    assert ask(**files)[2].strip() == "error: --to must name a port of api: 9, 8080"
    assert ask("--to", "api:8080", **files)[0] == 0


def test_a_port_that_is_not_there_is_unroutable(ask: Ask) -> None:
    code, out, _ = ask("--to", "api:81")
    assert code == 1
    assert "port 81 must be a port of api.shop.svc.cluster.local: 8080" in out


def test_a_folder_that_is_no_package_exits_with_2(tmp_path: Path) -> None:
    assert main(["trace", str(tmp_path), "--from", "a/b", "--to", "c"]) == 2
