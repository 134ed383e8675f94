import time
from collections.abc import Callable, Mapping

import pytest

from krmfn.helm_expand.archive import ChartArchive
from krmfn.helm_expand.edge import EngineError, HelmEngine, Limits, RenderRequest

MakeChart = Callable[[Mapping[str, str]], ChartArchive]

LITTLE_MEMORY = Limits(cpu_seconds=8, memory_bytes=128 * 2**20)
LITTLE_OUTPUT = Limits(output_bytes=8 * 2**20)
LITTLE_WORK = Limits(cpu_seconds=0.5)
LITTLE_TIME = Limits(wall_seconds=0.5)
# What a slow machine needs to start and end a process.
SLACK_SECONDS = 4

LOOP = "{{ range until 90000 }}{{ range until 90000 }}{{ end }}{{ end }}"
RENDERED_AGAIN = {
    "values.yaml": "again: '{{ tpl .Values.again . }}'\n",
    "templates/x.yaml": "{{ tpl .Values.again . }}",
}
TWO_IN_TURN = '{{ define "x" }}{{ tpl "{{ include \\"x\\" . }}" . }}{{ end }}{{ include "x" . }}'
LONG_TEXT = '{{ $a := repeat 1000000 "0123456789" }}{{ repeat 100 $a | len }}'
MUCH_OUTPUT = 'a: {{ range until 9 }}{{ repeat 1000000 "x" }}{{ end }}'


@pytest.mark.parametrize(
    ("files", "limits", "words"),
    [
        pytest.param(RENDERED_AGAIN, LITTLE_MEMORY, "128 MiB of memory", id="tpl-calls-itself"),
        pytest.param(
            {"templates/x.yaml": TWO_IN_TURN},
            LITTLE_MEMORY,
            "128 MiB of memory",
            id="tpl-and-include-in-turn",
        ),
        pytest.param(
            {"templates/x.yaml": "{{ range until 2000000000 }}{{ end }}"},
            LITTLE_MEMORY,
            "128 MiB of memory",
            id="long-list",
        ),
        pytest.param(
            {"templates/x.yaml": LONG_TEXT}, LITTLE_MEMORY, "128 MiB of memory", id="long-text"
        ),
        pytest.param(
            {"templates/x.yaml": LOOP}, LITTLE_WORK, "take at most 0.5 s of processor", id="loop"
        ),
        pytest.param({"templates/x.yaml": LOOP}, LITTLE_TIME, "take at most 0.5 s", id="slow-loop"),
        pytest.param(
            {"templates/x.yaml": MUCH_OUTPUT}, LITTLE_OUTPUT, "8 MiB of text", id="much-output"
        ),
    ],
)
def test_a_hostile_chart_ends_in_an_error_that_names_it(
    engine: HelmEngine,
    make_chart: MakeChart,
    files: Mapping[str, str],
    limits: Limits,
    words: str,
) -> None:
    began = time.monotonic()
    with pytest.raises(EngineError) as refused:
        engine.render(RenderRequest(make_chart(files), limits=limits))
    assert time.monotonic() - began < min(limits.wall_seconds, limits.cpu_seconds) + SLACK_SECONDS
    assert (refused.value.kind, refused.value.code) == ("limit", "engine-limit")
    assert str(refused.value).startswith('rendering chart "demo" must ')
    assert words in str(refused.value)
    good = make_chart({"templates/x.yaml": "a: 1"})
    rendering = engine.render(RenderRequest(good))
    assert rendering.templates["demo/templates/x.yaml"].strip() == "a: 1"


@pytest.mark.parametrize(
    ("files", "values", "kind"),
    [
        pytest.param(
            {"templates/x.yaml": '{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}'},
            "",
            "template",
            id="include-calls-itself",
        ),
        pytest.param(
            {"templates/x.yaml": '{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}'},
            "",
            "template",
            id="template-calls-itself",
        ),
        pytest.param(
            {},
            "a: &a [x,x,x,x,x,x,x,x,x]\n"
            + "".join(
                f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n"
                for a, b in zip("abcdefgh", "bcdefghi", strict=True)
            ),
            "values",
            id="alias-bomb-in-the-values",
        ),
        pytest.param({}, "a: " + "[" * 20_000, "values", id="deep-values"),
        pytest.param({"values.yaml": "a: &a [*a]\n"}, "", "chart", id="an-alias-of-itself"),
    ],
)
def test_what_helm_refuses_itself_is_told_in_its_words(
    engine: HelmEngine, make_chart: MakeChart, files: Mapping[str, str], values: str, kind: str
) -> None:
    with pytest.raises(EngineError) as refused:
        engine.render(RenderRequest(make_chart(files), values=values))
    assert refused.value.kind == kind
    assert 'chart "demo"' in str(refused.value)


def test_a_schema_is_not_fetched(engine: HelmEngine, make_chart: MakeChart) -> None:
    chart = make_chart({"values.schema.json": '{"$ref": "file:///etc/hostname"}'})
    with pytest.raises(EngineError) as refused:
        engine.render(RenderRequest(chart))
    assert (refused.value.kind, refused.value.code) == ("chart", "chart-schema-reference")
