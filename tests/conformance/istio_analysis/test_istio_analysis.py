"""`krmfn analyze` finds what Istio's analyzers find in Istio's own test data, and nothing else.

Both judge the same files; `istio-analyzers` runs all of Istio's analyzers over them, also those
that `istioctl analyze --use-kube=false` leaves out because they read Pods, Services or Secrets.
"""

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from krmfn.cli import main
from krmfn.mesh_intent_expander.analysis.rules import RULES

pytestmark = pytest.mark.conformance

MODULE = Path(__file__).parent / "analyzers"
TESTDATA = "pkg/config/analysis/analyzers/testdata"
CODES = sorted({code.id for rule in RULES for code in rule.CODES if code.name})


class Case(NamedTuple):
    """Files that are judged together; those of several clusters stand under the clusters' names."""

    files: tuple[str, ...] = ()
    mesh_config: str = ""
    mesh_networks: str = ""
    clusters: tuple[tuple[str, str], ...] = ()


class Told(NamedTuple):
    """That a code is told of an object, ``Kind namespace/name``."""

    code: str
    origin: str


INJECTOR = "common/sidecar-injector-configmap.yaml"
OVERRIDE = "sidecar-injector-configmap-absolute-override.yaml"
TOGETHER = [
    Case(("injection.yaml", "common/sidecar-injector-enabled-nsbydefault.yaml")),
    Case(("injection-with-mismatched-sidecar.yaml", INJECTOR)),
    Case(("injection-image-distroless.yaml", INJECTOR), mesh_config="common/meshconfig.yaml"),
    Case(("injection-image-distroless-no-meshconfig.yaml", INJECTOR)),
    Case(("injection-with-mismatched-sidecar.yaml", OVERRIDE)),
    Case(
        (
            "injection-with-mismatched-sidecar.yaml",
            OVERRIDE,
            "sidecar-injector-configmap-with-revision-canary.yaml",
        )
    ),
    Case(
        ("telemetry-lightstep.yaml",),
        mesh_config="telemetry-lightstep-meshconfig.yaml",
    ),
    Case(
        ("serviceentry-missing-addresses-protocol.yaml",),
        mesh_config="serviceentry-missing-addresses-protocol-mesh-cfg.yaml",
    ),
    Case(
        ("serviceentry-address-allocated.yaml",),
        mesh_config="serviceentry-address-allocated-mesh-cfg.yaml",
    ),
    Case(
        ("multicluster-unknown-serviceregistry.yaml",),
        mesh_networks="common/meshnetworks.yaml",
    ),
    Case(
        clusters=(
            ("east", "multicluster/inconsistent-service-1.yaml"),
            ("west", "multicluster/inconsistent-service-2.yaml"),
        )
    ),
]
"""What Istio's tests judge together, or with a configuration of the mesh."""

POD_WITHOUT_NAMESPACE = "istioctl takes a pod without namespace for none; we for one of `default`"
NO_SERVERS = "istioctl misses the pods of a Gateway that has no servers; what it lacks is servers"
DIFFERENCES: Mapping[tuple[str, Told], str] = {
    **{
        (file, Told("IST0101", f"Gateway {gateway}")): POD_WITHOUT_NAMESPACE
        for file, gateway in (
            ("conflicting-gateways-subSelector.yaml", "alpha"),
            ("conflicting-gateways-subSelector.yaml", "beta"),
            ("gateway-custom-ingressgateway.yaml", "httpbin-gateway"),
            ("gateway-custom-ingressgateway-badport.yaml", "httpbin-gateway"),
            ("gateway-custom-ingressgateway-badport-notarget.yaml", "httpbin-gateway"),
            ("gateway-custom-ingressgateway-svcselector.yaml", "httpbin8001-gateway"),
            ("gateway-custom-ingressgateway-svcselector.yaml", "httpbin8002-gateway"),
            ("gateway-custom-ingressgateway-translation.yaml", "httpbin-gateway"),
        )
    },
    ("virtualservice_gateways.yaml", Told("IST0101", "Gateway httpbin-gateway")): NO_SERVERS,
    ("virtualservice_gateways.yaml", Told("IST0101", "Gateway another/crossnamespace-gw")): (
        NO_SERVERS
    ),
}
"""What one tells and the other does not, and why that is right."""

UNCOMPARED = {
    "IST0136": "Istio has the analyzer of alpha annotations, and does not run it",
}


@cache
def analysis_data() -> Path:
    """Give Istio's test data, from the module that the analyzers are built of."""
    if not (go := shutil.which("go")):
        pytest.skip("Go must be there, whose module cache has Istio's test data")
    asked = [go, "list", "-m", "-f", "{{.Dir}}", "istio.io/istio"]
    done = subprocess.run(asked, cwd=MODULE, capture_output=True, text=True, check=False)
    folder = Path(done.stdout.strip()) / TESTDATA
    if done.returncode or not folder.is_dir():
        pytest.skip("`make peers` must have brought Istio into the module cache of Go")
    return folder


def istios(case: Case) -> set[Told]:
    """Give what Istio's analyzers tell."""
    if not (command := shutil.which("istio-analyzers")):
        pytest.skip("`make peers` must have built istio-analyzers")
    options = [f"-cluster={name}={file}" for name, file in case.clusters]
    options += [f"-mesh-config={case.mesh_config}"] if case.mesh_config else []
    options += [f"-mesh-networks={case.mesh_networks}"] if case.mesh_networks else []
    asked = [command, *options, *case.files]
    done = subprocess.run(asked, cwd=analysis_data(), capture_output=True, text=True, check=True)
    answer = done.stdout.splitlines()[-1]
    return {Told(each["code"], each.get("origin", "")) for each in json.loads(answer)}


def ours(case: Case, folder: Path, capsys: pytest.CaptureFixture[str]) -> set[Told]:
    """Give what `krmfn analyze` tells."""
    paths = [str(analysis_data() / file) for file in case.files]
    for name, file in case.clusters:
        (folder / "clusters" / name).mkdir(parents=True)
        shutil.copy(analysis_data() / file, folder / "clusters" / name)
        paths = [str(folder)]
    options = [f"--mesh-config={analysis_data() / case.mesh_config}"] if case.mesh_config else []
    if case.mesh_networks:
        options.append(f"--mesh-networks={analysis_data() / case.mesh_networks}")
    main(["analyze", "-o", "json", *options, *paths])
    return {Told(each["code"], each["origin"]) for each in json.loads(capsys.readouterr().out)}


def known(case: Case, *, istio: set[Told], own: set[Told]) -> set[Told]:
    """Give the differences that have their reason."""
    named = {told for file in case.files for key, told in DIFFERENCES if key == file}
    return {each for each in istio ^ own if each in named or each.code in UNCOMPARED}


def compared(
    case: Case, found: Sequence[set[Told]], score: Mapping[str, Counter[str]]
) -> list[str]:
    """Count both answers of a case, and list the differences without reason."""
    istio, own = ({each for each in one if each.code in CODES} for one in found)
    reasoned = known(case, istio=istio, own=own)
    kinds = {"both": istio & own, "istio": istio - own, "ours": own - istio, "reason": reasoned}
    for kind, told in kinds.items():
        score[kind].update(each.code for each in told)
    name = ", ".join(case.files or (file for _, file in case.clusters))
    return [
        f"{name}: {each.code} of {each.origin} is told by {'Istio' if each in istio else 'us'} only"
        for each in sorted((istio ^ own) - reasoned)
    ]


def table(score: Mapping[str, Counter[str]]) -> str:
    """Write a line for each code."""
    columns = list(score)
    head = f"{'code':8}" + "".join(f"{name:>8}" for name in columns)
    rows = (f"{code:8}" + "".join(f"{score[name][code]:8}" for name in columns) for code in CODES)
    return "\n".join((head, *rows))


def test_istios_own_data_is_judged_as_istio_judges_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = [Case((file.name,)) for file in sorted(analysis_data().glob("*.yaml"))]
    score = {name: Counter[str]() for name in ("both", "istio", "ours", "reason")}
    wrong = [
        line
        for case in (*alone, *TOGETHER)
        for line in compared(case, (istios(case), ours(case, tmp_path, capsys)), score)
    ]
    with capsys.disabled():
        sys.stdout.write(f"\n{table(score)}\n")
    assert not wrong, "\n".join(wrong)
    unseen = [code for code in CODES if not score["both"][code] and code not in UNCOMPARED]
    assert not unseen, f"no file of Istio's has {', '.join(unseen)}"
