"""The files that `krmfn chart vendor` writes: new ones, and those that people have changed."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

PERSONS_FILE = """\
# our user plane
apiVersion: intent.krmfn.dev/v1alpha1
kind: HelmChart
metadata:
  name: upf
  annotations: {config.kubernetes.io/local-config: "true"}
spec:
  chart: # vendored
    name: upf
    version: 0.9.0
    archive: AAAA
    sha256: "0000000000000000000000000000000000000000000000000000000000000000"
  values:
    valuesInline: {replicas: 3} # one a site
  hooks: Drop
---
apiVersion: intent.krmfn.dev/v1alpha1
kind: HelmValues
metadata:
  name: site
values: {dnn: internet}
"""
KPTFILE = """\
apiVersion: kpt.dev/v1
kind: Kptfile
metadata:
  name: package # ours
pipeline:
  mutators:
    - image: ghcr.io/kptdev/krm-functions-catalog/set-labels:v0.2
"""


def test_only_the_chart_of_an_existing_file_is_replaced(vendor: Any, make_chart: Any) -> None:
    file = Path("charts.yaml")
    file.write_text(PERSONS_FILE)

    ran = vendor(make_chart())

    assert ran.code == 0
    assert re.fullmatch(
        r'written charts\.yaml: chart "upf" 0\.9\.0 -> 1\.0\.0, 0\.\d KiB\n', ran.out
    )
    head, _, rest = PERSONS_FILE.partition("    name: upf\n    version: 0.9.0\n")
    tail = rest[rest.index("  values:\n") :]
    text = file.read_text()
    assert text.startswith(f"{head}    name: upf\n    version: 1.0.0\n")
    assert text.endswith(tail)
    assert "archive: AAAA" not in text


def test_names_that_are_given_are_written_and_others_stay(vendor: Any, make_chart: Any) -> None:
    chart = make_chart()
    vendor(chart, "--name", "edge", "--release-name", "user-plane", "--namespace", "ran")
    first = Path("helmchart_edge.yaml").read_text()
    vendor(chart, "--name", "edge", "--namespace", "core")

    assert "name: edge\n" in first
    assert "  releaseName: user-plane\n  namespace: ran\n" in first
    expected = first.replace("namespace: ran", "namespace: core")
    assert Path("helmchart_edge.yaml").read_text() == expected


def test_what_is_there_already_is_left_alone(vendor: Any, make_chart: Any) -> None:
    chart = make_chart()
    vendor(chart)
    file = Path("helmchart_upf.yaml")
    os.utime(file, (1, 1))

    ran = vendor(chart)

    assert ran.code == 0
    assert ran.out.startswith('unchanged helmchart_upf.yaml: chart "upf" 1.0.0, ')
    assert file.stat().st_mtime == 1


def test_a_chart_is_added_to_a_file_that_does_not_have_it(vendor: Any, make_chart: Any) -> None:
    file = Path("charts.yaml")
    file.write_text(PERSONS_FILE)

    ran = vendor(make_chart("amf"), "--dest", file)

    assert ran.code == 0
    assert file.read_text().startswith(f"{PERSONS_FILE}---\napiVersion: ")


def test_another_chart_takes_the_place_only_by_force(
    vendor: Any, make_chart: Any, chart_of: Any
) -> None:
    amf = make_chart("amf")
    vendor(make_chart())
    file = Path("helmchart_upf.yaml")
    before = file.read_bytes()

    refused = vendor(amf, "--name", "upf")
    assert refused.code == 1
    assert '"helmchart_upf.yaml" carries the chart "upf", not "amf"; --force' in refused.err
    assert file.read_bytes() == before

    assert vendor(amf, "--name", "upf", "--force").code == 0
    assert chart_of(file)["name"] == "amf"


def test_a_kptfile_is_made_or_extended_on_demand(vendor: Any, make_chart: Any) -> None:
    chart = make_chart()

    assert "is in no kpt package; --kptfile makes it one" in vendor(chart).err
    made = vendor(chart, "--kptfile")
    assert "added ghcr.io" in made.err
    assert "next: krmfn render ." in made.err
    kptfile = Path("Kptfile").read_text()
    assert "kind: Kptfile\nmetadata:\n  name: package\n" in kptfile
    assert vendor(chart, "--kptfile").code == 0
    assert Path("Kptfile").read_text() == kptfile

    Path("Kptfile").write_text(KPTFILE)
    assert "does not run helm-expand yet; --kptfile adds it" in vendor(chart).err
    vendor(chart, "--kptfile")
    extended = Path("Kptfile").read_text()
    added = next(line for line in extended.splitlines(keepends=True) if "/helm-expand:v" in line)
    assert extended.replace(added, "") == KPTFILE
    assert extended.index("/helm-expand:v") < extended.index("/set-labels:")


@pytest.mark.parametrize("text", ["- a\n", "a: [\n", "apiVersion: v1\nkind: List\n"])
def test_a_kptfile_that_is_none_is_left_alone(text: str, vendor: Any, make_chart: Any) -> None:
    Path("Kptfile").write_text(text)

    chart = make_chart()

    plain, extending = vendor(chart), vendor(chart, "--kptfile")

    assert (plain.code, extending.code) == (0, 1)
    assert "Kptfile" in plain.err
    assert "error: " in extending.err
    assert Path("Kptfile").read_text() == text


def test_a_kptfile_may_not_be_writable(vendor: Any, make_chart: Any) -> None:
    Path("Kptfile").symlink_to("gone/Kptfile")

    ran = vendor(make_chart(), "--kptfile")

    assert ran.code == 1
    assert 'error: cannot write "Kptfile": ' in ran.err


@pytest.mark.parametrize(
    "pipeline",
    [
        "pipeline: {mutators: [{image: 'example.com/helm-expand:v1'}]}",
        "pipeline: {mutators: [{exec: python -m krmfn.helm_expand}]}",
    ],
)
def test_a_package_around_the_folder_may_render_it(
    pipeline: str, vendor: Any, make_chart: Any
) -> None:
    Path("Kptfile").write_text(f"apiVersion: kpt.dev/v1\nkind: Kptfile\n{pipeline}\n")
    Path("charts/upf").mkdir(parents=True)

    ran = vendor(make_chart(), "--dest", "charts/upf", "--kptfile")

    assert f"next: krmfn render {Path.cwd()}" in ran.err
    assert not Path("charts/upf/Kptfile").exists()


@pytest.mark.kpt
@pytest.mark.skipif(not shutil.which("kpt"), reason="kpt is not installed")
def test_kpt_leaves_the_file_byte_for_byte(vendor: Any, make_chart: Any) -> None:
    vendor(make_chart(files={"templates/big.yaml": "".join(map(chr, range(32, 127))) * 30}))
    before = Path("helmchart_upf.yaml").read_bytes()
    Path("Kptfile").write_text("apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: p\n")

    subprocess.run(["kpt", "fn", "eval", ".", "--exec", "cat"], check=True, capture_output=True)

    assert Path("helmchart_upf.yaml").read_bytes() == before
