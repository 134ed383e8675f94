"""The part of Go's text/template that rules use; expectations are Go's own output."""

import time
from typing import Any

import pytest

from krmfn.cluster_profiler.nfd import RuleError
from krmfn.cluster_profiler.nfd.template import expand

ELEMENTS = {
    "cpu": {"cpuid": ({"Name": "AVX2"}, {"Name": "AVX10_VERSION", "Value": "2"}), "sst": ()},
    "pci": {"device": ({"class": "0200", "vendor": " 8086 "},)},
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("", {}),
        ("a=1\n\n  b=x=y  ", {"a": "1", "b": "x=y"}),
        ("{{ range .pci.device }}{{ .class }}={{ .vendor }}\n{{ end }}", {"0200": " 8086"}),
        ("n={{ .cpu.cpuid | len }}", {"n": "2"}),
        ("n={{ (.cpu.cpuid | first).Name | lower | trunc 2 }}", {"n": "av"}),
        ("n={{ (.pci.device | first).vendor | trim | substr 0 2 }}", {"n": "80"}),
        ("n={{ (index .cpu.cpuid 1).Value }}", {"n": "2"}),
        ('n={{ index .cpu.cpuid 0 "Value" }}', {"n": ""}),
        ('n={{ index .cpu "no" }}', {"n": "[]"}),
        ("n={{ .cpu.cpuid }}", {"n": "[map[Name:AVX2] map[Name:AVX10_VERSION Value:2]]"}),
        ("n={{ .cpu.sst | first }}", {"n": "<no value>"}),
        ("{{ range $i, $e := .cpu.cpuid }}{{ $e.Name }}={{ $i }}\n{{ end }}",
         {"AVX2": "0", "AVX10_VERSION": "1"}),
        ("{{ range .cpu.sst }}a=1{{ else }}none=1{{ end }}", {"none": "1"}),
        ("{{ range $name, $sets := . }}{{ $name }}={{ len $sets }}\n{{ end }}",
         {"cpu": "2", "pci": "1"}),
        ("{{ if .cpu.sst }}a=1{{ else if gt (len .cpu.cpuid) 1 }}b=1{{ else }}c=1{{ end }}",
         {"b": "1"}),
        ("{{ with .pci.device }}n={{ len . }}/{{ len $.cpu }}{{ end }}", {"n": "1/2"}),
        ("{{ $n := 0 }}{{ range .cpu.cpuid }}{{ $n = 1 }}{{ end }}n={{ $n }}", {"n": "1"}),
        ("{{/* note */}}a={{- 1 -}}  \n=2", {"a": "1=2"}),
        ('{{ if and (eq "a" "b" "a") (not false) }}a={{ or "" `raw` }}{{ end }}', {"a": "raw"}),
        ('a={{ "x-y" | replace "-" "_" | upper | printf "%d%s%%" 1 }}', {"a": "1X_Y%"}),
        ('a={{ "v1" | trimPrefix "v" | atoi | lt 0 }}', {"a": "true"}),
    ],
)  # fmt: skip
def test_a_template_expands_to_keys_and_values(template: str, expected: Any) -> None:
    assert expand(template, ELEMENTS) == expected


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("flag", 'must give lines `key=value`, but gives "flag"'),
        ("a={{ .gpu.model }}", "`.gpu` is not among them"),
        ("{{ range .cpu.cpuid }}{{ .Name }}={{ .Value }}\n{{ end }}", "`.Value` is not among them"),
        ("a={{ .cpu.cpuid.Name }}", "must ask for `.Name` of a mapping"),
        ('a={{ env "HOME" }}', "must not use `env`"),
        ("a={{ now | date }}", "must not use `now`"),
        ('{{ template "x" }}', "must not use `template`"),
        ("{{ range .cpu }}{{ break }}{{ end }}", "must not use `break`"),
        ("a={{ nil }}", "must not use `nil`"),
        ("{{ range .cpu.cpuid }}", "must close its `range`"),
        ("{{ if .cpu }}{{ else }}{{ else }}{{ end }}", "must close its `if`"),
        ("a=1{{ end }}", "`end` outside of a block"),
        ("{{ if .cpu }}a=1{{ else with .pci }}{{ end }}", "`else with` in a `if`"),
        ("{{ }}", "empty action"),
        ("{{ .cpu", "must have an action"),
        ("a={{ (len .cpu }}", "must close its parentheses"),
        ("a={{ len .cpu) }}", r'must not have "\)" there'),
        ("a={{ len | }}", "a value in every command"),
        ("a={{ .cpu 1 }}", "no function"),
        ("a={{ 1 | .cpu }}", "pipe values into functions only"),
        ("a={{ $x }}", "must declare its variable `\\$x`"),
        ("a={{ index .cpu.cpuid 7 }}", "index within bounds"),
        ('a={{ eq 1 "1" }}', "compare like with like"),
        ("a={{ lt true false }}", "compare like with like"),
        ("a={{ len 1 }}", "`len` of text or a list"),
        ("a={{ lower 1 }}", "must give a function what it takes"),
        ('a={{ printf "%s" 1 }}', "must give `printf` values"),
        ("{{ range 1 }}{{ end }}", "must `range` over a list or mapping"),
        (r'a={{ "\x41" }}', "plain escapes"),
        ("x" * 70_000, "at most 65536 bytes"),
        ("{{ if 1 }}" * 60 + "{{ end }}" * 60, "must not nest more than 50"),
        ("a={{ " + "(" * 99 + "1" + ")" * 99 + " }}", "is not supported"),
    ],
)  # fmt: skip
def test_a_wrong_template_says_what_must_be(template: str, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        expand(template, ELEMENTS)


def test_a_template_that_multiplies_ends_in_time() -> None:
    many = {"a": {"b": tuple({"Name": str(n)} for n in range(1000))}}
    started = time.monotonic()
    with pytest.raises(RuleError, match="steps"):
        expand("{{ range .a.b }}{{ range $.a.b }}x=1\n{{ end }}{{ end }}", many)
    assert time.monotonic() - started < 2
