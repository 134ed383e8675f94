"""Each spec of `validation_cases.yaml` is judged as Istio judges it, and as the table says."""

import copy
import json
import os
import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from krmfn.mesh_intent_expander.analysis.validation import KINDS, faults_of
from krmfn.mesh_intent_expander.analysis.validation.faults import ERROR, WARNING
from krmfn.sdk import Resource, yaml_load

ROOT = Path(__file__).parents[3]
GROUPS = {kind: group for group, kind in KINDS}
OLD = {
    "EnvoyFilter": "v1alpha3",
    "ProxyConfig": "v1beta1",
    "TrafficExtension": "v1alpha1",
    "WasmPlugin": "v1alpha1",
}
"""Kinds that have no version v1 yet."""

_SKIPPED = re.compile(r"error processing \S+\[(\d+)\]: .* - skipping")


class Case(NamedTuple):
    """A spec, and what Istio says of it."""

    verdict: str
    kind: str
    spec: dict[str, Any]
    what: str

    def body(self, name: str) -> dict[str, Any]:
        return {
            "apiVersion": f"{GROUPS[self.kind]}/{OLD.get(self.kind, 'v1')}",
            "kind": self.kind,
            "metadata": {"name": name, "namespace": "default"},
            "spec": self.spec,
        }


def cases() -> list[Case]:
    found = []
    for group in yaml_load((Path(__file__).parent / "validation_cases.yaml").read_text()):
        for verdict, what, fields in group["cases"]:
            spec = copy.deepcopy(group["base"])
            place = spec
            for key in group.get("into", []):
                place = place[key]
            place.update(fields)
            found.append(Case(verdict, group["kind"], spec, what))
    return found


CASES = cases()


def verdict(codes: set[str]) -> str:
    """Give the word of the table for the codes that an object has."""
    if ERROR.id in codes:
        return "both" if WARNING.id in codes else "error"
    return "warning" if WARNING.id in codes else "fine"


@pytest.mark.parametrize("case", CASES, ids=[f"{case.kind}: {case.what}" for case in CASES])
def test_a_spec_is_judged_as_the_table_says(case: Case) -> None:
    faults = faults_of(Resource.of(case.body("mine")))
    expected = "error" if case.verdict == "unread" else case.verdict
    assert verdict({fault.code.id for fault in faults}) == expected, faults


@pytest.mark.parametrize("kind", sorted(GROUPS))
def test_the_table_has_what_is_fine_and_what_is_not_of_every_kind(kind: str) -> None:
    verdicts = {case.verdict for case in CASES if case.kind == kind}
    assert verdicts & {"fine", "warning"}
    assert verdicts & {"error", "both"}


@pytest.mark.conformance
def test_istioctl_says_of_each_spec_what_the_table_says(tmp_path: Path) -> None:
    commands = os.pathsep.join([str(ROOT / ".peers/bin"), os.environ["PATH"]])
    if not (istioctl := shutil.which("istioctl", path=commands)):
        pytest.skip("needs istioctl on PATH")
    file = tmp_path / "all.yaml"
    bodies = (case.body(f"case-{number}") for number, case in enumerate(CASES))
    file.write_text("\n---\n".join(map(json.dumps, bodies)))
    asked = [istioctl, "analyze", "--use-kube=false", "-o", "json", str(file)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    unread = {int(number) for number in _SKIPPED.findall(done.stdout)}
    start = re.search(r"^\[", done.stdout, re.MULTILINE)
    assert start, done.stdout
    messages, _ = json.JSONDecoder().raw_decode(done.stdout[start.start() :])
    codes: dict[int, set[str]] = defaultdict(set)
    for message in messages:
        codes[int(message["origin"].rpartition("-")[2])].add(message["code"])
    said = {
        f"{case.kind}: {case.what}": "unread" if number in unread else verdict(codes[number])
        for number, case in enumerate(CASES)
    }
    assert said == {f"{case.kind}: {case.what}": case.verdict for case in CASES}
